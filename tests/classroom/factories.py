"""Courses and people, as the services make them, without a page and without waiting."""

import uuid
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import connection
from django.utils import timezone

from classroom.engine.holding import End, claim, settle
from classroom.engine.performing import perform
from classroom.models import Assignment, Course, Membership, Role, Submission
from classroom.rules import manifest
from classroom.rules.deadlines import submissions_ensure
from classroom.rules.source_folder import told_apart
from embedding.client import client
from embedding.models import CocalcProject, Member
from embedding.services import mapping, preparation


def make_user(username: str, *, teacher: bool = False, **fields: Any) -> User:
    """A user of the site; a teacher is in the group that may make courses."""
    user = User.objects.create_user(username, password="notebook", **fields)
    if teacher:
        user.groups.add(Group.objects.get_or_create(name="Teachers")[0])
    return user


def settle_down() -> None:
    """After many rows were made: let the database know of them, as it does by itself in time.

    PostgreSQL plans by what it knows, and would take a large class for an empty one.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def make_course(teacher: User, title: str = "Physics", **fields: Any) -> Course:
    """A course with its teacher and its project's row."""
    uid = uuid.uuid4()
    fields.setdefault("time_zone", "Europe/Berlin")
    project = mapping.project_row(f"course:{uid}", title=title, owner=teacher)
    course = Course.objects.create(uid=uid, title=title, project=project, **fields)
    Membership.objects.create(course=course, user=teacher, role=Role.TEACHER)
    return course


def enrol(course: Course, user: User, role: Role = Role.STUDENT, **fields: Any) -> Membership:
    """Somebody in the course; a student has a project's row, of which the staff are members."""
    project = None
    if role == Role.STUDENT:
        slot = f"course:{course.uid}:student:{user.pk}"
        project = mapping.project_row(slot, title=f"{user} - {course.title}", owner=user)
        for staff in Membership.objects.filter(course=course, removed=None).exclude(
            role=Role.STUDENT
        ):
            Member.objects.get_or_create(project=project, user=staff.user)
    member = Membership.objects.create(
        course=course, user=user, role=role, project=project, **fields
    )
    if role != Role.STUDENT:
        projects = [course.project, *_student_projects(course)]
        for project in projects:
            Member.objects.get_or_create(project=project, user=user)
    submissions_ensure(course)
    return member


def make_assignment(course: Course, title: str = "Homework 1", **fields: Any) -> Assignment:
    """An assignment that is ready, but whose files nobody has put into the course's project."""
    fields.setdefault("folder", title.lower().replace(" ", "-"))
    fields.setdefault("version", Assignment.Version.READY)
    assignment = Assignment.objects.create(course=course, title=title, **fields)
    submissions_ensure(course)
    return assignment


def submission(assignment: Assignment, student: Membership) -> Submission:
    return Submission.objects.get(assignment=assignment, student=student)


def on_cocalc(course: Course) -> None:
    """Make on CoCalc (the sandbox) all that the course needs there."""
    for project in [course.project, *_student_projects(course)]:
        for member in Member.objects.filter(project=project).select_related("project", "user"):
            account = mapping.account_row(member.user)
            while preparation.prepare(account, member):
                pass
    Membership.objects.filter(course=course).update(prepared=timezone.now())
    course.project.refresh_from_db()


def _student_projects(course: Course) -> list[CocalcProject]:
    return list(CocalcProject.objects.filter(student_membership__course=course))


def work_off(*, rounds: int = 200) -> list[End]:
    """Work off what is due now, in this thread and its transaction; return how each try ended."""
    ends: list[End] = []
    for _ in range(rounds):
        rows = claim(1)
        if not rows:
            return ends
        ends.append(perform(rows[0]))
        settle(ends[-1:])
    raise AssertionError("the queue never ends")


def work_one() -> End:
    """Do the most urgent of what is due, alone."""
    end = perform(claim(1)[0])
    settle([end])
    return end


def with_files(assignment: Assignment, files: dict[str, bytes]) -> Assignment:
    """Put files into the assignment's folder of the course's project, which is on CoCalc."""
    project = str(assignment.course.project.project_id)
    for path, content in files.items():
        client().write_file(project, f"{assignment.source}/{path}", content)
    found = manifest.of_folder(project, assignment.folder)
    assignment.sources, student = told_apart(found)
    assignment.files = student if assignment.has_student_folder else assignment.sources
    assignment.version = Assignment.Version.READY
    assignment.save()
    return assignment
