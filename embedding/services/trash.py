"""The trash: what is deleted stays in the project for some weeks, and can be put back.

It is one rename into a hidden folder of the project's home, which needs no room on a full disk.
There it has a random name; where it came from and when is in a row of ours (`models.Trashed`), so
that no name, link or time in the project decides anything. The commands below have the rights of
the project's own user and no more, whatever a program there swaps meanwhile; they take away
nothing but names of this kind, and follow no link.

Nobody need come by to empty it: each look and each deletion takes away what is too old, and so do
the workers (`services.keeping`).
"""

import re
import shlex
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from math import ceil

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from embedding.client import client
from embedding.cocalc.client import Output
from embedding.cocalc.errors import CommandFailed, Duplicate, NotFound
from embedding.conf import conf
from embedding.models import CocalcProject, Member, Trashed
from embedding.problems import Problem
from embedding.services.files import log_change
from embedding.services.free_names import exists, made_beside
from embedding.services.sessions import TRASH, forget_checks

_ARRIVES = timedelta(minutes=10)  # for a deletion whose end is not known
_AT_ONCE = 200  # of what is too old, in one command
_LISTED = 1000
_SECONDS = 60

_ABSENT, _UNUSABLE = 80, 90
_NAME = re.compile("[0-9a-f]{32}", re.ASCII)

# A link is no trash: what it leads to is somebody's folder.
_FOLDER = f"[ -d {TRASH} ] && [ ! -L {TRASH} ]"
_OUR_OWN = f"{_FOLDER} || exit {_UNUSABLE}\n"
# Some programs keep folders in which nothing can be removed.
_REMOVE = (
    'take_away() { [ $# -gt 1 ] || return 0; timeout "$1" rm -rf -- "${@:2}" 2>/dev/null || {\n'
    'find -P "${@:2}" -type d ! -perm -700 -exec chmod u+rwx {} \\; 2>/dev/null\n'
    'timeout "$1" rm -rf -- "${@:2}" 2>/dev/null\n}; return 0; }\n'
)
_OURS = (
    f"LC_ALL=C find -P {TRASH} -mindepth 1 -maxdepth 1 -regextype posix-extended"
    f" -regex '{TRASH}/[0-9a-f]{{32}}'"
)


def trash_put(member: Member, path: str) -> Trashed | None:
    """Delete a file, or a folder with all in it; None where it is gone already.

    Problem `no_trash` where the project's trash cannot be used: then only `file_delete` is left.
    """
    row = Trashed.objects.create(
        project=member.project, path=path, by=member.user.get_username()[:150]
    )
    old, new = shlex.quote(f"./{path}"), f"{TRASH}/{row.id.hex}"
    output = _run(
        member.project,
        f"[ -e {old} ] || [ -L {old} ] || exit {_ABSENT}\n"
        f"[ -e {TRASH} ] || [ -L {TRASH} ] || mkdir -m 700 {TRASH}\n{_OUR_OWN}"
        # A folder can be moved by who may write in it alone.
        f"if [ -d {old} ] && [ ! -L {old} ]; then echo folder\n"
        f"[ -w {old} ] || chmod u+w {old}; fi\n"
        f"mv -nT -- {old} {new} || exit {_UNUSABLE}\n"
        f"if [ -e {old} ] || [ -L {old} ]; then exit {_UNUSABLE}; fi\n{_take_old(member.project)}",
    )
    said = output.stdout.split()
    if output.exit_code in (_ABSENT, _UNUSABLE):
        row.delete()
    if output.exit_code == _ABSENT:
        return None
    _check(output)
    if "folder" in said:
        row.is_folder = True
        row.save(update_fields=["is_folder"])
    _forget_gone(member.project, said)
    forget_checks(member)
    log_change("file.deleted", member, path=path)
    return row


def trash_list(member: Member) -> list[Trashed]:
    """Return what can be put back, newest first; with at most one call to CoCalc."""
    rows = list(_rows(member)[:_LISTED])
    if not rows:
        return []
    there = _look(member.project, _take_old(member.project))
    now = timezone.now()
    gone = [row.pk for row in rows if row.id.hex not in there and row.deleted < now - _ARRIVES]
    # Taken away in CoCalc itself, or too old.
    Trashed.objects.filter(pk__in=gone).delete()
    return [row for row in rows if row.id.hex in there and days_left(row, now) != 0]


def days_left(row: Trashed, now: datetime) -> int | None:
    """Return for how many days more something can be put back; None: for ever."""
    if not (days := conf().keep_trash_days):
        return None
    return max(0, ceil((row.deleted + timedelta(days=days) - now) / timedelta(days=1)))


