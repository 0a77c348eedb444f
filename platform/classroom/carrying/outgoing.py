"""What goes into a project: sent as one load under a fresh random name, put in place by a command.

The command proves each file by its hash before it gets its place, and follows no link; what it
finds there in the end is what it says, and whoever sent it compares.
"""

import json
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal
from uuid import uuid4

from classroom.carrying.calls import LONGEST, PUTTING, Refused, ask
from classroom.carrying.incoming import LARGE, look
from classroom.carrying.items import Item, Spool, declared
from classroom.rules import manifest
from classroom.rules.manifest import File
from embedding.cocalc.errors import CocalcError

How = Literal["keep", "replace", "mirror", "fresh"]
PART = 600_000  # bytes in one call: CoCalc takes a form of 1 MB, and base64 is a third more


class Load:
    """Files as they are sent, packed once: the same load may go into many projects."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = tuple(items)
        self._packed = Spool()
        packer = zlib.compressobj(6)
        head = json.dumps([_row(item) for item in items]).encode()
        self._packed.append(packer.compress(len(head).to_bytes(4, "big") + head))
        for item in items:
            for piece in item.pieces():
                self._packed.append(packer.compress(piece))
        self._packed.append(packer.flush())

    def parts(self) -> Iterator[bytes]:
        """Give it in parts that fit into one call each."""
        size = self._packed.size
        for begin in range(0, size, PART):
            yield b"".join(self._packed.pieces(begin, min(PART, size - begin)))

    @property
    def fits_one_call(self) -> bool:
        """Whether it goes in the very call that puts it in place."""
        return self._packed.size <= PART


def _row(item: Item) -> list[Any]:
    elsewhere = item.elsewhere if item.spool is None else None
    return [item.path, item.size, item.modified, int(item.runs), item.sha256, elsewhere]


def put(
    project: str,
    folder: str,
    load: Load,
    *,
    how: How,
    known: bool = False,
    aside: str = "",
    texts: Mapping[str, str] | None = None,
    spared: Sequence[str] = (),
    spare: Sequence[str] = (),
) -> list[File]:
    """Put a load's files into a folder; return which of them are there in the end, and how.

    Args:
        how: what becomes of what is there: see `inside.putting.Target`.
        known: whether what was handed out before counts as ours, and this as handed out.
        aside: for `fresh`, the name that the old folder is kept under.
        texts: files of the site's, by path: they take the place of whatever is there.
        spared: for `mirror`, patterns of paths that stay.
        spare: folders of the project that go when all is done.

    Raises Refused (`in_the_way`, `absent`, `no_room`, `slow`, …) and CocalcError. Nothing that
    arrived is left then; what a killed worker has left goes with a later load.
    """
    staging = f".arriving-{uuid4().hex}.part"
    command = {
        "do": "place",
        "staging": staging,
        "folder": folder,
        "how": how,
        "known": known,
        "aside": aside,
        "texts": list((texts or {}).items()),
        "skip": manifest.LEFT_OUT,
        "spared": list(spared),
        "spare": list(spare),
    }
    try:
        if load.fits_one_call:
            said, _ = ask(project, PUTTING, command, b"".join(load.parts()))
        else:
            offset, deadline = 0, time.monotonic() + LONGEST
            for part in load.parts():
                if time.monotonic() > deadline:
                    raise Refused("slow", folder)
                piece = {"do": "stash", "staging": staging, "offset": offset, "folder": folder}
                ask(project, PUTTING, piece, part, again=True)
                offset += len(part)
            said, _ = ask(project, PUTTING, command)
    except BaseException:
        with suppress(CocalcError, Refused):
            ask(project, PUTTING, {"do": "drop", "staging": staging})
        raise
    if absent := said.get("absent"):
        raise Refused("absent", folder, str(absent[0]) if isinstance(absent, list) else "")
    return _found(said, load)


def clear(project: str, folders: Sequence[str]) -> list[str]:
    """Delete folders of a project; return which of them are still there. Raises as `put` does."""
    said, _ = ask(project, PUTTING, {"do": "clean", "folders": list(folders)}, again=True)
    left = said.get("left")
    return [path for path in left if path in folders] if isinstance(left, list) else [*folders]


def put_sparing(
    project: str, folder: str, items: Sequence[Item], *, seek: str, **options: Any
) -> list[File]:
    """Do as `put` does, but send no large file that a folder of the project holds already."""
    lighter = _spared(project, items, seek)
    if lighter != list(items):
        try:
            return put(project, folder, Load(lighter), **options)
        except Refused as refused:
            if refused.code != "absent":  # it was changed just now
                raise
    return put(project, folder, Load(items), **options)


def _spared(project: str, items: Sequence[Item], folder: str) -> list[Item]:
    if not any(item.size >= LARGE for item in items):
        return list(items)
    try:
        there = {item.sha256: item.elsewhere for item in look(project, folder)}
    except Refused:
        return list(items)
    return [
        replace(item, spool=None, elsewhere=there[item.sha256])
        if item.size >= LARGE and item.sha256 in there
        else item
        for item in items
    ]


def _found(said: dict[str, Any], load: Load) -> list[File]:
    rows = said.get("found")
    rows = [[*row, False] if isinstance(row, list) else row for row in rows or ()]
    return [each.item.file for each in declared(rows, most_files=len(load.items))]
