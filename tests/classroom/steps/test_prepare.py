"""What CoCalc keeps for a course's people: made ahead, within its limit, and ended again."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from classroom.courses.courses import course_create
from classroom.models import Course, Kind, Membership, Role, Transfer
from classroom.people import roster
from classroom.steps import expel, prepare
from embedding.client import service_identity
from embedding.cocalc.client import Client
from embedding.cocalc.errors import Limited
from embedding.models import CocalcAccount, Event, Member
from embedding.services import mapping
from sandbox.process import SandboxProcess
from tests.classroom import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def course() -> Course:
    teacher = factories.make_user("tess", teacher=True)
    return course_create(teacher, title="Physics", time_zone="UTC")


def teacher_of(course: Course) -> Membership:
    return Membership.objects.get(course=course, role=Role.TEACHER)


def add(course: Course, name: str, role: Role = Role.STUDENT) -> Membership:
    actor = teacher_of(course).user
    return roster.member_enrol(course, factories.make_user(name), role, actor=actor)


def do(member: Membership, kind: Kind = Kind.PREPARE) -> dict[str, int]:
    """Do the queued transfer, as a worker does."""
    row = Transfer.objects.get(member=member, kind=kind, state="queued")
    result = (prepare.run if kind == Kind.PREPARE else expel.run)(row)
    Transfer.objects.filter(pk=row.pk).update(state="done")
    member.refresh_from_db()
    return result


def members_on(cocalc: Client, membership: Membership) -> set[str]:
    """Who is a member of a student's project on CoCalc, by user name."""
    assert membership.project
    membership.project.refresh_from_db()
    there = cocalc.get_project(str(membership.project.project_id)).members
    rows = CocalcAccount.objects.filter(account_id__in=there).select_related("user")
    names = {row.user.get_username() for row in rows}
    assert len(there) == len(names) + 1  # and the service account, which owns it
    assert there[service_identity().account_id] == "owner"
    return names


