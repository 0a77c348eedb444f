"""Whether files may go out: what was found in them, and what a teacher has decided of it.

Kept with the assignment as `going_out`:

    {"found": [what `leaks` found in a file, with its "sha256"], "left_out": [names of leftovers],
     "allowed": {path: the sha256 of the file that may go out as it is}, "by": name, "at": ISO}

Nothing goes out while a file is found that is not allowed; one that has changed is asked of again.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.nbgrader.reading import MarkingError
from classroom.nbgrader.student_version import is_marked
from classroom.rules import leaks, manifest
from classroom.rules.leaks import Found
from classroom.rules.source_folder import STUDENT, Contents

MOST_LEFT_OUT = 50  # names that are kept


class Held(Found):
    """What was found in one file as it was then."""

    sha256: str


def look(contents: Contents, *, student: bool) -> list[Held]:
    """Return what is in the files of a folder that go out: those in `student/`, or all others."""
    outgoing = manifest.hashes((contents.student or []) if student else contents.files)
    inner = f"{STUDENT}/" if student else ""
    suspects = {
        path: contents.suspects[inner + path]
        for path in sorted(outgoing)
        if inner + path in contents.suspects
    }
    found = [leaks.find(path, content) for path, content in suspects.items()]
    found += [_too_large(path) for path in outgoing if inner + path in contents.unread]
    if student:
        found += _of_the_teacher(contents, suspects)
    return _held(found, outgoing)


def written_down(
    before: Mapping[str, Any], contents: Contents, found: Iterable[Held]
) -> dict[str, Any]:
    """Return what is to be kept, with what was decided before."""
    decided = {key: before[key] for key in ("allowed", "by", "at") if key in before}
    return decided | {"found": list(found), "left_out": contents.left_out[:MOST_LEFT_OUT]}


def allowed(before: Mapping[str, Any], *, by: str) -> dict[str, Any]:
    """Return what is to be kept once a person has allowed all that was found to go out."""
    now = {each["path"]: each["sha256"] for each in open_of(before)}
    return {
        **before,
        "allowed": before.get("allowed", {}) | now,
        "by": by,
        "at": timezone.now().isoformat(),
    }


def look_at(path: str, content: bytes) -> list[Held]:
    """Return what is in a file that is at hand."""
    if not leaks.is_suspect(path, content):
        return []
    return _held([leaks.find(path, content)], {path: manifest.hash_of(content)})


def undecided(found: Iterable[Held], going_out: Mapping[str, Any]) -> list[Held]:
    """Return what no teacher has allowed to go out as it is."""
    allowed = going_out.get("allowed", {})
    return [each for each in found if allowed.get(each["path"]) != each["sha256"]]


def open_of(going_out: Mapping[str, Any]) -> list[Held]:
    """Return what is still to be decided of what was found."""
    return undecided(going_out.get("found", []), going_out)


def allowed_of(going_out: Mapping[str, Any]) -> list[str]:
    """Return the files that go out as they are because a person said so."""
    undecided_ = {each["path"] for each in open_of(going_out)}
    return [each["path"] for each in going_out.get("found", []) if each["path"] not in undecided_]


def _held(found: Iterable[Found | None], hashes: Mapping[str, str]) -> list[Held]:
    """Put together what was found in the same file, and drop what is no file any more."""
    rows: dict[str, Held] = {}
    for each in found:
        if each is None or each["path"] not in hashes:
            continue
        row = rows.setdefault(each["path"], Held(**each, sha256=hashes[each["path"]]))
        if row["why"] != each["why"] or row["lines"] != each["lines"]:
            row["why"] = " ".join(why for why in (row["why"], each["why"]) if why)
            row["lines"] = [*row["lines"], *each["lines"]]
    return [rows[path] for path in sorted(rows)]


def _too_large(path: str) -> Found:
    why = _("This file is too large to be checked by this site. Check it yourself.")
    return Found(path=path, why=why, lines=[], more=0)


def _of_the_teacher(contents: Contents, students: Mapping[str, bytes]) -> list[Found]:
    """Find marked notebooks that lie in `student/` as they are, and what metadata still hold."""
    found = []
    hashes = manifest.hashes(contents.files)
    theirs = manifest.hashes(contents.student or [])
    for path, source in contents.notebooks.items():
        same = [other for other, sha256 in theirs.items() if sha256 == hashes.get(path)]
        student = students.get(path)
        if not (same or student) or not _is_marked(source):
            continue
        why = _("This is the teacher’s own “%(path)s”, with all solutions.") % {"path": path}
        found += [Found(path=other, why=why, lines=[], more=0) for other in same]
        if student is not None and not same and contents.made:
            if lines := leaks.left_in(source, student):
                why = _("Lines that were removed from its cells are still elsewhere in the file.")
                found.append(Found(path=path, why=why, lines=lines, more=0))
            if lines := leaks.ends_alone(source):
                why = _(
                    "A region has an end but no beginning, so the lines before its end were not "
                    "removed."
                )
                found.append(Found(path=path, why=why, lines=lines, more=0))
    return found


def _is_marked(notebook: bytes) -> bool:
    try:
        return is_marked(notebook)
    except MarkingError:
        return True