def trash_take_old(project: CocalcProject) -> None:
    """Take what is too old out of a project's trash, a few hundred at once; CocalcError."""
    output = _run(
        project, f"[ -e {TRASH} ] || [ -L {TRASH} ] || exit 0\n{_OUR_OWN}{_take_old(project)}"
    )
    _check(output)
    _forget_gone(project, output.stdout.split())


def trash_restore(member: Member, trashed: str) -> str:
    """Put something back and return where: beside what has taken its place meanwhile."""
    row = _row(member, trashed)

    def put_back(path: str) -> None:
        client().move(_id(member), f"{TRASH}/{row.id.hex}", path)

    try:
        path = made_beside(_id(member), row.path, put_back)
    except NotFound:
        row.delete()
        raise _missing() from None
    except Duplicate:
        raise exists(row.path) from None
    row.delete()
    forget_checks(member)
    log_change("file.restored", member, path=path)
    return path


def trash_purge(member: Member, trashed: str | None) -> None:
    """Delete something in the trash for good; with None, all of it."""
    rows = list(_rows(member)) if trashed is None else [_row(member, trashed)]
    if trashed is None:
        what = f"{_OURS} -print0 | {{ mapfile -d '' -t all\ntake_away 20 \"${{all[@]}}\"; }}\n"
    else:
        what = f"take_away 20 {TRASH}/{rows[0].id.hex}\n"
    left = _look(member.project, _REMOVE + what)
    gone = [row for row in rows if row.id.hex not in left]
    Trashed.objects.filter(pk__in=[row.pk for row in gone]).delete()
    for row in gone:
        log_change("file.purged", member, path=row.path)
    if len(gone) < len(rows):
        raise Problem(
            "not_purged",
            _("Not everything could be deleted. Please try again, or delete it in CoCalc."),
            status=409,
            recoverable=True,
        )


def _ids(words: Iterable[str]) -> list[uuid.UUID]:
    """Return the ids among words that a program in the project may have made up."""
    return [uuid.UUID(word) for word in words if _NAME.fullmatch(word)]


def _forget_gone(project: CocalcProject, said: Iterable[str]) -> None:
    """Delete the rows of what is too old, and said to be gone."""
    gone = _ids(word.partition("=")[2] for word in said)
    _old(project).filter(pk__in=gone).delete()


def _rows(member: Member) -> QuerySet[Trashed]:
    return Trashed.objects.filter(project=member.project)


def _row(member: Member, trashed: str) -> Trashed:
    """Return the row of this project alone; the id, and no name, leads into the trash."""
    try:
        return Trashed.objects.get(project=member.project, pk=uuid.UUID(trashed))
    except (ValueError, Trashed.DoesNotExist):
        raise _missing() from None


def _old(project: CocalcProject) -> QuerySet[Trashed]:
    if not (days := conf().keep_trash_days):
        return Trashed.objects.none()
    return Trashed.objects.filter(
        project=project, deleted__lt=timezone.now() - timedelta(days=days)
    )


def _take_old(project: CocalcProject) -> str:
    """A script that takes away what is too old, and says `gone=` of each."""
    names = " ".join(f"{TRASH}/{row.id.hex}" for row in _old(project)[:_AT_ONCE])
    if not names:
        return ""
    return (
        f"{_REMOVE}take_away 5 {names}\n"
        f'for t in {names}; do [ -e "$t" ] || [ -L "$t" ] || echo "gone=${{t##*/}}"; done\n'
    )


def _look(project: CocalcProject, script: str) -> set[str]:
    """Run a script in a trash that is one; return the names of ours that are there afterwards."""
    nothing = f"[ -e {TRASH} ] || [ -L {TRASH} ] || exit 0\n"
    output = _run(project, f"{nothing}{_OUR_OWN}{script}{_OURS} -printf '%f\\n'")
    _check(output)
    return {word for word in output.stdout.split() if _NAME.fullmatch(word)}


def _run(project: CocalcProject, script: str) -> Output:
    return client().exec(str(project.project_id), script, bash=True, timeout=_SECONDS, check=False)


def _check(output: Output) -> None:
    if output.exit_code == _UNUSABLE:
        raise Problem(
            "no_trash",
            _(
                "The trash cannot be used. The project’s disk is full, or its hidden folder "
                "“%(folder)s” was changed."
            )
            % {"folder": TRASH},
            status=409,
        )
    if output.exit_code:
        raise CommandFailed("trash", output.stderr[:200], status=200, exit_code=output.exit_code)


def _missing() -> Problem:
    return Problem("file_missing", _("This is not in the trash any more."), status=404)


def _id(member: Member) -> str:
    return str(member.project.project_id)
