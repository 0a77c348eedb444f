"""What of the teacher's is in a file that is to go out: markers of solutions and hidden tests.

A line holds a marker as nbgrader writes it, or one that was meant to be one: in small letters, with
a letter missing, with another sign for a space. Text is looked through line by line, a notebook
cell by cell with its outputs and metadata, whatever its name is, and an archive file by file, but
no archive in an archive. What cannot be looked into is said to be so, and never taken for harmless.
"""

import codecs
import difflib
import json
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple, TypedDict

from django.utils.translation import gettext as _

from classroom.nbgrader.marks import is_flagged
from classroom.nbgrader.reading import read
from classroom.nbgrader.regions import HIDDEN_TESTS, MARK_SCHEME, SOLUTION
from classroom.rules.archives import Closed, is_archive, members
from embedding.cocalc.paths import NOTEBOOK, is_notebook
from embedding.ipynb.reading import MOST_BRACKETS

# Finds, in small letters and without zeros (`flat`), each file that is worth being looked through.
SUSPECT = (
    rb"(?:begin|start|end|stop|finish)[^a-z]{0,20}(?:of[^a-z]+)?(?:the[^a-z]+)?(?:sol|hidden|mark)"
    rb'|(?:solution|tests|scheme)[^a-z]{1,20}(?:begin|start|end|stop|finish)|"nbformat"'
)
MOST_LINES = 20  # that are told of one file
WIDTH = 120  # characters of a line that are told
_LONGEST = 200  # characters of a line that may be a marker with a slip in it
_LOWER = bytes(range(65)) + bytes(range(97, 123)) + bytes(range(91, 256))
_SUSPECT = re.compile(SUSPECT)

_KINDS = (SOLUTION, HIDDEN_TESTS, MARK_SCHEME)
_MARKERS = tuple(words for kind in _KINDS for words in (kind.begin, kind.end))
_MEANT = {words.replace(" ", ""): words for words in _MARKERS}
_BEGIN, _END = {"BEGIN", "START"}, {"END", "STOP", "FINISH"}
_FILLERS = {"OF", "THE"}
_COMMENT = re.compile(r"#+|//|/\*|\*/|%+|--+|;+")
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]{0,80}>|&#?\w{1,8};")
# What any of them has in it, however misspelled: most lines need no closer look.
_LIKE = re.compile(r"sol|slo|lut|hid|mark|sch", re.IGNORECASE)
_LETTERS = range(9, 21)
_ALIKE = 0.9


class Line(TypedDict):
    """A line that is not for students."""

    where: str  # in words: “cell 3, line 2”
    text: str
    meant: str  # the marker that it probably is; empty where it is one as it should be


class Place(NamedTuple):
    """Where a text stands: in a cell of a notebook, else in the notebook, else the whole file."""

    cell: int = 0  # from 1
    part: str | None = None  # of the cell or the notebook; None for what is read line by line
    inside: str = ""  # the file in an archive

    @property
    def is_source(self) -> bool:
        """Whether it is read line by line: a cell's source, or a file of text."""
        return self.part is None

    def words(self, line: int) -> str:
        """Say where a line of the text stands: “cell 3, line 2”."""
        values = {"cell": self.cell, "line": line, "part": self.part}
        if self.cell and not self.is_source:
            # Translators: the part is a word of Jupyter’s: metadata, outputs.
            said = _("cell %(cell)s, its %(part)s") % values
        elif self.cell:
            said = _("cell %(cell)s, line %(line)s") % values
        elif not self.is_source:
            said = _("the notebook’s %(part)s") % values
        else:
            said = _("line %(line)s") % values
        if self.inside:
            return _("“%(name)s” in it, %(place)s") % {"name": self.inside, "place": said}
        return said


class Found(TypedDict):
    """What is in one file."""

    path: str
    why: str  # in a sentence, where it is not only its lines
    lines: list[Line]
    more: int  # lines that are not told


def flat(content: bytes) -> bytes:
    """Return content in small letters and without zeros, so that UTF-16 reads as ASCII does."""
    return content.translate(_LOWER, b"\0")


