"""The dates of all assignments of a course, in one table that is changed in place."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from classroom.assignments.dates import DAYS_MOST, LABELS, Row, dates_of, dates_save, moved
from classroom.assignments.said import extensions_overtaken, warnings_of
from classroom.models import Membership
from classroom.pages.access import teacher_of
from embedding.views.access import user_of


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def dates(request: HttpRequest, course: int) -> HttpResponse:
    """Show all dates; save them, or show them moved by some days and save nothing yet."""
    membership = teacher_of(request, course)
    if request.method != "POST":
        return _show(request, membership, dates_of(membership.course))
    if "move" in request.POST:
        return _moved(request, membership)
    rows, changed, is_saved = dates_save(membership.course, request.POST, by=user_of(request))
    if not is_saved:
        return _show(request, membership, rows, status=409 if _is_stale(rows) else 400)
    if changed:
        words = ngettext(
            "Saved. %(count)s assignment was changed.",
            "Saved. %(count)s assignments were changed.",
            len(changed),
        )
        messages.success(request, words % {"count": len(changed)})
    else:
        messages.info(request, _("Nothing was changed."))
    for row in changed:
        notes = [*warnings_of(row.form), extensions_overtaken(row.assignment)]
        for note in filter(None, notes):
            said = _("%(title)s: %(note)s") % {"title": row.assignment.title, "note": note}
            messages.warning(request, said)
    return redirect("classroom:dates", course)


def _moved(request: HttpRequest, membership: Membership) -> HttpResponse:
    given = request.POST.get("days", "").strip()
    try:
        days = int(given) if len(given) < 6 else DAYS_MOST + 1
    except ValueError:
        days = DAYS_MOST + 1
    if abs(days) > DAYS_MOST or days == 0:
        messages.error(request, _("Enter a number of days, such as 7 or -7."))
        rows = dates_of(membership.course, request.POST)
        return _show(request, membership, rows, status=400)
    after = timezone.now() if request.POST.get("all") != "yes" else None
    sent = moved(request.POST, membership.course, days, after=after)
    return _show(request, membership, dates_of(membership.course, sent), is_moved=True)


def _is_stale(rows: list[Row]) -> bool:
    return any(row.form.non_field_errors() for row in rows)


def _show(
    request: HttpRequest,
    membership: Membership,
    rows: list[Row],
    *,
    is_moved: bool = False,
    status: int = 200,
) -> HttpResponse:
    context = {
        "membership": membership,
        "tab": "course",
        "rows": rows,
        "labels": LABELS,
        "is_moved": is_moved,
        "has_errors": any(row.form.errors for row in rows),
        "days": request.POST.get("days", "7"),
        "all": request.POST.get("all") == "yes",
    }
    return render(request, "classroom/assignments/dates.html", context, status=status)
