"""The autograder: a student's notebook before it is run, and its scores after that.

In between it is run in the student's project (`runner`). The student may have changed anything,
and the student's code may change the result while it runs; so the teacher's notebook decides
which cells there are, what their tests are and for how many points, before and after.
"""

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import nbformat

from classroom.nbgrader.credit import credit
from classroom.nbgrader.guarding import parsed
from classroom.nbgrader.marks import Mark, check, checksum, grade_id, mark
from classroom.nbgrader.question_cells import is_hidden
from classroom.nbgrader.reading import read, write
from classroom.nbgrader.regions import language
from classroom.nbgrader.reports import understood
from classroom.nbgrader.student_version import clear_outputs, original
from classroom.nbgrader.words import Words, noop

_NOT_RUN = noop("“%(name)s”: it did not run to the end, so its points are not known.")
_NAMED = 5  # tests, in a sentence


@dataclass(frozen=True, slots=True)
class CellScore:
    """What one cell is worth, and what it got."""

    grade_id: str
    score: float
    max_score: float
    needs_manual: bool  # whether a person has to grade it; until then the score is 0
    held: bool = False  # whether that is because nobody can know what the test would give
    hidden: bool = False  # whether students see nothing of the test


@dataclass(frozen=True, slots=True)
class Result:
    """The scores of a notebook, in the order of the teacher's cells."""

    cells: tuple[CellScore, ...]
    errors: tuple[Words, ...]  # what the teacher should know, in sentences
    held: tuple[Words, ...] = ()  # how the answer changes how tests run
    unknown: tuple[Words, ...] = ()  # what else cannot be known, in sentences

    @property
    def total(self) -> float:
        """The sum of the scores so far."""
        return sum(cell.score for cell in self.cells)

    @property
    def max_total(self) -> float:
        """The most that could be had."""
        return sum(cell.max_score for cell in self.cells)

    @property
    def needs_manual(self) -> bool:
        """Whether a person has to grade some of it."""
        return any(cell.needs_manual for cell in self.cells)


def prepare(submitted: bytes, source: bytes) -> bytes:
    """Return what is to be run of a student's notebook, with the teacher's tests.

    Tests and read-only cells are the teacher's again, hidden tests included, and so are all marks,
    points and the kernel. What the student wrote in answers and in cells of their own is kept.
    Deleted cells that are graded or read-only are put back behind those they came after. Raises
    MarkingError.

    nbgrader fails where a student copied a marked cell or made one up; here the last of several
    with the same id counts, and the others lose their marks.
    """
    notebook, teachers = read(submitted), original(source)
    originals = _marked(teachers.cells)
    last = {grade_id(cell): number for number, cell in enumerate(notebook.cells)}
    cells = []
    for number, cell in enumerate(notebook.cells):
        clear_outputs(cell)
        known = originals.get(grade_id(cell) or "")
        if known is None or last[grade_id(cell)] != number:
            cell.metadata.pop("nbgrader", None)
            cells.append(cell)
        else:
            cells.append(_overwritten(cell, *known))
    notebook.cells = _put_back(cells, originals)
    for key in ("kernelspec", "language_info"):
        notebook.metadata.pop(key, None)
        if key in teachers.metadata:
            notebook.metadata[key] = teachers.metadata[key]
    notebook.metadata["lectern"] = _names(source)
    return write(notebook)


def scores(
    executed: bytes, source: bytes, held: Mapping[str, Sequence[str]] | None = None
) -> Result:
    """Return the scores of a prepared notebook that was run. Raises MarkingError.

    `held` says which tests decide nothing, by their ids, and why: as the runner tells it. Those
    get no score and wait for a person.

    By nbgrader's rules: a test that ran without an error and without writing to stderr gets its
    points, or as many as its last result says; an answer graded by hand gets 0 and waits for a
    person, unless it is as it was handed out.

    Stricter than nbgrader: an error counts wherever it stands, and a test that is not the teacher's
    gets 0. What nobody can know waits for a person: a test that did not come to its end, and one
    whose last result is no number from 0 to the points though it might be meant as one. More
    lenient: warnings and progress bars of Python's on stderr are none of its failures.
    """
    notebook, teachers = read(executed), original(source)
    found: dict[str, list[nbformat.NotebookNode]] = {}
    for cell in notebook.cells:
        found.setdefault(grade_id(cell) or "", []).append(cell)
    results, errors, unknown = [], [], []
    unrun: list[str] = []
    why: dict[Words, None] = {}
    for known, theirs in _marked(teachers.cells).values():
        if not (theirs.grade or theirs.task):
            continue
        name = theirs.grade_id
        score, error = _score(found.get(name, []), known, theirs, language(teachers))
        if reasons := tuple(map(understood, (held or {}).get(name, ()))):
            score = CellScore(name, 0.0, theirs.points, needs_manual=True, held=True)
            error = Words.of(
                noop("“%(name)s”: the answer changes how tests run: %(reasons)s."),
                name=name,
                reasons=reasons,
            )
            why.update(dict.fromkeys(reasons))
        elif score.held and error:
            if error.text == _NOT_RUN:
                unrun.append(name)
            else:
                unknown.append(error)
        results.append(replace(score, hidden=is_hidden(known, theirs)))
        if error:
            errors.append(error)
    if unrun:
        unknown.insert(0, _unrun(unrun))
    return Result(tuple(results), tuple(errors), tuple(why), tuple(unknown))


