"""What comes out of a project: packed there by a command, and judged here.

The list of files that the project declares is the only thing that is believed, and only of itself:
what arrives must have just the sizes and hashes that it says, within limits of ours.
"""

import hashlib
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

from classroom.carrying.calls import GIVING, LONGEST, Refused, ask
from classroom.carrying.items import Declared, Item, Spool, declared, too_long
from classroom.rules import manifest
from embedding.cocalc.errors import NotCocalc
from embedding.conf import MEGABYTE
from embedding.problems import Busy

BUDGET = 3 * MEGABYTE  # of content in one answer: 6 MB as it travels; CoCalc's messages hold 8
ROUNDS = 3  # while files change
LARGE = 64 * 1024  # a file that is worth not being sent
_RANGES = 200  # in one call
_NAMES = 60_000  # characters of paths in one call


def take(
    project: str,
    folder: str,
    *,
    most_bytes: int = manifest.MAX_BYTES,
    known: Collection[str] = (),
    listed: Callable[[], None] | None = None,
) -> list[Item]:
    """Bring all regular files of a folder here, and return them by path.

    Of a file whose hash is in `known` the content stays where it is. `listed` is called when the
    list has come; it comes once more where files changed.

    Raises Refused, with a sentence: `missing`, `too_many`, `too_large`, `too_deep`, `bad_name`,
    `unreadable`, `changing`, `slow`; and CocalcError.
    """
    deadline = time.monotonic() + LONGEST
    changed = ""
    for _ in range(ROUNDS):
        try:
            return _Taking(project, folder, most_bytes, known, deadline, listed).run()
        except _Changed as change:
            changed = change.path
        except Refused as refused:
            if refused.code != "changing":
                raise
            changed = refused.path
    raise Refused("changing", folder, changed)


def look(project: str, folder: str, *, most_bytes: int = manifest.MAX_BYTES) -> list[Item]:
    """List all regular files of a folder, by path; raises as `take` does."""
    said, _ = ask(project, GIVING, _pack(folder, most_bytes, (), budget=-1))
    rows = declared(said.get("files"), most_files=manifest.MAX_FILES)
    return [replace(row.item, elsewhere=f"{folder}/{row.raw}") for row in rows]


@contextmanager
def hurried() -> Iterator[None]:
    """While somebody waits in front of a page: Busy where more is to come than one answer holds."""
    token = _hurried.set(True)
    try:
        yield
    finally:
        _hurried.reset(token)


_hurried: ContextVar[bool] = ContextVar("hurried", default=False)


class _Changed(Exception):
    """What came is not what was declared: most likely it was changed in between."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class _Taking:
    """One round."""

    def __init__(
        self,
        project: str,
        folder: str,
        most_bytes: int,
        known: Collection[str],
        deadline: float,
        listed: Callable[[], None] | None,
    ) -> None:
        self._project = project
        self._folder = folder
        self._most = most_bytes
        self._known = frozenset(known)
        self._deadline = deadline
        self._listed = listed
        self._spool = Spool()

    def run(self) -> list[Item]:
        command = _pack(self._folder, self._most, self._known, budget=BUDGET)
        said, body = ask(self._project, GIVING, command, most=BUDGET)
        if self._listed:
            self._listed()
        rows = declared(said.get("files"), most_files=manifest.MAX_FILES)
        size = sum(row.item.size for row in rows)
        if size > self._most:
            raise Refused("too_large", self._folder, size=size)
        if sum(len(row.item.path.encode()) for row in rows) > manifest.MAX_NAMES:
            raise Refused("too_many", self._folder)
        for row in rows:
            if too_long(row.item.path):
                raise Refused("bad_name", self._folder, row.item.path)
        begin = 0
        items: list[Item] = []
        missing: list[Declared] = []
        for row in rows:
            if row.sent:
                content = body[begin : begin + row.item.size]
                begin += row.item.size
                at = self._spool.append(content)
                items.append(self._proven(row, at, hashlib.sha256(content).hexdigest()))
            elif row.item.sha256 in self._known:
                items.append(row.item)
            else:
                missing.append(row)
        if begin != len(body):
            raise NotCocalc("files", "more came than was declared", status=200)
        if missing and _hurried.get():
            raise Busy("files")
        items += self._fetched(missing)
        return sorted(items, key=lambda item: item.path)

    def _fetched(self, rows: list[Declared]) -> Iterator[Item]:
        """Fetch what did not fit into the first answer."""
        begin, digest = self._spool.size, hashlib.sha256()
        for row, piece, is_last in self._pieces(rows):
            digest.update(piece)
            self._spool.append(piece)
            if is_last:
                yield self._proven(row, begin, digest.hexdigest())
                begin, digest = self._spool.size, hashlib.sha256()

    def _pieces(self, rows: list[Declared]) -> Iterator[tuple[Declared, bytes, bool]]:
        for ranges in _batches(rows):
            if time.monotonic() > self._deadline:
                raise Refused("slow", self._folder)
            wanted = [[row.raw, offset, length] for row, offset, length in ranges]
            command = {"do": "fetch", "folder": self._folder, "ranges": wanted}
            _, body = ask(self._project, GIVING, command, most=BUDGET, again=True)
            if len(body) != sum(length for _, _, length in ranges):
                raise _Changed(ranges[0][0].item.path)
            begin = 0
            for row, offset, length in ranges:
                yield row, body[begin : begin + length], offset + length == row.item.size
                begin += length

    def _proven(self, row: Declared, begin: int, sha256: str) -> Item:
        if sha256 != row.item.sha256:
            raise _Changed(row.item.path)
        return replace(row.item, spool=self._spool, begin=begin)


def _pack(folder: str, most: int, known: Iterable[str], *, budget: int) -> dict[str, Any]:
    return {
        "do": "pack",
        "folder": folder,
        "skip": manifest.LEFT_OUT,
        "files": manifest.MAX_FILES,
        "bytes": most,
        "known": sorted(known),
        "budget": budget,
    }


def _batches(rows: Iterable[Declared]) -> Iterator[list[tuple[Declared, int, int]]]:
    """Cut files into ranges, and give as many at once as one call takes."""
    batch: list[tuple[Declared, int, int]] = []
    room, names = BUDGET, _NAMES
    for row in rows:
        offset = 0
        while True:
            if batch and (room == 0 or len(batch) == _RANGES or len(row.raw) > names):
                yield batch
                batch, room, names = [], BUDGET, _NAMES
            length = min(room, row.item.size - offset)
            batch.append((row, offset, length))
            room, names, offset = room - length, names - len(row.raw), offset + length
            if offset == row.item.size:
                break
    if batch:
        yield batch
