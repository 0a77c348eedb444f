"""What nbgrader's metadata say of a cell, and whether a notebook is marked soundly."""

import hashlib
import math
import re
from dataclasses import dataclass
from typing import Any

import nbformat

from classroom.nbgrader.reading import MarkingError, name
from classroom.nbgrader.words import Words, noop

SCHEMA_VERSION = 3
_GRADE_ID = re.compile(r"[a-zA-Z0-9_\-]+")
_KEYS = {
    "schema_version",
    "grade",
    "solution",
    "locked",
    "task",
    "grade_id",
    "points",
    "checksum",
    "cell_type",
    "remove",  # CoCalc's own two: a cell for the teacher only,
    "multiple_choice",  # and an answer that is not cleared
}
# In nbgrader's first version, what is left when a mark is taken off has none of these.
_MEANS_SOMETHING = ("grade", "solution", "locked", "task", "remove")


@dataclass(frozen=True, slots=True)
class Mark:
    """How a cell is marked."""

    grade_id: str
    grade: bool
    solution: bool
    task: bool
    locked: bool  # whether the student's source is overwritten; of a solution it never is
    points: float
    multiple_choice: bool


def is_flagged(given: object) -> bool:
    """Whether what stands for nbgrader in a cell's metadata marks it, however badly."""
    if not isinstance(given, dict):
        return bool(given)
    return any(given.get(flag) for flag in ("grade", "solution", "locked", "task", "remove"))


def mark(cell: nbformat.NotebookNode) -> Mark | None:
    """Return the mark of a cell in a notebook that `check` let pass; None for an unmarked cell."""
    given = cell.metadata.get("nbgrader")
    if given is None:
        return None
    grade, solution, task = given["grade"], given["solution"], given.get("task", False)
    locked = not solution and (grade or given["locked"])
    if not (grade or solution or task or locked):
        return None
    return Mark(
        grade_id=given["grade_id"],
        grade=grade,
        solution=solution,
        task=task,
        locked=locked,
        points=float(given["points"]) if grade or task else 0.0,
        multiple_choice=given.get("multiple_choice", False),
    )


def check(notebook: nbformat.NotebookNode) -> None:
    """Refuse what nbgrader would refuse, and bring older metadata to its version 3.

    Raises MarkingError. More lenient than nbgrader in two things: it updates older metadata
    itself, as `nbgrader update` does, and drops keys that nbgrader does not know.
    """
    seen: dict[str, int] = {}
    for number, cell in enumerate(notebook.cells):
        where = name(number, cell)
        if "nbgrader" not in cell.metadata:
            continue
        given = cell.metadata["nbgrader"]
        if not given:
            del cell.metadata["nbgrader"]  # what is left when a mark is taken off
            continue
        if not isinstance(given, dict):
            raise MarkingError(
                noop("%(cell)s: its nbgrader metadata are damaged. Mark the cell again."),
                cell=where,
            )
        if not given.get("schema_version") and not any(map(given.get, _MEANS_SOMETHING)):
            del cell.metadata["nbgrader"]
            continue
        _update(given, cell.cell_type, where)
        _check_values(given, where)
        found = mark(cell)
        if found is None:
            continue
        _check_type(found, cell.cell_type, where)
        if found.grade_id in seen:
            raise MarkingError(
                noop(
                    "%(cell)s: it has the same id as cell %(other)s. "
                    "Give each marked cell its own id."
                ),
                cell=where,
                other=seen[found.grade_id],
            )
        seen[found.grade_id] = number + 1


def for_teacher_only(cell: nbformat.NotebookNode) -> bool:
    """Whether the cell is CoCalc's “Instructor only”, which students do not get."""
    given = cell.metadata.get("nbgrader")
    return bool(given and given.get("remove"))


def checksum(cell: nbformat.NotebookNode, found: Mark) -> str:
    """Compute nbgrader's checksum of a cell."""
    parts = [
        cell.source,
        cell.cell_type,
        str(found.grade),
        str(found.solution),
        str(found.locked),
        found.grade_id,
    ]
    if found.grade:
        parts.append(str(found.points))
    return hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest()


