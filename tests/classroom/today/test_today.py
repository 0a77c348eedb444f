"""*Today*: what it shows to whom, where its numbers lead, and what it costs."""

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from classroom.engine.queue import step_start, transfer_add
from classroom.models import (
    Assignment,
    Course,
    Invitation,
    Kind,
    Membership,
    Role,
    Submission,
    Transfer,
)
from classroom.rules.last_submit import HARMLESS
from classroom.today.board import OVER, board_of
from embedding.models import CocalcProject, EmbedSession, Member, Trashed
from embedding.services.mapping import personal_project
from tests.classroom import factories
from tests.conftest import HttpsClient

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def emmy() -> User:
    return factories.make_user("emmy", teacher=True)


@pytest.fixture
def ada() -> User:
    return factories.make_user("ada", first_name="Ada", last_name="Lovelace")


@pytest.fixture
def course(emmy: User) -> Course:
    return factories.make_course(emmy)


@pytest.fixture
def member(course: Course, ada: User) -> Membership:
    return factories.enrol(course, ada)


def out(course: Course, title: str = "Homework 1", **fields: Any) -> Assignment:
    assignment = factories.make_assignment(course, title, out=timezone.now(), **fields)
    Submission.objects.filter(assignment=assignment).update(handed_out=timezone.now())
    return assignment


def page(user: User) -> str:
    answer = HttpsClient(user).get("/")
    assert answer.status_code == 200
    return str(answer.content.decode())


def words(user: User) -> str:
    """What is read on the page."""
    main = page(user).partition("<main")[2]
    return " ".join(re.sub("<[^>]*>", " ", main.partition(">")[2]).split())


def opened(user: User, project: CocalcProject | None, path: str, **fields: Any) -> EmbedSession:
    """A page view of a notebook, which CoCalc keeps in a project."""
    assert project
    if project.project_id is None:
        project.project_id = uuid4()
        project.save()
    fields.setdefault("state", EmbedSession.State.CLOSED)
    return EmbedSession.objects.create(
        user=user, username=user.username, project=project, path=path, **fields
    )


def fails(transfer: Transfer, code: str = "") -> None:
    transfer.state, transfer.ended = Transfer.State.FAILED, timezone.now()
    transfer.error_code = code
    transfer.save()


class TestNobodysCourse:
    def test_a_student_is_told_whom_to_ask(self, ada: User) -> None:
        said = words(ada)
        assert "Ask your teacher for the link to the course" in said
        assert 'href="/projects/mine/">Open My notebooks' in page(ada)
        assert "Create a course" not in said

    def test_a_teacher_makes_one(self, emmy: User) -> None:
        assert 'href="/courses/new">Create a course' in page(emmy)

    def test_signed_out_one_signs_in_and_lands_here(self, ada: User) -> None:
        browser = HttpsClient()
        led = browser.get("/")
        assert led["Location"] == "/sign-in/?next=/"
        for elsewhere in ("", "https://evil.test/", "//evil.test/"):
            form = {"username": "ada", "password": "notebook", "next": elsewhere}
            assert HttpsClient().post("/sign-in/", form)["Location"] == "/"


