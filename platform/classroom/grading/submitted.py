"""What a student has submitted, for whoever grades: each time, in time or late, and what counts."""

from dataclasses import dataclass
from datetime import timedelta

from classroom.models import Snapshot, Submission
from classroom.rules.counting import counting_of
from classroom.rules.deadlines import came_late

SHOWN = 20
_QUICK = timedelta(seconds=5)  # a copy that takes no longer needs no words


@dataclass(frozen=True, slots=True)
class Submitted:
    """One submission."""

    snapshot: Snapshot
    late: bool
    counts: bool
    chosen: bool  # by the student, instead of one in time

    @property
    def was_slow(self) -> bool:
        """Whether the copy was finished so long after the press that it matters."""
        finished = self.snapshot.finished
        return self.late and finished is not None and finished - self.snapshot.taken > _QUICK


def submitted(work: Submission) -> list[Submitted]:
    """Return the submissions of a work, newest first, as they stand now."""
    snapshots = list(work.snapshots.defer("files"))
    late = {each: came_late(work, each) for each in snapshots}
    counts = counting_of(work, snapshots)
    gave_up = any(each.given_up and not late[each] for each in snapshots)
    return [
        Submitted(
            each,
            late=late[each],
            counts=each == counts,
            chosen=each == counts and late[each] and gave_up,
        )
        for each in snapshots[:SHOWN]
    ]
