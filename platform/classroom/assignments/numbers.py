"""A field for points, weights and penalties: "7,5" and "7.5" are the same, in every language.

It is a text field: of a number field each browser decides by its own language which of the two
signs it takes, and drops the other, so that 7,5 comes as 75.
"""

from decimal import Decimal
from typing import Any

from django import forms

from classroom.rules.scoring import number_text


def plain_number(text: str) -> str:
    """Return a number as it is typed with a point for its comma; any other text as it is."""
    text = text.strip()
    return text.replace(",", ".") if text.count(",") == 1 and "." not in text else text


class NumberField(forms.DecimalField):
    """A number from 0, shown as the reader's language writes it."""

    widget = forms.TextInput

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Let a phone show digits."""
        return {"inputmode": "decimal", "autocomplete": "off"}

    def prepare_value(self, value: Any) -> Any:
        """Show a number; what somebody typed stays as it is."""
        return number_text(value) if isinstance(value, Decimal | float | int) else value

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]  # as Django's
        """Return the number, or None. ValidationError where it is none."""
        return super().to_python(plain_number(value) if isinstance(value, str) else value)
