"""The projects of a whole class: started and stopped, seen one by one."""

import re

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from classroom.models import Batch, Course, Kind, Membership, Role, SectionAssistant, Transfer
from embedding.cocalc.client import Client
from embedding.models import EmbedSession, Event
from sandbox.process import SandboxProcess
from tests.classroom.factories import enrol, make_course, make_user, on_cocalc, work_off
from tests.conftest import HttpsClient

pytestmark = pytest.mark.django_db

State = Transfer.State


@pytest.fixture
def prof(db: None) -> User:
    return make_user("prof", teacher=True)


@pytest.fixture
def course(prof: User) -> Course:
    return make_course(prof)


@pytest.fixture
def ada(course: Course) -> Membership:
    return enrol(course, make_user("ada"), section="A")


def url(course: Course) -> str:
    return reverse("classroom:projects", args=[course.pk])


def project(member: Membership) -> str:
    assert member.project
    member.project.refresh_from_db()
    return str(member.project.project_id)


def test_all_are_started_and_stopped(
    course: Course, prof: User, ada: Membership, cocalc: Client, sandbox: SandboxProcess
) -> None:
    bob = enrol(course, make_user("bob"))
    gone = enrol(course, make_user("gone"), removed=timezone.now())
    on_cocalc(course)
    teacher = HttpsClient(prof)
    done = teacher.post(url(course), {"kind": "start"})
    batch = Batch.objects.get(kind=Kind.START)
    assert done["Location"] == reverse("classroom:step-progress", args=[course.pk, batch.pk])
    work_off()
    assert {row.member for row in batch.transfers.filter(state=State.DONE)} == {ada, bob}
    assert cocalc.project_state(project(ada)) == cocalc.project_state(project(bob)) == "running"
    session = EmbedSession.objects.create(
        user=ada.user, username="ada", project=ada.project, path="a", checked=timezone.now()
    )

    asked = teacher.post(url(course), {"kind": "stop"})
    assert re.search("Stop the projects of 2 students", asked.content.decode())
    assert not Batch.objects.filter(kind=Kind.STOP).exists()
    teacher.post(url(course), {"kind": "stop", "confirm": "yes"})
    work_off()
    assert cocalc.project_state(project(ada)) == cocalc.project_state(project(bob)) == "opened"
    assert not Transfer.objects.filter(member=gone, kind__in=(Kind.START, Kind.STOP)).exists()
    session.refresh_from_db()
    assert session.checked is None  # so that it is started before it is opened again
    assert Event.objects.get(action="course.stop").detail["students"] == 2
    page = teacher.get(done["Location"]).content.decode()
    assert "Start projects" in page
    assert "2 of 2 done" in page


def test_one_that_fails_says_so_and_is_tried_again(
    course: Course, prof: User, ada: Membership, cocalc: Client, sandbox: SandboxProcess
) -> None:
    on_cocalc(course)
    teacher = HttpsClient(prof)
    # A command starts it on API v1, which knows no other way.
    sandbox.quirks(fail_events=["project_exec", "projects.start"])
    teacher.post(url(course), {"kind": "start"})
    Transfer.objects.update(attempts=9)
    work_off()
    Transfer.objects.filter(state=State.QUEUED).update(not_before=None, attempts=9)
    work_off()
    batch = Batch.objects.get(kind=Kind.START)
    row = batch.transfers.get()
    assert row.state == State.FAILED
    assert row.error
    sandbox.reset_quirks()
    teacher.post(reverse("classroom:step-retry", args=[course.pk, batch.pk]))
    work_off()
    assert Transfer.objects.filter(kind=Kind.START, state=State.DONE).count() == 1


def test_a_project_that_is_not_there_is_not_stopped(course: Course, prof: User) -> None:
    enrol(course, make_user("ada"))
    HttpsClient(prof).post(url(course), {"kind": "stop", "confirm": "yes"})
    work_off()
    row = Transfer.objects.get(kind=Kind.STOP)
    assert (row.state, row.error) == (State.CANCELLED, "There is no project yet.")


def test_pressing_twice_joins_the_first(course: Course, prof: User, ada: Membership) -> None:
    teacher = HttpsClient(prof)
    first, second = (teacher.post(url(course), {"kind": "start"}) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert Transfer.objects.filter(kind=Kind.START).count() == 1


def test_an_assistant_of_a_section_does_it_for_that_one(course: Course, ada: Membership) -> None:
    enrol(course, make_user("bob"), section="B")
    theo = enrol(course, make_user("theo"), Role.ASSISTANT)
    SectionAssistant.objects.create(membership=theo, section="A")
    assistant = HttpsClient(theo.user)
    assert "1 student has a project" in assistant.get(url(course)).content.decode()
    assistant.post(url(course), {"kind": "stop", "confirm": "yes"})
    assert [row.member for row in Transfer.objects.filter(kind=Kind.STOP)] == [ada]


def test_without_students_there_is_nothing_to_start(course: Course, prof: User) -> None:
    teacher = HttpsClient(prof)
    page = teacher.get(url(course)).content.decode()
    assert "There are no students yet" in page
    assert "Start all" not in page
    done = teacher.post(url(course), {"kind": "start"}, follow=True)
    assert [str(message) for message in done.context["messages"]] == ["There are no students yet."]
    assert not Batch.objects.exists()


def test_in_an_archived_course_nothing_is_started(
    course: Course, prof: User, ada: Membership
) -> None:
    Course.objects.filter(pk=course.pk).update(archived=timezone.now())
    teacher = HttpsClient(prof)
    assert "Start all" not in teacher.get(url(course)).content.decode()
    assert teacher.post(url(course), {"kind": "start"}).status_code == 403
    assert not Batch.objects.exists()


def test_what_no_form_sends_is_not_found(course: Course, prof: User, ada: Membership) -> None:
    assert HttpsClient(prof).post(url(course), {"kind": "run"}).status_code == 404


def test_the_page_says_what_cannot_be_restricted(course: Course, prof: User) -> None:
    page = HttpsClient(prof).get(url(course)).content.decode()
    assert "does not ask it to" in page
