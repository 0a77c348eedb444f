"""What a notice says and where it leads; and who may see it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from classroom.assignments.extensions import extension_set
from classroom.models import Batch, Kind, Membership, Notice, Role, Submission
from classroom.notices.reading import MOST_COUNTED, notices_of, read_set, unread_count
from classroom.notices.words import say
from tests.classroom.notices.conftest import Class

Told = Notice.Kind


def said(member: Membership) -> list[tuple[str, str, str]]:
    return [(one.title, one.line, one.path) for one in say(notices_of(member.user_id))]


def test_what_students_are_told(room: Class) -> None:
    course = f"/courses/{room.course.pk}/#a{room.homework.pk}"
    past = {"at": "2026-11-27T10:00:00+00:00"}
    for kind in (Told.HANDED_OUT, Told.DUE_SOON, Told.RETURNED, Told.EXTENSION, Told.LOOK_ANSWERED):
        room.tell(room.ada, kind=kind)
    room.tell(room.ada, kind=Told.SUBMIT_FAILED, details=past)
    found = said(room.ada)[::-1]
    assert [title for title, _, _ in found] == [
        "“Homework 1” was handed out",
        "“Homework 1” is due soon",
        "“Homework 1” was returned to you",
        "You have more time for “Homework 1”",
        "A teacher looked at “Homework 1” again",
        "“Homework 1” was not submitted",
    ]
    result = f"/courses/{room.course.pk}/assignments/{room.homework.pk}/returned"
    paths = [path for _, _, path in found]
    assert paths == [course, course, result, course, result, course]
    assert re.fullmatch(r"It is due on \w{3} \d+ \w{3} \d{4}, \d\d:\d\d CES?T\.", found[0][1])
    assert found[-1][1] == "Open the course to see why, then submit again."
    Submission.objects.update(submitted=timezone.now(), due=None)
    lines = [line for _, line, _ in said(room.ada)[::-1]]
    assert lines[:2] == ["It has no due time.", "You have submitted it."]
    assert lines[-1] == "You have submitted it since then."
    type(room.homework).objects.update(handout=True)
    assert said(room.ada)[-1][1] == "This is a handout. There is nothing to submit."


def test_what_teachers_are_told(room: Class) -> None:
    room.tell(room.teacher, kind=Told.LOOK_ASKED, member=room.ada)
    steps = (Kind.HAND_OUT, Kind.COLLECT, Kind.RETURN, Kind.DUE_DATE, Kind.RUN, Kind.PREPARE, "new")
    for count, step in enumerate(steps, 1):
        work = None if step == Kind.PREPARE else room.homework
        details = {"batch": 7, "step": step, "count": count}
        room.tell(room.teacher, kind=Told.STEP_FAILED, details=details, assignment=work)
    found = said(room.teacher)[::-1]
    base = f"/courses/{room.course.pk}"
    assert found[0] == (
        "Ada asks for another look at “Homework 1”",
        "",
        f"{base}/assignments/{room.homework.pk}/grade/{room.ada.pk}",
    )
    assert [title for title, _, _ in found[1:]] == [
        "“Homework 1” could not be handed out to 1 student",
        "“Homework 1” could not be collected from 2 students",
        "“Homework 1” could not be returned to 3 students",
        "The new due time of “Homework 1” could not be written for 4 students",
        "The command for “Homework 1” failed for 5 students",
        "Preparing the projects for “Physics” failed for 6 people",
        "A step for “Homework 1” failed for 7 people",
    ]
    assert {path for _, _, path in found[1:]} == {f"{base}/steps/7/", f"{base}/runs/7/"}


def test_every_kind_of_step_has_words(room: Class) -> None:
    for kind in Kind:
        batch = Batch.objects.create(course=room.course, kind=kind)
        details = {"batch": batch.pk, "step": kind, "count": 2}
        room.tell(room.teacher, kind=Told.STEP_FAILED, details=details, assignment=None)
    assert all(title and "%" not in title for title, _, _ in said(room.teacher))


class TestWhoSees:
    @pytest.mark.parametrize("change", ["left", "removed", "inactive"])
    def test_nothing_of_what_is_not_theirs_any_more(self, room: Class, change: str) -> None:
        room.tell(room.ada, room.bob)
        assert unread_count(room.ada.user_id) == 1
        now = timezone.now()
        match change:
            case "left":
                Membership.objects.filter(pk=room.ada.pk).update(removed=now)
            case "removed":
                type(room.homework).objects.update(removed=now)
            case "inactive":
                type(room.ada.user).objects.filter(pk=room.ada.user_id).update(is_active=False)
        assert unread_count(room.ada.user_id) == 0
        assert said(room.ada) == []
        assert len(said(room.bob)) == (change != "removed")

    def test_a_former_assistant_sees_nothing_of_classmates(self, room: Class) -> None:
        Membership.objects.filter(pk=room.bob.pk).update(role=Role.ASSISTANT)
        room.tell(room.bob, kind=Told.LOOK_ASKED, member=room.ada)
        assert len(said(room.bob)) == 1
        Membership.objects.filter(pk=room.bob.pk).update(role=Role.STUDENT)
        assert said(room.bob) == []
        assert unread_count(room.bob.user_id) == 0

    def test_reading_is_one_s_own(self, room: Class) -> None:
        room.tell(room.ada, room.bob)
        room.tell(room.ada, room.bob)
        last = max(Notice.objects.filter(user=room.ada.user).values_list("pk", flat=True))
        read_set(room.ada.user_id, since=last, upto=last)
        assert (unread_count(room.ada.user_id), unread_count(room.bob.user_id)) == (1, 2)
        read_set(room.ada.user_id)
        assert (unread_count(room.ada.user_id), unread_count(room.bob.user_id)) == (0, 2)

    def test_counting_is_one_query_by_the_index(
        self, room: Class, django_assert_num_queries: Any
    ) -> None:
        for number in range(MOST_COUNTED + 5):
            room.tell(room.ada, key=str(number))
        with django_assert_num_queries(1) as queries:
            assert unread_count(room.ada.user_id) == MOST_COUNTED
        if connection.vendor == "sqlite":  # a small table is read whole elsewhere
            with connection.cursor() as cursor:
                cursor.execute("EXPLAIN QUERY PLAN " + queries[0]["sql"])
                plan = " ".join(str(row) for row in cursor.fetchall())
            assert re.search(r"INDEX notice_new \(user_id=\? AND read=\?\)", plan), plan


def test_more_time_is_told_to_those_who_have_it_and_less_is_not(room: Class) -> None:
    due = room.homework.due
    assert due
    day = timedelta(days=1)
    Submission.objects.filter(student=room.bob).update(handed_out=None)
    for student in (room.ada, room.bob):
        for days in (2, 3, 1, 1):
            extension_set(
                room.homework, student, due=due + days * day, reason="", by=room.teacher.user
            )
    keys = Notice.objects.filter(kind=Told.EXTENSION).order_by("pk").values_list("user", "key")
    assert list(keys) == [
        (room.ada.user_id, f"extension:{room.homework.pk}:{(due + days * day).isoformat()}")
        for days in (2, 3)
    ]
