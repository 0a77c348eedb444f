"""The files of an assignment: where they come from, and what they make of its version.

Every change ends with a look at the folder, which decides: plain files are ready at once; marked
notebooks have a student version made by a worker, which the teacher looks at and approves; a
folder `student/` of the teacher's own is used as it is. Where something of the teacher's seems to
be among what goes out, a teacher decides first. While files change nothing can be handed out, so
that no half of a change, and no solution, ever goes out.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from classroom.assignments.uploads import check_all
from classroom.carrying.incoming import take
from classroom.carrying.outgoing import Load, put
from classroom.engine import queue
from classroom.models import Assignment, Kind, Transfer
from classroom.nbgrader.question_cells import question_cells
from classroom.nbgrader.reading import MarkingError
from classroom.nbgrader.student_version import is_marked
from classroom.rules import going_out, manifest, source_folder
from classroom.rules.manifest import File
from classroom.rules.source_folder import STUDENT, Contents, digest, is_sound, unsound_name
from classroom.steps.approved import approved_now
from embedding.cocalc.errors import OutcomeUnknown
from embedding.cocalc.paths import NOTEBOOK, clean_path, is_notebook
from embedding.models import Event
from embedding.problems import Busy, Problem
from embedding.services.mapping import project_ensure

Version = Assignment.Version
MOST_LOGGED = 200  # files of one change
CHANGING = gettext_lazy(
    "Changing the files was interrupted. Look through the list, then check again."
)
WAIT_SECONDS = 15.0  # for a worker that makes the project, before the page says so
_LOOK_SECONDS = 0.2


def files_add(
    assignment: Assignment, files: Mapping[str, bytes], *, replace: bool, by: User
) -> None:
    """Put files into the assignment's folder; with `replace`, in place of all that is there."""
    with _changing(assignment):
        contents = source_folder.add(
            project_of(assignment),
            assignment.folder,
            files,
            replace=replace,
            first=_is_first(assignment),
        )
    settle(assignment, contents, by=by, how="uploaded")


def files_copy(assignment: Assignment, folder: str, *, by: User) -> None:
    """Take the files from a folder of the course's project, in place of all that is there.

    The assignment's own folder is used as it stands.
    """
    if folder == assignment.folder:
        files_check(assignment, by=by)
        return
    if not may_be_source(assignment, folder):
        raise Problem(
            "bad_path", _("This folder cannot be handed out. Choose another one."), status=400
        )
    with _changing(assignment):
        contents = source_folder.copy_in(
            project_of(assignment), assignment.folder, folder, first=_is_first(assignment)
        )
    settle(assignment, contents, by=by, how=f"copied from {folder}")


def files_bring(assignment: Assignment, earlier: Assignment, *, by: User) -> None:
    """Take the files from an assignment of another course, in place of all that is there."""
    project = earlier.course.project
    if project.project_id is None or not (earlier.sources or earlier.files):
        raise Problem(
            "no_files", _("“%(title)s” has no files.") % {"title": earlier.title}, status=409
        )
    with _changing(assignment):
        brought, target = source_folder.arriving(), project_of(assignment)
        items = take(str(project.project_id), earlier.folder)
        put(target, brought, Load(items), how="fresh")
        contents = source_folder.bring(
            target, assignment.folder, brought, first=_is_first(assignment)
        )
    settle(assignment, contents, by=by, how=f"copied from {earlier.course}: {earlier.folder}")


def file_remove(assignment: Assignment, path: str, *, by: User) -> None:
    """Take one file out: of those in the folder, or in the teacher's own folder `student/`."""
    known = {file["path"] for file in assignment.sources}
    if assignment.has_student_folder and not assignment.version_report:
        known |= {f"{STUDENT}/{file['path']}" for file in assignment.files}
    if path not in known or not is_sound(path):
        raise Problem(
            "file_missing", _("“%(path)s” does not exist any more.") % {"path": path}, status=404
        )
    with _changing(assignment):
        contents = source_folder.remove(project_of(assignment), assignment.folder, [path])
    settle(assignment, contents, by=by, how=f"removed {path}")


