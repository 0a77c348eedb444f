"""Finds the lines of hidden tests and mark schemes in what a run has put out.

Code that is hidden runs all the same, and so its lines come out in many ways: in the traceback of
an open test that calls a hidden helper, or printed by an answer that looks for them. Lines are
compared without what is put around and into them: colours, line numbers, quotation marks, blanks,
the escapes of HTML, JSON and `repr`. What stands in the open parts too is no secret.
"""

import html
import itertools
import keyword
import re
from collections.abc import Iterable, Sequence

from classroom.nbgrader.regions import HIDDEN_TESTS, MARK_SCHEME

_BEGIN = re.compile(f"{HIDDEN_TESTS.begin}|{MARK_SCHEME.begin}")
_END = re.compile(f"{HIDDEN_TESTS.end}|{MARK_SCHEME.end}")
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
# Of what is this long any occurrence counts, of what is shorter only a line of its own.
_LONG = 12
_WINDOW = 24
_ESCAPED = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))")
_BETWEEN = re.compile(r"\\+[nrt]|[\s\"'`\\\u200b]+")
_TAG = re.compile(r"<[^<>]*>")
_NUMBERED = re.compile(r"^[\s>│❱|]*(?:-+>)?[\s│❱|]*(?:\d+)?[:\s│|]*")
_NAMED = re.compile(r"^[A-Za-z_][\w.]*: ")
_LITERAL = re.compile(r"\"([^\"\n]+)\"|'([^'\n]+)'")
_EVERYDAY = {*keyword.kwlist, *keyword.softkwlist, "self", "end", "function"}


def split(source: str) -> tuple[list[list[str]], list[str]]:
    """Return the lines of a cell's hidden regions, each by itself, and its other lines."""
    regions: list[list[str]] = []
    others: list[str] = []
    inside = False
    for line in source.split("\n"):
        if _BEGIN.search(line):
            inside = True
            regions.append([])
        elif _END.search(line):
            inside = False
        elif inside:
            regions[-1].append(line)
        else:
            others.append(line)
    return regions, others


class HiddenLines:
    """The lines that are to be found; `known` are those that students have anyway."""

    def __init__(self, regions: Iterable[Sequence[str]], known: Iterable[str]) -> None:
        squeezed = [_squeezed(line) for line in known]
        self._known_lines = set(squeezed)
        self._known = "\n".join(squeezed)
        self._whole: set[str] = set()
        self._by_beginning: dict[str, set[str]] = {}
        for region in regions:
            self._take(region)

    def with_messages(self, regions: Iterable[Sequence[str]]) -> "HiddenLines":
        """Take texts within the lines for hidden too: what failing tests say."""
        for line in (line for region in regions for line in region):
            for either in _LITERAL.findall(line):
                text = _squeezed(either[0] or either[1])
                if len(text) >= _LONG:
                    self._find(text)
                elif len(text) >= 2 and text not in self._known_lines:
                    self._whole.add(text)
        return self

    def among(self, lines: Sequence[str]) -> set[int]:
        """Return the numbers of the lines in which something hidden stands, also across lines."""
        found = self._across([_squeezed(line) for line in lines])
        bare = [_TAG.sub("", line) if "<" in line else line for line in lines]
        if bare != list(lines):
            found |= self._across([_squeezed(line) for line in bare])
        if self._whole:
            found.update(number for number, line in enumerate(bare) if self._is_whole(line))
        return found

    def _take(self, region: Sequence[str]) -> None:
        squeezed = [_squeezed(line) for line in region]
        for number, line in enumerate(squeezed):
            if not _is_unusual(region[number]):
                continue
            if len(line) >= _LONG:
                self._find(line)
                continue
            if line not in self._known_lines:
                self._whole.add(line.rstrip(","))
            # With those after it, as where a whole cell is shown in one line.
            more = "".join(squeezed[number : number + _WINDOW])[:_WINDOW]
            if len(more) >= _LONG:
                self._find(more)

    def _find(self, text: str) -> None:
        last = max(0, len(text) - _WINDOW)
        for start in (*range(0, last, _LONG), last):
            part = text[start : start + _WINDOW]
            if part not in self._known:
                self._by_beginning.setdefault(part[:_LONG], set()).add(part)

    def _across(self, lines: list[str]) -> set[int]:
        text = "".join(lines)
        ends = list(itertools.accumulate(map(len, lines)))
        found: set[int] = set()
        at = 0  # the line in which `start` lies
        for start in range(len(text) - _LONG + 1):
            for part in self._by_beginning.get(text[start : start + _LONG], ()):
                if text.startswith(part, start):
                    while ends[at] <= start:
                        at += 1
                    last = at
                    while ends[last] < start + len(part):
                        last += 1
                    found.update(range(at, last + 1))
        return found

    def _is_whole(self, line: str) -> bool:
        if len(line) > 500:
            return False
        plain = ANSI.sub("", line)
        forms = (plain, _NUMBERED.sub("", plain, count=1), _NAMED.sub("", plain.lstrip(), count=1))
        return any(_squeezed(form).rstrip(",") in self._whole for form in forms)


def _is_unusual(line: str) -> bool:
    """Whether a line is more than what stands in every program, as `else:`."""
    return any(word not in _EVERYDAY for word in re.findall(r"\w+", line))


def _squeezed(text: str) -> str:
    if "\\" in text:
        text = _ESCAPED.sub(_character, text)
    if "&" in text:
        text = html.unescape(text)
    if "\x1b" in text:
        text = ANSI.sub("", text)
    return _BETWEEN.sub("", text).casefold()


def _character(found: re.Match[str]) -> str:
    code = int(found[1] or found[2] or found[3], 16)
    return chr(code) if code < 0x110000 else ""