class TestContinue:
    def test_the_notebook_left_last(self, ada: User, member: Membership, now: datetime) -> None:
        own = personal_project(ada)
        opened(ada, own, "deep/mine.ipynb")
        opened(ada, member.project, "homework-1/hw.ipynb")
        assert member.project
        html = page(ada)
        assert f'href="/projects/{member.project.project_id}/open/homework-1/hw.ipynb"' in html
        assert "hw.ipynb Physics · opened just now" in words(ada)
        EmbedSession.objects.filter(path="deep/mine.ipynb").update(seen=now + HOUR)
        html = page(ada)
        assert 'href="/projects/mine/open/deep/mine.ipynb"' in html
        assert "mine.ipynb My notebooks" in words(ada)

    def test_not_what_could_not_be_opened_or_was_deleted(
        self, ada: User, member: Membership, now: datetime
    ) -> None:
        own = personal_project(ada)
        for state in (EmbedSession.State.FAILED, EmbedSession.State.PREPARING):
            opened(ada, own, "never.ipynb", state=state)
        opened(ada, own, "gone.ipynb")
        Trashed.objects.create(project=own, path="gone.ipynb", by="ada")
        old = opened(ada, own, "old.ipynb")
        EmbedSession.objects.filter(pk=old.pk).update(started=now - 40 * DAY)
        assert board_of(ada).last_opened is None

    def test_not_what_they_may_no_longer_open(self, ada: User, member: Membership) -> None:
        opened(ada, member.project, "hw.ipynb")
        Member.objects.filter(user=ada, project=member.project).delete()
        assert board_of(ada).last_opened is None

    def test_nobody_else_s(self, emmy: User, ada: User, member: Membership) -> None:
        """A teacher looks into work, and is not led there as to a notebook of theirs."""
        opened(ada, member.project, "hers.ipynb")
        opened(emmy, member.project, "hers.ipynb")
        opened(emmy, member.course.project, "collected/hw/ada/hw.ipynb")
        assert board_of(emmy).last_opened is None
        assert "hers.ipynb" not in page(emmy)
        assert "hers.ipynb" not in page(factories.make_user("eve"))


class TestStudent:
    def test_what_is_due_with_the_time_left(
        self, course: Course, member: Membership, ada: User, now: datetime
    ) -> None:
        work = out(course, due=now + 3 * DAY + HOUR)
        factories.make_assignment(course, "The draft", due=now + DAY)
        factories.make_assignment(course, "Announced", due=now + 2 * DAY, release=now + DAY)
        assert f'href="/courses/{course.pk}/#a{work.pk}"' in page(ada)
        said = words(ada)
        assert "Homework 1 Physics" in said
        assert "3 days left" in said
        assert "draft" not in said
        assert "Announced" not in said

    def test_what_came_back_lately(
        self, course: Course, member: Membership, ada: User, now: datetime
    ) -> None:
        work, old = out(course, points=5), out(course, "Long ago")
        Submission.objects.filter(assignment=work).update(
            returned=now, returned_score=4.5, returned_points=5, score=1
        )
        Submission.objects.filter(assignment=old).update(returned=now - 20 * DAY)
        said = words(ada)
        assert "Returned to you Homework 1 Physics 4.5 of 5 points" in said
        assert "Long ago" not in said
        Assignment.objects.filter(pk=work.pk).update(removed=now)
        assert "Homework 1" not in words(ada)

    def test_with_nothing_due_it_says_so(self, member: Membership, ada: User) -> None:
        assert "Nothing is due" in words(ada)

    def test_who_was_removed_sees_nothing_of_it(
        self, course: Course, member: Membership, ada: User, now: datetime
    ) -> None:
        work = out(course, due=now + DAY)
        Submission.objects.filter(assignment=work).update(returned=now)
        Membership.objects.filter(pk=member.pk).update(removed=now)
        assert "Homework 1" not in words(ada)
        assert "You are not in a course yet" in words(ada)