def notebook_rename(assignment: Assignment, path: str, *, by: User) -> str:
    """Give a file such as `hw.ipynb.txt` the name `hw.ipynb`, which is returned.

    Problem where it is not there any more, or where another has that name.
    """
    inner = f"{STUDENT}/" if path.startswith(f"{STUDENT}/") else ""
    name = notebook_name(assignment, path.removeprefix(inner))
    if not name or not is_sound(path):
        raise Problem(
            "file_missing", _("“%(path)s” cannot be renamed any more.") % {"path": path}, status=404
        )
    with _changing(assignment):
        contents = source_folder.rename(
            project_of(assignment), assignment.folder, path, inner + name
        )
    settle(assignment, contents, by=by, how=f"renamed {path}")
    return name


def notebook_name(assignment: Assignment, path: str) -> str:
    """Return what a file of the assignment would be called as a notebook; empty: not to be had."""
    at = path.lower().rfind(f"{NOTEBOOK}.")
    name = path[: at + len(NOTEBOOK)]
    known = {file["path"] for file in [*assignment.files, *assignment.sources]}
    return name if at > 0 and "/" not in path[at:] and path in known and name not in known else ""


def files_check(assignment: Assignment, *, by: User) -> None:
    """Look again at what lies in the folder, such as after a change in CoCalc.

    Problem while files are on their way there: half of them are no state to be settled.
    """
    if assignment.version == Version.COPYING:
        raise Problem("copying", _("The files are still being copied."), status=409)
    settle(assignment, source_folder.look(project_of(assignment), assignment.folder), by=by)


def may_be_source(assignment: Assignment, folder: str) -> bool:
    """Whether a folder may be copied: not the site's own ones, nor one around the assignment's."""
    top = folder.partition("/")[0]
    return (
        bool(folder)
        and top not in ("collected", "submitted", source_folder.HIDDEN)
        and not f"{assignment.folder}/".startswith(f"{folder}/")
        and not folder.startswith(f"{assignment.folder}/")
        and clean_path(folder) == folder
    )


def project_of(assignment: Assignment) -> str:
    """Return the id of the course's project, which is made on first need.

    Right after a course was created a worker is at it. That is waited for, since what a browser
    has uploaded would have to be chosen again; Busy where it takes longer.
    """
    project = assignment.course.project
    patience = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            project_ensure(project)
        except Busy:
            if time.monotonic() > patience:
                raise
            time.sleep(_LOOK_SECONDS)
        else:
            return str(project.project_id)


def settle(assignment: Assignment, contents: Contents, *, by: User, how: str = "checked") -> None:
    """Write down what lies in the folder and how far that is: ready, to be made, or faulty.

    What is ready without a version to be looked at is approved by this. `how` it came about is
    kept in the audit log, with who did it and which files changed; `checked` changed nothing
    itself: it found what others had changed.
    """
    error = fault(contents)
    with transaction.atomic():
        row = Assignment.objects.select_for_update(no_key=True).get(pk=assignment.pk)
        changes = changes_of(row.sources, contents.files)
        row.sources = contents.files
        marked = [path for path, each in contents.notebooks.items() if _may_be_marked(each)]
        row.marked = bool(marked)
        row.questions = _questions({path: contents.notebooks[path] for path in sorted(marked)})
        row.has_student_folder = contents.student is not None
        row.version_error = error.replace("\0", "")
        row.going_out = going_out.written_down(row.going_out, contents, [])
        if error:
            row.version, row.files, row.version_report = Version.FAILED, [], {}
            row.has_student_folder = False
        elif contents.student is not None and not contents.made:
            _as_it_is(row, contents, contents.student)
        elif not row.marked:
            row.has_student_folder = False
            _as_it_is(row, contents, contents.files)
        elif contents.student and row.version_report.get("made_of") == digest(contents.files):
            row.files = contents.student
            row.going_out["found"] = going_out.look(contents, student=True)
            approved = row.version_report.get("approved") == digest(row.files)
            is_open = going_out.open_of(row.going_out)
            row.version = Version.READY if approved and not is_open else Version.CHECK
        else:
            _make(row)
        if row.version == Version.READY and not row.version_report:
            row.approved = approved_now(row, by=by.get_username())
        if changes or how != "checked":
            _log(row, by, how, changes)
        row.save(
            update_fields=[
                "sources",
                "marked",
                "questions",
                "has_student_folder",
                "version",
                "version_error",
                "version_report",
                "files",
                "going_out",
                "approved",
            ]
        )
    assignment.refresh_from_db()


