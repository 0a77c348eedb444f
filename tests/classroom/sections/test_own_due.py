"""Why somebody's due time is another than everybody's, as its student and the staff read it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from classroom.assignments import extensions
from classroom.models import Membership, Submission
from classroom.rules.deadlines import lateness_update
from classroom.sections.accommodations import Longer, accommodation_set
from classroom.sections.dates import Dates, section_dates_set
from tests.classroom.sections.world import DUE, WEEK, Class, make_class
from tests.classroom.students.test_students import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def group() -> Class:
    """All have it; section A has a week more."""
    group = make_class()
    Submission.objects.update(handed_out=timezone.now())
    section_dates_set(group.work, {"A": Dates(due=DUE + WEEK)}, by=group.teacher)
    return group


def words(answer: Any) -> str:
    return str(text_of(answer.content.decode()))


def card(group: Class, student: Membership) -> str:
    return words(group.get("course", by=student.user))


def desk(group: Class, student: Membership, by: User | None = None) -> str:
    return words(group.get("grade", group.work.pk, student.pk, by=by))


def test_a_section_an_accommodation_and_an_extension_are_told_apart(group: Class) -> None:
    assert "This is your section’s own due time." in card(group, group.ann)
    assert "CET the section’s" in desk(group, group.ann)
    for student in (group.ann, group.bob):
        accommodation_set(group.course, student, Longer(0, 1, 0), reason="x", by=group.teacher)
    assert (
        "This is your own due time. Your section’s deadline is Fri 15 Mar 2030, 23:59 CET."
        in card(group, group.ann)
    )
    assert (
        "This is your own due time. Everyone else’s deadline is Fri 8 Mar 2030, 23:59 CET."
        in card(group, group.bob)
    )
    assert "CET accommodation" in desk(group, group.bob)
    helped = desk(group, group.bob, by=group.theo.user)
    assert "CET the student’s own" in helped
    assert "accommodation" not in helped, "only teachers see who always has more time"
    extensions.extension_set(
        group.work, group.ann, due=DUE + 2 * WEEK, reason="ill", by=group.teacher
    )
    assert "You have an extension. Your section’s deadline is Fri 15 Mar" in card(group, group.ann)
    assert "CET extension" in desk(group, group.ann)
    own = ("own due time", "section’s deadline", "Everyone else’s")
    assert not any(text in card(group, group.cy) for text in own)


def test_the_line_on_late_work_says_why_it_was_due_later(group: Class) -> None:
    type(group.work).objects.update(
        late_policy="any", late_penalty="percent", late_amount=Decimal(10)
    )
    came = DUE + WEEK + timedelta(hours=1)
    works = Submission.objects.filter(student__in=[group.ann, group.cy])
    works.update(collected=came, came=came)
    lateness_update(works)
    assert "Due time: the section’s" in desk(group, group.ann)
    assert "Due time:" not in desk(group, group.cy)
