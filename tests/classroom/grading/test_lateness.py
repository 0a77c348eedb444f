"""Late and in time, as teacher and student see it; after tests/cases/late-and-extension.md."""

import re
import uuid
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from classroom.assignments import assignments, extensions
from classroom.grading.archive import works_of
from classroom.models import Assignment, Extension, Kind, Snapshot, Submission, Transfer
from embedding.models import CocalcProject
from tests.classroom.gradebook import Class, ago, make_class
from tests.classroom.students.test_students import card, failed, text_of
from tests.conftest import HttpsClient

HOUR = timedelta(hours=1)
Policy = Assignment.LatePolicy
State = Transfer.State


@pytest.fixture
def room(db: None) -> Class:
    """Due half an hour ago; handed out."""
    room = make_class()
    Assignment.objects.update(due=ago(0.5), late_policy=Policy.ANY)
    Submission.objects.update(due=ago(0.5), handed_out=ago(3))
    CocalcProject.objects.filter(pk=room.course.project.pk).update(project_id=uuid.uuid4())
    room.assignment.refresh_from_db()
    return room


def submitted(room: Class, hours_ago: float, *, late: bool, **fields: object) -> Snapshot:
    at = ago(hours_ago)
    work = room.work(submitted=at)
    return Snapshot.objects.create(
        submission=work, taken=at, late=late, path=f"submitted/{at:%s.%f}", **fields
    )


def collected(room: Class, came: datetime | None) -> None:
    late = came is not None
    room.work(collected=timezone.now(), came=came, late=late, collected_from="submitted")


def desk(room: Class) -> str:
    answer = HttpsClient(room.teacher).get(room.grade_url())
    assert answer.status_code == 200
    return text_of(answer.content.decode())


def matrix(room: Class, query: str = "") -> str:
    return str(HttpsClient(room.teacher).get(f"{room.base}/grades{query}").content.decode())


def is_late_everywhere(room: Class) -> bool:
    """Whether all pages say late; they must not differ."""
    filtered = HttpsClient(room.teacher).get(
        f"{room.base}/assignments/{room.assignment.pk}/?show=late"
    )
    looks = {
        "student": "Collected Late Due" in card(HttpsClient(room.ada.user), room.assignment),
        "matrix": ">late</span>" in matrix(room),
        "filter": "Lovelace" in matrix(room, "?state=late"),
        "desk": re.search(r"State .*? late Due", desk(room)) is not None,
        "submissions": "CET late" in desk(room) or "CEST late" in desk(room),
        "table": "Lovelace" in filtered.content.decode(),
        "zip": "late" in works_of(room.assignment)[0].row,
    }
    assert len(set(looks.values())) == 1, looks
    return looks["matrix"]


@pytest.mark.parametrize("how", ["extension", "due"])
def test_more_time_makes_late_work_punctual_everywhere_at_once(room: Class, how: str) -> None:
    late = submitted(room, 0.1, late=True)
    collected(room, late.taken)
    assert is_late_everywhere(room)
    if how == "extension":
        extensions.extension_set(
            room.assignment, room.ada, due=timezone.now() + HOUR, reason="", by=room.teacher
        )
    else:
        room.assignment.due = timezone.now() + HOUR
        assignments.assignment_change(room.assignment, by=room.teacher)
    assert not is_late_everywhere(room)
    # Nothing else counts than did: there is nothing to collect before it is due.
    assert not Transfer.objects.filter(kind=Kind.COLLECT).exists()
    if how == "extension":
        given = Extension.objects.get()
        extensions.extension_remove(given, by=room.teacher)
        assert is_late_everywhere(room)


def test_what_counts_since_a_due_time_moved_is_collected_at_once(room: Class) -> None:
    """It was finished too late, and was not taken: so the one before was collected."""
    Assignment.objects.update(late_policy=Policy.CLOSED)
    room.assignment.refresh_from_db()
    submitted(room, 1, late=False)
    submitted(room, 0.51, late=True, finished=ago(0.45))
    collected(room, None)
    assert "on time counts" in desk(room)
    moves: list[tuple[datetime | None, list[object]]] = [
        (ago(0.4), [room.ada]),
        (None, []),  # the same counts
        (ago(0.5), [room.ada]),
        (ago(-1), []),  # who still has time is collected then
    ]
    for due, others in moves:
        Transfer.objects.all().delete()
        room.assignment.due = due
        assignments.assignment_change(room.assignment, by=room.teacher)
        waiting = [row.member for row in Transfer.objects.filter(kind=Kind.COLLECT)]
        assert waiting == others
    assert is_late_everywhere(room) is False


def test_the_policy_lets_another_one_count(room: Class) -> None:
    submitted(room, 1, late=False, given_up=True)
    submitted(room, 0.1, late=True)
    collected(room, ago(0.1))
    room.assignment.late_policy = Policy.CLOSED
    assignments.assignment_change(room.assignment, by=room.teacher)
    assert Transfer.objects.get(kind=Kind.COLLECT).member == room.ada


def test_the_teacher_sees_both(room: Class) -> None:
    in_time = submitted(room, 1, late=False)
    submitted(room, 0.51, late=True, finished=ago(0.4))
    words = desk(room)
    assert "2 submissions" in words
    assert re.search(
        r"CES?T late Submitted at \d\d:\d\d:\d\d CES?T, copied at \d\d:\d\d:\d\d CES?T\. .*"
        r"CES?T on time counts",
        words,
    )
    Snapshot.objects.filter(pk=in_time.pk).update(given_up=True)
    words = desk(room)
    assert "late counts The student chose it instead of the one on time." in words
    assert "on time counts" not in words


def test_the_teacher_sees_a_failed_submit(room: Class) -> None:
    row = failed(room.assignment, room.ada)
    assert re.search(r"A submission failed, .*CES?T: The disk is full\.", desk(room))
    table = HttpsClient(room.teacher).get(f"{room.base}/assignments/{room.assignment.pk}/")
    assert re.search(r'title="[^"]*: The disk is full\.">failed</span>', table.content.decode())
    Transfer.objects.filter(pk=row.pk).update(error_code="unchanged")
    assert "failed:" not in desk(room)
    Transfer.objects.filter(pk=row.pk).update(error_code="x", state=State.DONE)
    assert "failed:" not in desk(room)