def fault(contents: Contents) -> str:
    """Say what keeps these files from being handed out; empty where nothing does."""
    if wrong := unsound_name([*contents.files, *(contents.student or ())]):
        return wrong
    theirs = (f"{STUDENT}/{file['path']}" for file in contents.student or ())
    students = {
        path: contents.suspects[path]
        for path in theirs
        if is_notebook(path) and path in contents.suspects
    }
    try:
        # Beside a version of the teacher's own, notebooks stay here.
        if contents.student is None or contents.made:
            check_all(contents.notebooks, marks=True)
        check_all(students, marks=False)
    except Problem as problem:
        return problem.message
    return ""


def version_retry(assignment: Assignment, *, by: User) -> None:
    """Make the student version once more, from what lies in the folder now."""
    Assignment.objects.filter(pk=assignment.pk).update(version_report={})
    files_check(assignment, by=by)


# What a worker is at, while the files are in such a state.
UNDER_WAY = {Version.MAKING: Kind.VERSION, Version.COPYING: Kind.BRING}


def is_stalled(assignment: Assignment) -> bool:
    """Whether files or a student version should be under way, and are not."""
    kind = UNDER_WAY.get(Version(assignment.version))
    return (
        kind is not None
        and not Transfer.objects.filter(
            assignment=assignment, kind=kind, state__in=Transfer.ACTIVE
        ).exists()
    )


def changes_of(before: list[File], after: list[File]) -> list[dict[str, str]]:
    """Return which files differ, each with its new hash; an empty one says that it is gone."""
    now = manifest.hashes(after)
    return [
        {"path": path, "sha256": now.get(path, "")}
        for path in manifest.differing(manifest.hashes(before), now)
    ]


def _may_be_marked(notebook: bytes) -> bool:
    try:
        return is_marked(notebook)
    except MarkingError:
        return True  # whoever autogrades by it is told that it cannot be read


def _questions(marked: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """Return what is kept of the cells that are graded; nothing of a notebook marked unsoundly."""
    found = []
    for path, notebook in marked.items():
        try:
            cells = [astuple(each) for each in question_cells(notebook)]
        except MarkingError:
            continue
        found.append({"notebook": path, "cells": cells})
    return found


def _as_it_is(row: Assignment, contents: Contents, files: list[File]) -> None:
    """Hand these files out without making anything of them, once nothing is to be decided."""
    row.files, row.version_report = files, {}
    row.going_out["found"] = going_out.look(contents, student=row.has_student_folder)
    if going_out.open_of(row.going_out):
        row.version = Version.CHECK
    else:
        row.version = Version.READY if files else Version.MISSING


def _make(row: Assignment) -> None:
    row.files, row.version_report, row.has_student_folder = [], {}, False
    row.version = Version.MAKING
    queue.transfer_add(row.course, Kind.VERSION, assignment=row, priority=queue.URGENT)


def _is_first(assignment: Assignment) -> bool:
    return not assignment.sources and not assignment.files


@contextmanager
def _changing(assignment: Assignment) -> Iterator[None]:
    """Keep the assignment from being handed out until it is settled; as it was where CoCalc fails.

    Where CoCalc gave no answer nobody knows, and then it stays so until somebody checks.
    """
    was, changing = (assignment.version, assignment.version_error), str(CHANGING)
    rows = Assignment.objects.filter(pk=assignment.pk)
    rows.update(version=Version.FAILED, version_error=changing)
    try:
        yield
    except OutcomeUnknown:
        raise
    except BaseException:
        rows.filter(version_error=changing).update(version=was[0], version_error=was[1])
        raise


def _log(row: Assignment, by: User, how: str, changes: list[dict[str, str]]) -> None:
    Event.log(
        "course.files_found" if how == "checked" else "course.files_changed",
        str(row.course)[:300],
        actor=by.get_username(),
        course=row.course_id,
        assignment=row.folder,
        how=how,
        files=changes[:MOST_LOGGED],
    )
