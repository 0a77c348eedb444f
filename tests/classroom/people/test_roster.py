"""Lists of people: read whatever schools export, judged line by line, done once."""

import threading
import time

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from classroom.models import Course, Invitation, Kind, Membership, Role, Submission, Transfer
from classroom.people import roster
from classroom.people.roster_file import Line
from classroom.people.roster_import import Outcome, judge, pack, roster_apply, unpack
from embedding.models import CocalcProject, Event, Member
from embedding.problems import Problem
from tests.classroom import factories
from tests.classroom.people.lists import lines as lines_of


@pytest.fixture
def teacher() -> User:
    return factories.make_user("tess", first_name="Tess", last_name="Teacher")


@pytest.fixture
def course(teacher: User) -> Course:
    return factories.make_course(teacher)


def outcomes(course: Course, text: str) -> list[str]:
    return [str(one.outcome) for one in judge(course, lines_of(text))]


@pytest.mark.django_db
class TestJudging:
    def test_every_outcome(self, course: Course) -> None:
        factories.make_user("ada", email="Ada@x.edu")
        factories.enrol(course, factories.make_user("grace"))
        back = factories.enrol(course, factories.make_user("bob"))
        Membership.objects.filter(pk=back.pk).update(removed=timezone.now())
        Invitation.objects.create(course=course, email="invited@x.edu")
        text = (
            "username,email\nada,\nADA,\n,ada@X.edu\ngrace,\nbob,\nnobody,\n,new@x.edu\n"
            "other,new@x.edu\n,invited@x.edu\ntess,\n,\nx"
        )
        assert outcomes(course, text) == [
            *("known", "duplicate", "duplicate", "already", "back", "malformed", "new"),
            *("duplicate", "already", "already", "malformed"),
        ]
        assert Membership.objects.count() == 3
        assert Invitation.objects.count() == 1

    def test_who_is_meant_must_be_clear(self, course: Course) -> None:
        factories.make_user("ada", email="one@x.edu")
        factories.make_user("ADA", email="two@x.edu")
        factories.make_user("bob", email="shared@x.edu")
        factories.make_user("eve", email="Shared@x.edu")
        factories.make_user("off", is_active=False)
        text = "username,email\nada,\nAda,\n,shared@x.edu\nbob,one@x.edu\nbob,shared@x.edu\noff,"
        assert outcomes(course, text) == [
            *("known", "malformed", "malformed", "malformed", "known", "malformed")
        ]

    def test_who_took_an_invitation_with_an_account_of_another_address(
        self, course: Course
    ) -> None:
        ada = factories.enrol(course, factories.make_user("ada", email="home@x.edu"))
        Invitation.objects.create(
            course=course, email="school@x.edu", accepted=timezone.now(), accepted_by=ada.user
        )
        assert outcomes(course, "school@x.edu") == ["already"]

    def test_the_packed_list_is_of_this_course_and_day(self, course: Course, teacher: User) -> None:
        lines = lines_of('login,mail,first,last,section\nada,ada@x.edu,"Ada",Lovelace,B\n,bad')
        packed = pack(course, lines)
        assert unpack(course, packed) == lines
        assert unpack(course, packed[:-1] + ("A" if packed[-1] != "A" else "B")) is None
        assert unpack(factories.make_course(teacher, "Other"), packed) is None


