"""Autograde one student's collected notebooks.

They are prepared here, run in the student's own project, and scored here again by the teacher's
notebook. The course's project, whose container holds everybody's work, never runs them. What was
collected is taken only from the folder's manifest: a link in it could lead to someone else's work.

While it runs, the notebook with its hidden tests lies in a hidden folder of the student's project,
under a fresh random name, and the student's code can read it, as with CoCalc's own autograding. It
is removed by the very command that runs it.
"""

import hashlib
import posixpath
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import gettext as _

from classroom.carrying.incoming import take
from classroom.carrying.items import Item, item_of
from classroom.carrying.outgoing import put_sparing
from classroom.models import Assignment, Profile, Submission, Transfer
from classroom.nbgrader.autograde import CellScore, Result, prepare, scores
from classroom.nbgrader.copies import is_untouched
from classroom.nbgrader.feedback import feedback_notebook
from classroom.nbgrader.reading import MarkingError
from classroom.nbgrader.reports import understood
from classroom.nbgrader.runner import DONE, STOPPED
from classroom.nbgrader.student_version import is_marked, student_version
from classroom.nbgrader.words import Words, noop
from classroom.rules import manifest, names, scoring
from classroom.rules.leftovers import why_left_out
from classroom.rules.manifest import File
from classroom.rules.questions import work_name
from classroom.steps import approved, copies, folders
from classroom.steps.autograde_score import result_keep
from classroom.steps.notebook_words import said
from classroom.steps.prepare import student_ready
from classroom.steps.registry import Skip
from classroom.steps.run_script import ALL_SECONDS, NOTEBOOK_BYTES, Ran, outcome, script
from embedding.client import client
from embedding.cocalc.errors import CocalcError, NotFound
from embedding.cocalc.paths import is_notebook, without_ending
from embedding.conf import MEGABYTE
from embedding.problems import Problem, of_cocalc

SCRATCH = ".autograde"
FORGED = noop("the result was changed in the student's project after the run")


@dataclass(frozen=True, slots=True)
class Graded:
    """One notebook's part of the result."""

    path: str
    result: Result
    notes: tuple[str, ...]
    handed_in: bool
    copies: tuple[str, ...] = ()  # which may be the work; then nothing of it is graded
    why: str = ""


def run(transfer: Transfer) -> dict[str, Any]:
    """Run and score all marked notebooks; the score is set where none waits for a person."""
    try:
        return _run(transfer)
    except CocalcError as error:
        # Unlike a command of a teacher's, this may be done again at any time.
        raise of_cocalc(error) from error


def _run(transfer: Transfer) -> dict[str, Any]:
    submission = (
        Submission.objects.filter(assignment=transfer.assignment, student=transfer.member)
        .select_related("assignment__course__project", "student__user", "student__project")
        .first()
    )
    if submission is None or submission.collected is None:
        raise Skip(_("Nothing is collected yet."))
    course = folders.course_project(submission.assignment.course)
    listed = manifest.of_folder(course, submission.assignment.folder)
    marked = sources(submission.assignment, course, listed)
    if not marked:
        raise Problem(
            "not_marked",
            _("No notebook of this assignment is marked for nbgrader."),
            status=409,
        )
    approved.check(submission.assignment, course, listed)
    folder = names.collected_of(submission)
    try:
        collected = {file["path"]: file for file in manifest.of_folder(course, folder)}
    except NotFound:
        raise Problem(
            "not_collected",
            _("The folder “%(path)s” is no longer in the course's project. Collect again first.")
            % {"path": folder},
            status=409,
        ) from None
    chosen = copies.chosen(transfer.options.get("instead"), submission.details, marked, collected)
    project = student_ready(submission.student)
    grader = Grader(submission, course, folder, project, collected, marked)
    graded = [
        grader.grade(path, source, chosen.get(path, "")) for path, source in sorted(marked.items())
    ]
    actor = transfer.batch.actor if transfer.batch else None
    details = details_of(graded) | {
        "version": approved.version_of(submission.assignment),
        "copies": {each.path: list(each.copies) for each in graded if each.copies},
        "instead": copies.kept(chosen, collected),
        "work": work_name(submission),
    }
    elsewhere = [copies.held_sentence(each.path, each.why, each.copies) for each in graded]
    held = " ".join(filter(None, [held_words(graded), *elsewhere]))
    details["manual"] = details["manual"] or any(elsewhere)
    try:
        score = result_keep(submission, details, held=held, by=actor)
    except ValidationError as error:
        raise Problem("bad_score", " ".join(error.messages), status=409) from None
    return {
        "score": scoring.number(score),
        "found": scoring.number(details["score"]),
        "max": scoring.number(details["max"]),
        "manual": details["manual"] and score is None,
        "notes": details["notes"],
        "version": details["version"],
        "held": held,
    }


