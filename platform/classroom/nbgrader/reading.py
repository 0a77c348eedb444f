"""Reading notebooks, also hostile ones, and writing them."""

import json
import re
from typing import Any

import nbformat
from nbformat.v4.rwbase import rejoin_lines
from nbformat.validator import get_validator

# As for what is uploaded: more than a person would make.
MOST_CELLS = 5_000
MOST_OUTPUTS = 20_000
MOST_BRACKETS = 2_000_000
NEWEST_MINOR = 6  # whatever is newer is judged alike
_CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")


class MarkingError(Exception):
    """A notebook that cannot be handed out or graded; a sentence says why and what to do."""


def read(content: bytes) -> nbformat.NotebookNode:
    """Return a valid notebook of format 4. Raises MarkingError and nothing else.

    Cell ids that are missing or doubled are put right, as Jupyter does when it opens a notebook.
    """
    try:
        return _read(content)
    except (RecursionError, _ExcessError):
        raise MarkingError(
            "This notebook has too many parts, or is nested too deeply, to be read. "
            "Clear its outputs and save it again."
        ) from None


def write(notebook: nbformat.NotebookNode) -> bytes:
    """Return the notebook as Jupyter would save it."""
    repair_ids(notebook)
    try:
        text: str = nbformat.v4.writes_json(notebook)
    except RecursionError:
        raise MarkingError(
            "This notebook is nested too deeply to be written. Clear its outputs and save it again."
        ) from None
    return (text + "\n").encode()


def name(number: int, cell: nbformat.NotebookNode) -> str:
    """Name a cell for the teacher: “Cell 3 (“squares”)”; `number` counts from 0."""
    given = cell.metadata.get("nbgrader")
    grade_id = given.get("grade_id") if isinstance(given, dict) else None
    if isinstance(grade_id, str) and grade_id:
        return f"Cell {number + 1} (“{grade_id[:60]}”)"
    return f"Cell {number + 1}"


def repair_ids(notebook: nbformat.NotebookNode) -> None:
    """Give every cell an id of its own where the format has ids, and none where it has not."""
    if notebook.nbformat_minor < 5:
        for cell in notebook.cells:
            cell.pop("id", None)
        return
    taken: set[str] = set()
    for number, cell in enumerate(notebook.cells):
        given = cell.get("id")
        if not isinstance(given, str) or not _CELL_ID.fullmatch(given) or given in taken:
            given = _free_id(number, taken)
            cell["id"] = given
        taken.add(given)


def _free_id(number: int, taken: set[str]) -> str:
    candidate = f"cell-{number + 1}"
    while candidate in taken:
        candidate += "x"
    return candidate


class _ExcessError(Exception):
    """More than is read."""


def _read(content: bytes) -> nbformat.NotebookNode:
    if content.count(b"{") + content.count(b"[") > MOST_BRACKETS:
        raise _ExcessError
    try:
        text = content.decode("utf-8-sig")
        raw = json.loads(text)
        if _HALF_CHARACTER.search(text):
            json.dumps(raw, ensure_ascii=False).encode()
    except ValueError as error:
        raise _no_notebook("it is empty" if not content.strip() else _first_line(error)) from None
    if not isinstance(raw, dict) or not isinstance(raw.get("cells", []), list):
        raise _no_notebook("it holds no list of cells")
    cells = [cell for cell in raw.get("cells", []) if isinstance(cell, dict)]
    outputs = (cell["outputs"] for cell in cells if isinstance(cell.get("outputs"), list))
    if len(cells) > MOST_CELLS or sum(map(len, outputs)) > MOST_OUTPUTS:
        raise _ExcessError
    major, minor = raw.get("nbformat"), raw.get("nbformat_minor", 0)
    if type(major) is not int or type(minor) is not int:
        raise _no_notebook("it does not say its format")
    if major != 4:
        raise MarkingError(
            f"This notebook is in format {major} of Jupyter, and format 4 is needed. "
            "Open it in CoCalc, save it, and try again."
        )
    return _checked(raw)


def _checked(raw: dict[str, Any]) -> nbformat.NotebookNode:
    notebook: nbformat.NotebookNode = nbformat.from_dict(raw)
    try:
        for cell in notebook.get("cells", []):
            if not isinstance(cell, dict):
                raise _no_notebook("one of its cells is none")
        repair_ids(notebook)
        # Not `nbformat.validate`, which looks again, by a way that takes minutes, at what is wrong.
        minor = min(notebook.nbformat_minor, NEWEST_MINOR)
        get_validator(4, minor, name="fastjsonschema").validate(notebook)
        rejoined: nbformat.NotebookNode = rejoin_lines(notebook)
    except (
        nbformat.ValidationError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
    ) as error:
        raise _no_notebook(_first_line(error)) from None
    return rejoined


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:160]


def _no_notebook(reason: str) -> MarkingError:
    return MarkingError(
        f"This is not a Jupyter notebook ({reason}). Open it in CoCalc and save it again."
    )
