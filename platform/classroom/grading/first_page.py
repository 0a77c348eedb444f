"""Where *Grade* leads: to the first student whose work waits for it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from classroom.grading.selection import Filter, matching, ordered
from classroom.grading.whose import nameless, page_of
from classroom.models import Assignment, Course, Submission
from classroom.pages.access import assignment_of, staff_of

_WAITING = ("to-grade", "held", "again")


@never_cache
@require_safe
@login_required
def first(request: HttpRequest, course: int, assignment: int) -> HttpResponse:
    """Lead to the first student to grade; else to the first of whom something was collected."""
    membership = staff_of(request, course)
    found = assignment_of(membership.course, assignment)
    if found.handout:
        raise Http404
    if nameless(membership.course, found):
        return _first_nameless(membership.course, found)
    for state in _WAITING:
        wanted = Filter(state=state)
        students = matching(membership.course, wanted, found)
        if member := ordered(membership.course, wanted, students=students).first():
            address = reverse("classroom:grade", args=(course, assignment, member.pk))
            return redirect(f"{address}?{wanted.query}")
    collected = Submission.objects.filter(assignment=found, collected__isnull=False)
    everybody = ordered(membership.course, Filter())
    member = everybody.filter(pk__in=collected.values("student")).first()
    if member:
        return redirect("classroom:grade", course, assignment, member.pk)
    messages.info(request, _("Nothing was collected yet, so you cannot grade anything."))
    return redirect("classroom:assignment", course, assignment)


def _first_nameless(course: Course, assignment: Assignment) -> HttpResponse:
    for state in _WAITING:
        if waiting := nameless(course, assignment, state):
            query = Filter(state=state).query
            return redirect(f"{page_of(assignment, waiting[0].work.code)}?{query}")
    return redirect("classroom:grade-list", course.pk, assignment.pk)
