"""An assignment's files as students get them: read once for a whole class, packed once.

They are what the teacher has seen: whether the folder still holds just that is looked at for each
press of a button, and where it does not, nothing goes out. What goes out is what was checked, also
where somebody changes the folder in the very moment.
"""

import hashlib
import json
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from classroom.carrying.calls import Refused
from classroom.carrying.incoming import take
from classroom.carrying.items import Item, files_of
from classroom.carrying.outgoing import Load
from classroom.models import Assignment
from classroom.rules import going_out, manifest
from classroom.rules.manifest import File
from classroom.rules.source_folder import MAX_OTHERS, STUDENT, told_apart
from classroom.steps import folders
from embedding.problems import Problem

_KEPT = 8


@dataclass(frozen=True, slots=True)
class Parcel:
    """The files of one version of an assignment."""

    items: list[Item]
    load: Load
    looked: datetime  # when the folder last held just what was checked


_parcels: "OrderedDict[str, Parcel]" = OrderedDict()
_lock = threading.Lock()


def parcel(project: str, assignment: Assignment, *, asked: datetime) -> Parcel:
    """Return the assignment's files, as they were checked.

    Raises Problem `sources_changed` where the folder does not hold just them, as far as it was
    looked at since `asked`; Refused and CocalcError.
    """
    version = json.dumps([project, assignment.folder, assignment.sources, assignment.files])
    key = hashlib.sha256(version.encode()).hexdigest()
    with _lock:  # also while it is read: the others need the same one
        there = _parcels.pop(key, None)
        if there is None or there.looked < asked:
            there = _read(project, assignment, there)
        _parcels[key] = there
        while len(_parcels) > _KEPT:
            _parcels.popitem(last=False)
        return there


def _read(project: str, assignment: Assignment, before: Parcel | None) -> Parcel:
    looked = timezone.now()
    wanted = {file["sha256"] for file in assignment.files}
    # Solutions stay where they are; so does all that is here already.
    known = {file["sha256"] for file in assignment.sources} - wanted
    try:
        found = take(project, assignment.folder, known=known | (wanted if before else set()))
    except Refused as refused:
        if refused.code != "missing":
            raise
        found = []
    _compare(assignment, files_of(found))
    if before is not None:
        return Parcel(before.items, before.load, looked)
    inner = f"{STUDENT}/" if assignment.has_student_folder else ""
    named = {f"{inner}{file['path']}": file["path"] for file in assignment.files}
    items = [replace(item, path=named[item.path]) for item in found if item.path in named]
    _refuse_undecided(assignment, items)
    return Parcel(items, Load(items), looked)


def _compare(assignment: Assignment, found: list[File]) -> None:
    """Raise Problem with the names of the files that are not as they were checked."""
    sources, student = told_apart(found)
    changed = manifest.differing(manifest.hashes(assignment.sources), manifest.hashes(sources))
    if assignment.has_student_folder:
        inner = manifest.differing(manifest.hashes(assignment.files), manifest.hashes(student))
        changed += [f"{STUDENT}/{path}" for path in inner]
    if changed:
        raise Problem(
            "sources_changed",
            ngettext(
                "%(names)s was changed since the assignment's files were checked, so nothing was "
                "handed out. Open the assignment's files page and press “Check again”. Then hand "
                "it out again.",
                "%(names)s were changed since the assignment's files were checked, so nothing was "
                "handed out. Open the assignment's files page and press “Check again”. Then hand "
                "it out again.",
                len(changed),
            )
            % {"names": folders.few(changed)},
            status=409,
        )


def _refuse_undecided(assignment: Assignment, items: list[Item]) -> None:
    """Raise Problem where something of the teacher's is in them of which nobody has decided."""
    found = [
        each
        for item in items
        if item.size <= MAX_OTHERS
        for each in going_out.look_at(item.path, item.content())
    ]
    if held := going_out.undecided(found, assignment.going_out):
        paths = folders.few([each["path"] for each in held])
        raise Problem(
            "not_decided",
            _(
                "%(names)s may contain a solution or a hidden test, so nothing was handed out. "
                "Open the assignment's files page, press “Check again”, and decide."
            )
            % {"names": paths},
            status=409,
        )


def forget() -> None:
    """Read all anew; for tests."""
    with _lock:
        _parcels.clear()