def grade_id(cell: nbformat.NotebookNode) -> str | None:
    """Return the id in a student's cell, whatever else its metadata hold."""
    given = cell.metadata.get("nbgrader")
    found = given.get("grade_id") if isinstance(given, dict) else None
    return found if isinstance(found, str) else None


def _update(given: dict[str, Any], cell_type: str, where: Words) -> None:
    version = given.get("schema_version", 0)
    if type(version) is not int or not 0 <= version <= SCHEMA_VERSION:
        raise MarkingError(
            noop(
                "%(cell)s: its nbgrader metadata have version %(version)s, but this site supports "
                "only versions up to %(newest)s. Mark the cell again in CoCalc."
            ),
            cell=where,
            version=str(version)[:20],
            newest=SCHEMA_VERSION,
        )
    for key in ("grade", "solution", "locked"):
        given.setdefault(key, False)
    if version == 0:
        _update_points(given)
    if version < 2:
        if not given.get("cell_type"):
            given.pop("cell_type", None)
        if "checksum" in given:
            given.setdefault("cell_type", cell_type)
    given["schema_version"] = SCHEMA_VERSION
    for key in set(given) - _KEYS:
        del given[key]


def _update_points(given: dict[str, Any]) -> None:
    """Read the points of nbgrader's first version, which kept them as a text, also an empty one.

    What is no number is left to be refused.
    """
    if not given["grade"] and not given.get("task"):
        given.pop("points", None)
        return
    points = given.get("points", 0.0)
    if isinstance(points, str):
        try:
            points = float(points) if points else 0.0
        except ValueError:
            return
    if not isinstance(points, bool) and isinstance(points, int | float):
        given["points"] = 0.0 if points < 0 else points


def _check_values(given: dict[str, Any], where: Words) -> None:
    for key in ("grade", "solution", "locked", "task", "remove", "multiple_choice"):
        if type(given.get(key, False)) is not bool:
            raise MarkingError(
                noop(
                    "%(cell)s: “%(key)s” in its nbgrader metadata must be true or false. "
                    "Mark the cell again."
                ),
                cell=where,
                key=key,
            )
    if given["grade"] or given["solution"] or given["locked"] or given.get("task"):
        found = given.get("grade_id")
        if not isinstance(found, str) or not _GRADE_ID.fullmatch(found):
            raise MarkingError(
                noop(
                    "%(cell)s: it is marked for nbgrader but has no valid id. "
                    "Give it an id of letters, digits, “-” and “_”."
                ),
                cell=where,
            )
    points = given.get("points")
    if (given["grade"] or given.get("task")) and points is None:
        raise MarkingError(
            noop("%(cell)s: it is graded but has no points. Enter its points; 0 is fine."),
            cell=where,
        )
    if points is not None and not _sound(points):
        raise MarkingError(
            noop("%(cell)s: its points must be a number, 0 or more. Enter them again."), cell=where
        )


def _sound(points: object) -> bool:
    if isinstance(points, bool) or not isinstance(points, int | float):
        return False
    try:
        return math.isfinite(float(points)) and points >= 0
    except OverflowError:
        return False


def _check_type(found: Mark, cell_type: str, where: Words) -> None:
    if cell_type == "raw":
        raise MarkingError(
            noop("%(cell)s: a raw cell cannot be marked. Change it to a Markdown cell."), cell=where
        )
    if found.task:
        if cell_type != "markdown":
            raise MarkingError(
                noop(
                    "%(cell)s: a task must be a Markdown cell. Change the cell's type or its mark."
                ),
                cell=where,
            )
    elif cell_type == "markdown" and found.grade != found.solution:
        raise MarkingError(
            noop(
                "%(cell)s: a Markdown cell cannot be an autograder's test or answer. "
                "Mark it as a manually graded answer, or change it to a code cell."
            ),
            cell=where,
        )