def _unrun(names: Sequence[str]) -> Words:
    first = tuple(names[:_NAMED])
    if len(names) <= _NAMED:
        return Words.of(noop("Tests that did not run to the end: %(names)s."), names=first)
    return Words.of(
        noop("Tests that did not run to the end: %(names)s and %(more)s more."),
        names=first,
        more=len(names) - _NAMED,
    )


_Marked = tuple[nbformat.NotebookNode, Mark]


@lru_cache(maxsize=4)
def _names(source: bytes) -> dict[str, list[str]]:
    """Return which names the teacher's cells import, and which the answers are to define.

    Whoever watches over the tests must know: an answer that puts something else in place of an
    imported name, or of a helper of the assignment, is noticed; one that is asked for is not.
    One reading serves a whole class.
    """
    imports: set[str] = set()
    free: set[str] = set()
    notebook = read(source)
    check(notebook)
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        marked = mark(cell)
        answers = marked is not None and marked.solution
        for node in ast.walk(parsed(cell.source)):
            if isinstance(node, ast.Import | ast.ImportFrom) and not answers:
                names = (alias.asname or alias.name.partition(".")[0] for alias in node.names)
                imports.update(names)
            elif answers and isinstance(node, ast.FunctionDef | ast.ClassDef):
                free.add(node.name)
            elif answers and isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                free.add(node.id)
    return {"imports": sorted(imports - free), "free": sorted(free)}


def _marked(cells: Iterable[nbformat.NotebookNode]) -> dict[str, _Marked]:
    pairs = ((cell, mark(cell)) for cell in cells)
    return {found.grade_id: (cell, found) for cell, found in pairs if found is not None}


def _overwritten(
    cell: nbformat.NotebookNode, teachers: nbformat.NotebookNode, found: Mark
) -> nbformat.NotebookNode:
    # The original's metadata too: a tag of the student's could keep a test from being run.
    result: nbformat.NotebookNode = nbformat.from_dict(teachers)
    if not found.locked:
        result.source = cell.source
        if cell.cell_type == teachers.cell_type and "attachments" in cell:
            result.attachments = cell.attachments
    if "id" in cell:
        result.id = cell.id
    return result


def _put_back(
    cells: list[nbformat.NotebookNode], originals: dict[str, _Marked]
) -> list[nbformat.NotebookNode]:
    places = {grade_id(cell): number for number, cell in enumerate(cells)}
    missing: dict[int, list[nbformat.NotebookNode]] = {}
    last = -1  # the place of the last of those that came before
    for name, (teachers, found) in originals.items():
        if name in places:
            last = max(last, places[name])
        elif found.grade or found.task or found.locked:
            missing.setdefault(last, []).append(nbformat.from_dict(teachers))
    whole = missing.get(-1, [])
    for number, cell in enumerate(cells):
        whole += [cell, *missing.get(number, [])]
    return whole


def _score(
    cells: list[nbformat.NotebookNode],
    teachers: nbformat.NotebookNode,
    found: Mark,
    language: str,
) -> tuple[CellScore, Words | None]:
    def result(score: float, *, manual: bool = False, held: bool = False) -> CellScore:
        return CellScore(found.grade_id, score, found.points, needs_manual=manual, held=held)

    def words(text: str) -> Words:
        return Words.of(text, name=found.grade_id)

    if len(cells) != 1:
        gone = noop(
            "“%(name)s”: it is missing from the notebook after the run, so it gets 0 points."
        )
        return result(0), words(gone)
    cell = cells[0]
    if found.task:
        return result(0, manual=True), None
    if found.solution:
        unchanged = (
            cell.cell_type == teachers.cell_type
            and checksum(cell, found) == teachers.metadata["nbgrader"]["checksum"]
        )
        return result(0, manual=not unchanged), None
    if teachers.cell_type != "code":
        return result(0, manual=True), None
    if cell.cell_type != "code" or cell.source != teachers.source:
        changed = noop("“%(name)s”: the test was changed during the run, so it gets 0 points.")
        return result(0), words(changed)
    if not cell.source.strip():
        return result(found.points), None
    if cell.execution_count is None:
        return result(0, manual=True, held=True), words(_NOT_RUN)
    given = credit(cell, found, language)
    if given.is_unknown:
        return result(0, manual=True, held=True), given.note
    return result(found.points if given.points is None else given.points), given.note
