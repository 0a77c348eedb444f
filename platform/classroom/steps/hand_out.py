"""Hand an assignment or a handout out to one student.

What the student does not have comes, and what the student has changed stays. What was there before
it was ever handed out is kept beside it as `name~`. With the option `overwrite` the folder becomes
what the teacher has; the student's is kept first as `<folder>-backup-<time>`. What arrived is
proven by size and hash.
"""

from typing import Any

from django.utils import timezone

from classroom.models import Assignment, Kind, Membership, Submission, Transfer
from classroom.rules import manifest, names
from classroom.rules.deadlines import submissions_ensure
from classroom.rules.manifest import File
from classroom.steps import due_date, folders
from classroom.steps.parcel import IN_THE_WAY, parcel, unpacking
from classroom.steps.prepare import student_ready
from classroom.steps.registry import Skip, step
from embedding.client import client
from embedding.cocalc.errors import CommandFailed
from embedding.problems import Problem

MOST_TOLD = 20  # files that stayed as the student changed them


@step(Kind.HAND_OUT)
def run(transfer: Transfer) -> dict[str, Any]:
    """Copy, write DUE_DATE.txt, verify; then it is handed out."""
    assignment, student = transfer.assignment, transfer.member
    if assignment is None or student is None:
        raise Skip("There is no assignment.")
    if assignment.version != Assignment.Version.READY or not assignment.files:
        raise Problem(
            "not_ready", "Its files are not ready: see the assignment's files.", status=409
        )
    submission = _submission(assignment, student)
    handing = _HandOut(transfer, assignment, submission, student_ready(student))
    changed = handing.do()
    while not _write_down(submission, again=handing.overwrite):
        submission.refresh_from_db()
        handing.write_date()
    result: dict[str, Any] = {"changed": changed[:MOST_TOLD]} if changed else {}
    return result | ({"of": len(changed)} if len(changed) > MOST_TOLD else {})


class _HandOut:
    """One hand-out under way."""

    def __init__(
        self, transfer: Transfer, assignment: Assignment, submission: Submission, project: str
    ) -> None:
        self.overwrite = bool(transfer.options.get("overwrite"))
        self._assignment = assignment
        self._submission = submission
        self._source = folders.course_project(transfer.course)
        self._project = project
        self._zone = transfer.course.zone
        # What is there before anybody could have changed it must be exactly the teacher's.
        self._exact = self.overwrite or (submission.handed_out is None and transfer.attempts <= 1)
        asked = timezone.localtime(transfer.created, self._zone)
        self._backup = names.backup_path(assignment, asked)

    def do(self) -> list[str]:
        """Return the paths that the student has changed, and which were left alone."""
        found = self._unpacked()
        if found is None:
            found = self._copied()
        if self._absent(found):
            # Nothing keeps a copy from a project that runs: the listing has started it.
            self._copy(overwrite=self.overwrite)
            found = self._listed()
        if absent := self._absent(found):
            raise Problem(
                "not_arrived",
                f"Not all files arrived: {folders.few(absent)} missing.",
                status=502,
                recoverable=True,
            )
        different = manifest.missing(self._assignment.files, found)
        if different and self._exact:
            self._copy(overwrite=True, backup=True)
            different = manifest.missing(self._assignment.files, self._listed())
            if different:
                raise Problem(
                    "other_files",
                    f"{folders.few(different)} arrived, but not as the assignment's files page "
                    "shows it: the course's folder was changed since. Look at the files page.",
                    status=409,
                )
        return different

    def _unpacked(self) -> list[File] | None:
        """Send a small assignment in one call; None where it is to be copied."""
        packed = None if self.overwrite else parcel(self._source, self._assignment)
        if packed is None:
            return None
        try:
            return self._listed(unpacking(packed, self._assignment.folder))
        except CommandFailed as failed:
            if failed.exit_code == IN_THE_WAY:
                raise Problem(
                    "in_the_way",
                    f"The student has a file called “{self._assignment.folder}”, where the folder "
                    "is to be: it must be renamed first.",
                    status=409,
                ) from None
            return None  # the copy will do, or tell better why

    def _copied(self) -> list[File]:
        if self.overwrite:
            script = folders.backup(self._assignment.folder, self._backup)
            client().exec(self._project, script, bash=True, timeout=120)
        elif self._submission.handed_out is not None:
            found = self._listed()
            if not self._absent(found):
                return found  # a copy would replace what the student changed before the teacher did
        self._copy(overwrite=self.overwrite)
        return self._listed()

    def write_date(self) -> None:
        """Write DUE_DATE.txt alone."""
        if not self._assignment.handout:
            client().exec(self._project, self._dated(), bash=True, timeout=30)

    def _copy(self, *, overwrite: bool, backup: bool | None = None) -> None:
        client().copy_path(
            source_project=self._source,
            source_path=self._assignment.source,
            target_project=self._project,
            target_path=self._assignment.folder,
            overwrite_newer=overwrite,
            delete_missing=self.overwrite,
            backup=not overwrite if backup is None else backup,
        )

    def _listed(self, *before: str) -> list[File]:
        return folders.listed(self._project, self._assignment.folder, *before, self._dated())

    def _dated(self) -> str:
        if self._assignment.handout:
            return ""
        return due_date.writing(self._assignment, self._submission.due, self._zone)

    def _absent(self, found: list[File]) -> list[str]:
        there = {file["path"] for file in found}
        return [file["path"] for file in self._assignment.files if file["path"] not in there]


def _submission(assignment: Assignment, student: Membership) -> Submission:
    try:
        return Submission.objects.get(assignment=assignment, student=student)
    except Submission.DoesNotExist:
        submissions_ensure(assignment.course, [student.pk])
        return Submission.objects.get(assignment=assignment, student=student)


def _write_down(submission: Submission, *, again: bool) -> bool:
    """Write down that it is handed out; False where the due time has changed meanwhile."""
    rows = Submission.objects.filter(pk=submission.pk, due=submission.due)
    if submission.handed_out is None or again:
        return rows.update(handed_out=timezone.now()) == 1
    return rows.exists()
