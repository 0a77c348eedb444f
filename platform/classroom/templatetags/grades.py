"""Scores as they are written for people."""

from decimal import Decimal

from django import template

from classroom.rules.scoring import number

register = template.Library()


@register.filter
def score(value: Decimal | float | None) -> str:
    """Write a score without idle zeros: 7.5, 10."""
    return number(value)
