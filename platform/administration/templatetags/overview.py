"""How the overview says moments, times and numbers."""

from datetime import datetime

from django import template
from django.utils.formats import number_format

from administration.overview import attention
from classroom.pages.text import left

register = template.Library()


@register.filter
def at(value: datetime, now: datetime) -> str:
    """Say a moment: "11:55", and the day where that is not today."""
    return attention.moment(value, now)


@register.filter
def long(value: datetime, now: datetime) -> str:
    """Say how long ago it was: "12 minutes", "3 hours"."""
    return left(now - value)


@register.filter
def grouped(value: int) -> str:
    """Write a number so that large ones can be read: "1,000,060"."""
    return number_format(value, force_grouping=True)
