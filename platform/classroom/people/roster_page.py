"""Letting a list of students in: the list, what its columns are, what each line would do, done.

The list goes through the browser from page to page, signed; nothing of it is kept here.
"""

from collections import Counter

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from classroom.conf import conf
from classroom.models import Membership
from classroom.pages.access import teacher_of
from classroom.people.forms import ImportForm
from classroom.people.roster_columns import MEANINGS, Columns, recognise
from classroom.people.roster_file import Reading, read
from classroom.people.roster_import import (
    Outcome,
    counts,
    judge,
    pack,
    pack_table,
    roster_apply,
    unpack,
    unpack_table,
)
from classroom.people.roster_memory import remember, remembered
from classroom.people.roster_shown import columns_shown
from classroom.people.roster_table import MOST_LINES, Table, Unreadable
from embedding.bodies import MOST_PASTED, body_up_to
from embedding.views.access import user_of

_SHOWN_LEFT_OUT = 20

# What a line does in a word, and the color of its tag.
_OUTCOMES = {
    Outcome.NEW: (pgettext_lazy("line of a list", "New"), "good"),
    Outcome.KNOWN: (pgettext_lazy("line of a list", "Joins"), "good"),
    Outcome.BACK: (pgettext_lazy("line of a list", "Comes back"), "good"),
    Outcome.ALREADY: (pgettext_lazy("line of a list", "No change"), ""),
    Outcome.MOVES: (pgettext_lazy("line of a list", "Moves"), "warn"),
    Outcome.DUPLICATE: (pgettext_lazy("line of a list", "Duplicate"), "warn"),
    Outcome.STAFF: (pgettext_lazy("line of a list", "Not a student"), "warn"),
    Outcome.MALFORMED: (pgettext_lazy("line of a list", "Problem"), "bad"),
}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@body_up_to(lambda: MOST_PASTED)
def people_import(request: HttpRequest, course: int) -> HttpResponse:
    """Let a list of students in: first show what each line would do, then do it when confirmed."""
    membership = teacher_of(request, course)
    form = ImportForm()
    if packed := request.POST.get("confirmed"):
        lines = unpack(membership.course, packed)
        if lines is not None:
            moves = "moves" in request.POST
            actor = user_of(request)
            done = counts(roster_apply(membership.course, lines, moves=moves, actor=actor))
            messages.success(request, _said(done, moves=moves))
            return redirect("classroom:people", course)
        messages.error(request, _("This preview is too old. Please add the list again."))
    elif packed := request.POST.get("table"):
        table = unpack_table(membership.course, packed)
        if table is not None:
            return _chosen(request, membership, table)
        messages.error(request, _("This preview is too old. Please add the list again."))
    elif request.method == "POST":
        form = ImportForm(request.POST, request.FILES)
        if form.is_valid():
            table = form.cleaned_data["table"]
            try:
                return _recognised(request, membership, table)
            except Unreadable as unreadable:
                form.add_error("file" if form.cleaned_data.get("file") else "text", str(unreadable))
    context = {"membership": membership, "tab": "people", "form": form, "most_lines": MOST_LINES}
    return render(request, "classroom/people/import.html", context)


def _said(done: Counter[Outcome], *, moves: bool) -> str:
    """Say what was done, in as many sentences as there is something to say."""
    came, invited = done[Outcome.KNOWN] + done[Outcome.BACK], done[Outcome.NEW]
    moved = done[Outcome.MOVES] if moves else 0
    sentences = (
        (came, ngettext("Added %(count)s student.", "Added %(count)s students.", came)),
        (
            invited,
            ngettext("Created %(count)s invitation.", "Created %(count)s invitations.", invited),
        ),
        (
            moved,
            ngettext(
                "Moved %(count)s student to the section of the list.",
                "Moved %(count)s students to the sections of the list.",
                moved,
            ),
        ),
    )
    said = [sentence % {"count": count} for count, sentence in sentences if count]
    return " ".join(said) or _("Nothing changed.")


def _recognised(request: HttpRequest, membership: Membership, table: Table) -> HttpResponse:
    columns = recognise(table)
    known = remembered(user_of(request), columns)
    return _preview(request, membership, table, known or columns, is_remembered=bool(known))


def _chosen(request: HttpRequest, membership: Membership, table: Table) -> HttpResponse:
    """Take what the teacher says that the columns are."""
    columns = recognise(table)
    wanted = [request.POST.get(f"column-{at}", "") for at in range(len(columns.meanings))]
    columns = columns.chosen(
        [meaning if meaning in MEANINGS else "" for meaning in wanted],
        has_header="has_header" in request.POST,
    )
    try:
        answer = _preview(request, membership, table, columns)
    except Unreadable as unreadable:
        messages.error(request, str(unreadable))
        return redirect("classroom:people-import", membership.course.pk)
    if not columns.ask:
        remember(user_of(request), columns)
    return answer


def _preview(
    request: HttpRequest,
    membership: Membership,
    table: Table,
    columns: Columns,
    *,
    is_remembered: bool = False,
) -> HttpResponse:
    """Show the columns, and, where they are clear, what each line would do."""
    reading = read(table, columns)
    shown, folded = columns_shown(table, columns)
    context = {
        "membership": membership,
        "tab": "people",
        "table": table,
        "packed_table": pack_table(membership.course, table),
        "columns": columns,
        "shown": shown,
        "folded": folded,
        "meanings": MEANINGS.items(),
        "header": table.rows[columns.header or 0],
        "is_remembered": is_remembered,
    }
    if not columns.ask:
        context |= _judged(membership, reading)
    return render(request, "classroom/people/preview.html", context)


def _judged(membership: Membership, reading: Reading) -> dict[str, object]:
    judged = judge(membership.course, reading.lines)
    found = counts(judged)
    return {
        "judged": [(one, *_OUTCOMES[one.outcome]) for one in judged],
        "counts": [(*_OUTCOMES[each], found[each]) for each in Outcome if found[each]],
        "useful": found[Outcome.NEW] + found[Outcome.KNOWN] + found[Outcome.BACK],
        "invites": found[Outcome.NEW],
        "moves": found[Outcome.MOVES],
        "has_sections": any(line.section for line in reading.lines),
        "mails": conf().mail,
        "packed": pack(membership.course, reading.lines),
        "left_out": reading.left_out[:_SHOWN_LEFT_OUT],
        "left_out_count": len(reading.left_out),
    }
