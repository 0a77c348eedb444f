"""Copying a whole course to a new term: what comes along and on which dates, before it is done."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from classroom.pages.access import may_make_courses, teacher_of
from classroom.terms import copying, plan
from classroom.terms.forms import CopyForm
from embedding.views.access import user_of


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def course_copy(request: HttpRequest, course: int) -> HttpResponse:
    """Show what a copy of the course would be; make it once its dates were seen."""
    membership = teacher_of(request, course, also_archived=True)  # which stays as it is
    if not may_make_courses(request):
        raise PermissionDenied
    earlier = membership.course
    listed = copying.assignments_to_copy(earlier)
    first = plan.first_of(listed)
    today = timezone.localdate(timezone=earlier.zone)
    suggested = plan.suggested(first, today) if first else None
    form = CopyForm(
        first,
        request.POST if request.method == "POST" else None,
        initial={"title": earlier.title, "first": suggested},
    )
    days = (suggested - first).days if suggested and first else None
    if request.method == "POST" and "first" not in form.errors:
        days = form.days
    if request.method == "POST" and form.is_valid():
        lines = plan.lines_of(listed, days, earlier.zone)
        if "preview" not in request.POST and form.is_seen:
            made = copying.course_copy(
                earlier,
                lines,
                asked=form.cleaned_data["asked"],
                title=form.cleaned_data["title"],
                term=form.cleaned_data["term"],
                by=user_of(request),
            )
            messages.success(
                request,
                _("“%(course)s” was created. Next, add people.") % {"course": made},
            )
            return redirect("classroom:course-copying", made.pk)
        if "preview" not in request.POST:
            messages.info(request, _("Check the new dates, then copy the course."))
    lines = plan.lines_of(listed, days, earlier.zone)
    context = {
        "membership": membership,
        "tab": "settings",
        "form": form,
        "lines": lines,
        "first": first,
        "seen": plan.seen_as(first, days),
        "left_out": sum(line.release_left_out for line in lines),
    }
    return render(request, "classroom/terms/copy.html", context)
