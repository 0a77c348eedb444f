"""Who always has more time in a course: shown, given, changed and ended."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from classroom.models import Accommodation, Course, Membership, Role
from classroom.pages.access import student_in, teacher_of
from classroom.pages.looking import looked
from classroom.sections.accommodations import (
    Longer,
    accommodation_set,
    accommodations_of,
    longer_of,
)
from classroom.sections.asking import ask_or_do, ask_page
from embedding.views.access import user_of

USUAL = (
    (0, gettext_lazy("Only days or hours")),
    (25, gettext_lazy("A quarter more (25 %)")),
    (50, gettext_lazy("Half as long again (50 %)")),
    (100, gettext_lazy("Twice as long (100 %)")),
)


class AccommodationForm(forms.Form):
    """How much longer one student has, and why."""

    percent = forms.TypedChoiceField(
        choices=USUAL, coerce=int, label=gettext_lazy("How much longer")
    )
    days = forms.IntegerField(
        min_value=0,
        max_value=Accommodation.DAYS_MOST,
        required=False,
        label=gettext_lazy("Extra days"),
    )
    hours = forms.IntegerField(
        min_value=0,
        max_value=Accommodation.HOURS_MOST,
        required=False,
        label=gettext_lazy("Extra hours"),
    )
    reason = forms.CharField(
        required=False,
        max_length=500,
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("Only teachers see it."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    def __init__(self, stored: Accommodation | None, data: Any = None) -> None:
        initial = {"percent": 0, "days": 0, "hours": 0}
        if stored:
            initial |= {name: getattr(stored, name) for name in (*initial, "reason")}
        super().__init__(data, initial=initial)
        if stored and stored.percent not in dict(USUAL):
            field = self.fields["percent"]
            assert isinstance(field, forms.TypedChoiceField)  # noqa: S101  for the type checker
            field.choices = [
                *USUAL,
                (stored.percent, _("%(percent)s %%") % {"percent": stored.percent}),
            ]

    @property
    def longer(self) -> Longer:
        """What is given; nothing ends what there was."""
        data = self.cleaned_data
        return Longer(data["percent"], data.get("days") or 0, data.get("hours") or 0)


@never_cache
@require_safe
@login_required
def accommodations(request: HttpRequest, course: int) -> HttpResponse:
    """Show who always has more time; with `student`, lead to that student's page."""
    membership = teacher_of(request, course)
    chosen = request.GET.get("student", "")
    if chosen.isascii() and chosen.isdigit() and len(chosen) < 19:
        student = student_in(membership.course, int(chosen))
        return redirect("classroom:accommodation", course, student.pk)
    looked(request, membership, "course.accommodations_seen")
    given = accommodations_of(membership.course)
    context = {
        "membership": membership,
        "tab": "people",
        "given": [(row, longer_of(row).words) for row in given.values()],
        "students": [
            student for student in _students(membership.course) if student.pk not in given
        ],
    }
    return render(request, "classroom/sections/accommodations.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def accommodation(request: HttpRequest, course: int, member: int) -> HttpResponse:
    """Let a student always have more time, change that, or end it; ask first where dates move."""
    membership = teacher_of(request, course)
    student = student_in(membership.course, member)
    looked(request, membership, "course.accommodations_seen", whom=student)
    stored = Accommodation.objects.filter(student=student, ended=None).first()
    form = AccommodationForm(stored, request.POST or None)
    back = reverse("classroom:accommodations", args=[course])
    if request.method == "POST" and form.is_valid():
        longer = Longer() if "end" in request.POST else form.longer
        if not longer and not stored:
            form.add_error(None, _("Choose how much longer."))
        else:
            effect = ask_or_do(
                lambda: accommodation_set(
                    membership.course,
                    student,
                    longer,
                    reason=form.cleaned_data["reason"],
                    by=user_of(request),
                ),
                request.POST.get("seen", ""),
            )
            names = {"name": student.name, "longer": longer.words}
            if effect is not None:
                title = _("%(name)s: %(longer)s") if longer else _("%(name)s: no more extra time")
                return ask_page(request, membership, effect, title=title % names, back=back)
            said = (
                _("%(name)s has more time from now on: %(longer)s.")
                if longer
                else _("%(name)s has no extra time any more.")
            )
            messages.success(request, said % names)
            return redirect(back)
    context = {
        "membership": membership,
        "tab": "people",
        "student": student,
        "stored": stored,
        "form": form,
    }
    status = 400 if form.errors else 200
    return render(request, "classroom/sections/accommodation.html", context, status=status)


def _students(course: Course) -> list[Membership]:
    rows = Membership.objects.filter(course=course, role=Role.STUDENT, removed=None)
    order = ("user__last_name", "user__first_name", "user__username")
    return list(rows.select_related("user").order_by(*order))
