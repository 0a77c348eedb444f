"""A student's returned work: the score and its parts, the comment, and asking for another look."""

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from classroom.models import Membership, Submission
from classroom.pages.access import assignment_of, student_of, submission_of
from classroom.rules.late_words import late_kept
from classroom.rules.looks import MOST
from classroom.rules.names import graded_path
from classroom.rules.own_total import own_total
from classroom.rules.returned_questions import name_of
from classroom.rules.scoring import number
from classroom.students.asking import ask, asking_of
from embedding.problems import Problem


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def returned(request: HttpRequest, course: int, assignment: int) -> HttpResponse:
    """Show what was returned, as it was then; a POST asks for another look at it."""
    at = timezone.now()
    membership = student_of(request, course)
    work = submission_of(assignment_of(membership.course, assignment), membership)
    if work.returned is None or work.assignment.handout:
        raise Http404
    if request.method != "POST":
        return _show(request, membership, work)
    text = request.POST.get("text", "")
    try:
        ask(work, text, seen=request.POST.get("seen", ""), at=at)
    except Problem as problem:
        work.refresh_from_db()
        work.assignment, work.student = assignment_of(membership.course, assignment), membership
        return _show(request, membership, work, text, problem.message, problem.status)
    messages.success(request, _("Your text was sent."))
    return redirect("classroom:returned", course, assignment)


def _show(
    request: HttpRequest,
    membership: Membership,
    work: Submission,
    text: str = "",
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    asking = asking_of(work, timezone.now())
    context = {
        "membership": membership,
        "zone": membership.course.zone,
        "work": work,
        "questions": [{**each, "name": name_of(each)} for each in work.returned_questions],
        "has_by_hand": any(each["score"] is None for each in work.returned_questions),
        "is_otherwise": _is_otherwise(work),
        "late": late_kept(work.returned_late),
        "place": _place(work),
        "total": own_total(membership),
        "asking": asking,
        "most": MOST,
        "text": text,
        "problem": problem,
    }
    return render(request, "classroom/students/returned.html", context, status=status)


def _is_otherwise(work: Submission) -> bool:
    """Whether the questions' scores are not what the score is made of."""
    scores = [each["score"] for each in work.returned_questions]
    if not scores or None in scores or work.returned_score is None:
        return False
    late = late_kept(work.returned_late)
    before = late.before if late else number(work.returned_score)
    return number(sum((Decimal(str(each)) for each in scores), Decimal())) != before


def _place(work: Submission) -> dict[str, Any] | None:
    """Return where the returned work lies: its notebook, where there is one, else its folder."""
    project = work.student.project
    if project is None or project.project_id is None:
        return None
    folder = graded_path(work.assignment)
    notebook = f"{folder}/{work.returned_notebook}" if work.returned_notebook else ""
    return {"project": str(project.project_id), "folder": folder, "notebook": notebook}
