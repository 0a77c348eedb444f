"""The matrix students × assignments."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from classroom.grading.matrix import Matrix
from classroom.grading.selection import SORTS, Filter
from classroom.grading.work_state import STATES
from classroom.pages.access import staff_of


@never_cache
@require_safe
@login_required
def grades(request: HttpRequest, course: int) -> HttpResponse:
    """Show a page of the matrix."""
    membership = staff_of(request, course)
    wanted = Filter.of(request.GET)
    matrix = Matrix(membership.course, wanted, request.GET.get("page", "1"))
    return render(
        request,
        "classroom/grading/matrix.html",
        {
            "membership": membership,
            "tab": "grades",
            "matrix": matrix,
            "wanted": wanted,
            "states": STATES.items(),
            "sorts": {name: wanted.sorted_by(name).query for name in SORTS},
            "sorted": wanted.sort.removeprefix("-"),
            "direction": "descending" if wanted.sort.startswith("-") else "ascending",
        },
    )