def is_suspect(path: str, content: bytes) -> bool:
    """Whether a file must be looked through."""
    return is_notebook(path) or is_archive(path) or _SUSPECT.search(flat(content)) is not None


def find(path: str, content: bytes) -> Found | None:
    """Look through a file that is to go out; None where nothing of the teacher's is in it."""
    report = Report(path)
    if is_archive(path):
        _look_into(content, path, report)
        return report.found()
    marked = _look(content, report)
    if marked and not is_notebook(path):
        report.why = _(
            "This is a notebook for nbgrader, but its name does not end in “%(ending)s”. So its "
            "solutions were not removed. Rename or remove the file."
        ) % {"ending": NOTEBOOK}
    found = report.found()
    if found and is_notebook(path) and not marked:
        found["why"] = _(
            "No cell of this notebook is marked for nbgrader, so nothing was removed from it."
        )
    return found


def meant(line: str) -> str | None:
    """Return the marker that a line holds with a slip in it, "" for a proper one; None: neither."""
    if any(words in line for words in _MARKERS):
        return ""
    if len(line) > _LONGEST:
        return None
    plain = line if line.isascii() else _visible(line)
    if not _LIKE.search(plain):
        return None
    plain = _MARKUP.sub(" ", plain)
    for part in _COMMENT.split(plain):
        if found := _slip(tuple(re.findall("[A-Z]+", part.upper()))):
            return found
    return None


def left_in(before: bytes, after: bytes) -> list[Line]:
    """Return where lines that were taken out of a notebook's cells still stand in its metadata.

    `before` is the teacher's notebook, `after` the students'. Raises MarkingError.
    """
    was, now = read(before), read(after)
    gone = set(_cell_lines(was)) - set(_cell_lines(now))
    kept = [line for line in gone if len(line) > 7]
    found = [
        Line(where=_sound(place.words(1)), text=_sound(line)[:WIDTH], meant="")
        for place, text in _texts(now)
        if not place.is_source
        for line in kept
        if line in text
    ]
    return found[:MOST_LINES]


def ends_alone(notebook: bytes) -> list[Line]:
    """Return the ends of regions that never began: the lines before them are not taken out.

    Raises MarkingError.
    """
    alone = []
    for place, text in _texts(read(notebook)):
        inside: set[str] = set()
        for number, line in enumerate(text.split("\n") if place.is_source else (), 1):
            for kind in _KINDS:
                if kind.begin in line:
                    inside.add(kind.end)
                elif kind.end in line and kind.end not in inside:
                    where = _sound(place.words(number))
                    alone.append(Line(where=where, text=_shown(line), meant=""))
                elif kind.end in line:
                    inside.remove(kind.end)
    return alone[:MOST_LINES]


class Report:
    """What is found in one file, within bounds."""

    def __init__(self, path: str) -> None:
        self.why = ""
        self._path = path
        self._lines: list[Line] = []
        self._count = 0

    def see(self, text: str, place: Place) -> None:
        """Look through a text that stands at a place."""
        for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
            slip = meant(line)
            if slip is None:
                continue
            self._count += 1
            if len(self._lines) < MOST_LINES:
                where = _sound(place.words(number))
                self._lines.append(Line(where=where, text=_shown(line), meant=slip))

    def found(self) -> Found | None:
        """Return what was seen, if anything."""
        if not self._count and not self.why:
            return None
        more = self._count - len(self._lines)
        return Found(path=self._path, why=self.why, lines=self._lines, more=more)


def _visible(line: str) -> str:
    """Return a line as it looks: letters of full width as plain ones, and nothing unseen."""
    composed = unicodedata.normalize("NFKC", line)
    return "".join(each for each in composed if unicodedata.category(each) != "Cf")


