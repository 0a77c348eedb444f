"""A zip that is made while it is sent, with names that any system can unpack."""

import io
import re
import unicodedata
from datetime import UTC, datetime

from embedding.names import visible

_BAD = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?")


class Names:
    """Names within one folder of a zip that any system can unpack, each once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._given: dict[str, str] = {}

    def name(self, wanted: str) -> str:
        """Return the safe name of one part of a path: always the same, and nobody else's."""
        if wanted not in self._given:
            self._given[wanted] = self._new(wanted)
        return self._given[wanted]

    def _new(self, wanted: str) -> str:
        text = unicodedata.normalize("NFC", wanted.encode(errors="replace").decode())
        text = _BAD.sub("_", visible(text)).strip().rstrip(". ")[:100].rstrip(". ") or "_"
        if _DEVICES.fullmatch(text):
            text = f"_{text}"
        candidate, count = text, 1
        while candidate.casefold() in self._taken:
            count += 1
            stem, dot, ending = text.rpartition(".")
            candidate = f"{stem} ({count}){dot}{ending}" if stem else f"{text} ({count})"
        self._taken.add(candidate.casefold())
        return candidate


class Tree:
    """The names of a tree: each folder has its own."""

    def __init__(self) -> None:
        self._folders: dict[str, Names] = {}

    def path(self, wanted: str) -> str:
        """Return a safe path for a file's path within the tree."""
        done: list[str] = []
        parts = [part for part in wanted.split("/") if part not in ("", ".", "..")]
        for part in parts:
            names_here = self._folders.setdefault("/".join(done), Names())
            done.append(names_here.name(part))
        return "/".join(done)


class Sink(io.RawIOBase):
    """What the zip is written to: bytes that wait to be sent. It cannot seek, and need not."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        part = bytes(data)  # type: ignore[call-overload]  # any buffer
        self._parts.append(part)
        return len(part)

    def taken(self) -> bytes:
        """Return what came since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def entry_moment(seconds: float) -> tuple[int, int, int, int, int, int]:
    """Return a file's time as an entry of a zip has it."""
    try:
        at = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        at = datetime(1980, 1, 1, tzinfo=UTC)
    year = min(max(at.year, 1980), 2107)
    return (year, at.month, at.day, at.hour, at.minute, at.second)
