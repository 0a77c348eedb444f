"""Waiving the penalty of late work, and taking it again; both are in the work's history."""

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from classroom.models import UNWAIVED, WAIVED, GradeChange, Membership, Submission
from classroom.rules.acts import works_changed
from classroom.rules.penalties import penalties_update


def penalties_waive(works: Iterable[Submission], *, waive: bool, by: User) -> list[Submission]:
    """Waive the late penalty of these works, or take it again; return those that changed."""
    now = timezone.now()
    with transaction.atomic():
        rows = Submission.objects.filter(pk__in=[work.pk for work in works], waived__isnull=waive)
        # First those whose late days it may move, as `penalties_update` does: so nobody who waives
        # another work of theirs at the same moment waits for us while we wait for them.
        students = Membership.objects.filter(pk__in=rows.values("student"))
        list(students.select_for_update(no_key=True).order_by("pk"))
        rows = rows.select_for_update(no_key=True)
        found = list(rows.order_by("pk"))
        changed = Submission.objects.filter(pk__in=[work.pk for work in found])
        changed.update(waived=now if waive else None)
        penalties_update(changed)
        how = WAIVED if waive else UNWAIVED
        told = Submission.objects.filter(pk__in=[work.pk for work in found])
        works_changed(
            "course.penalty_waived" if waive else "course.penalty_charged",
            told.select_related("assignment", "student__user"),
            by=by,
        )
        GradeChange.objects.bulk_create(
            GradeChange(submission=work, score=work.score, by=by, how=how) for work in found
        )
    return found
