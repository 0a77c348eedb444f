"""Scores as they are written for people."""

from decimal import Decimal

from django import template

from classroom.rules.scoring import number_text

register = template.Library()


@register.filter
def score(value: Decimal | float | None) -> str:
    """Write a score without idle zeros: 7.5, or 7,5 in German; not for a field's value."""
    return number_text(value)


@register.filter
def plural_of(value: Decimal | float | None) -> int:
    """Return the count by which points are said: one, or any other, as 1.5 is."""
    return 1 if value == 1 else 2
