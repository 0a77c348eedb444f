"""Reminders a day before work is due, for those who have it and have not submitted it.

Which due time a student was reminded of is written down at the work: one that moves is reminded of
again, and each moment once.
"""

from collections import defaultdict
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from classroom.models import Assignment, Notice, Role, Submission
from classroom.notices.telling import tell

AHEAD = timedelta(days=1)


def due_soon_tell(now: datetime) -> None:
    """Remind whoever's own due time is within a day: one query where there is nobody."""
    rows = (
        Submission.objects.filter(due__gt=now, due__lte=now + AHEAD, handed_out__isnull=False)
        .filter(assignment__course__archived=None)
        .filter(submitted=None, collected=None)
        .filter(assignment__handout=False, assignment__removed=None)
        .filter(student__removed=None, student__role=Role.STUDENT, student__user__is_active=True)
        .exclude(reminded_for=F("due"))
    )
    groups: dict[tuple[int, datetime], list[Submission]] = defaultdict(list)
    for row in rows.select_related("student").order_by("pk"):
        if row.due:
            groups[row.assignment_id, row.due].append(row)
    assignments = Assignment.objects.select_related("course").in_bulk([pk for pk, _ in groups])
    for (pk, due), works in groups.items():
        with transaction.atomic():
            Submission.objects.filter(assignment=pk, due=due, pk__in=[w.pk for w in works]).update(
                reminded_for=due
            )
            tell(
                Notice.Kind.DUE_SOON,
                [work.student.user_id for work in works],
                course=assignments[pk].course,
                key=f"due:{pk}:{due.isoformat()}",
                assignment=assignments[pk],
                details={"due": due.isoformat()},
            )
