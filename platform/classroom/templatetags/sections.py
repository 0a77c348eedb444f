"""Sections on pages: the choice of one, and the dates that they have for an assignment."""

from typing import Any

from django import template
from django.http import HttpRequest

from classroom.models import Assignment, Course
from classroom.pages.sections import section_filter, sections_of
from classroom.sections.dates import Dates, dates_of

register = template.Library()


@register.inclusion_tag("classroom/pages/section_filter.html", name="section_filter")
def show_filter(
    request: HttpRequest, course: Course, *, alone: bool = True, bare: bool = False
) -> dict[str, Any]:
    """Show the choice of a section: a form of its own, or, not `alone`, a field of another.

    `bare` leaves its label to those who cannot see.
    """
    others = [
        (name, value)
        for name in request.GET
        if name not in ("section", "page")
        for value in request.GET.getlist(name)
    ]
    choice = section_filter(request, course)
    return {"choice": choice, "alone": alone, "bare": bare, "others": others}


@register.inclusion_tag("classroom/sections/dates_of.html")
def section_dates(course: Course, assignment: Assignment) -> dict[str, Any]:
    """Show which dates the sections have, and lead to where they are changed."""
    dates = dates_of(assignment)
    return {
        "course": course,
        "zone": course.zone,
        "assignment": assignment,
        "lines": [
            (section, dates.get(section.key, Dates()))
            for section in sections_of(course, empty=True)
        ],
    }
