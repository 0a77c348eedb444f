"""Hand an assignment or a handout out to one student.

What the student does not have comes, and what the student has changed stays. What was there before
it was ever handed out is kept beside it as `name~`. With the option `overwrite` the folder becomes
what the teacher has; the student's is kept first as `<folder>-backup-<time>`. What arrived is
proven by size and hash.
"""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.carrying.calls import Refused
from classroom.carrying.outgoing import How, put, put_sparing
from classroom.models import Assignment, Kind, Membership, Notice, Submission, Transfer
from classroom.notices.telling import tell
from classroom.rules import manifest, names
from classroom.rules.deadlines import submissions_ensure
from classroom.rules.manifest import File
from classroom.steps import due_date, folders
from classroom.steps.parcel import Parcel, parcel
from classroom.steps.prepare import student_ready
from classroom.steps.registry import Skip, step
from embedding.problems import Problem

MOST_TOLD = 20  # files that stayed as the student changed them


@step(Kind.HAND_OUT)
def run(transfer: Transfer) -> dict[str, Any]:
    """Send the files with DUE_DATE.txt, verify; then it is handed out."""
    assignment, student = transfer.assignment, transfer.member
    if assignment is None or student is None:
        raise Skip(_("There is no assignment."))
    if assignment.version != Assignment.Version.READY or not assignment.files:
        raise Problem(
            "not_ready",
            _("The files of this assignment are not ready. Open its files page to see why."),
            status=409,
        )
    submission = _submission(assignment, student)
    submission.assignment, submission.student = assignment, student
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
        self._asked = transfer.created
        self._source = folders.course_project(transfer.course)
        self._project = project
        self._zone = transfer.course.zone
        # What is there before anybody could have changed it must be exactly the teacher's.
        self._exact = self.overwrite or (submission.handed_out is None and transfer.attempts <= 1)
        asked = timezone.localtime(transfer.created, self._zone)
        self._backup = names.backup_path(assignment, asked)

    def do(self) -> list[str]:
        """Return the paths that the student has changed, and which were left alone."""
        sent = parcel(self._source, self._assignment, asked=self._asked)
        try:
            found = self._put(sent)
        except Refused as refused:
            raise folders.for_teacher(refused) from None
        there = {file["path"] for file in found}
        absent = [file["path"] for file in self._assignment.files if file["path"] not in there]
        different = manifest.missing(self._assignment.files, found)
        if absent or (different and self._exact):
            raise Problem(
                "not_arrived",
                folders.not_arrived(absent or different),
                status=502,
                recoverable=True,
            )
        return different

    def _put(self, sent: Parcel) -> list[File]:
        folder = self._assignment.folder
        how: How = "fresh" if self.overwrite else "replace" if self._exact else "keep"
        texts = {}
        if not self._assignment.handout:
            texts[due_date.NAME] = self._date()
        options: dict[str, Any] = {
            "how": how,
            "known": True,
            "aside": self._backup.rpartition("/")[2],  # beside the folder
            "texts": texts,
        }
        if sent.load.fits_one_call or self._submission.handed_out is None:
            return put(self._project, folder, sent.load, **options)
        return put_sparing(self._project, folder, sent.items, seek=folder, **options)

    def write_date(self) -> None:
        """Write DUE_DATE.txt alone."""
        if not self._assignment.handout:
            due_date.write(self._project, self._assignment, self._date())

    def _date(self) -> str:
        return due_date.text(self._submission.due, self._zone, self._submission.student)


def _submission(assignment: Assignment, student: Membership) -> Submission:
    try:
        return Submission.objects.get(assignment=assignment, student=student)
    except Submission.DoesNotExist:
        submissions_ensure(assignment.course, [student.pk])
        return Submission.objects.get(assignment=assignment, student=student)


def _write_down(submission: Submission, *, again: bool) -> bool:
    """Write down that it is handed out; False where the due time has changed meanwhile."""
    rows = Submission.objects.filter(pk=submission.pk, due=submission.due)
    if submission.handed_out is not None and not again:
        return rows.exists()
    with transaction.atomic():
        done = rows.update(handed_out=timezone.now()) == 1
        if done and submission.handed_out is None:
            tell(
                Notice.Kind.HANDED_OUT,
                [submission.student.user_id],
                course=submission.assignment.course,
                key=f"handed-out:{submission.pk}",
                assignment=submission.assignment,
            )
    return done
