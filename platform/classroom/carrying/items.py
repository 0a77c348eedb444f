"""A file on its way: what was declared of it, and where its content is kept meanwhile.

Contents lie in files of ours that have no name: they are gone with the last item that needs them,
also where the worker is killed.
"""

import hashlib
import os
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classroom.rules.manifest import File
from embedding.cocalc.errors import NotCocalc

LATEST = 32_503_680_000  # the year 3000: no moment that a project tells is later for us
LONGEST = 2_500  # bytes of a path: another folder's path comes before it
LONGEST_NAME = 255
_PIECE = 1024 * 1024


class Spool:
    """Contents, one behind the other. Written by one thread, then read by any."""

    def __init__(self) -> None:
        self._fd, name = tempfile.mkstemp()
        Path(name).unlink()
        weakref.finalize(self, os.close, self._fd)
        self._end = 0

    def append(self, content: bytes) -> int:
        """Add content; return where it begins."""
        begin, left = self._end, memoryview(content)
        self._end += len(content)
        while left:
            left = left[os.write(self._fd, left) :]
        return begin

    def pieces(self, begin: int, length: int) -> Iterator[bytes]:
        """Give a part of it, in pieces."""
        while length > 0:
            piece = os.pread(self._fd, min(length, _PIECE), begin)
            if not piece:
                raise OSError("a file of ours was cut")
            yield piece
            begin += len(piece)
            length -= len(piece)

    @property
    def size(self) -> int:
        """How many bytes it holds."""
        return self._end


@dataclass(frozen=True, slots=True)
class Item:
    """One file. Without a spool its content is `elsewhere`: a path of the project it goes to."""

    path: str  # as it is to be called where it goes
    size: int
    sha256: str
    modified: int = 0
    runs: bool = False
    spool: Spool | None = None
    begin: int = 0
    elsewhere: str = ""

    @property
    def file(self) -> File:
        """What is written down of it."""
        return File(path=self.path, size=self.size, sha256=self.sha256, modified=self.modified)

    def pieces(self) -> Iterator[bytes]:
        """Give its content."""
        if self.spool is not None:
            yield from self.spool.pieces(self.begin, self.size)

    def content(self) -> bytes:
        """Return its content as a whole."""
        return b"".join(self.pieces())


def item_of(path: str, content: bytes, *, modified: int = 0) -> Item:
    """Make an item of a content of ours."""
    spool = Spool()
    spool.append(content)
    digest = hashlib.sha256(content).hexdigest()
    return Item(path, len(content), digest, modified, spool=spool)


def files_of(items: Iterable[Item]) -> list[File]:
    """Return what is written down of items, by path."""
    return [item.file for item in sorted(items, key=lambda item: item.path)]


@dataclass(frozen=True, slots=True)
class Declared:
    """A file as a project declares it."""

    raw: str  # its path there, which may hold bytes that are no text
    item: Item
    sent: bool


def declared(said: Any, *, most_files: int) -> list[Declared]:
    """Read a project's list of files. NotCocalc where it is none that any folder could have."""
    if not isinstance(said, list) or len(said) > most_files:
        raise _unsound()
    found = [_one(row) for row in said]
    paths = {each.item.path for each in found}
    folders = {path[:end] for path in paths for end, sign in enumerate(path) if sign == "/"}
    if len(paths) != len(found) or paths & folders:
        raise _unsound()
    return found


def _one(row: Any) -> Declared:
    try:
        raw, size, modified, runs, sha256, sent = row
        path = raw.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        numbers = all(type(number) is int for number in (size, modified, runs))
        if not numbers or size < 0 or len(sha256) != 64 or set(sha256) - set("0123456789abcdef"):
            raise _unsound()
    except (TypeError, ValueError, AttributeError):
        raise _unsound() from None
    if "\0" in path or any(part in ("", ".", "..") for part in path.split("/")):
        raise _unsound()
    saved = min(max(modified, 0), LATEST)
    return Declared(raw, Item(path, size, sha256, saved, bool(runs)), sent is True)


def too_long(path: str) -> bool:
    """Whether no other folder may be able to hold a file of that path."""
    parts = path.split("/")
    longest = max(len(part.encode()) for part in parts)
    return longest > LONGEST_NAME or len(path.encode()) > LONGEST


def _unsound() -> NotCocalc:
    return NotCocalc("files", "the project's list of files is none", status=200)
