"""Answering a student who asked for another look at returned work."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from classroom.grading.looks import Outcome, answer
from classroom.grading.selection import Filter
from classroom.grading.whose import shown_by_name
from classroom.models import Submission
from classroom.pages.access import assignment_of, staff_of, student_in
from classroom.rules.looks import MOST, looks_of
from embedding.problems import Problem
from embedding.views.access import user_of


@never_cache
@require_POST
@login_required
def look_answer(request: HttpRequest, course: int, assignment: int, member: int) -> HttpResponse:
    """Take an answer, and lead back to the grading page; where it is refused, show it again."""
    membership = staff_of(request, course)
    work = shown_by_name(
        assignment_of(membership.course, assignment), student_in(membership.course, member)
    )
    text, outcome = request.POST.get("answer", ""), request.POST.get("outcome", "")
    if outcome not in Outcome:
        raise Http404
    back = _grading_page(request, work)
    try:
        look = answer(
            work, _id(request.POST.get("look", "")), text, Outcome(outcome), by=user_of(request)
        )
    except Problem as problem:
        if problem.status == 404:
            raise Http404 from None
        work.refresh_from_db(fields=["score", "penalty", "returned_score", "returned"])
        context = {
            "membership": membership,
            "tab": "grades",
            "work": work,
            "looks": looks_of(work),
            "query": f"?{query}" if (query := Filter.of(request.GET).query) else "",
            "most": MOST,
            "answer": text,
            "problem": problem.message,
            "back": back,
        }
        status = problem.status
        return render(request, "classroom/grading/look_refused.html", context, status=status)
    messages.success(
        request,
        _("Answered. The new score is being returned to %(name)s.") % {"name": work.student.name}
        if look.outcome == Outcome.CHANGED and work.student.removed is None
        else _("Answered. The score of %(name)s stays.") % {"name": work.student.name}
        if look.outcome == Outcome.KEPT
        else _("Answered."),
    )
    return redirect(back)


def _grading_page(request: HttpRequest, work: Submission) -> str:
    course, assignment = work.assignment.course.pk, work.assignment.pk
    address = reverse("classroom:grade", args=[course, assignment, work.student.pk])
    query = Filter.of(request.GET).query
    return f"{address}?{query}" if query else address


def _id(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