def details_of(graded: Sequence[Graded]) -> dict[str, Any]:
    """Return what is kept with the submission: {"cells", "hidden", "score", "max", "manual", …}.

    Cells have their notebook's name where there are several notebooks; what a person has to grade
    has no score yet, and none of it counts in the sum.
    """
    cells: dict[str, list[float | None]] = {}
    hidden: list[str] = []
    notes: list[str] = []
    for each in graded:
        prefix = f"{each.path}: " if len(graded) > 1 else ""
        for cell in each.result.cells:
            score = None if cell.needs_manual else cell.score
            cells[prefix + cell.grade_id] = [score, cell.max_score]
            if cell.hidden:
                hidden.append(prefix + cell.grade_id)
        notes += [prefix + note for note in (*each.notes, *map(said, each.result.errors))]
    return {
        "cells": cells,
        "hidden": hidden,
        "score": sum(each.result.total for each in graded),
        "max": sum(each.result.max_total for each in graded),
        "manual": any(each.result.needs_manual for each in graded),
        "notebooks": [each.path for each in graded if each.handed_in],
        "notes": notes[:50],
    }


def held_words(graded: Sequence[Graded]) -> str:
    """Say why the score is held for a person, in sentences; empty where nothing is held."""
    parts = []
    if why := dict.fromkeys(reason for each in graded for reason in each.result.held):
        reasons = said(Words.of("%(reasons)s", reasons=tuple(why)))[:700]
        words = _("The answer changes how tests run: %(reasons)s.")
        parts.append(words % {"reasons": reasons})
    for each in graded:
        if each.result.unknown:
            words = " ".join((*each.notes, *map(said, each.result.unknown)))
            known = _("The score of “%(path)s” is not known.") % {"path": each.path}
            parts.append(f"{known} {words[:700]}")
    return " ".join([*parts, _("Grade it by hand.")] if parts else [])


