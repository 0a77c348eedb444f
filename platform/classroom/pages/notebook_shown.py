"""A notebook as a still page, to be read: nothing in it runs, loads, or restyles anything.

What a cell has put out as text or as a picture is shown; what a browser would run, which is HTML
and scripts and also SVG, is named and left out. All of it is bounded: whoever made the notebook may
have meant it to be too much.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from classroom.pages.text import markdown
from embedding.ipynb.parts import CODE, MARKDOWN
from embedding.ipynb.reading import Excess, NotANotebook, read
from embedding.problems import said

MOST_BYTES = 8_000_000  # of a file that is shown
MOST_CELLS = 1_000
MOST_TEXT = 1_000_000  # characters, of all cells together
LONGEST = 20_000  # characters of one output
LONGEST_MARKDOWN = 20_000  # rendering takes longer than reading
MOST_MARKDOWN = 200_000
MOST_PICTURES = 4_000_000  # bytes, of all together

_STARTS = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/gif": b"GIF8",
}
_TEXTS = ("text/plain", "text/markdown", "text/latex")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Output:
    """One output: a picture's address, or a text, or a note about what is not shown."""

    text: str = ""
    picture: str = ""
    note: str = ""
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. Markdown has `html`, which is safe; all others have a `source` to be escaped."""

    kind: str
    source: str
    html: SafeString | str = ""
    number: int | None = None  # that it ran as
    outputs: list[Output] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Shown:
    """A notebook; `cut` says what of it is left out, in a sentence, or nothing."""

    cells: list[Cell]
    cut: str = ""


class NotShown(Exception):
    """It cannot be shown; a sentence says why."""


def shown_notebook(content: bytes) -> Shown:
    """Return what is shown of a notebook's file; NotShown, and nothing else, where nothing is."""
    if len(content) > MOST_BYTES:
        raise NotShown(_("This notebook is too large to be shown here. Download it instead."))
    try:
        notebook = read(content)
    except Excess:
        raise NotShown(
            _("This notebook is too large to be shown here. Download it instead.")
        ) from None
    except NotANotebook as why:
        words = _("This cannot be read as a notebook. %(reason)s")
        raise NotShown(words % {"reason": said(why)}) from None
    budget = _Budget()
    cells: list[Cell] = []
    for each in notebook.cells[:MOST_CELLS]:
        if budget.text <= 0:
            break
        cells.append(_cell(each, budget))
    is_cut = len(cells) < len(notebook.cells)
    cut = _(
        "This notebook is long, so only its beginning is shown here. Download it to see all of it."
    )
    return Shown(cells, cut if is_cut else "")


def picture_of(content: bytes) -> str:
    """Return the address of a picture that carries it in itself; empty where it is none we show."""
    for kind, start in _STARTS.items():
        if content.startswith(start) and len(content) <= MOST_PICTURES:
            return f"data:{kind};base64,{base64.b64encode(content).decode()}"
    return ""


def plain(text: str) -> str:
    """Return a text without colours and control characters, which a page cannot show."""
    text = _ANSI.sub("", text)
    # A progress bar writes over its line.
    text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


@dataclass(slots=True)
class _Budget:
    """How much may still be shown."""

    text: int = MOST_TEXT
    markdown: int = MOST_MARKDOWN
    pictures: int = MOST_PICTURES


def _cell(cell: Any, budget: _Budget) -> Cell:
    source = plain(cell.source)[:MOST_TEXT]
    budget.text -= len(source)
    if cell.cell_type == MARKDOWN and len(source) <= min(LONGEST_MARKDOWN, budget.markdown):
        budget.markdown -= len(source)
        return Cell(MARKDOWN, source, html=_rendered(source))
    if cell.cell_type != CODE:
        return Cell("raw", source)
    outputs = [shown for each in cell.outputs for shown in _outputs(each, budget)]
    return Cell(CODE, source, number=cell.execution_count, outputs=outputs)


def _rendered(source: str) -> SafeString:
    try:
        return markdown(source, below=2)
    except RecursionError:
        return SafeString("")


def _outputs(output: Any, budget: _Budget) -> Iterator[Output]:
    if budget.text <= 0:
        return
    if output.output_type == "stream":
        yield _text(output.text, budget, is_error=output.name == "stderr")
    elif output.output_type == "error":
        told = "\n".join(output.traceback) or f"{output.ename}: {output.evalue}"
        yield _text(told, budget, is_error=True)
    else:
        yield from _data(output.data, budget)


def _data(data: dict[str, Any], budget: _Budget) -> Iterator[Output]:
    for kind in _STARTS:
        if kind not in data:
            continue
        if picture := _picture(str(data[kind]), budget):
            yield Output(picture=picture)
        else:
            yield Output(note=_("A picture, which is not shown here."))
        return
    kind = next((each for each in _TEXTS if each in data), "")
    if kind:
        yield _text(str(data[kind]), budget)
    if data.keys() - set(_TEXTS):
        yield Output(note=_("Part of this output is only shown in CoCalc."))


def _picture(written: str, budget: _Budget) -> str:
    if len(written) > budget.pictures * 4 // 3:
        return ""
    try:
        content = base64.b64decode("".join(written.split()), validate=True)
    except (binascii.Error, ValueError):
        return ""
    budget.pictures -= len(content)
    return picture_of(content)


def _text(text: str, budget: _Budget, *, is_error: bool = False) -> Output:
    text = plain(text[: 2 * LONGEST])
    most = min(LONGEST, max(budget.text, 0))
    budget.text -= min(len(text), most) + 20  # also many empty ones have an end
    if len(text) <= most:
        return Output(text=text, is_error=is_error)
    cut = _("The rest of this output is not shown here.")
    return Output(text=text[:most], note=cut, is_error=is_error)
