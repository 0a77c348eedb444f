"""Clocks: due times in all sorts of zones, both changes of daylight saving, and every policy."""

import zoneinfo
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from classroom.models import Assignment, Course, Extension, Membership, Snapshot, Submission
from classroom.pages.moments import local_moment
from classroom.rules.counting import counting
from classroom.rules.deadlines import (
    GRACE,
    came,
    due_update,
    is_late,
    is_taken,
    last_moment,
    submissions_ensure,
)
from tests.classroom.factories import enrol, make_assignment, make_course, make_user, submission

pytestmark = pytest.mark.django_db

TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)
DUE = datetime(2026, 11, 27, 22, 59, tzinfo=UTC)
Policy = Assignment.LatePolicy


@pytest.fixture
def course() -> Course:
    return make_course(make_user("tess", teacher=True))


@pytest.fixture
def student(course: Course) -> Membership:
    return enrol(course, make_user("sam"))


def zone(name: str) -> zoneinfo.ZoneInfo:
    return zoneinfo.ZoneInfo(name)


# Each policy at each moment: (in time, taken late, not taken).
AT = {
    "long before": -365 * DAY,
    "just before": -TICK,
    "exactly": timedelta(),
    "just after": TICK,
    "before the last moment": DAY - TICK,
    "the last moment": DAY,
    "after the last moment": DAY + TICK,
    "a year after": 365 * DAY,
}
IN_TIME = {"long before", "just before", "exactly"}
TAKEN = {
    Policy.CLOSED: IN_TIME,
    Policy.UNTIL: set(AT) - {"after the last moment", "a year after"},
    Policy.ANY: set(AT),
}


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("name", AT)
def test_each_policy_at_each_moment(policy: Policy, name: str) -> None:
    assignment = Assignment(late_policy=policy, late_until=DUE + DAY)
    row = Submission(assignment=assignment, due=DUE)
    at = DUE + AT[name]
    assert is_late(row, at) is (name not in IN_TIME)
    assert is_taken(row, at) is (name in TAKEN[policy])


@pytest.mark.parametrize("policy", Policy)
def test_without_a_due_time_nothing_is_ever_late(policy: Policy) -> None:
    row = Submission(assignment=Assignment(late_policy=policy, late_until=DUE), due=None)
    for by in AT.values():
        assert is_taken(row, DUE + by)
        assert not is_late(row, DUE + by)
    assert last_moment(row) is None


@pytest.mark.parametrize(("days", "last"), [(1, 3), (3, 3), (7, 7)])
def test_the_last_moment_is_never_before_an_extension(days: int, last: int) -> None:
    assignment = Assignment(late_policy=Policy.UNTIL, late_until=DUE + 3 * DAY, due=DUE)
    row = Submission(assignment=assignment, due=DUE + days * DAY)
    assert last_moment(row) == DUE + last * DAY
    assert is_taken(row, DUE + last * DAY)
    assert not is_taken(row, DUE + last * DAY + TICK)


def test_until_without_a_last_moment_is_until_due() -> None:
    row = Submission(assignment=Assignment(late_policy=Policy.UNTIL, late_until=None), due=DUE)
    assert last_moment(row) == DUE


def test_an_extension_over_the_change_of_the_clocks(course: Course, student: Membership) -> None:
    berlin = course.zone
    other = enrol(course, make_user("olga"))
    work = make_assignment(course, due=local_moment("2026-10-24T23:59", berlin))
    Extension.objects.create(
        assignment=work, student=student, due=local_moment("2026-10-25T23:59", berlin)
    )
    due_update(work)
    mine, others = submission(work, student), submission(work, other)
    assert mine.due is not None
    assert others.due is not None
    assert mine.due - others.due == timedelta(hours=25)
    at = others.due + timedelta(hours=24, minutes=30)
    assert not is_late(mine, at)
    assert is_late(others, at)


def test_a_due_time_moves_everybody_but_those_with_a_later_extension(
    course: Course, student: Membership
) -> None:
    other = enrol(course, make_user("olga"))
    work = make_assignment(course, due=DUE)
    granted = Extension.objects.create(assignment=work, student=student, due=DUE + DAY)
    due_update(work, [student.pk])
    Assignment.objects.filter(pk=work.pk).update(due=DUE + DAY / 2)
    due_update(work)  # though this instance still has the old one
    assert submission(work, student).due == DUE + DAY
    assert submission(work, other).due == DUE + DAY / 2
    Assignment.objects.filter(pk=work.pk).update(due=DUE + 7 * DAY)
    due_update(work)
    assert submission(work, student).due == DUE + 7 * DAY
    assert submission(work, enrol(course, make_user("nina"))).due == DUE + 7 * DAY
    granted.delete()
    due_update(work, [student.pk])
    assert submission(work, student).due == DUE + 7 * DAY
    Assignment.objects.filter(pk=work.pk).update(due=None)
    due_update(work)
    assert submission(work, other).due is None


