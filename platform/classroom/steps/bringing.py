"""A student's folder, brought into the course's project: what came is what was declared.

It is packed in the student's project by a command that follows no link, judged by our worker,
sent into the course's project under a fresh random name, and put in its place there by a command
that compares each file's hash. Large files that the course's project holds already, because they
were handed out or submitted before, stay where they are: they are known by their hashes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from classroom.carrying.calls import Refused
from classroom.carrying.incoming import LARGE, take
from classroom.carrying.items import Item, files_of
from classroom.carrying.outgoing import Load, put
from classroom.models import Assignment, Submission
from classroom.rules import manifest


@dataclass(frozen=True, slots=True)
class Brought:
    """What came, by path, and when: programs of the student's may take their time, or change it."""

    items: list[Item]
    listed: datetime  # when the project had said what there is, by hashes
    finished: datetime  # when all of it was here, and nothing of the student's could change it


def bring(
    source: str,
    folder: str,
    target: str,
    path: str,
    *,
    lying: Mapping[str, str],
    choose: Callable[[list[Item]], list[Item]],
    most_bytes: int = manifest.MAX_BYTES,
    **options: Any,
) -> Brought:
    """Bring a folder of one project into another; return what is there now.

    Args:
        lying: where in the target's project files lie that need not be sent, by their hashes.
        choose: takes what is declared, and returns what is to come, or raises.
        options: as `carrying.outgoing.put` takes them.

    Raises as `take` and `put` do.
    """
    try:
        return _brought(source, folder, target, path, lying, choose, most_bytes, options)
    except Refused as refused:
        if refused.code != "absent":
            raise
    # What lay there was changed just now: all of it is sent.
    return _brought(source, folder, target, path, {}, choose, most_bytes, options)


def _brought(
    source: str,
    folder: str,
    target: str,
    path: str,
    lying: Mapping[str, str],
    choose: Callable[[list[Item]], list[Item]],
    most_bytes: int,
    options: dict[str, Any],
) -> Brought:
    listed: list[datetime] = []  # anew in each round
    found = take(
        source,
        folder,
        most_bytes=most_bytes,
        known=lying.keys(),
        listed=lambda: listed.append(timezone.now()),
    )
    finished = timezone.now()
    taken = choose(found)
    items = [
        item if item.spool is not None else replace(item, elsewhere=lying[item.sha256])
        for item in taken
    ]
    place(target, path, items, **options)
    return Brought(items, listed[-1] if listed else finished, finished)


def place(target: str, path: str, items: list[Item], **options: Any) -> None:
    """Put items into the course's project; Refused `damaged` where it does not hold just these."""
    found = put(target, path, Load(items), **options)
    if found_differs(items, found):
        raise Refused("damaged", path)


def found_differs(items: list[Item], found: list[manifest.File]) -> bool:
    """Whether what is there is anything else than what was declared."""
    declared = [manifest.bare(file) for file in files_of(items)]
    return declared != sorted(map(manifest.bare, found), key=lambda file: file["path"])


def lying_in_course(assignment: Assignment, submission: Submission) -> dict[str, str]:
    """Say where the course's project holds large files that the student may have, too.

    Only what students were given, and what this one has submitted: nobody gets at anything else
    by telling its hash.
    """
    found = {
        file["sha256"]: f"{assignment.source}/{file['path']}" for file in _large(assignment.files)
    }
    last = submission.snapshots.first()
    if last is not None:
        found |= {file["sha256"]: f"{last.path}/{file['path']}" for file in _large(last.files)}
    return dict(list(found.items())[:_MOST])


_MOST = 500  # hashes in one call


def _large(files: list[manifest.File]) -> list[manifest.File]:
    return [file for file in files if file["size"] >= LARGE]
