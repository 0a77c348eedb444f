"""Make the students' version of an assignment with notebooks that are marked for nbgrader.

It lies in `student/`, and is handed out only when a teacher has looked at it. What was taken out
of which cell is kept for that in the assignment's `version_report`:

    {"made_of": digest of `sources`, "notebooks": [{"path", "cells": [{"name", "lines", "more"}]}]}

where a line is ["-" taken out, "+" put in its place or " ", text].
"""

import difflib
import hashlib
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext

from classroom.models import Assignment, Kind, Transfer
from classroom.nbgrader.marks import for_teacher_only
from classroom.nbgrader.reading import MarkingError, name, read
from classroom.nbgrader.student_version import is_marked, student_version
from classroom.rules import going_out, source_folder
from classroom.rules.manifest import File
from classroom.rules.source_folder import Contents, digest
from classroom.steps.registry import step
from embedding.problems import Busy, Problem
from embedding.services.mapping import project_ensure

MAX_LINES = 400  # of one notebook that are kept to be shown
MAX_WIDTH = 300  # characters

Version = Assignment.Version


@step(Kind.VERSION)
def run(transfer: Transfer) -> dict[str, Any]:
    """Make `student/` and ask for a look at it.

    Raises Problem with the notebook and the cell where one is marked unsoundly, and Busy where
    the files change meanwhile: then it is to be done again.
    """
    assignment = Assignment.objects.select_related("course__project").get(transfers=transfer)
    if assignment.version != Version.MAKING:
        return {}
    project_ensure(assignment.course.project)
    project_id = str(assignment.course.project.project_id)
    contents = source_folder.look(project_id, assignment.folder)
    made = _made(assignment, contents)
    after = source_folder.student_put(project_id, assignment.folder, made)
    if _wanted(contents.files, made) != after.student or after.files != contents.files:
        raise Busy("version")
    report = {
        "made_of": digest(contents.files),
        "notebooks": [
            {"path": path, "cells": taken_out(contents.notebooks[path], notebook)}
            for path, notebook in sorted(made.items())
        ],
    }
    _settle(assignment, after, report)
    return {"notebooks": len(made), "files": len(after.student or ())}


def taken_out(source: bytes, student: bytes) -> list[dict[str, Any]]:
    """Say, cell by cell, which lines of a teacher's notebook the students' version lacks."""
    cells = []
    left = MAX_LINES
    theirs = iter(read(student).cells)
    for number, cell in enumerate(read(source).cells):
        kept = None if for_teacher_only(cell) else next(theirs, None)
        lines = _difference(cell.source, kept.source if kept else "")
        if lines:
            shown = lines[:left]
            left -= len(shown)
            more = len(lines) - len(shown)
            named = name(number, cell).said(gettext)
            cells.append({"name": named, "lines": shown, "more": more})
    return cells


def _difference(before: str, after: str) -> list[list[str]]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=1, lineterm="")
    found: list[list[str]] = []
    for line in list(lines)[2:]:
        if line.startswith("@@"):
            if found:
                found.append([" ", "…"])
        else:
            text = line[1:][:MAX_WIDTH].replace("\0", "\N{SYMBOL FOR NULL}")  # no database takes it
            found.append([line[0], text])
    return found


def _made(assignment: Assignment, contents: Contents) -> dict[str, bytes]:
    if wrong := source_folder.unsound_name(contents.files):
        raise _fail(assignment, wrong)
    made = {}
    for path, notebook in contents.notebooks.items():
        try:
            if is_marked(notebook):
                made[path] = student_version(notebook)
        except MarkingError as error:
            raise _fail(assignment, error.said(gettext, path)) from None
    return made


def _wanted(files: list[File], made: Mapping[str, bytes]) -> list[File]:
    """Return what must lie in `student/`: no notebook with its solutions may be among it."""
    return [
        File(
            path=file["path"],
            size=len(made[file["path"]]),
            sha256=hashlib.sha256(made[file["path"]]).hexdigest(),
        )
        if file["path"] in made
        else file
        for file in files
    ]


def _settle(assignment: Assignment, contents: Contents, report: dict[str, Any]) -> None:
    with transaction.atomic():
        row = Assignment.objects.select_for_update(no_key=True).get(pk=assignment.pk)
        if row.version != Version.MAKING or row.sources != contents.files:
            raise Busy("version")
        row.version, row.version_error, row.version_report = Version.CHECK, "", report
        row.has_student_folder, row.files = True, contents.student or []
        found = going_out.look(contents, student=True)
        row.going_out = going_out.written_down(row.going_out, contents, found)
        row.save(
            update_fields=[
                "version",
                "version_error",
                "version_report",
                "has_student_folder",
                "files",
                "going_out",
            ]
        )


def _fail(assignment: Assignment, sentence: str) -> Problem:
    Assignment.objects.filter(pk=assignment.pk, version=Version.MAKING).update(
        version=Version.FAILED, version_error=sentence
    )
    return Problem("unsound_marks", sentence, status=409)