@pytest.mark.django_db
class TestLettingIn:
    def test_400_students_at_once(self, course: Course, teacher: User) -> None:
        for number in range(3):
            factories.make_assignment(course, f"Homework {number}")
        factories.enrol(course, factories.make_user("assistant"), Role.ASSISTANT)
        User.objects.bulk_create(User(username=f"s{number}") for number in range(400))
        text = "username,email,first,last,number\n" + "\n".join(
            f"s{number},s{number}@x.edu,Stu,Dent,{number}" for number in range(400)
        )
        lines = lines_of(text)
        begun = time.monotonic()
        with CaptureQueriesContext(connection) as queries:
            done = roster_apply(course, lines, actor=teacher)
        took = time.monotonic() - begun
        assert {one.outcome for one in done} == {Outcome.KNOWN}
        students = Membership.objects.filter(course=course, role=Role.STUDENT)
        assert students.count() == 400
        assert students.filter(project=None).count() == 0
        assert Member.objects.filter(project__student_membership__course=course).count() == 1200
        assert Submission.objects.count() == 1200
        queued = Transfer.objects.filter(kind=Kind.PREPARE, state="queued", priority__lt=0)
        assert queued.count() == 400
        assert Event.objects.filter(action="course.member_added").count() == 400
        # Far fewer than one for each student: it is the same work for a whole class.
        assert len(queries) < 120
        assert took < 10

    def test_new_ones_are_invited_with_what_the_list_says(
        self, course: Course, teacher: User
    ) -> None:
        lines = lines_of("mail,first,last,no,group\nada@x.edu,Ada,Lovelace,7,B")
        for _ in range(2):
            roster_apply(course, lines, actor=teacher)
        row = Invitation.objects.get()
        assert (row.email, row.first_name, row.number) == ("ada@x.edu", "Ada", "7")
        assert row.section == "B"
        assert row.role == Role.STUDENT
        assert Event.objects.filter(action="course.invited").count() == 1

    def test_what_has_changed_since_the_preview_counts(self, course: Course, teacher: User) -> None:
        lines = lines_of("ada@x.edu\nbob@x.edu")
        assert [one.outcome for one in judge(course, lines)] == [Outcome.NEW, Outcome.NEW]
        factories.make_user("ada", email="ada@x.edu")
        done = roster_apply(course, lines, actor=teacher)
        assert [one.outcome for one in done] == [Outcome.KNOWN, Outcome.NEW]
        assert Invitation.objects.get().email == "bob@x.edu"

    def test_removed_and_back_with_all_work(self, course: Course, teacher: User) -> None:
        homework = factories.make_assignment(course)
        ada = roster.student_enrol(course, factories.make_user("ada"), "7", actor=teacher)
        row = factories.submission(homework, ada)
        row.score = 5
        row.save()
        roster.member_remove(ada, actor=teacher)
        later = factories.make_assignment(course, "Homework 2")
        roster.student_enrol(course, ada.user, actor=teacher)
        again = Membership.objects.get(user=ada.user)
        assert (again.pk, again.removed, again.number) == (ada.pk, None, "7")
        assert again.project == ada.project
        assert factories.submission(homework, again).score == 5
        assert factories.submission(later, again)
        assert Member.objects.filter(project=ada.project, user=ada.user).exists()
        assert Transfer.objects.filter(member=ada, kind=Kind.PREPARE, state="queued").exists()
        assert Event.objects.filter(action="course.member_restored", actor="tess").count() == 1

    def test_who_is_in_stays_what_they_are(self, course: Course, teacher: User) -> None:
        roster.student_enrol(course, teacher, actor=teacher)
        member = Membership.objects.get(user=teacher)
        assert (member.role, member.project) == (Role.TEACHER, None)

    def test_staff_look_over_all_shoulders(self, course: Course, teacher: User) -> None:
        ada = roster.student_enrol(course, factories.make_user("ada"), actor=teacher)
        helper = factories.make_user("helper")
        roster.member_enrol(course, helper, Role.ASSISTANT, actor=teacher)
        bob = roster.student_enrol(course, factories.make_user("bob"), actor=teacher)
        open_to = Member.objects.filter(user=helper).values_list("project", flat=True)
        assert set(open_to) == {course.project_id, ada.project_id, bob.project_id}
        theirs = Member.objects.filter(user=ada.user).values_list("project", "role")
        assert list(theirs) == [(ada.project_id, "owner")]