def test_only_the_named_students_change(course: Course, student: Membership) -> None:
    other = enrol(course, make_user("olga"))
    work = make_assignment(course, due=DUE)
    Assignment.objects.filter(pk=work.pk).update(due=DUE + DAY)
    due_update(work, [student.pk])
    assert submission(work, student).due == DUE + DAY
    assert submission(work, other).due == DUE


def test_a_row_that_is_made_later_knows_of_the_extension(
    course: Course, student: Membership
) -> None:
    work = make_assignment(course, due=DUE)
    Extension.objects.create(assignment=work, student=student, due=DUE + DAY)
    Submission.objects.all().delete()
    submissions_ensure(course)
    assert submission(work, student).due == DUE + DAY


def test_rows_for_one_newcomer_leave_the_others_alone(course: Course, student: Membership) -> None:
    other = enrol(course, make_user("olga"))
    work = make_assignment(course, due=DUE)
    make_assignment(course, "Gone", removed=DUE)
    Submission.objects.all().delete()
    submissions_ensure(course, [other.pk])
    assert [row.student_id for row in Submission.objects.all()] == [other.pk]
    submissions_ensure(course)
    submissions_ensure(course)
    assert Submission.objects.filter(assignment=work).count() == 2
    assert Submission.objects.count() == 2  # none for what was removed


def test_rows_cost_the_same_for_any_number(course: Course) -> None:
    costs = []
    for number in range(12):
        make_assignment(course, f"Work {number}", due=DUE)
        enrol(course, make_user(f"student-{number}"))
        if number in (2, 11):
            Submission.objects.all().delete()
            with CaptureQueriesContext(connection) as queries:
                submissions_ensure(course)
            # What is written takes as many as it needs; what is read does not.
            costs.append(sum("SELECT" in query["sql"] for query in queries))
    assert Submission.objects.count() == 144
    assert costs[0] == costs[1]


# --- which snapshot counts -----------------------------------------------------------------


def taken(row: Submission, at: datetime) -> Snapshot:
    """A snapshot as it is written when it is taken."""
    row.refresh_from_db()
    return Snapshot.objects.create(
        submission=row, taken=at, late=is_late(row, at), path=f"submitted/{at:%s.%f}"
    )


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("pressed", "finished", "late"),
    [
        (-DAY, -DAY, False),
        (-10 * SECOND, timedelta(), False),
        (-10 * SECOND, GRACE, False),
        (-10 * SECOND, GRACE + TICK, True),
        (-600 * SECOND, 45 * SECOND, True),  # stopped by the student's own programs
        (timedelta(), GRACE, False),
        (TICK, 2 * TICK, True),  # the grace is for what began in time
    ],
)
def test_a_submission_comes_when_its_copy_is_finished(
    pressed: timedelta, finished: timedelta, late: bool
) -> None:
    row = Submission(assignment=Assignment(), due=DUE)
    snapshot = Snapshot(taken=DUE + pressed, finished=DUE + finished)
    assert is_late(row, came(snapshot)) is late


def test_of_earlier_versions_the_press_is_known_alone() -> None:
    assert came(Snapshot(taken=DUE)) == DUE


def dated(course: Course, student: Membership, **fields: Any) -> Submission:
    return submission(make_assignment(course, due=DUE, **fields), student)


def moved(row: Submission, **fields: object) -> Submission:
    Assignment.objects.filter(pk=row.assignment_id).update(**fields)
    due_update(row.assignment)
    return Submission.objects.select_related("assignment").get(pk=row.pk)


def test_with_nothing_submitted_nothing_counts(course: Course, student: Membership) -> None:
    assert counting(dated(course, student)) is None


def test_the_last_one_in_time_counts(course: Course, student: Membership) -> None:
    row = dated(course, student)
    taken(row, DUE - DAY)
    last = taken(row, DUE)
    assert counting(row, DUE) == last
    assert not counting(row, DUE).late  # type: ignore[union-attr]
    assert counting(row, DUE - TICK) != last  # what came later than the moment asked for
    assert counting(row, DUE - 2 * DAY) is None


def test_late_work_counts_as_the_policy_says(course: Course, student: Membership) -> None:
    row = dated(course, student, late_policy=Policy.UNTIL, late_until=DUE + DAY)
    in_time = taken(row, DUE)
    late = taken(row, DUE + DAY)
    # It takes nothing from the one in time, unless its student lets it.
    assert counting(row, DUE + 2 * DAY) == in_time
    Snapshot.objects.filter(pk=in_time.pk).update(given_up=True)
    found = counting(row, DUE + 2 * DAY)
    assert found == late
    assert found.late
    # The teacher closes it: then the one in time counts again.
    assert counting(moved(row, late_policy=Policy.CLOSED), DUE + 2 * DAY) == in_time
    assert counting(moved(row, late_policy=Policy.ANY), DUE + 2 * DAY) == late