@lru_cache(maxsize=4096)
def _slip(given: tuple[str, ...]) -> str:
    """Return the marker that these words of a line may be meant to be."""
    words = [word for word in given if word not in _FILLERS]
    if not 1 <= len(words) <= 4:
        return ""
    if words[-1] in _BEGIN | _END:
        words = [words[-1], *words[:-1]]
    if words[0] in _BEGIN | _END:
        words[0] = "BEGIN" if words[0] in _BEGIN else "END"
        if words[1:] == ["HIDDEN"]:
            words.append("TESTS")
    letters = "".join(words)
    if len(letters) not in _LETTERS or letters[0] not in "BE":
        return ""
    near = difflib.get_close_matches(letters, _MEANT, 1, _ALIKE)
    return _MEANT[near[0]] if near else ""


def _look(content: bytes, report: Report, inside: str = "") -> bool:
    """Look through a file that is no archive; return whether it is a notebook that is marked."""
    notebook = _notebook(content)
    if notebook is None:
        report.see(_text(content), Place(inside=inside))
        return False
    for place, text in _texts(notebook):
        report.see(text, place._replace(inside=inside))
    return any(is_flagged(_nbgrader(cell)) for cell in _cells(notebook))


def _look_into(content: bytes, path: str, report: Report) -> None:
    marked = []
    try:
        for name, inner in members(path, content):
            if _look(inner, report, name):
                marked.append(_sound(name))
    except Closed as closed:
        report.why = _("This site cannot look into this file. %(reason)s Check it yourself.") % {
            "reason": _sound(str(closed))
        }
    if marked:
        report.why = _(
            "It contains “%(name)s”, a notebook for nbgrader with all its solutions."
        ) % {"name": marked[0]}


def _notebook(content: bytes) -> dict[str, Any] | None:
    head = flat(content[:4096]).lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if not head.startswith(b"{") or content.count(b"{") + content.count(b"[") > MOST_BRACKETS:
        return None
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found.keys() & {"cells", "worksheets"} else None


def _cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    sheets = notebook.get("worksheets")
    rows = [notebook, *(sheets if isinstance(sheets, list) else [])]
    lists = [row.get("cells") for row in rows if isinstance(row, dict)]
    return [
        cell for row in lists if isinstance(row, list) for cell in row if isinstance(cell, dict)
    ]


def _nbgrader(cell: dict[str, Any]) -> object:
    metadata = cell.get("metadata")
    return metadata.get("nbgrader") if isinstance(metadata, dict) else None


def _texts(notebook: dict[str, Any]) -> Iterator[tuple[Place, str]]:
    """Give all texts of a notebook with where they stand."""
    for number, cell in enumerate(_cells(notebook), 1):
        for key, value in cell.items():
            part = None if key in ("source", "input") else key
            for text in _strings(value):
                yield Place(number, part), text
    for key, value in notebook.items():
        if key not in ("cells", "worksheets"):
            for text in _strings(value):
                yield Place(part=key), text
    sheets = notebook.get("worksheets")
    for sheet in sheets if isinstance(sheets, list) else []:
        if isinstance(sheet, dict):
            for text in _strings({key: value for key, value in sheet.items() if key != "cells"}):
                yield Place(part="metadata"), text


def _strings(value: object) -> Iterator[str]:
    """Give all texts in a value, however deeply it is nested."""
    left = [value]
    while left:
        part = left.pop()
        if isinstance(part, str):
            yield part
        elif isinstance(part, list) and part and all(isinstance(line, str) for line in part):
            yield "".join(part)  # as Jupyter keeps a text of several lines
        elif isinstance(part, list):
            left += reversed(part)
        elif isinstance(part, dict):
            left += reversed([each for pair in part.items() for each in pair])


def _cell_lines(notebook: dict[str, Any]) -> Iterator[str]:
    for place, text in _texts(notebook):
        if place.is_source:
            yield from (line.strip() for line in text.splitlines())


def _text(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return content.decode("utf-32", "replace")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    content = content.replace(b"\0", b"")  # what is left of UTF-16 that does not say so
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _sound(text: str) -> str:
    """Return a text as any database takes it."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode()


def _shown(line: str) -> str:
    text = " ".join(_sound(line).split())
    for words in _MARKERS:
        if (at := text.find(words)) > WIDTH - len(words):
            return f"…{text[at - 20 : at + WIDTH - 20]}"
    return text[:WIDTH]