class TestTeacher:
    @pytest.fixture
    def members(self, course: Course, member: Membership, now: datetime) -> list[Membership]:
        others = [factories.enrol(course, factories.make_user(name)) for name in ("bob", "cyd")]
        Membership.objects.update(joined=now - 30 * DAY)
        return [member, *others]

    def test_each_number_leads_to_where_one_acts(
        self, course: Course, members: list[Membership], emmy: User, now: datetime
    ) -> None:
        second, first = out(course, "Second", due=now + DAY), out(course, due=now - DAY)
        rows = Submission.objects.filter(assignment=first)
        rows.update(collected=now)
        rows.filter(student=members[2]).update(graded=now - HOUR, score=1)  # new since then
        Submission.objects.filter(assignment=second, student=members[0]).update(collected=now)
        html, base = page(emmy), f"/courses/{course.pk}"
        # By name, where one has none by user name.
        grade = f'href="{base}/assignments/{first.pk}/grade/{members[1].pk}?state=to-grade"'
        assert f"{grade}>3 to grade" in html
        assert f'href="{base}/grades?state=again">1 submitted again' in html
        rows.filter(student=members[1]).update(held="Look.")
        assert f'href="{base}/grades?state=held">1 to check by hand' in page(emmy)
        grade = f'href="{base}/assignments/{first.pk}/grade/{members[0].pk}?state=to-grade"'
        assert f"{grade}>2 to grade" in page(emmy)

    def test_what_failed_until_it_is_done(
        self, course: Course, members: list[Membership], emmy: User, now: datetime
    ) -> None:
        work = out(course)
        batch = step_start(course, Kind.HAND_OUT, members, actor=emmy, assignment=work)
        for transfer in batch.transfers.all():
            fails(transfer)
        fails(transfer_add(course, Kind.PREPARE, members[0]))
        # What its student was asked about, or what would have changed nothing, is none of it.
        for member, code in zip(members, HARMLESS, strict=False):
            fails(transfer_add(course, Kind.SUBMIT, member, assignment=work), code)
        html, base = page(emmy), f"/courses/{course.pk}"
        assert "Submit “" not in html
        assert f'href="{base}/steps/{batch.pk}/">Hand out “Homework 1”: 3 failed' in html
        assert f'href="{base}/people?state=failed">1 person could not be prepared' in html
        # Once more: for two it is done, and one fails again.
        again = step_start(course, Kind.HAND_OUT, members, actor=emmy, assignment=work)
        last, *others = again.transfers.all()
        fails(last)
        for transfer in others:
            transfer.state = Transfer.State.DONE
            transfer.save()
        html = page(emmy)
        assert f'href="{base}/steps/{again.pk}/">Hand out “Homework 1”: 1 failed' in html
        assert "3 failed" not in html
        Transfer.objects.update(ended=now - 15 * DAY)
        assert "failed" not in words(emmy).replace("failed steps", "")

    def test_tests_that_failed_say_why(
        self, course: Course, members: list[Membership], emmy: User
    ) -> None:
        transfer = transfer_add(course, Kind.TEST, members[0], assignment=out(course))
        transfer.error = "CoCalc does not answer."
        fails(transfer)
        assert "Test a submission “Homework 1”: 1 failed CoCalc does not answer." in words(emmy)

    def test_who_joined_and_who_is_invited(
        self, course: Course, members: list[Membership], emmy: User, now: datetime
    ) -> None:
        Membership.objects.filter(pk=members[0].pk).update(joined=now - DAY)
        for number in range(2):
            Invitation.objects.create(course=course, email=f"new{number}@x.test")
        Invitation.objects.create(course=course, email="there@x.test", accepted=now)
        theo = factories.make_user("theo")
        factories.enrol(course, theo, Role.ASSISTANT)
        html = page(emmy)
        assert f'href="/courses/{course.pk}/people">1 joined this week' in html
        assert f'href="/courses/{course.pk}/people#invitations">2 invited, not joined yet' in html
        assert "invited" not in page(theo), "assistants see no list of invitations"

    def test_what_is_due_this_week(
        self, course: Course, members: list[Membership], emmy: User, now: datetime
    ) -> None:
        work = out(course, due=now + 6 * DAY)
        factories.make_assignment(course, "Forgotten", due=now + DAY)
        out(course, "Next week", due=now + 8 * DAY)
        Submission.objects.filter(assignment=work, student=members[0]).update(submitted=now)
        said = words(emmy).partition("Due this week")[2]
        assert re.search("Forgotten .* Not handed out Homework 1 .* 1 of 3 submitted", said)
        assert "Next week" not in said

    def test_a_course_with_nothing_says_what_to_do(self, course: Course, emmy: User) -> None:
        html = page(emmy)
        assert f'href="/courses/{course.pk}/people">add people' in html
        assert f'href="/courses/{course.pk}/assignments/new">create the first' in html

    def test_with_nothing_to_do_it_says_so(
        self, course: Course, members: list[Membership], emmy: User
    ) -> None:
        out(course)
        assert "Nothing waits for you" in words(emmy)

    def test_a_course_that_is_long_over_is_left_out(
        self, course: Course, members: list[Membership], emmy: User, now: datetime
    ) -> None:
        out(course, due=now)
        Submission.objects.update(collected=now)
        assert "3 to grade" in words(emmy)
        long_ago = now - OVER - DAY
        Assignment.objects.update(created=long_ago, out=long_ago, due=long_ago)
        Membership.objects.update(joined=long_ago)
        Course.objects.update(created=long_ago)
        assert "3 to grade" not in words(emmy)
        Assignment.objects.update(late_until=now)
        assert "3 to grade" in words(emmy)

    def test_a_stranger_and_a_student_see_none_of_it(
        self, course: Course, members: list[Membership], emmy: User, ada: User, now: datetime
    ) -> None:
        out(course, due=now + DAY)
        Submission.objects.update(collected=now)
        for user in (ada, factories.make_user("olga", teacher=True)):
            assert "to grade" not in words(user)
            assert "submitted" not in words(user)


