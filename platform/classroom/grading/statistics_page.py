"""The statistics of a course."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from classroom.grading.statistics import BOTTOM, HEIGHT, SIDE, WIDTH, WORDS, statistics_of
from classroom.pages.access import staff_of
from classroom.pages.looking import looked
from classroom.pages.sections import section_filter


@never_cache
@require_safe
@login_required
def statistics(request: HttpRequest, course: int) -> HttpResponse:
    """Show how far each assignment is, and how its scores are spread."""
    membership = staff_of(request, course)
    looked(request, membership, "course.statistics_seen")
    choice = section_filter(request, membership.course)
    students, assignments = statistics_of(membership.course, choice.chosen)
    return render(
        request,
        "classroom/grading/statistics.html",
        {
            "membership": membership,
            "tab": "statistics",
            "students": students,
            "assignments": assignments,
            "words": WORDS.values(),
            "drawing": {
                "width": WIDTH,
                "height": HEIGHT,
                "left": SIDE,
                "right": WIDTH - SIDE,
                "floor": HEIGHT - BOTTOM,
                "below": HEIGHT - BOTTOM + 16,
            },
        },
    )
