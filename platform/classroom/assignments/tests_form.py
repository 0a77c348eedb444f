"""The part of an assignment's form that says which tests run when a student submits."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from classroom.models import Assignment
from classroom.rules.test_runs import TESTS

TEST_LABELS = {
    "tests": gettext_lazy("Tests that run on submit"),
    "test_attempts": gettext_lazy("Attempts for each student"),
    "test_pause": gettext_lazy("Minutes between two attempts"),
    "test_counts": gettext_lazy("Which submission counts"),
}
TEST_WIDGETS = {
    "test_attempts": forms.NumberInput(attrs={"min": 1}),
    "test_pause": forms.NumberInput(attrs={"min": 0}),
}
TEST_HELP = {
    "tests": gettext_lazy(
        "Students see their points after a few minutes. Of hidden tests they see nothing else. "
        "This is not the grade."
    ),
    "test_attempts": gettext_lazy(
        "Leave it empty for no limit. After the last attempt, work is accepted but not tested."
    ),
    "test_pause": gettext_lazy("0 means no pause."),
}


class TestsFormPart(forms.ModelForm):  # type: ignore[type-arg]  # Django's own takes no parameter
    """Asks which tests run; only of an assignment whose notebooks are marked."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in TESTS:
            self.fields[name].required = False

    @property
    def has_tests(self) -> bool:
        """Whether there are tests that could run."""
        return self.instance.pk is not None and self.instance.marked

    def clean_tests_rule(self, data: dict[str, Any]) -> None:
        """Leave as it is what was not asked; where no tests run, the rest is as it was made."""
        for name in TESTS:
            if name not in self.data:
                data[name] = getattr(self.instance, name)
        data["tests"] = data.get("tests") or Assignment.Tests.OFF
        data["test_counts"] = data.get("test_counts") or Assignment.Counts.LAST
        if data["tests"] == Assignment.Tests.OFF or data.get("handout"):
            for name in TESTS:
                self.errors.pop(name, None)
            data.update(tests=Assignment.Tests.OFF, test_attempts=None, test_pause=0)
            data["test_counts"] = Assignment.Counts.LAST
        elif "test_pause" not in self.errors:
            data["test_pause"] = data.get("test_pause") or 0
