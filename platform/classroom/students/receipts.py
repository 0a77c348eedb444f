"""What was submitted, file by file: how large, and when it was saved; and what counts of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from classroom.models import Assignment, Snapshot, Submission, TestRun
from classroom.pages.text import moment, second, short_moment
from classroom.rules.counting import counting
from classroom.rules.deadlines import is_late
from classroom.rules.saved_times import moment_of
from classroom.steps.tests_wanted import said as tests_said
from embedding.sizes import size_text

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Line:
    """One file."""

    path: str
    size: str
    saved: str  # "21:04:13", with the day where it is another; empty where it is not known

    @property
    def detail(self) -> str:
        """What is said beside the path."""
        if not self.saved:
            return self.size
        return _("%(size)s · saved %(time)s") % {"size": self.size, "time": self.saved}


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the student is told of one snapshot."""

    count: int
    size: str
    taken: str
    saved: str  # the last of the files' times; empty where none is known
    late: bool
    lines: list[Line]  # the first of them
    more: int  # files that are not shown
    warnings: list[str]  # what the student had better know now, in sentences

    @property
    def title(self) -> str:
        """Say it in one line."""
        one = {"count": self.count, "time": self.saved}
        if self.late and self.saved:
            text = ngettext(
                "Submitted late: %(count)s file, saved at %(time)s",
                "Submitted late: %(count)s files, last saved at %(time)s",
                self.count,
            )
        elif self.late:
            text = ngettext(
                "Submitted late: %(count)s file", "Submitted late: %(count)s files", self.count
            )
        elif self.saved:
            text = ngettext(
                "Submitted: %(count)s file, saved at %(time)s",
                "Submitted: %(count)s files, last saved at %(time)s",
                self.count,
            )
        else:
            text = ngettext("Submitted: %(count)s file", "Submitted: %(count)s files", self.count)
        return text % one


def receipt_of(snapshot: Snapshot, zone: ZoneInfo) -> Receipt:
    """Return the receipt of a snapshot that was read with its files."""
    times = [_time(file) for file in snapshot.files]
    known = [each for each in times if each is not None]
    return Receipt(
        count=len(snapshot.files),
        size=size_text(sum(file["size"] for file in snapshot.files)),
        taken=moment(snapshot.taken, zone),
        saved=second(max(known), zone, beside=snapshot.taken) if known else "",
        late=snapshot.late,
        lines=[
            Line(
                file["path"],
                size_text(file["size"]),
                second(at, zone, beside=snapshot.taken) if at else "",
            )
            for file, at in zip(snapshot.files[:SHOWN], times, strict=False)
        ],
        more=max(0, len(snapshot.files) - SHOWN),
        warnings=list(snapshot.warnings),
    )


def sentence(receipt: Receipt, assignment: Assignment) -> str:
    """Say what was submitted, and when; plainly, if that was late."""
    if receipt.late:
        text = ngettext(
            "“%(title)s” was submitted late: %(count)s file, %(size)s, %(taken)s.",
            "“%(title)s” was submitted late: %(count)s files, %(size)s, %(taken)s.",
            receipt.count,
        )
    else:
        text = ngettext(
            "“%(title)s” was submitted: %(count)s file, %(size)s, %(taken)s.",
            "“%(title)s” was submitted: %(count)s files, %(size)s, %(taken)s.",
            receipt.count,
        )
    said = [
        text
        % {
            "title": assignment,
            "count": receipt.count,
            "size": receipt.size,
            "taken": receipt.taken,
        }
    ]
    if receipt.saved:
        said.append(_("Last saved: %(time)s.") % {"time": receipt.saved})
    return " ".join(said)


def reservation(submission: Submission, snapshot: Snapshot, zone: ZoneInfo) -> str:
    """Say why a snapshot that was taken just now is late, or does not count, or is not tested.

    Of tests that run it says so; else nothing.
    """
    run = TestRun.objects.filter(snapshot=snapshot).select_related("transfer").first()
    tests = [tests_said(run)] if run else []
    if not snapshot.late:
        return " ".join(tests)
    said = []
    if snapshot.finished and not is_late(submission, snapshot.taken):
        at = second(snapshot.finished, zone, beside=snapshot.taken)
        said.append(pressed_in_time(at))
    counts = counting(submission)
    if counts is None:
        said.append(_("Late work is not accepted, so it does not count."))
    elif counts != snapshot:
        when = short_moment(counts.taken, zone, beside=snapshot.taken)
        said.append(_("It does not count. Your submission of %(time)s counts.") % {"time": when})
    return " ".join([*said, *tests])


def pressed_in_time(until: str) -> str:
    """Say why a submission is late though its student pressed in time."""
    text = _("You pressed Submit in time, but copying your files took until %(time)s.")
    return text % {"time": until}


def saved_at(file: Mapping[str, Any], zone: ZoneInfo, *, beside: datetime) -> str:
    """Say when a file was saved, as its student's project says; empty where it is not known."""
    at = _time(file)
    return second(at, zone, beside=beside) if at else ""


def _time(file: Mapping[str, Any]) -> datetime | None:
    seconds = file.get("modified")  # snapshots of earlier versions do not know it
    return moment_of(seconds) if isinstance(seconds, int | float) else None
