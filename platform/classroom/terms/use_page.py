"""Assignments and handouts made from those of an earlier course, and how far their files are."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classroom.models import Course, Role
from classroom.pages.access import assignment_of_teacher, staff_of, teacher_of
from classroom.terms import copying, plan
from classroom.terms.forms import DatesForm
from classroom.terms.progress import copies_of
from embedding.views.access import user_of


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def assignments_use(request: HttpRequest, course: int) -> HttpResponse:
    """Choose assignments of an earlier course (`from`), and make them here with their files."""
    membership = teacher_of(request, course)
    courses = _earlier_courses(membership.course, user_of(request))
    context: dict[str, Any] = {"membership": membership, "tab": "course", "courses": courses}
    earlier = _chosen(courses, request.POST.get("from") or request.GET.get("from"))
    if earlier is None:
        return render(request, "classroom/terms/use.html", context)
    listed = copying.assignments_to_copy(earlier)
    first = plan.first_of(listed)
    today = timezone.localdate(timezone=membership.course.zone)
    suggested = plan.suggested(first, today) if first else None
    form = DatesForm(
        first, request.POST if request.method == "POST" else None, initial={"first": suggested}
    )
    days = (suggested - first).days if suggested and first else None
    if request.method == "POST" and "first" not in form.errors:
        days = form.days
    wanted = set(request.POST.getlist("assignment"))
    if request.method == "POST" and form.is_valid():
        lines = plan.lines_of(
            [each for each in listed if str(each.pk) in wanted], days, membership.course.zone
        )
        if "preview" not in request.POST and not lines:
            messages.error(request, _("Choose at least one assignment or handout."))
        elif "preview" not in request.POST and not form.is_seen:
            messages.info(request, _("Check the new dates, then create the assignments."))
        elif "preview" not in request.POST:
            copying.assignments_copy(membership.course, lines, by=user_of(request))
            return redirect("classroom:course-copying", course)
    lines = plan.lines_of(listed, days, membership.course.zone)
    context |= {
        "earlier": earlier,
        "form": form,
        "lines": lines,
        "first": first,
        "seen": plan.seen_as(first, days),
        "wanted": [each.pk for each in listed if str(each.pk) in wanted],
        "left_out": sum(line.release_left_out for line in lines),
    }
    return render(request, "classroom/terms/use.html", context)


@never_cache
@require_safe
@login_required
def course_copying(request: HttpRequest, course: int) -> HttpResponse:
    """Show which copied files have arrived; asks CoCalc nothing."""
    membership = staff_of(request, course)
    copies = copies_of(membership.course)
    context = {
        "membership": membership,
        "tab": "course",
        "copies": copies,
        "arrived": sum(not copy.is_under_way and not copy.has_failed for copy in copies),
        "failed": sum(copy.has_failed for copy in copies),
        "active": any(copy.is_under_way for copy in copies),
    }
    return render(request, "classroom/terms/copying.html", context)


@require_POST
@login_required
def assignment_copy_again(request: HttpRequest, course: int, assignment: int) -> HttpResponse:
    """Copy the files of one assignment once more, where that failed."""
    _membership, found = assignment_of_teacher(request, course, assignment)
    if not copying.copy_again(found):
        messages.error(
            request, _("The earlier assignment cannot be found any more. Add the files yourself.")
        )
        return redirect("classroom:assignment-files", course, assignment)
    return redirect("classroom:course-copying", course)


def _earlier_courses(course: Course, user: User) -> list[Course]:
    """Return the other courses with assignments in which the user teaches, the newest first."""
    rows = Course.objects.filter(
        memberships__user=user,
        memberships__role=Role.TEACHER,
        memberships__removed=None,
        assignments__removed=None,
        assignments__isnull=False,
    )
    return list(rows.exclude(pk=course.pk).distinct())


def _chosen(courses: list[Course], given: str | None) -> Course | None:
    """Return the course that was chosen, or the newest; Http404 for any other."""
    if not given:
        return next(iter(courses), None)
    for each in courses:
        if str(each.pk) == given:
            return each
    raise Http404