class Grader:
    """Runs and scores the notebooks of one student, in one project.

    `folder`, of the course's project, holds the work, and `collected` its files; what the student
    may see of a run is put there, too, if it `keeps` that.
    """

    def __init__(
        self,
        submission: Submission,
        course: str,
        folder: str,
        project: str,
        collected: Mapping[str, File],
        marked: Iterable[str],
        *,
        keeps: bool = True,
    ) -> None:
        self._assignment = submission.assignment
        self._language = Profile.language_of(submission.student.user)
        self._course = course
        self._folder = folder
        self._project = project
        self._scratch = ""
        self._keeps = keeps
        self._files = collected
        there = manifest.hashes(collected.values())
        given = manifest.hashes(self._assignment.files)
        ours = (path for path in given if there.get(path) == given[path])
        known = {*marked, *map(autograded, marked), *ours}  # which no student has named
        self._others = copies.Others(collected.values(), known, self._collected)
        self._supporting: dict[str, Item] | None = None

    def grade(self, path: str, source: bytes, chosen: str = "") -> Graded:
        """Run one notebook and keep what the student may see of it beside the collected one.

        Where a person has `chosen` another file, it is graded as this one.
        """
        found = () if chosen else tuple(self._others.of(source))
        submitted = self._files.get(chosen or path)
        if submitted is None and found:
            return _in_another(path, source, found, copies.NOT_THERE)
        if submitted is None:
            missing = _("“%(path)s” is missing.") % {"path": path}
            return Graded(path, _nothing(source), (missing,), False)
        notebook = self._collected(submitted)
        try:
            if found and is_untouched(notebook, source):
                found = tuple(each for each in found if not self._is_untouched(each, source))
                if found:
                    return _in_another(path, source, found, copies.UNTOUCHED)
            prepared = prepare(notebook, source)
        except MarkingError as error:
            if found:
                return _in_another(path, source, found, copies.UNREADABLE)
            told = [error.said(_, chosen or path), _("Or grade it by hand.")]
            raise Problem("unreadable", " ".join(told), status=409) from None
        notes = copies.note(path, found, chosen)
        ran = self._executed(path, prepared)
        if ran.notebook is None:
            return Graded(path, _all_held(source), tuple(notes), True)
        try:
            result = scores(ran.notebook, source, ran.held)
            with translation.override(self._language):
                shown = feedback_notebook(ran.notebook, source, _)
        except MarkingError as error:
            told = [_("After the run, “%(path)s” could not be read.") % {"path": path}]
            raise Problem("garbled", " ".join([*told, error.said(_)]), status=409) from None
        if self._keeps:
            client().write_file(self._course, f"{self._folder}/{autograded(path)}", shown)
        told = [said(understood(ran.words))] if ran.words else []
        return Graded(path, result, (*notes, *told), True)

    def _is_untouched(self, copy: str, source: bytes) -> bool:
        return is_untouched(self._others.content(copy), source)

    def _collected(self, file: File) -> bytes:
        """Return one of the collected files, as it was listed."""
        path = file["path"]
        if file["size"] > NOTEBOOK_BYTES:
            raise Problem(
                "too_large",
                _("“%(path)s” is larger than %(most)s MB. Grade it by hand.")
                % {"path": path, "most": NOTEBOOK_BYTES // MEGABYTE},
                status=409,
            )
        content = client().read_file(
            self._course, f"{self._folder}/{path}", max_bytes=NOTEBOOK_BYTES
        )
        if hashlib.sha256(content).hexdigest() != file["sha256"]:
            raise _changed(path)
        return content

    def _executed(self, path: str, prepared: bytes) -> Ran:
        """Run it in the student's project, where nothing of it is left."""
        try:
            self._lay_out(path, prepared)
            secret = secrets.token_hex(16)
            kept = posixpath.basename(autograded(path))
            words = script(self._scratch, f"{self._assignment.folder}/{path}", kept, secret)
            output = client().exec(
                self._project, words, bash=True, timeout=ALL_SECONDS + 90, check=False
            )
        except BaseException:
            # What went wrong is what is to be told, not that the project cannot be reached.
            self._clear(strict=False)
            raise
        code, ran, result = outcome(output.stdout, secret)
        if result is None or code not in (DONE, STOPPED):
            told = [
                _("“%(path)s” could not be run.") % {"path": path},
                said(understood(ran.words)) if ran.words else _("The project gave no reason."),
            ]
            raise Problem("not_run", " ".join(told), status=409)
        return ran

    def _lay_out(self, path: str, prepared: bytes) -> None:
        self._clear(strict=True)
        self._scratch = f"{SCRATCH}-{uuid4().hex}"
        items = {**self._handed_in_and_out(), path: item_of(path, prepared)}
        put_sparing(
            self._project,
            f"{self._scratch}/{self._assignment.folder}",
            list(items.values()),
            seek=self._assignment.folder,
            how="fresh",
        )

    def _handed_in_and_out(self) -> dict[str, Item]:
        """Bring here what the student handed in, and over it what was handed out."""
        if self._supporting is None:
            collected = take(self._course, self._folder)
            given = {item.path: item for item in take(self._course, self._assignment.source)}
            wanted = approved.beside(self._assignment)
            for path, sha256 in wanted.items():
                if path not in given or given[path].sha256 != sha256:
                    raise _changed(path)
            self._supporting = {item.path: item for item in collected} | {
                path: given[path] for path in wanted
            }
        return self._supporting

    def _clear(self, *, strict: bool) -> None:
        """Remove what is there, also of a run that was cut off."""
        words = f"rm -rf -- ./{SCRATCH} ./{SCRATCH}-*"
        try:
            client().exec(self._project, words, bash=True, timeout=30)
        except CocalcError:
            if strict:
                raise


def autograded(path: str) -> str:
    """Return the name under which the graded notebook is kept."""
    return f"{without_ending(path)}_autograded.ipynb"


def sources(assignment: Assignment, course: str, listed: list[File]) -> dict[str, bytes]:
    """Return the teacher's marked notebooks by path; Problem for one that cannot be read."""
    found = {}
    for file in listed:
        path = file["path"]
        if is_notebook(path) and not path.startswith("student/") and not why_left_out(path):
            content = _source(course, f"{assignment.folder}/{path}", file["sha256"])
            try:
                if is_marked(content):
                    found[path] = content
            except MarkingError as error:
                raise Problem("unreadable", error.said(_, path), status=409) from None
    return found


@lru_cache(maxsize=32)
def _source(course: str, path: str, sha256: str) -> bytes:
    """Read a teacher's notebook; one reading serves a whole class."""
    content = client().read_file(course, path, max_bytes=NOTEBOOK_BYTES)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise _changed(path)
    return content


def _changed(path: str) -> Problem:
    words = _("“%(path)s” was changed just now.") % {"path": path}
    return Problem("changed", words, status=409, recoverable=True)


def _nothing(source: bytes) -> Result:
    """Return the result of a notebook that was not handed in: 0 of everything."""
    try:
        found = scores(student_version(source), source)
    except MarkingError as error:
        words = [_("There is a mistake in the assignment's notebook."), error.said(_)]
        raise Problem("marking", " ".join(words), status=409) from None
    return Result(
        tuple(CellScore(cell.grade_id, 0.0, cell.max_score, False) for cell in found.cells), ()
    )


def _all_held(source: bytes) -> Result:
    """Return the result where nothing that came back can be believed."""
    nothing = _nothing(source)
    cells = (replace(cell, needs_manual=True, held=True) for cell in nothing.cells)
    return Result(tuple(cells), (), (Words.of(FORGED),))


def _in_another(path: str, source: bytes, found: tuple[str, ...], why: str) -> Graded:
    """Return the result where the work may lie in a file of another name: all waits."""
    result = replace(_all_held(source), held=())
    return Graded(path, result, (), False, copies=found, why=why)
