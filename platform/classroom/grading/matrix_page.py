"""The matrix students × assignments, to look at and to type scores into."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from classroom.grading.matrix import Matrix
from classroom.grading.score_entry import entries_read, entries_save
from classroom.grading.selection import SORTS, Filter
from classroom.grading.work_state import STATES
from classroom.models import Membership
from classroom.pages.access import staff_of
from classroom.pages.looking import looked
from embedding.views.access import user_of


@never_cache
@require_safe
@login_required
def grades(request: HttpRequest, course: int) -> HttpResponse:
    """Show a page of the matrix."""
    return _show(request, staff_of(request, course), entering=False)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def enter(request: HttpRequest, course: int) -> HttpResponse:
    """Show a page of the matrix whose cells are typed into; save what was typed, as JSON."""
    membership = staff_of(request, course)
    if request.method != "POST":
        return _show(request, membership, entering=True)
    try:
        entries = entries_read(request.body)
    except ValueError:
        words = _("Nothing was saved: this page is not up to date. Reload it.")
        return JsonResponse({"error": words}, status=400)
    return JsonResponse({"cells": entries_save(membership.course, entries, by=user_of(request))})


def _show(request: HttpRequest, membership: Membership, *, entering: bool) -> HttpResponse:
    looked(request, membership, "course.grades_seen")
    wanted = Filter.of(request.GET)
    page = request.GET.get("page", "1")
    matrix = Matrix(membership.course, wanted, page, entering=entering)
    return render(
        request,
        "classroom/grading/matrix.html",
        {
            "membership": membership,
            "tab": "grades",
            "entering": entering,
            "matrix": matrix,
            "wanted": wanted,
            "states": STATES.items(),
            "sorts": {name: wanted.sorted_by(name).query for name in SORTS},
            "sorted": wanted.sort.removeprefix("-"),
            "direction": "descending" if wanted.sort.startswith("-") else "ascending",
        },
    )
