"""What a teacher says of an assignment or a handout: the form of its page."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from classroom.assignments.late_form import (
    LATE_FIELDS,
    LATE_HELP,
    LATE_LABELS,
    LATE_WIDGETS,
    LateFormPart,
)
from classroom.assignments.numbers import NumberField
from classroom.assignments.tests_form import (
    TEST_HELP,
    TEST_LABELS,
    TEST_WIDGETS,
    TestsFormPart,
)
from classroom.models import Assignment, Course
from classroom.pages.moments import MomentField, twice_note
from classroom.pages.naming import title_given
from classroom.rules.anonymity import TOO_LATE, may_begin
from classroom.rules.test_runs import TESTS

LatePolicy = Assignment.LatePolicy
HIDING = _(
    "Nobody who grades sees whose work it is until you return it. Names that students write into "
    "their own files cannot be hidden."
)
ONE_WAY = _("If you take the tick away, all names show at once.")
MOMENTS = ("release", "due", "late_until", "look_until")


class AssignmentForm(LateFormPart, TestsFormPart):
    """Title, instructions, points and dates; dates are meant in the course's zone."""

    handout = forms.TypedChoiceField(
        label=_("What it is"),
        choices=[
            ("no", _("An assignment: students submit their work, and you grade it")),
            ("yes", _("A handout: students receive it; there is nothing to submit")),
        ],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    release = MomentField(
        label=_("Release"), required=False, help_text=_("Handed out automatically at this time.")
    )
    due = MomentField(
        label=_("Due"), required=False, help_text=_("Collected automatically at this time.")
    )
    late_until = MomentField(label=_("Late work is accepted until"), required=False)
    look_until = MomentField(
        label=_("Students may ask for another look until"),
        required=False,
        help_text=_("For work that you returned. Leave it empty if students cannot ask."),
    )

    class Meta:
        model = Assignment
        fields = (
            "title",
            "handout",
            "instructions",
            "points",
            "weight",
            "release",
            "announced",
            "due",
            "late_policy",
            "late_until",
            "look_until",
            "anonymous",
            *LATE_FIELDS,
            *TESTS,
        )
        labels = {
            "title": _("Title"),
            "instructions": _("Instructions"),
            "points": _("Points"),
            "weight": _("Weight"),
            "late_policy": _("Work after the due time"),
            "announced": _("Students see the title and date before it is handed out"),
            "anonymous": _("Hide names while grading"),
            **LATE_LABELS,
            **TEST_LABELS,
        }
        help_texts = {
            "announced": "",
            "anonymous": HIDING,
            "instructions": _("Students see this. You can format it with Markdown."),
            "weight": _(
                "Its share in the total: 2 counts twice as much as 1, and 0 does not count. "
                "If no assignment has a weight, the scores are added up. As soon as one has a "
                "weight, an assignment without one counts with its points."
            ),
            **LATE_HELP,
            **TEST_HELP,
        }
        field_classes = {
            "points": NumberField,
            "weight": NumberField,
            "late_amount": NumberField,
        }
        widgets = {
            **LATE_WIDGETS,
            **TEST_WIDGETS,
            "title": forms.TextInput(attrs={"autocomplete": "off"}),
            "instructions": forms.Textarea(attrs={"rows": 8}),
        }

    def __init__(self, course: Course, *args: Any, is_out: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.course = course
        for name in MOMENTS:
            field = self.fields[name]
            if isinstance(field, MomentField):
                field.zone = course.zone
                field.stored = getattr(self.instance, name)
        self.initial["handout"] = "yes" if self.initial.get("handout") else "no"
        if is_out:
            # It has gone out as the one or the other, and since then everybody gets it.
            self.fields["handout"].disabled = True
            self.fields["release"].disabled = self.instance.out is not None
        self.fields["announced"].disabled = self.instance.out is not None
        if self.instance.pk and not self.instance.anonymous and not may_begin(self.instance):
            self.fields["anonymous"].disabled = True
            self.fields["anonymous"].help_text = TOO_LATE
        elif self.instance.anonymous:
            self.fields["anonymous"].help_text = f"{HIDING} {ONE_WAY}"

    def clean_title(self) -> str:
        return title_given(self.cleaned_data["title"])

    def clean(self) -> dict[str, Any]:
        """Check the dates against each other; a handout has no more than a release."""
        data = super().clean() or self.cleaned_data
        self.clean_tests_rule(data)
        if data.get("handout"):
            data.update(due=None, late_until=None, points=None, weight=None, look_until=None)
            data["late_policy"], data["anonymous"] = LatePolicy.CLOSED, False
            for name in ("due", "late_until", "points", "weight", "late_policy", "look_until"):
                self.errors.pop(name, None)
            self.clean_late_rule(data)
            return data
        self.clean_late_rule(data)
        due, release, until = (data.get(name) for name in ("due", "release", "late_until"))
        if due and release and release >= due:
            self.add_error("due", gettext("The due time must be later than the release."))
        if data.get("late_policy") != LatePolicy.UNTIL:
            if "late_until" not in self.errors:
                data["late_until"] = None
        elif "late_until" not in self.errors and "due" not in self.errors:
            if due is None:
                self.add_error(
                    "due", gettext("Enter a due time first: without one, no work is late.")
                )
            elif until is None:
                self.add_error("late_until", gettext("Enter until when late work is accepted."))
            elif until <= due:
                self.add_error("late_until", gettext("This must be later than the due time."))
        return data

    def notes(self) -> dict[str, str]:
        """Say beside which dates what is to be known of them."""
        return {
            name: note
            for name in MOMENTS
            if (note := twice_note(getattr(self.instance, name), self.course.zone))
        }

    def warnings(self) -> list[str]:
        """Say what of the stored dates and numbers may not be meant."""
        now = timezone.now()
        said = []
        if _is_past(self.instance.due, now):
            said.append(gettext("The due time has passed: work that is submitted now is late."))
        if _is_past(self.instance.release, now) and self.instance.out is None:
            said.append(
                gettext("The release time has passed: it goes out as soon as its files are ready.")
            )
        if self.instance.weight and not self.instance.points:
            said.append(
                gettext("It has a weight but no points, so it does not count in the total.")
            )
        return said


def _is_past(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment <= now
