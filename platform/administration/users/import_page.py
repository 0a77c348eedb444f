"""The page that makes users of a list: the list, what its columns are, what each line does, done.

The list goes through the browser from page to page, signed; nothing of it is kept here.
"""

from collections import Counter
from dataclasses import astuple
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import Group, User
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from administration.access import administrators, context
from administration.users.importing import Judged, Outcome, Wishes, counts, groups_for, judge
from administration.users.importing import users_apply as apply
from classroom.conf import conf
from classroom.people import first_password
from classroom.people.forms import ImportForm
from classroom.people.roster_columns import MEANINGS, Columns, recognise
from classroom.people.roster_file import Line, read
from classroom.people.roster_memory import remember, remembered
from classroom.people.roster_shown import columns_shown
from classroom.people.roster_table import MOST_LINES, Table, Unreadable
from classroom.people.users_admin import csv_file
from embedding.bodies import MOST_PASTED, body_up_to
from embedding.views.access import user_of

PERMISSIONS = ("auth.add_user", "auth.change_user")
_SALT = "administration.users"
_SECONDS = 24 * 3600
_SHOWN_LEFT_OUT = 20

_OUTCOMES = {
    Outcome.NEW: pgettext_lazy("line of a list", "New"),
    Outcome.CHANGED: pgettext_lazy("line of a list", "Changes"),
    Outcome.ALREADY: pgettext_lazy("line of a list", "No change"),
    Outcome.DUPLICATE: pgettext_lazy("line of a list", "Duplicate"),
    Outcome.MALFORMED: pgettext_lazy("line of a list", "Problem"),
}


class WishesForm(forms.Form):
    """What all people of the list get."""

    groups = forms.ModelMultipleChoiceField(
        Group.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=gettext_lazy("Put all of them into these groups"),
    )
    language = forms.ChoiceField(
        required=False, label=gettext_lazy("Language of the new users’ pages and mails")
    )

    def __init__(self, *args: object, actor: User) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        groups = self.fields["groups"]
        if isinstance(groups, forms.ModelMultipleChoiceField):
            groups.queryset = groups_for(actor)
        language = self.fields["language"]
        if isinstance(language, forms.ChoiceField):
            language.choices = [("", _("As their browser says")), *settings.LANGUAGES]


@administrators(*PERMISSIONS)
@require_http_methods(["GET", "HEAD", "POST"])
@body_up_to(lambda: MOST_PASTED)
def users_import(request: HttpRequest) -> HttpResponse:
    """Show what each line of a list would do, and do it when that is confirmed."""
    form = ImportForm()
    if "confirmed" in request.POST:
        lines = _unpack(request, "confirmed")
        wishes = WishesForm(request.POST, actor=user_of(request))
        if lines is not None and wishes.is_valid():
            return _do(request, [Line(*line) for line in lines], wishes)
        messages.error(request, _("This preview is too old. Please add the list again."))
    elif "table" in request.POST:
        given = _unpack(request, "table")
        if given is not None:
            rows, columns, sheet = given
            table = Table([(at, cells) for at, cells in rows], tuple(columns), sheet)
            return _chosen(request, table)
        messages.error(request, _("This preview is too old. Please add the list again."))
    elif request.method == "POST":
        form = ImportForm(request.POST, request.FILES)
        if form.is_valid():
            table = form.cleaned_data["table"]
            columns = recognise(table)
            known = remembered(user_of(request), columns)
            try:
                return _preview(request, table, known or columns, is_remembered=bool(known))
            except Unreadable as unreadable:
                form.add_error("file" if form.cleaned_data.get("file") else "text", str(unreadable))
    fresh = request.session.get(_SALT, [])
    return render(
        request,
        "administration/users/import.html",
        context(
            request,
            _("Add users by list"),
            form=form,
            most_lines=MOST_LINES,
            fresh=len(fresh),
        ),
    )


@administrators(*PERMISSIONS)
@require_POST
def links(request: HttpRequest) -> HttpResponse:
    """Send the links of who came by this administrator's last list, once."""
    keys = request.session.pop(_SALT, [])
    actor = user_of(request)
    users = list(first_password.may_be_invited(User.objects.filter(pk__in=keys), actor=actor))
    if not users:
        messages.error(request, _("There are no new users without a password."))
        return redirect("admin:users-import")
    return csv_file(first_password.links_csv(users, actor=actor), "links.csv")


