"""The part of an assignment's form that says what late work costs."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from classroom.models import Assignment
from classroom.rules.late_words import EXAMPLES, example_sentence, example_text, late_text

LATE_FIELDS = ("late_penalty", "late_amount", "late_per", "late_grace", "late_floor")
LATE_LABELS = {
    "late_penalty": gettext_lazy("What late work costs"),
    "late_amount": gettext_lazy("How much is taken off"),
    "late_per": gettext_lazy("How often"),
    "late_grace": gettext_lazy("Minutes that cost nothing"),
    "late_floor": gettext_lazy("Per cent of the score that always remains"),
}
LATE_WIDGETS = {
    "late_grace": forms.NumberInput(attrs={"min": 0}),
    "late_floor": forms.NumberInput(attrs={"min": 0, "max": 100}),
}
LATE_HELP = {
    "late_grace": gettext_lazy("For example because a clock is slow."),
    "late_floor": gettext_lazy("However late the work is. With 0, the whole score can be lost."),
}
Penalty = Assignment.LatePenalty


class LateFormPart(forms.ModelForm):  # type: ignore[type-arg]  # Django's own takes no parameter
    """Asks for the rule, and shows by an example what it does."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in LATE_FIELDS:
            self.fields[name].required = False

    def clean_late_rule(self, data: dict[str, Any]) -> None:
        """Check the rule against the late policy; where late work costs nothing, none is kept."""
        for name in LATE_FIELDS:
            if name not in self.data:
                data[name] = getattr(self.instance, name)
        data["late_penalty"] = data.get("late_penalty") or Penalty.NONE
        data["late_per"] = data.get("late_per") or Assignment.LateUnit.DAY
        costs = data["late_penalty"] != Penalty.NONE
        if not costs or data.get("late_policy") == Assignment.LatePolicy.CLOSED:
            data.update(late_penalty=Penalty.NONE, late_amount=None, late_grace=0, late_floor=0)
            for name in LATE_FIELDS:
                self.errors.pop(name, None)
            return
        for name in ("late_grace", "late_floor"):
            if name not in self.errors:
                data[name] = data.get(name) or 0
        amount = data.get("late_amount")
        if "late_amount" in self.errors:
            return
        if not amount:
            self.add_error("late_amount", _("Enter how much is taken off."))
        elif data["late_penalty"] == Penalty.PERCENT and amount > Decimal(100):
            self.add_error("late_amount", _("At most 100 per cent can be taken off."))

    @property
    def late_example(self) -> str:
        """What the rule does to full points; empty where there is none."""
        wrong = {"points", "late_policy", *LATE_FIELDS} & set(self.errors)
        return "" if wrong else example_text(self.instance)

    @property
    def late_sentence(self) -> str:
        """The example with places for the numbers, for the script that follows what is typed."""
        return example_sentence("{points}", "{time}", "{after}")

    @property
    def late_times(self) -> dict[str, tuple[int, str]]:
        """How late the example is, in minutes and in words, by what is counted."""
        return {
            unit: (int(late.total_seconds() // 60), late_text(late))
            for unit, late in EXAMPLES.items()
        }
