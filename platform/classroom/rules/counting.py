"""What counts of what a student did: the snapshot that is collected, the score that is shown."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from django.db.models import QuerySet
from django.utils import timezone

from classroom.models import Assignment, Snapshot, Submission
from classroom.rules.deadlines import came, came_late, is_taken
from classroom.rules.late_words import late_of
from classroom.rules.returned_questions import as_returned


def counting(submission: Submission, now: datetime | None = None) -> Snapshot | None:
    """Return the snapshot that counts at a moment; None: what lies in the folder counts.

    It is the last one that was in time (or the best, if the assignment says so), unless the
    student gave that up for a late one; else the last late one that the policy takes. What was in
    time when it was submitted stays so, though the due time be moved back to before it; what was
    late no longer is when the due time is moved to after it. The answer's `late` says how it
    stands now.
    """
    taken = Snapshot.objects.filter(submission=submission, taken__lte=now or timezone.now())
    return counting_of(submission, taken)


def counting_of(submission: Submission, snapshots: Iterable[Snapshot]) -> Snapshot | None:
    """Return which of a submission's snapshots, newest first, counts.

    Where the best counts, it is that with the most points from the tests instead of the last one,
    in time and late alike; of two with the same, the newer one in time, the older one late.
    """
    in_time, late = [], []
    for snapshot in snapshots:
        snapshot.late = came_late(submission, snapshot)
        if not snapshot.late:
            in_time.append(snapshot)
        elif is_taken(submission, came(snapshot)):
            late.append(snapshot)
    if submission.assignment.test_counts == Assignment.Counts.BEST:
        in_time.sort(key=_points, reverse=True)
        late.reverse()
        late.sort(key=_points, reverse=True)
    elif in_time:
        late = [each for each in late if each.taken > in_time[0].taken]
    if in_time and not (in_time[0].given_up and late):
        return in_time[0]
    return late[0] if late else None


def _points(snapshot: Snapshot) -> Decimal:
    return Decimal(-1) if snapshot.tested is None else snapshot.tested


def counting_each(rows: QuerySet[Submission]) -> dict[int, int]:
    """Return which snapshot counts of each work that was collected, by work; without files."""
    works = list(rows.filter(collected__isnull=False).select_related("assignment"))
    found: dict[int, list[Snapshot]] = defaultdict(list)
    for snapshot in Snapshot.objects.filter(submission__in=works).defer("files"):
        found[snapshot.submission_id].append(snapshot)
    counts = {work.pk: counting_of(work, found[work.pk]) for work in works}
    return {work: snapshot.pk for work, snapshot in counts.items() if snapshot}


def returned_set(submission: Submission, at: datetime, notebook: str = "") -> None:
    """Write down that the score and comment this row was read with were returned.

    `notebook` is the one that was, in the folder; empty for none or several.
    """
    submission.returned = at
    submission.returned_score = submission.final
    late = late_of(submission)
    submission.returned_late = late.kept() if late else None
    submission.returned_points = submission.assignment.points
    submission.returned_comment = submission.comment
    submission.returned_questions = as_returned(submission)
    submission.returned_notebook = notebook
    submission.save(
        update_fields=[
            "returned",
            "returned_score",
            "returned_late",
            "returned_points",
            "returned_comment",
            "returned_questions",
            "returned_notebook",
        ]
    )