def _do(request: HttpRequest, lines: list[Line], wishes: WishesForm) -> HttpResponse:
    actor = user_of(request)
    given = wishes.cleaned_data
    done, fresh = apply(lines, Wishes(list(given["groups"]), given["language"]), actor=actor)
    mailed = first_password.invite(fresh, actor=actor) if conf().mail else 0
    # Whoever gets no mail gets the link from whoever made the list.
    request.session[_SALT] = [user.pk for user in fresh if not (conf().mail and user.email)]
    messages.success(request, _said(done, mailed))
    return redirect("admin:users-import")


def _said(done: Counter[Outcome], mailed: int) -> str:
    new, changed = done[Outcome.NEW], done[Outcome.CHANGED]
    sentences = (
        (new, ngettext("Made %(count)s user.", "Made %(count)s users.", new)),
        (changed, ngettext("Changed %(count)s user.", "Changed %(count)s users.", changed)),
        (
            mailed,
            ngettext(
                "Sent %(count)s user a link to choose a password.",
                "Sent %(count)s users a link to choose a password.",
                mailed,
            ),
        ),
    )
    said = [sentence % {"count": count} for count, sentence in sentences if count]
    return " ".join(said) or _("No user was made or changed.")


def _chosen(request: HttpRequest, table: Table) -> HttpResponse:
    """Take what the administrator says that the columns are."""
    columns = recognise(table)
    wanted = [request.POST.get(f"column-{at}", "") for at in range(len(columns.meanings))]
    columns = columns.chosen(
        [meaning if meaning in MEANINGS else "" for meaning in wanted],
        has_header="has_header" in request.POST,
    )
    try:
        answer = _preview(request, table, columns)
    except Unreadable as unreadable:
        messages.error(request, str(unreadable))
        return redirect("admin:users-import")
    if not columns.ask:
        remember(user_of(request), columns)
    return answer


def _preview(
    request: HttpRequest, table: Table, columns: Columns, *, is_remembered: bool = False
) -> HttpResponse:
    """Show the columns, and, where they are clear, what each line would do."""
    reading = read(table, columns)
    shown, folded = columns_shown(table, columns)
    more: dict[str, object] = {
        "table": table,
        "packed_table": _pack(request, [table.rows, table.columns, table.sheet], "table"),
        "columns": columns,
        "shown": [*shown, *folded],
        "meanings": MEANINGS.items(),
        "header": table.rows[columns.header or 0],
        "is_remembered": is_remembered,
    }
    if not columns.ask:
        judged = judge(reading.lines)
        more |= {
            "judged": [(one, _OUTCOMES[one.outcome]) for one in judged],
            "counts": _counted(judged),
            "useful": any(one.outcome not in _USELESS for one in judged),
            "packed": _pack(request, [astuple(line) for line in reading.lines], "confirmed"),
            "left_out": reading.left_out[:_SHOWN_LEFT_OUT],
            "left_out_count": len(reading.left_out),
            "wishes": WishesForm(actor=user_of(request)),
        }
    title = _("What is in this list?") if columns.ask else _("What each line will do")
    return render(request, "administration/users/preview.html", context(request, title, **more))


_USELESS = (Outcome.DUPLICATE, Outcome.MALFORMED)


def _counted(judged: list[Judged]) -> list[tuple[object, int]]:
    found = counts(judged)
    return [(_OUTCOMES[each], found[each]) for each in Outcome if found[each]]


def _pack(request: HttpRequest, content: object, what: str) -> str:
    """Sign what goes through the browser, for this user's next step alone."""
    return signing.dumps([user_of(request).pk, what, content], salt=_SALT, compress=True)


def _unpack(request: HttpRequest, what: str) -> Any:
    """Return it; None where it is another's, of another step, changed, or a day old."""
    try:
        key, of, content = signing.loads(request.POST[what], salt=_SALT, max_age=_SECONDS)
    except signing.BadSignature:
        return None
    return content if (key, of) == (user_of(request).pk, what) else None
