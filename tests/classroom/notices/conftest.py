"""A course with a teacher and two students who can be written to, and a mail server."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from classroom.models import Assignment, Course, Letter, Membership, Notice, Submission
from classroom.notices.letters import gather
from classroom.notices.telling import tell
from tests.classroom import factories
from tests.classroom.notices.post_office import PostOffice, post_office

LATER = timedelta(minutes=2)


@dataclass
class Class:
    course: Course
    teacher: Membership
    ada: Membership
    bob: Membership
    homework: Assignment

    def work(self, student: Membership) -> Submission:
        return factories.submission(self.homework, student)

    def tell(self, *students: Membership, kind: Any = Notice.Kind.RETURNED, **fields: Any) -> None:
        """Tell something of the homework, which is of today."""
        fields.setdefault("key", f"{kind}:{Notice.objects.count()}")
        fields.setdefault("assignment", self.homework)
        tell(kind, [each.user_id for each in students], course=self.course, **fields)

    def letters(self) -> int:
        """Write down the mails of two minutes later, and be there then."""
        count = gather(timezone.now() + LATER)
        Letter.objects.filter(attempts=0).update(not_before=timezone.now())
        return count


@pytest.fixture
def room(db: None) -> Class:
    teacher = factories.make_user("tina", email="tina@x.edu")
    course = factories.make_course(teacher, term="Autumn")
    ada, bob = (
        factories.enrol(course, factories.make_user(name.lower(), first_name=name, email=mail))
        for name, mail in (("Ada", "ada@x.edu"), ("Bob", "bob@x.edu"))
    )
    homework = factories.make_assignment(course, due=timezone.now() + timedelta(days=9), points=10)
    Submission.objects.update(handed_out=timezone.now())
    return Class(course, course.memberships.get(user=teacher), ada, bob, homework)


@pytest.fixture
def office(settings: Any) -> Iterator[PostOffice]:
    """A mail server; what is told from now on may be mailed."""
    with post_office(settings) as office:
        yield office