@pytest.mark.django_db
class TestTakingOut:
    def test_a_student(self, course: Course, teacher: User) -> None:
        ada = roster.student_enrol(course, factories.make_user("ada"), actor=teacher)
        roster.member_remove(ada, actor=teacher)
        roster.member_remove(ada, actor=teacher)  # pressed twice
        assert not Member.objects.filter(user=ada.user).exists()
        assert Member.objects.filter(project=ada.project, user=teacher).exists()
        rows = dict(Transfer.objects.filter(member=ada).values_list("kind", "state"))
        assert rows == {Kind.PREPARE: "cancelled", Kind.EXPEL: "queued"}
        event = Event.objects.get(action="course.member_removed")
        assert (event.actor, event.detail["role"]) == ("tess", "student")

    def test_a_project_of_ones_own_stays(self, course: Course, teacher: User) -> None:
        user = factories.make_user("ada")
        own = CocalcProject.objects.create(slot="personal:x", title="Own")
        Member.objects.create(project=own, user=user)
        other = roster.student_enrol(factories.make_course(teacher, "Other"), user, actor=teacher)
        ada = roster.student_enrol(course, user, actor=teacher)
        roster.member_remove(ada, actor=teacher)
        kept = set(Member.objects.filter(user=user).values_list("project", flat=True))
        assert kept == {own.pk, other.project_id}

    def test_staff_leave_all_projects(self, course: Course, teacher: User) -> None:
        helper = factories.enrol(course, factories.make_user("helper"), Role.ASSISTANT)
        ada = roster.student_enrol(course, factories.make_user("ada"), actor=teacher)
        assert Member.objects.filter(user=helper.user).count() == 2
        roster.member_remove(helper, actor=teacher)
        assert not Member.objects.filter(user=helper.user).exists()
        assert Member.objects.filter(project=ada.project).count() == 2
        assert Transfer.objects.get(kind=Kind.EXPEL).options == {"everywhere": True}

    def test_a_course_never_loses_its_last_teacher(self, course: Course, teacher: User) -> None:
        alone = Membership.objects.get(user=teacher)
        factories.enrol(course, factories.make_user("helper"), Role.ASSISTANT)
        with pytest.raises(Problem, match="only teacher"):
            roster.member_remove(alone, actor=teacher)
        for role in (Role.ASSISTANT, Role.STUDENT):
            with pytest.raises(Problem, match="only teacher"):
                roster.role_set(alone, role, actor=teacher)
        alone.refresh_from_db()
        assert alone.is_teacher
        second = factories.enrol(course, factories.make_user("second"), Role.TEACHER)
        roster.member_remove(alone, actor=teacher)
        with pytest.raises(Problem, match="only teacher"):
            roster.member_remove(second, actor=teacher)

    def test_roles_change_what_opens(self, course: Course, teacher: User) -> None:
        ada = roster.student_enrol(course, factories.make_user("ada"), actor=teacher)
        bob = roster.student_enrol(course, factories.make_user("bob"), actor=teacher)
        projects = Member.objects.filter(user=ada.user).values_list("project", flat=True)
        roster.role_set(ada, Role.ASSISTANT, actor=teacher)
        assert set(projects.all()) == {course.project_id, ada.project_id, bob.project_id}
        roster.role_set(ada, Role.STUDENT, actor=teacher)
        assert set(projects.all()) == {ada.project_id}
        assert Transfer.objects.get(kind=Kind.EXPEL).options == {"everywhere": True}
        changes = Event.objects.filter(action="course.role_changed").order_by("pk")
        assert [(row.detail["before"], row.detail["role"]) for row in changes] == [
            ("student", "assistant"),
            ("assistant", "student"),
        ]

    def test_a_teacher_becomes_a_student_with_a_project(
        self, course: Course, teacher: User
    ) -> None:
        homework = factories.make_assignment(course)
        second = factories.enrol(course, factories.make_user("second"), Role.TEACHER)
        roster.role_set(second, Role.STUDENT, actor=teacher)
        second.refresh_from_db()
        assert second.project is not None
        assert factories.submission(homework, second)
        assert Member.objects.filter(project=second.project).count() == 2


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    """Two who press at the same moment."""

    def race(self, *pressed: object) -> list[BaseException]:
        failed: list[BaseException] = []
        ready = threading.Barrier(len(pressed))

        def press(do: object) -> None:
            try:
                ready.wait(10)
                do()  # type: ignore[operator]
            except BaseException as error:
                failed.append(error)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=press, args=(do,)) for do in pressed]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        return failed

    def test_two_confirms(self) -> None:
        teacher = factories.make_user("tess")
        course = factories.make_course(teacher)
        for number in range(20):
            factories.make_user(f"s{number}")
        text = "login,mail\n" + "".join(f"s{number},s{number}@x.edu\n" for number in range(40))
        lines = lines_of(text)

        def confirm() -> None:
            roster_apply(course, lines, actor=teacher)

        assert self.race(confirm, confirm, confirm) == []
        assert Membership.objects.filter(role=Role.STUDENT).count() == 20
        assert Invitation.objects.count() == 20
        assert Transfer.objects.filter(kind=Kind.PREPARE).count() == 20
        assert Event.objects.filter(action="course.member_added").count() == 20
        assert CocalcProject.objects.filter(student_membership__course=course).count() == 20

    def test_two_teachers_remove_each_other(self) -> None:
        teacher = factories.make_user("tess")
        course = factories.make_course(teacher)
        one = Membership.objects.get()
        two = factories.enrol(course, factories.make_user("second"), Role.TEACHER)
        failed = self.race(
            lambda: roster.member_remove(one, actor=two.user),
            lambda: roster.member_remove(two, actor=teacher),
        )
        assert [type(error) for error in failed] == [Problem]
        assert Membership.objects.filter(role=Role.TEACHER, removed=None).count() == 1


def test_a_line_in_short() -> None:
    line = Line(3, username="ada", first_name="Ada", last_name="Lovelace")
    assert line.text == "Ada Lovelace, ada"
