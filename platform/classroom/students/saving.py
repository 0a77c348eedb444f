"""Whether what a student typed is on disk yet, which is where a submit takes it from.

CoCalc writes to disk every 45 seconds, when one saves, closes the file or leaves the page. So a
file that was open within the last minute may lack what was typed last. The pages say which were
open (embedding); the file's own time on disk says whether it was written since.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.models import Membership, Submission
from classroom.rules import saved_times
from classroom.rules.saved_times import Written
from embedding.cocalc.errors import NotFound
from embedding.problems import Problem
from embedding.services.open_files import OpenFile, open_files

AUTOSAVE = 45  # seconds
# Within the last minute, by pages that say every 20 seconds that they are looked at.
LATELY = timedelta(seconds=75)
# What was typed before one came to submit is on disk after this; otherwise there was nothing.
PATIENCE = timedelta(seconds=55)
# The same from the moment when the file's page was left.
LEAVING = timedelta(seconds=7)


@dataclass(frozen=True, slots=True)
class Look:
    """The folder of an assignment at one moment."""

    files: list[Written]
    opened: list[str]  # files that are open and may hold more than is saved
    left: list[str]  # the same of files whose page was left
    seconds: int  # after which all of it is saved at the latest

    @property
    def unsaved(self) -> list[str]:
        """What may hold more than is saved."""
        return self.opened + self.left


def was_open(submission: Submission) -> bool:
    """Whether the student was in one of the folder's files within the last minute. No CoCalc."""
    return bool(_open(submission, timezone.now()))


def folders_lately(student: Membership) -> set[str]:
    """Return the folders in which the student was within the last ten minutes. No CoCalc."""
    if student.project is None:
        return set()
    found = open_files(student.user, student.project, timezone.now(), within=timedelta(minutes=10))
    return {file.path.partition("/")[0] for file in found}


def look(submission: Submission, since: datetime | None = None) -> Look:
    """See what is saved of a student's work.

    `since` is when the student came to submit, where that was earlier: what was written after it
    holds all. Raises CocalcError, and Problem where there is nothing to look at.
    """
    project = submission.student.project
    if project is None or project.project_id is None:
        raise Problem(
            "unprepared",
            _("Your project is still being prepared. Try again in a moment."),
            status=409,
            recoverable=True,
        )
    folder = submission.assignment.folder
    try:
        files = saved_times.of_folder(str(project.project_id), folder)
    except NotFound:
        raise Problem(
            "folder_missing",
            _(
                "The folder “%(folder)s” is no longer in your project. If you renamed or moved it, "
                "undo that. Then submit again."
            )
            % {"folder": folder},
            status=409,
        ) from None
    now = timezone.now()
    ages = {file.path: timedelta(seconds=file.age) for file in files}
    opened: list[str] = []
    left: list[str] = []
    longest = timedelta(0)
    for file in _open(submission, now):
        name = file.path.removeprefix(f"{folder}/")
        came = min(since or now, now)
        begin, patience = (file.left, LEAVING) if file.left else (came, PATIENCE)
        remaining = begin + patience - now
        # What is gone cannot be saved any more.
        if remaining <= timedelta(0) or ages.get(name, timedelta(0)) <= now - begin:
            continue
        (left if file.left else opened).append(name)
        longest = max(longest, remaining)
    return Look(files, opened, left, round(longest.total_seconds()))


def _open(submission: Submission, now: datetime) -> list[OpenFile]:
    project = submission.student.project
    if project is None:
        return []
    found = open_files(submission.student.user, project, now, within=LATELY)
    return [file for file in found if file.path.startswith(f"{submission.assignment.folder}/")]
