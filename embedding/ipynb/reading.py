"""Reading notebooks, also hostile ones, in a moment, whatever somebody sends.

What Jupyter's own `validate` does where something is wrong takes minutes for a file of 64 kB: it
looks again, for the sake of a better message. Here the file is bounded first, then repaired
(`repairs`), and then its fast validator decides alone.
"""

import json
import math
import re
from typing import Any

import nbformat
from nbformat.v4.rwbase import rejoin_lines
from nbformat.validator import ValidationError, get_validator

from embedding.ipynb.older import converted
from embedding.ipynb.parts import CODE
from embedding.ipynb.repairs import repair
from embedding.untranslated import SentenceError, noop

MOST_CELLS = 5_000  # all more than a person would make
MOST_OUTPUTS = 20_000
MOST_BRACKETS = 2_000_000  # each is an object in memory, many times its size in the file
FORMATS = range(1, 5)
NEWEST_MINOR = 6  # whatever is newer is judged alike, as nbformat does; it keeps each one's rules
_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")
_MERGE = re.compile(r"^<{7} ", re.MULTILINE)


class NotANotebook(SentenceError):
    """What is no notebook, even after all repairs; a sentence about it says why."""


class Excess(SentenceError):
    """More than is taken; a sentence about the notebook says of what."""


def read(content: bytes) -> nbformat.NotebookNode:
    """Return a valid notebook of format 4. Raises NotANotebook and Excess, and nothing else."""
    try:
        notebook: nbformat.NotebookNode = rejoin_lines(nbformat.from_dict(_sound(content)))
    except RecursionError:
        raise Excess(noop("It is nested too deeply.")) from None
    return notebook


def parts_of(content: bytes) -> int:
    """Return how many cells and outputs a notebook has; raises as `read` does."""
    try:
        cells = _sound(content)["cells"]
    except RecursionError:
        raise Excess(noop("It is nested too deeply.")) from None
    return len(cells) + sum(len(cell["outputs"]) for cell in cells if cell["cell_type"] == CODE)


def _sound(content: bytes) -> dict[str, Any]:
    """Return the notebook as a sound one of format 4."""
    raw = _raw(content)
    major = _format(raw)
    _bound(raw)
    try:
        notebook = raw if major == 4 else converted(raw, major)
        repair(notebook)
        minor = min(notebook["nbformat_minor"], NEWEST_MINOR)
        get_validator(4, minor, name="fastjsonschema").validate(notebook)
    except (ValidationError, ValueError, KeyError, TypeError, AttributeError):
        raise NotANotebook(noop("Part of it is not in Jupyter’s format.")) from None
    return notebook


def _raw(content: bytes) -> dict[str, Any]:
    if content.count(b"{") + content.count(b"[") > MOST_BRACKETS:
        raise Excess(noop("It has too many nested parts."))
    try:
        # Also as Windows writes it (nbdime#506); a computer that crashed leaves zeros at the end.
        text = content.decode(json.detect_encoding(content)).rstrip("\0 \t\r\n")
    except UnicodeDecodeError:
        raise NotANotebook(noop("Its text is damaged.")) from None
    if not text:
        raise NotANotebook(noop("It is empty."))
    raw = _parsed(text)
    if _HALF_CHARACTER.search(text):
        raw = _whole_characters(raw)
    if not isinstance(raw, dict):
        raise NotANotebook(noop("It has no list of cells."))
    return raw


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_number, parse_float=_number)
    except json.JSONDecodeError as error:
        if _MERGE.search(text):
            raise NotANotebook(noop("It holds both sides of an unfinished Git merge.")) from None
        raise NotANotebook(
            noop("Its text is damaged or breaks off in line %(line)s."), line=error.lineno
        ) from None
    except ValueError:
        raise NotANotebook(noop("It has a number that is too long.")) from None


def _no_number(_: str) -> None:
    """Python writes NaN and Infinity, and no other program reads them (papermill#630)."""


def _number(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None


def _whole_characters(raw: Any) -> Any:
    """Put a sign in place of half an emoji, as programs leave it that cut texts."""
    text = json.dumps(raw, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    return raw


def _format(raw: dict[str, Any]) -> int:
    given = raw.get("nbformat")
    if isinstance(given, str) and given in ("1", "2", "3", "4"):
        given = int(given)
    if isinstance(given, float) and given.is_integer():
        given = int(given)
    if type(given) is not int:
        raise NotANotebook(noop("It does not say which of Jupyter’s formats it has."))
    if given not in FORMATS:
        raise NotANotebook(
            noop("Its format is %(version)s; this site reads Jupyter’s formats 1 to 4."),
            version=str(given)[:10],
        )
    raw["nbformat"] = given
    return given


def _bound(raw: dict[str, Any]) -> None:
    """Refuse more than is taken, and what has no cells at all."""
    if raw["nbformat"] in (2, 3):
        sheets = raw.get("worksheets")
        if not isinstance(sheets, list):
            raise NotANotebook(noop("It has no list of cells."))
    else:
        sheets = [raw]
    cells: list[Any] = []
    for sheet in sheets:
        found = sheet.get("cells") if isinstance(sheet, dict) else None
        if not isinstance(found, list):
            raise NotANotebook(noop("It has no list of cells."))
        cells += found
    if not all(isinstance(cell, dict) for cell in cells):
        raise NotANotebook(noop("One of its cells is damaged."))
    if len(cells) > MOST_CELLS:
        raise Excess(noop("It has more than %(most)s cells."), most=MOST_CELLS)
    outputs = (cell["outputs"] for cell in cells if isinstance(cell.get("outputs"), list))
    if sum(map(len, outputs)) > MOST_OUTPUTS:
        raise Excess(noop("It has more than %(most)s outputs."), most=MOST_OUTPUTS)
