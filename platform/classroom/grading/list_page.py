"""The works of an assignment whose names are hidden: by code, with state and score."""

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from classroom.grading.selection import Filter
from classroom.grading.whose import SHOWN_STATES, nameless
from classroom.grading.work_state import STATES
from classroom.pages.access import assignment_of, staff_of
from classroom.pages.looking import looked
from classroom.rules.scoring import number

PAGE = 100


@never_cache
@require_safe
@login_required
def grade_list(request: HttpRequest, course: int, assignment: int) -> HttpResponse:
    """Show them, those in one state or all."""
    membership = staff_of(request, course)
    found = assignment_of(membership.course, assignment)
    if not found.anonymous or found.handout:
        raise Http404
    looked(request, membership, "course.works_seen", assignment=found)
    given = Filter.of(request.GET).state
    wanted = Filter(state=given if given in SHOWN_STATES else "")
    works = nameless(membership.course, found, wanted.state)
    page = Paginator(works, PAGE).get_page(request.GET.get("page", "1"))
    return render(
        request,
        "classroom/grading/list.html",
        {
            "membership": membership,
            "tab": "grades",
            "assignment": found,
            "page": page,
            "wanted": wanted,
            "points": number(found.points),
            "states": [(state, STATES[state]) for state in SHOWN_STATES],
        },
    )