class TestMaking:
    def test_a_student_and_staff(self, cocalc: Client, course: Course) -> None:
        ada = add(course, "ada")
        assert do(ada) == {"memberships": 2}
        assert ada.prepared
        assert members_on(cocalc, ada) == {"ada", "tess"}
        assert do(teacher_of(course)) == {"memberships": 1}
        helper = add(course, "helper", Role.ASSISTANT)
        assert do(helper) == {"memberships": 2}
        assert members_on(cocalc, ada) == {"ada", "tess", "helper"}

    def test_again_asks_cocalc_nothing(
        self, cocalc: Client, sandbox: SandboxProcess, course: Course
    ) -> None:
        ada = add(course, "ada")
        do(ada)
        roster.prepare_again(course, [ada], actor=ada.user)
        sandbox.reset_calls()
        assert do(ada) == {"memberships": 0}
        assert sum(sandbox.calls()["counts"].values()) == 0

    def test_a_project_without_an_account(
        self, cocalc: Client, sandbox: SandboxProcess, course: Course
    ) -> None:
        """Work can go out to a whole class before their accounts are there."""
        ada = add(course, "ada")
        project_id = prepare.student_ready(ada)
        assert cocalc.get_project(project_id).title == "ada - Physics"
        assert prepare.student_ready(ada) == project_id
        assert not CocalcAccount.objects.exists()

    def test_who_was_removed_meanwhile_is_not_let_in(
        self, cocalc: Client, course: Course, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ada = add(course, "ada")
        row = Transfer.objects.get(member=ada)
        real = type(cocalc).add_member

        def add_then_remove(self: Client, project_id: str, account_id: str) -> None:
            real(self, project_id, account_id)
            if Member.objects.filter(user=ada.user).exists():
                mine = CocalcAccount.objects.filter(user=ada.user).first()
                if mine and str(mine.account_id) == account_id:
                    roster.member_remove(
                        Membership.objects.get(pk=ada.pk), actor=teacher_of(course).user
                    )

        monkeypatch.setattr(type(cocalc), "add_member", add_then_remove)
        prepare.run(row)
        ada.refresh_from_db()
        assert ada.prepared is None
        assert members_on(cocalc, ada) == {"tess"}

    def test_nobody_waits_for_a_student_whose_project_is_not_there(
        self, cocalc: Client, course: Course
    ) -> None:
        add(course, "ada")
        assert do(teacher_of(course)) == {"memberships": 1}
        assert teacher_of(course).prepared


@pytest.fixture
def used_up(settings: Settings) -> Callable[[int, int], None]:
    """Have the site's share of new accounts be so many, and so many made a while ago."""

    def have(share: int, minutes_ago: int) -> None:
        settings.CLASSROOM = {"ACCOUNTS_PER_HALF_HOUR": share}
        for number in range(share):
            Event.log("account.created", f"user{number}")
        at = timezone.now() - timedelta(minutes=minutes_ago)
        Event._base_manager.filter(action="account.created").update(at=at)

    return have


class TestLimit:
    """CoCalc makes 150 accounts in 30 minutes, then refuses: the background keeps below."""

    def test_the_background_waits_until_one_is_half_an_hour_old(
        self, cocalc: Client, course: Course, used_up: Callable[[int, int], None]
    ) -> None:
        ada = add(course, "ada")
        do(teacher_of(course))
        used_up(3, 20)
        with pytest.raises(Limited) as caught:
            do(ada)
        assert 590 <= caught.value.retry_after <= 601
        assert not CocalcAccount.objects.filter(user=ada.user, account_id__isnull=False).exists()
        # All that needs no account of hers is done.
        assert members_on(cocalc, ada) == {"tess"}
        used_up(3, 31)
        assert do(ada) == {"memberships": 1}
        assert ada.prepared

    def test_one_below_the_limit(
        self, cocalc: Client, course: Course, used_up: Callable[[int, int], None]
    ) -> None:
        do(teacher_of(course))
        used_up(3, 5)
        # Of the three of the last half-hour one is the teacher's.
        Event._base_manager.filter(target__in=("user0", "user1")).delete()
        ada, bob = add(course, "ada"), add(course, "bob")
        do(ada)
        with pytest.raises(Limited):
            do(bob)

    def test_who_waits_in_front_of_a_page_goes_first(
        self, cocalc: Client, course: Course, used_up: Callable[[int, int], None]
    ) -> None:
        used_up(2, 1)
        ada = add(course, "ada")
        roster.student_waits(ada)
        do(ada)
        assert ada.prepared
        assert members_on(cocalc, ada) == {"ada", "tess"}

    def test_cocalcs_own_refusal_comes_through(
        self, cocalc: Client, sandbox: SandboxProcess, course: Course
    ) -> None:
        if sandbox.generation == "conat":
            pytest.skip("conat makes as many accounts as it is asked for")
        ada = add(course, "ada")
        do(teacher_of(course))
        sandbox.quirks(account_limit=0)
        with pytest.raises(Limited):
            do(ada)
        sandbox.reset_quirks()
        do(ada)


class TestEnding:
    def test_a_student_is_expelled_and_let_in_again(self, cocalc: Client, course: Course) -> None:
        teacher = teacher_of(course)
        ada = add(course, "ada")
        do(ada)
        roster.member_remove(ada, actor=teacher.user)
        assert do(ada, Kind.EXPEL) == {"projects": 1}
        assert members_on(cocalc, ada) == {"tess"}
        roster.member_restore(ada, actor=teacher.user)
        do(ada)
        assert members_on(cocalc, ada) == {"ada", "tess"}

    def test_let_in_again_before_it_was_done(self, cocalc: Client, course: Course) -> None:
        teacher = teacher_of(course)
        ada = add(course, "ada")
        do(ada)
        roster.member_remove(ada, actor=teacher.user)
        roster.member_restore(ada, actor=teacher.user)
        assert do(ada, Kind.EXPEL) == {"projects": 0}
        do(ada)
        assert members_on(cocalc, ada) == {"ada", "tess"}

    def test_an_assistant_leaves_every_project(self, cocalc: Client, course: Course) -> None:
        teacher = teacher_of(course)
        helper = add(course, "helper", Role.ASSISTANT)
        students = [add(course, "ada"), add(course, "bob")]
        for member in (teacher, helper, *students):
            do(member)
        assert members_on(cocalc, students[0]) == {"ada", "tess", "helper"}
        roster.member_remove(helper, actor=teacher.user)
        assert do(helper, Kind.EXPEL) == {"projects": 3}
        for student in students:
            assert members_on(cocalc, student) == {student.user.username, "tess"}
        course.project.refresh_from_db()
        account = str(mapping.account_row(helper.user).account_id)
        assert account not in cocalc.get_project(str(course.project.project_id)).members

    def test_an_assistant_who_becomes_a_student_keeps_the_own_project(
        self, cocalc: Client, course: Course
    ) -> None:
        teacher = teacher_of(course)
        helper = add(course, "helper", Role.ASSISTANT)
        ada = add(course, "ada")
        for member in (teacher, ada, helper):
            do(member)
        roster.role_set(helper, Role.STUDENT, actor=teacher.user)
        assert do(helper, Kind.EXPEL) == {"projects": 2}
        do(helper)
        assert members_on(cocalc, ada) == {"ada", "tess"}
        assert members_on(cocalc, helper) == {"helper", "tess"}

    def test_who_never_had_an_account(self, cocalc: Client, course: Course) -> None:
        ada = add(course, "ada")
        roster.member_remove(ada, actor=User.objects.get(username="tess"))
        assert do(ada, Kind.EXPEL) == {"projects": 0}
