"""A class in two sections, as the tests of sections need it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.urls import reverse

from classroom.models import Assignment, Course, Membership, Role
from tests.classroom.factories import enrol, make_assignment, make_course, make_user
from tests.conftest import HttpsClient

DUE = datetime(2030, 3, 8, 22, 59, tzinfo=UTC)
WEEK = timedelta(days=7)


@dataclass
class Class:
    """Ann is in A, Bob in B, Cy in none; Theo assists, and looks after all until he is told."""

    course: Course
    teacher: User
    theo: Membership
    ann: Membership
    bob: Membership
    cy: Membership
    work: Assignment

    def url(self, name: str, *args: object) -> str:
        return reverse(f"classroom:{name}", args=[self.course.pk, *args])

    def get(self, name: str, /, *args: object, by: User | None = None, **query: Any) -> Any:
        return HttpsClient(by or self.teacher).get(self.url(name, *args), query)

    def post(self, name: str, /, *args: object, by: User | None = None, **data: Any) -> Any:
        return HttpsClient(by or self.teacher).post(self.url(name, *args), data)

    @property
    def students(self) -> list[Membership]:
        return [self.ann, self.bob, self.cy]

    def dues(self) -> list[datetime | None]:
        return [self.work.submissions.get(student=each).due for each in self.students]


def make_class(**fields: Any) -> Class:
    teacher = make_user("prof", teacher=True)
    course = make_course(teacher)
    theo = enrol(course, make_user("theo", first_name="Theo", last_name="Helper"), Role.ASSISTANT)
    ann, bob, cy = (
        enrol(course, make_user(name, first_name=name.title(), last_name="Lee"), section=section)
        for name, section in (("ann", "A"), ("bob", "B"), ("cy", ""))
    )
    files = [{"path": "a.txt", "size": 1, "sha256": "0" * 64}]
    given: dict[str, Any] = {"due": DUE, "points": 10, "files": files}
    work = make_assignment(course, **given | fields)
    return Class(course, teacher, theo, ann, bob, cy, work)
