"""How far the files of copied assignments are, for the page that shows it."""

from dataclasses import dataclass

from classroom.models import Assignment, Course, Kind, Transfer

State = Transfer.State
# Of an assignment, and not shown: the page asks every other second.
_LARGE = ("instructions", "files", "sources", "questions", "version_report", "approved")


@dataclass(frozen=True, slots=True)
class Copy:
    """One assignment that was copied into the course, and the last attempt at its files."""

    assignment: Assignment
    transfer: Transfer

    @property
    def is_under_way(self) -> bool:
        """Whether its files are still to come."""
        return self.transfer.state in Transfer.ACTIVE

    @property
    def has_failed(self) -> bool:
        """Whether they will not come unless somebody tries again, or adds them."""
        return self.assignment.version == Assignment.Version.COPYING and not self.is_under_way


def copies_of(course: Course) -> list[Copy]:
    """Return the assignments whose files were brought lately, those that failed first."""
    found: dict[int, Copy] = {}
    rows = Transfer.objects.filter(
        course=course, kind=Kind.BRING, assignment__isnull=False, assignment__removed=None
    ).select_related("assignment")
    rows = rows.defer("result", *(f"assignment__{name}" for name in _LARGE))
    for row in rows:  # the last attempt first
        if row.assignment:
            row.assignment.course = course
            found.setdefault(row.assignment.pk, Copy(row.assignment, row))
    return sorted(
        found.values(),
        key=lambda each: (not each.has_failed, not each.is_under_way, each.transfer.pk),
    )
