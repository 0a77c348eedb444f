"""Whether a file is a Jupyter notebook, decided in a moment, whatever somebody sends.

nbformat's own `validate` looks again by a slow way at what is wrong, for the sake of a better
message: a file of 64 kB then takes minutes. Here its fast validator decides alone, and what is
more than a person would make is refused before that.
"""

import json
from typing import Any

from nbformat.validator import ValidationError, get_validator

MOST_CELLS = 5_000
MOST_OUTPUTS = 20_000
MOST_BRACKETS = 2_000_000  # each is an object in memory, many times its size in the file
FORMATS = (3, 4)
NEWEST_MINOR = 6  # whatever is newer is judged alike, as nbformat does; it keeps each one's rules


class Excess(Exception):
    """More than is taken; a part of a sentence says of what."""


def parts_of(content: bytes) -> int:
    """Return how many cells and outputs a notebook has.

    Raises Excess; ValueError, with a reason, for what is none.
    """
    if content.count(b"{") + content.count(b"[") > MOST_BRACKETS:
        raise Excess("is nested too much")
    notebook = json.loads(content.decode("utf-8-sig"))
    major, minor = (_of(notebook, key, int, 0) for key in ("nbformat", "nbformat_minor"))
    if major not in FORMATS:
        raise ValueError("it does not say its format")
    sheets = _of(notebook, "worksheets", list, []) if major == 3 else [notebook]
    cells = [cell for sheet in sheets for cell in _of(sheet, "cells", list, [])]
    if len(cells) > MOST_CELLS:
        raise Excess(f"has more than {MOST_CELLS:,} cells")
    outputs = sum(len(_of(cell, "outputs", list, [])) for cell in cells)
    if outputs > MOST_OUTPUTS:
        raise Excess(f"has more than {MOST_OUTPUTS:,} outputs")
    if (major, minor) >= (4, 5):
        for number, cell in enumerate(cells):
            if isinstance(cell, dict):
                cell.setdefault("id", f"cell-{number}")  # as Jupyter does when it opens it
    try:
        get_validator(major, min(minor, NEWEST_MINOR), name="fastjsonschema").validate(notebook)
    except ValidationError:
        raise ValueError("a part of it is not as Jupyter writes it") from None
    return len(cells) + outputs


def _of(value: Any, key: str, kind: type, default: Any) -> Any:
    found = value.get(key) if isinstance(value, dict) else None
    return found if type(found) is kind else default