def test_what_was_given_up_stays_so_for_all_that_comes_later(
    course: Course, student: Membership
) -> None:
    row = dated(course, student, late_policy=Policy.ANY)
    older, in_time = taken(row, DUE - DAY), taken(row, DUE)
    Snapshot.objects.filter(pk=in_time.pk).update(given_up=True)
    first, last = taken(row, DUE + DAY), taken(row, DUE + 2 * DAY)
    assert counting(row, DUE + 3 * DAY) == last
    # An extension that the first of them keeps: what is in time counts, and is nobody's to lose.
    row = moved(row, due=DUE + DAY)
    assert counting(row, DUE + 3 * DAY) == first
    assert older.given_up is False


def test_what_counted_in_an_earlier_version_counts_still(
    course: Course, student: Membership
) -> None:
    row = dated(course, student, late_policy=Policy.ANY)
    taken(row, DUE)
    late = taken(row, DUE + DAY)
    Submission.objects.update(
        collected=DUE + 2 * DAY, collected_from=Submission.From.SUBMITTED, late=True
    )
    from_folder = submission(row.assignment, enrol(course, make_user("olga")))
    Submission.objects.filter(pk=from_folder.pk).update(collected=DUE + DAY, late=True)
    name = next(name for _, name in MigrationLoader(connection).graph.nodes if "_finished" in name)
    import_module(f"classroom.migrations.{name}").stay_as_they_are(apps, None)
    assert counting(row, DUE + 2 * DAY) == late
    for each in (row, from_folder):
        each.refresh_from_db()
        assert (each.late, each.came) == (True, DUE + DAY)


# Each step moves the due time; what was collected came that long after DUE, or in time.
MOVES: dict[str, tuple[timedelta | None, list[tuple[timedelta | None, bool]]]] = {
    "late, then extended, and taken back": (DAY, [(2 * DAY, False), (timedelta(), True)]),
    "late, and not by as much": (DAY, [(DAY - TICK, True), (DAY, False)]),
    "late, and never due any more": (DAY, [(None, False), (timedelta(), True)]),
    "in time stays so": (None, [(-DAY, False), (None, False), (-2 * DAY, False)]),
}


@pytest.mark.parametrize("name", MOVES)
@pytest.mark.parametrize("by_extension", [False, True])
def test_whether_what_was_collected_is_late_follows_the_due_time_at_once(
    course: Course, student: Membership, name: str, by_extension: bool
) -> None:
    after, moves = MOVES[name]
    row = dated(course, student)
    other = submission(row.assignment, enrol(course, make_user("olga")))
    Submission.objects.filter(assignment=row.assignment).update(
        collected=DUE + 3 * DAY,
        came=None if after is None else DUE + after,
        late=after is not None,
    )
    for move, late in moves:
        due = None if move is None else DUE + move
        if by_extension and due and due > DUE:
            Extension.objects.update_or_create(
                assignment=row.assignment, student=student, defaults={"due": due}
            )
            due_update(row.assignment, [student.pk])
            other.refresh_from_db()
            assert other.late is True  # whose due time it was not
        else:
            Extension.objects.all().delete()
            moved(row, due=due)
        row.refresh_from_db()
        assert (row.due, row.late) == (due, late)


def test_a_due_time_moved_back_makes_nobody_late(course: Course, student: Membership) -> None:
    row = dated(course, student)
    snapshot = taken(row, DUE - DAY)
    found = counting(moved(row, due=DUE - 2 * DAY), DUE)
    assert found == snapshot
    assert not found.late


def test_a_due_time_moved_on_makes_late_work_punctual(course: Course, student: Membership) -> None:
    row = dated(course, student, late_policy=Policy.ANY)
    snapshot = taken(row, DUE + DAY)
    found = counting(row, DUE + DAY)
    assert found is not None
    assert found.late
    found = counting(moved(row, due=DUE + DAY), DUE + DAY)
    assert found == snapshot
    assert not found.late


def test_the_same_moment_twice_is_decided_by_the_later_row(
    course: Course, student: Membership
) -> None:
    row = dated(course, student)
    taken(row, DUE)
    later = taken(row, DUE)
    assert counting(row, DUE) == later


def test_asked_without_a_moment_it_is_now(course: Course, student: Membership) -> None:
    row = submission(make_assignment(course), student)
    now = timezone.now()
    snapshot = taken(row, now)
    taken(row, now + DAY)
    assert counting(row) == snapshot
