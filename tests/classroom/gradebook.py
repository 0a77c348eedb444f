"""A course with people in every role, for the tests of grades."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from classroom.models import Assignment, Course, Membership, Role, Submission
from tests.classroom import factories
from tests.conftest import HttpsClient


@dataclass
class Class:
    """A course, an assignment of 10 points, two students, and those who have no business here."""

    course: Course
    assignment: Assignment
    teacher: User
    assistant: User
    ada: Membership
    bob: Membership
    stranger: User
    other_teacher: User
    other: Course
    admin: User

    def work(self, student: Membership | None = None, **fields: Any) -> Submission:
        """A student's (Ada's) submission, with fields changed."""
        found = factories.submission(self.assignment, student or self.ada)
        for name, value in fields.items():
            setattr(found, name, value)
        if fields:
            found.save()
        return found

    def collected(self, student: Membership | None = None, **fields: Any) -> Submission:
        """The same, collected an hour ago."""
        return self.work(student, handed_out=ago(2), collected=ago(1), **fields)

    @property
    def base(self) -> str:
        """The course's address."""
        return f"/courses/{self.course.pk}"

    def grade_url(self, student: Membership | None = None) -> str:
        """The address of a student's (Ada's) grading page."""
        return f"{self.base}/assignments/{self.assignment.pk}/grade/{(student or self.ada).pk}"


def ago(hours: float) -> datetime:
    return timezone.now() - timedelta(hours=hours)


def make_class() -> Class:
    teacher = factories.make_user("tess", teacher=True, first_name="Tess", last_name="Teacher")
    course = factories.make_course(teacher)
    assistant = factories.make_user("theo", first_name="Theo", last_name="Assistant")
    factories.enrol(course, assistant, Role.ASSISTANT)
    assignment = factories.make_assignment(course, points=10)
    ada = factories.make_user("ada", first_name="Ada", last_name="Lovelace")
    bob = factories.make_user("bob", first_name="Bob", last_name="Babbage")
    other_teacher = factories.make_user("otto", teacher=True)
    return Class(
        course=course,
        assignment=assignment,
        teacher=teacher,
        assistant=assistant,
        ada=factories.enrol(course, ada, number="20"),
        bob=factories.enrol(course, bob, number="10"),
        stranger=factories.make_user("sam"),
        other_teacher=other_teacher,
        other=factories.make_course(other_teacher, "Chemistry"),
        admin=factories.make_user("root", is_staff=True, is_superuser=True),
    )


def assert_staff_only(room: Class, url: str, *, method: str = "get") -> None:
    """Ask an address as everybody who must not see it; a wrong method and a bad id too."""
    for user, status in (
        (room.ada.user, 403),
        (room.stranger, 404),
        (room.other_teacher, 404),
        (room.admin, 404),
    ):
        answer = getattr(HttpsClient(user), method)(url)
        assert answer.status_code == status, (url, user, answer.status_code)
    signed_out = getattr(HttpsClient(), method)(url)
    assert signed_out.status_code == 302, url
    assert signed_out["Location"].startswith("/sign-in/")
    teacher = HttpsClient(room.teacher)
    wrong = url.replace(room.base, f"/courses/{room.other.pk}")
    assert getattr(teacher, method)(wrong).status_code == 404, wrong
    assert getattr(teacher, method)(url.replace(room.base, "/courses/99999")).status_code == 404
    assert teacher.delete(url).status_code == 405


def removed(member: Membership) -> None:
    """Take somebody out of the course."""
    member.removed = timezone.now()
    member.save()


def fill(course: Course, students: int, assignments: int) -> None:
    """Make a class of this size in a few statements."""
    users = User.objects.bulk_create(
        User(username=f"c{course.pk}-{number}", last_name=f"Name {number:04}")
        for number in range(students)
    )
    members = Membership.objects.bulk_create(
        Membership(course=course, user=user, role=Role.STUDENT) for user in users
    )
    tasks = Assignment.objects.bulk_create(
        Assignment(course=course, title=f"Task {number}", folder=f"task-{number}", points=10)
        for number in range(assignments)
    )
    now = timezone.now()
    Submission.objects.bulk_create(
        (
            Submission(
                assignment=task,
                student=member,
                handed_out=now - timedelta(days=2),
                collected=now - timedelta(days=1),
                score=(member.pk + task.pk) % 11,
                graded=now,
            )
            for member in members
            for task in tasks
        ),
        batch_size=1000,
    )
    factories.settle_down()
