"""What the workers look after on their own: projects of running courses, and access that ended."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from classroom.class_steps import rounds
from classroom.engine.queue import transfer_add
from classroom.management.commands import worker
from classroom.models import Assignment, Course, Kind, Membership, Role, Transfer
from classroom.people import roster
from embedding.client import service_identity
from embedding.cocalc.client import Client
from embedding.models import CocalcAccount, CocalcProject, Event
from embedding.services import care
from sandbox.process import SandboxProcess
from tests.classroom import factories
from tests.conftest import HttpsClient

pytestmark = pytest.mark.django_db

State = Transfer.State


@pytest.fixture
def course(sandbox: SandboxProcess) -> Course:
    emmy = factories.make_user("emmy", teacher=True, first_name="Emmy", last_name="Noether")
    course = factories.make_course(emmy)
    factories.enrol(course, factories.make_user("ada", first_name="Ada", last_name="Lovelace"))
    factories.enrol(course, factories.make_user("bob", first_name="Bob"))
    factories.on_cocalc(course)
    Event._base_manager.all().delete()
    return course


def member(course: Course, name: str) -> Membership:
    return Membership.objects.select_related("project", "user").get(
        course=course, user__username=name
    )


def project_of(course: Course, name: str) -> str:
    project = member(course, name).project
    assert project
    return str(project.project_id)


def account(name: str) -> str:
    return str(CocalcAccount.objects.get(user__username=name).account_id)


def sabotage(cocalc: Client, course: Course) -> str:
    """What Ada does: the teacher goes, Bob comes as an owner, the project is deleted."""
    ada = project_of(course, "ada")
    cocalc.remove_member(ada, account("emmy"))
    cocalc.add_member(ada, account("bob"))
    cocalc.set_role(ada, account("bob"), "owner")
    cocalc.delete_project(ada)
    return ada


def is_right(cocalc: Client, project: str) -> bool:
    found = cocalc.get_project(project)
    expected = {
        service_identity().account_id: "owner",
        account("ada"): "collaborator",
        account("emmy"): "collaborator",
    }
    return found.members == expected and not found.deleted


def test_all_projects_of_a_running_course_are_mended_every_ten_minutes(
    course: Course, cocalc: Client, sandbox: SandboxProcess
) -> None:
    ada = sabotage(cocalc, course)
    own = str(course.project.project_id)
    cocalc.add_member(own, account("ada"))
    sandbox.reset_calls()
    rounds.look_after()
    assert sandbox.calls()["counts"] == {}, "they were just made"
    rounds.look_after(timezone.now() + care.EVERY + timedelta(seconds=1))
    assert is_right(cocalc, ada)
    assert account("ada") not in cocalc.get_project(own).members
    sandbox.reset_calls()
    rounds.look_after()
    assert sandbox.calls()["counts"] == {}


def test_a_course_that_is_over_is_left_alone(course: Course, sandbox: SandboxProcess) -> None:
    long_ago = timezone.now() - rounds.LATELY - timedelta(days=1)
    assignment = factories.make_assignment(course, due=long_ago)
    Course.objects.update(created=long_ago)
    Assignment.objects.update(created=long_ago)
    CocalcProject.objects.update(looked=long_ago)
    sandbox.reset_calls()
    rounds.look_after()
    assert sandbox.calls()["counts"] == {}
    Assignment.objects.filter(pk=assignment.pk).update(due=timezone.now() + timedelta(days=200))
    rounds.look_after()
    assert sandbox.calls()["counts"] == {"query": 3}


def test_what_is_to_be_looked_after_now_is(course: Course, cocalc: Client) -> None:
    """Also where no course is running: somebody was shut out, and CoCalc was away."""
    Course.objects.update(created=timezone.now() - rounds.LATELY - timedelta(days=1))
    ada = sabotage(cocalc, course)
    CocalcProject.objects.filter(project_id=ada).update(looked=None)
    rounds.look_after()
    assert is_right(cocalc, ada)


def test_a_step_mends_the_project_that_it_works_in(course: Course, cocalc: Client) -> None:
    assignment = factories.with_files(factories.make_assignment(course), {"a.ipynb": b"x"})
    ada = sabotage(cocalc, course)
    CocalcProject.objects.update(looked=timezone.now() - care.STEP_EVERY - timedelta(seconds=1))
    row = transfer_add(course, Kind.HAND_OUT, member(course, "ada"), assignment=assignment)
    factories.work_off()
    row.refresh_from_db()
    assert row.state == State.DONE
    assert is_right(cocalc, ada)
    # And where no other project of the machine can read it.
    assert cocalc.exec(ada, "stat", ["-c", "%a", "."]).stdout.strip() == "700"


def test_the_teacher_is_told_what_was_changed_and_nobody_else(
    course: Course, cocalc: Client
) -> None:
    sabotage(cocalc, course)
    project = member(course, "ada").project
    assert project
    care.mend(project)
    cocalc.add_member(str(project.project_id), str(uuid.uuid4()))
    care.mend(project)
    Event.log(care.RESTORED, "elsewhere", project=project.pk + 1000)
    page = HttpsClient(member(course, "emmy").user).get(f"/courses/{course.pk}/people")
    text = " ".join(page.content.decode().split())
    assert "Changes on CoCalc that were undone" in text
    for line in (
        "Ada Lovelace’s project: You were removed on CoCalc and are back.",
        "Ada Lovelace’s project: Bob was added on CoCalc and is removed again.",
        "Ada Lovelace’s project: Someone without an account here was added on CoCalc",
        "Ada Lovelace’s project: The project was deleted on CoCalc and is restored.",
    ):
        assert text.count(line) == 1, line
    assert text.count("project: ") == 4
    tutor = factories.enrol(course, factories.make_user("tutor"), Role.ASSISTANT)
    page = HttpsClient(tutor.user).get(f"/courses/{course.pk}/people")
    assert "on CoCalc and fixed" not in page.content.decode()
    Event._base_manager.update(at=timezone.now() - timedelta(days=15))
    page = HttpsClient(member(course, "emmy").user).get(f"/courses/{course.pk}/people")
    assert "on CoCalc and fixed" not in page.content.decode()


def test_a_removal_that_failed_is_begun_again_until_it_is_done(
    course: Course, cocalc: Client, sandbox: SandboxProcess
) -> None:
    ada = member(course, "ada")
    roster.member_remove(ada, actor=member(course, "emmy").user)
    sandbox.quirks(fail_events=["remove_collaborator"])
    factories.work_off()
    row = Transfer.objects.get(member=ada, kind=Kind.EXPEL)
    assert row.state == State.FAILED
    rounds.end_access()
    row.refresh_from_db()
    assert row.state == State.FAILED, "a minute later"
    sandbox.reset_quirks()
    rounds.end_access(timezone.now() + rounds.EXPEL_AGAIN + timedelta(seconds=1))
    factories.work_off()
    row.refresh_from_db()
    assert (row.state, row.error) == (State.DONE, "")
    assert account("ada") not in cocalc.get_project(project_of(course, "ada")).members
    rounds.expel_again(timezone.now() + timedelta(hours=1))
    row.refresh_from_db()
    assert row.state == State.DONE


def test_who_made_himself_an_owner_is_removed_all_the_same(course: Course, cocalc: Client) -> None:
    ada = member(course, "ada")
    cocalc.set_role(project_of(course, "ada"), account("ada"), "owner")
    roster.member_remove(ada, actor=member(course, "emmy").user)
    factories.work_off()
    assert Transfer.objects.get(member=ada, kind=Kind.EXPEL).state == State.DONE
    assert account("ada") not in cocalc.get_project(project_of(course, "ada")).members


def test_a_teacher_who_is_deleted_is_out_of_everybodys_project(
    course: Course, cocalc: Client
) -> None:
    emmys = account("emmy")
    member(course, "emmy").user.delete()
    rounds.end_access()
    projects = [str(course.project.project_id)]
    projects += [project_of(course, name) for name in ("ada", "bob")]
    for project in projects:
        assert emmys not in cocalc.get_project(project).members
    assert Event.objects.filter(action="access.ended", target="emmy").exists()


def test_a_person_switched_off_is_prepared_for_nobody(course: Course, cocalc: Client) -> None:
    emmy = member(course, "emmy").user
    emmy.is_active = False
    emmy.save()
    rounds.end_access()
    row = transfer_add(course, Kind.PREPARE, member(course, "ada"))
    factories.work_off()
    row.refresh_from_db()
    assert row.state == State.DONE
    assert account("emmy") not in cocalc.get_project(project_of(course, "ada")).members


def test_a_clock_outlives_a_failure_and_ends_with_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stopping, ran = threading.Event(), threading.Event()
    monkeypatch.setattr(worker, "stopping", stopping)
    tries = 0

    def work() -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise RuntimeError("once")
        ran.set()

    clock = worker._every(0.01, work)
    assert ran.wait(10)
    stopping.set()
    clock.join(10)
    assert not clock.is_alive()
