"""The way from the student's page to the work: where it is, or how far it has come."""

from dataclasses import dataclass

from django.utils import timezone

from classroom.engine.queue import URGENT, transfer_add
from classroom.models import Assignment, Kind, Submission, Transfer
from embedding.cocalc.paths import is_notebook
from embedding.services.open_files import last_session, was_missing


@dataclass(frozen=True, slots=True)
class Place:
    """What is to be opened: a path in a project, and whether it is a notebook or a folder."""

    project: str
    path: str
    is_notebook: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """The work is not there yet. `transfer` brings it; it may have failed."""

    transfer: Transfer | None
    has_project: bool

    @property
    def failed(self) -> bool:
        """Whether nothing goes on any more on its own."""
        return self.transfer is not None and self.transfer.state == Transfer.State.FAILED

    @property
    def trouble(self) -> str:
        """What went wrong so far, in words; it is tried again unless `failed`."""
        return self.transfer.error if self.transfer else ""


def place_of(submission: Submission) -> Place | None:
    """Return what a student opens; None: not there yet.

    It is the only notebook, or of several the one that was opened last; else the folder, so also
    where that notebook was gone the last time.
    """
    project = submission.student.project
    if submission.handed_out is None or project is None or project.project_id is None:
        return None
    assignment = submission.assignment
    user, folder = submission.student.user, assignment.folder
    notebooks = [file["path"] for file in assignment.files if is_notebook(file["path"])]
    path = ""
    if len(notebooks) == 1:
        path = f"{folder}/{notebooks[0]}"
    elif last := last_session(user, project, folder):
        path = last.path
    found = bool(path) and not was_missing(user, project, path)
    return Place(str(project.project_id), path if found else folder, is_notebook=found)


def opened(submission: Submission) -> None:
    """Write down that the student has opened it, the first time."""
    Submission.objects.filter(pk=submission.pk, opened=None).update(opened=timezone.now())


def hurry(submission: Submission, *, again: bool = False) -> Waiting:
    """Have what the student waits for come next, and say how far it is.

    What has failed is begun anew only when asked for, with `again`.
    """
    assignment, student = submission.assignment, submission.student
    last = Transfer.objects.filter(
        kind=Kind.HAND_OUT, assignment=assignment, member=student
    ).first()
    hurried = last is not None and (
        (last.state == Transfer.State.QUEUED and last.priority >= URGENT)
        or last.state == Transfer.State.RUNNING
        or (last.state == Transfer.State.FAILED and not again)
    )
    if assignment.version == Assignment.Version.READY and not hurried:
        last = transfer_add(
            assignment.course, Kind.HAND_OUT, student, assignment=assignment, priority=URGENT
        )
    project = student.project
    return Waiting(last, has_project=project is not None and project.project_id is not None)
