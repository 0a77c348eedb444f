"""Courses: the dashboard, one course as its staff see it, making one, and its settings."""

import zoneinfo
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classroom.class_steps.class_totals import with_next_steps
from classroom.courses.courses import (
    course_archive,
    course_bring_back,
    course_change,
    course_create,
)
from classroom.courses.dashboard import dashboard_of
from classroom.models import Course, Membership, Role
from classroom.pages.access import may_make_courses, membership_of, teacher_of
from classroom.pages.naming import title_given
from classroom.pages.sections import seen
from classroom.people.roster import student_waits
from classroom.students import views as students
from embedding.names import tidy
from embedding.problems import Problem
from embedding.views.access import user_of, visited

if TYPE_CHECKING:
    CourseModelForm = forms.ModelForm[Course]
else:  # Django's own class takes no parameter
    CourseModelForm = forms.ModelForm


class CourseForm(CourseModelForm):
    """What a teacher says of a course."""

    class Meta:
        model = Course
        fields = ("title", "term", "time_zone", "description")
        labels = {
            "title": gettext_lazy("Title"),
            "term": gettext_lazy("Term"),
            "time_zone": gettext_lazy("Time zone"),
            "description": gettext_lazy("Description"),
        }
        help_texts = {
            "term": gettext_lazy("For example “Autumn 2026”."),
            "time_zone": gettext_lazy("All deadlines of the course use this time zone."),
            "description": gettext_lazy("Students see this. You can format it with Markdown."),
        }
        widgets = {
            "title": forms.TextInput(attrs={"autocomplete": "off"}),
            "term": forms.TextInput(attrs={"autocomplete": "off"}),
            "time_zone": forms.TextInput(
                attrs={"list": "zones", "autocomplete": "off", "spellcheck": "false"}
            ),
            "description": forms.Textarea(attrs={"rows": 6}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["time_zone"].help_text = _(
                "All deadlines of the course use this time zone. Changing it does not move them: "
                "what was due at 23:59 in Rome is then shown as due at 17:59 in New York."
            )

    def clean_title(self) -> str:
        return title_given(self.cleaned_data["title"])

    def clean_term(self) -> str:
        return tidy(self.cleaned_data["term"])


class SettingsForm(CourseForm):
    """That, and what holds for all its assignments."""

    class Meta(CourseForm.Meta):
        fields = (*CourseForm.Meta.fields, "late_days")  # type: ignore[assignment]
        widgets = CourseForm.Meta.widgets | {"late_days": forms.NumberInput(attrs={"min": 0})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["late_days"].label = _("Late days for each student")
        self.fields["late_days"].help_text = _(
            "Where late work costs points, one late day pays for one day of being late. Late days "
            "are used automatically, for the work that is due first."
        )


@never_cache
@require_safe
@login_required
def courses(request: HttpRequest) -> HttpResponse:
    """Show all courses of the user."""
    user = user_of(request)
    context = {"dashboard": dashboard_of(user), "may_make": may_make_courses(request)}
    return render(request, "classroom/courses/courses.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def course_new(request: HttpRequest) -> HttpResponse:
    """Make a course."""
    if not may_make_courses(request):
        raise PermissionDenied
    form = CourseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = course_create(user_of(request), **form.cleaned_data)
        messages.success(
            request, _("“%(title)s” was created. Next, add people.") % {"title": made.title}
        )
        return redirect("classroom:people", made.pk)
    return render(request, "classroom/courses/new.html", {"form": form, "zones": _zones()})


@never_cache
@require_safe
@login_required
def course(request: HttpRequest, course: int) -> HttpResponse:
    """Show a course: to its staff the assignments, to a student where they stand."""
    membership = membership_of(request, course)
    if membership.role == Role.STUDENT:
        with suppress(Problem):  # a browser that only loads in advance waits for nothing
            visited(request)
            if membership.course.archived is None:
                student_waits(membership)
        return students.course_page(request, membership)
    people = Membership.objects.filter(
        seen(membership.course), course=course, role=Role.STUDENT, removed=None
    )
    context = {
        "membership": membership,
        "tab": "course",
        "lines": with_next_steps(membership.course, membership),
        "student_count": people.count(),
    }
    return render(request, "classroom/courses/course.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def course_settings(request: HttpRequest, course: int) -> HttpResponse:
    """Change what a course says of itself."""
    membership = teacher_of(request, course)
    shown = Course.objects.get(pk=course)  # the form writes into it before it is saved
    form = SettingsForm(request.POST or None, instance=shown)
    if request.method == "POST" and form.is_valid():
        others = 0
        if form.has_changed():
            others = course_change(shown, form.changed_data, actor=user_of(request))
        messages.success(request, _("Saved."))
        if others:
            said = ngettext(
                "%(scores)s score has changed because of this. The student sees it when you return "
                "the work again.",
                "%(scores)s scores have changed because of this. Students see them when you return "
                "the work again.",
                others,
            )
            messages.info(request, said % {"scores": others})
        return redirect("classroom:course-settings", course)
    context = {
        "membership": membership,
        "tab": "settings",
        "form": form,
        "zones": _zones(),
        "may_make": may_make_courses(request),
    }
    return render(request, "classroom/courses/settings.html", context)


@require_POST
@login_required
def course_archived(request: HttpRequest, course: int) -> HttpResponse:
    """Archive a course, or bring it back."""
    membership = teacher_of(request, course, also_archived=True)
    if request.POST.get("archive") == "yes":
        course_archive(membership.course, actor=user_of(request))
        messages.success(
            request,
            _("“%(course)s” is archived. People can still read it, but nothing can be changed.")
            % {"course": membership.course.title},
        )
    else:
        course_bring_back(membership.course, actor=user_of(request))
        messages.success(
            request, _("“%(course)s” is active again.") % {"course": membership.course.title}
        )
    return redirect("classroom:course-settings", course)


def _zones() -> list[str]:
    """Return the time zones to choose from: those named after places, and UTC."""
    names = zoneinfo.available_timezones()
    places = ("Africa/", "America/", "Antarctica/", "Asia/", "Atlantic/", "Australia/", "Europe/")
    more = ("Indian/", "Pacific/", "Arctic/")
    return sorted(name for name in names if name.startswith(places + more) or name == "UTC")
