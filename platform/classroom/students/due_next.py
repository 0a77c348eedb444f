"""What a student has to do next, over several courses."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import Q

from classroom.models import Assignment, Membership, Submission
from classroom.rules.deadlines import is_out
from classroom.students.standing import Standing, standings

MOST = 10  # are shown
FORGOTTEN = timedelta(days=60)  # so long ago, late work is no longer asked for

LatePolicy = Assignment.LatePolicy


def due_next(members: Collection[Membership], now: datetime) -> list[Standing]:
    """Return what is still to be done, with what is late already first; four queries."""
    if not members:
        return []
    nothing_yet = Q(submitted=None, collected=None)
    still_taken = Q(assignment__late_policy=LatePolicy.ANY) | Q(
        assignment__late_policy=LatePolicy.UNTIL, assignment__late_until__gte=now
    )
    overdue = nothing_yet & still_taken & Q(due__lt=now, due__gte=now - FORGOTTEN)
    rows = (
        Submission.objects.filter(student__in=members, assignment__handout=False, returned=None)
        .filter(Q(handed_out__isnull=False) | is_out(now))
        .filter(Q(due__gte=now) | overdue)
        .order_by("due", "pk")
    )
    found = standings(rows.select_related("assignment__course"), now, limit=MOST)
    courses = {member.course_id: member.course for member in members}
    for standing in found:
        standing.assignment.course = courses[standing.assignment.course_id]
    return found
