"""A course deleted for good: said first, typed to confirm, and then nothing of it left."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from classroom.courses.courses import course_archive, course_bring_back
from classroom.models import Course, GradeChange, Kind, Membership, Role, Snapshot, Transfer
from classroom.rules.course_projects import slot_of_tests
from embedding.cocalc.client import Client
from embedding.models import CocalcProject, Event, Member
from embedding.services import mapping
from sandbox.process import SandboxProcess
from tests.classroom.factories import (
    enrol,
    make_assignment,
    make_course,
    make_user,
    on_cocalc,
    submission,
    work_off,
)
from tests.conftest import HttpsClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def prof(db: None) -> User:
    return make_user("prof", teacher=True)


@pytest.fixture
def course(prof: User) -> Course:
    made = make_course(prof)
    ada = enrol(made, make_user("ada"))
    work = submission(make_assignment(made), ada)
    work.score = 7
    work.save()
    GradeChange.objects.create(submission=work, score=7, how="page")
    Snapshot.objects.create(submission=work, taken=timezone.now(), path="submitted/ada", files=[])
    course_archive(made, actor=prof)
    made.refresh_from_db()
    return made


@pytest.fixture
def teacher(prof: User) -> HttpsClient:
    return HttpsClient(prof)


def url(course: Course) -> str:
    return reverse("classroom:course-delete", args=[course.pk])


def test_all_that_goes_is_named_and_the_title_is_asked_for(
    teacher: HttpsClient, course: Course
) -> None:
    page = teacher.get(url(course)).content.decode()
    for said in ("the membership of 1 student", "1 assignment", "1 submission", "1 score"):
        assert said in page
    for given in ("", "physics", "Chemistry"):
        page = teacher.post(url(course), {"title": given}).content.decode()
        assert "errorlist" in page
    assert not Transfer.objects.filter(kind=Kind.DELETE).exists()


def test_it_is_gone_with_its_projects_and_others_stay(
    teacher: HttpsClient, prof: User, course: Course, cocalc: Client
) -> None:
    other = make_course(prof, "Other")
    enrol(other, User.objects.get(username="ada"))
    on_cocalc(course)
    on_cocalc(other)
    gone = [str(course.project.project_id)]
    theirs = CocalcProject.objects.get(student_membership__course=course)
    gone.append(str(theirs.project_id))
    tests = CocalcProject.objects.create(
        slot=slot_of_tests(Membership.objects.get(course=course, role=Role.STUDENT)), title="Tests"
    )
    mapping.project_ensure(tests)  # there lie what was submitted, and hidden tests
    gone.append(str(tests.project_id))
    done = teacher.post(url(course), {"title": "Physics"}, follow=True)
    assert "is being deleted" in done.content.decode()
    assert "The course is being deleted." in teacher.get(url(course)).content.decode()

    work_off()

    assert list(Course.objects.all()) == [other]
    assert [cocalc.get_project(each).deleted for each in gone] == [True] * 3
    assert not cocalc.get_project(str(other.project.project_id)).deleted
    assert not CocalcProject.objects.filter(project_id__in=gone).exists()
    assert not Member.objects.filter(project__project_id__in=gone).exists()
    assert not Snapshot.objects.exists()
    assert set(Membership.objects.values_list("course", flat=True)) == {other.pk}
    assert User.objects.filter(username="ada").exists()
    event = Event.objects.get(action="course.deleted")
    assert (event.actor, sorted(event.detail["projects"])) == ("prof", sorted(gone))
    assert teacher.get(reverse("classroom:course", args=[course.pk])).status_code == 404


def test_where_cocalc_fails_nothing_of_the_sites_is_deleted(
    teacher: HttpsClient, course: Course, cocalc: Client, sandbox: SandboxProcess
) -> None:
    on_cocalc(course)
    teacher.post(url(course), {"title": "Physics"})
    sandbox.quirks(fail_events=["query", "projects.deleteProject"])
    Transfer.objects.filter(kind=Kind.DELETE).update(attempts=9)
    work_off()
    assert Course.objects.filter(pk=course.pk).exists()
    assert Snapshot.objects.exists()
    row = Transfer.objects.get(kind=Kind.DELETE)
    assert row.state == Transfer.State.FAILED
    assert "The course was not deleted." in teacher.get(url(course)).content.decode()
    sandbox.reset_quirks()
    teacher.post(url(course), {"title": "Physics"})
    work_off()
    assert not Course.objects.exists()


def test_brought_back_in_time_it_stays(teacher: HttpsClient, prof: User, course: Course) -> None:
    teacher.post(url(course), {"title": "Physics"})
    course_bring_back(course, actor=prof)
    work_off()
    assert Course.objects.filter(pk=course.pk).exists()
    assert Transfer.objects.get(kind=Kind.DELETE).state == Transfer.State.CANCELLED


def test_it_waits_for_what_is_still_taken_in(teacher: HttpsClient, course: Course) -> None:
    ada = course.memberships.get(role=Role.STUDENT)
    running = Transfer.objects.create(
        course=course,
        kind=Kind.SUBMIT,
        member=ada,
        lane=Transfer.lane_of(course, ada),
        key="submit",
        state=Transfer.State.RUNNING,
        held_until=timezone.now() + timedelta(hours=1),
    )
    teacher.post(url(course), {"title": "Physics"})
    work_off()
    assert Course.objects.filter(pk=course.pk).exists()
    assert Transfer.objects.get(kind=Kind.DELETE).state == Transfer.State.QUEUED
    running.delete()
    Transfer.objects.update(not_before=None)
    work_off()
    assert not Course.objects.exists()


def test_what_is_not_archived_is_not_deleted(
    teacher: HttpsClient, prof: User, course: Course
) -> None:
    course_bring_back(course, actor=prof)
    settings = reverse("classroom:course-settings", args=[course.pk])
    assert teacher.post(url(course), {"title": "Physics"})["Location"] == settings
    assert not Transfer.objects.filter(kind=Kind.DELETE).exists()