def test_student_here_and_teacher_there(
    course: Course, member: Membership, ada: User, now: datetime
) -> None:
    helped = factories.make_course(ada, "Helped")
    factories.enrol(helped, factories.make_user("bob"))
    out(course, due=now + DAY)
    out(helped, "Sheet", due=now + 2 * DAY)
    said = words(ada)
    assert re.search("Due next Homework 1 .* Teaching Helped .* Due this week Sheet", said)


def test_what_is_typed_is_text(course: Course, member: Membership, ada: User, emmy: User) -> None:
    Course.objects.update(title="<b>Physics")
    work = out(course, "<i>Work", due=timezone.now() + DAY)
    opened(ada, member.project, "<u>\u202egnp.ipynb")
    Submission.objects.filter(assignment=work).update(returned=timezone.now())
    fails(transfer_add(course, Kind.COLLECT, member, assignment=work))
    for user in (ada, emmy):
        html = page(user)
        assert not re.search("<b>Phy|<i>W|<u>|\u202e", html)
        assert "&lt;i&gt;Work" in html


def test_many_courses_of_many_students_cost_as_much_as_one(ada: User, emmy: User) -> None:
    """Of each kind of thing that is shown there is one in each course, for each student."""
    browser, costs = HttpsClient(ada), []
    now = timezone.now()
    for number in range(6):
        taught = factories.make_course(ada, f"Taught {number}")
        for student in range(1 if number == 0 else 4):
            factories.enrol(taught, factories.make_user(f"s{number}x{student}"))
        studied = factories.make_course(emmy, f"Studied {number}")
        mine = factories.enrol(studied, ada)
        opened(ada, mine.project, "hw.ipynb")
        for course in (taught, studied):
            due, back = out(course, "Due", due=now + DAY), out(course, "Back")
            Submission.objects.filter(assignment=due).update(collected=now)
            Submission.objects.filter(assignment=back).update(returned=now)
            people = list(course.memberships.filter(role=Role.STUDENT))
            batch = step_start(course, Kind.RETURN, people, actor=None, assignment=back)
            for transfer in batch.transfers.all():
                fails(transfer)
            Invitation.objects.create(course=course, email="new@x.test")
        if number in (0, 5):
            with CaptureQueriesContext(connection) as queries:
                html = browser.get("/").content.decode()
            costs.append(len(queries))
            assert html.count("to grade</a>") == number + 1
            assert html.count("Return “Back”") == number + 1
    assert costs[0] == costs[1]
    assert costs[0] <= 24
