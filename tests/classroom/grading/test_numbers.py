"""A score is written in one way, wherever it stands: 4.5, never 4.50 and never 4.5000000001."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone, translation

from classroom.models import Assignment, Batch, GradeChange, Kind, Profile, Submission, Transfer
from classroom.rules.counting import returned_set
from classroom.rules.scoring import number
from tests.classroom import factories
from tests.classroom.gradebook import Class, ago, make_class
from tests.conftest import HttpsClient

BAD = ("4.50", "4,50", "7.50", "10.00", "2.50", "60.0")


@pytest.fixture
def room(db: None) -> Class:
    room = make_class()
    Assignment.objects.update(points="7.50", weight="2.50")
    room.assignment.refresh_from_db()
    details: dict[str, Any] = {
        "cells": {"loops": [4.50, 7.50], "essay": [None, 2.50]},
        "score": 4.50,
        "max": 10.00,
        "manual": True,
    }
    work = room.collected(score=Decimal("4.50"), graded=ago(0.5), details=details)
    GradeChange.objects.create(submission=work, score="4.50", by=room.teacher, how="page")
    work.refresh_from_db()
    returned_set(work, timezone.now())
    batch = Batch.objects.create(
        course=room.course,
        kind=Kind.RUN,
        actor=room.teacher,
        assignment=room.assignment,
        options={"autograde": True},
    )
    Transfer.objects.create(
        batch=batch,
        course=room.course,
        kind=Kind.RUN,
        member=room.ada,
        assignment=room.assignment,
        state=Transfer.State.DONE,
        options={"autograde": True},
        result={"score": number(Decimal("4.50")), "found": number(4.5), "max": number(10.0)},
    )
    return room


def test_on_every_page_and_in_every_file(room: Class) -> None:
    task = f"{room.base}/assignments/{room.assignment.pk}"
    run = f"{room.base}/runs/{Batch.objects.get().pk}/"
    pages: list[tuple[User, str]] = [
        *(
            (room.teacher, address)
            for address in (
                "/courses/",
                f"{room.base}/",
                f"{room.base}/grades",
                f"{room.base}/grades.csv",
                f"{room.base}/statistics",
                f"{task}/",
                f"{task}/edit",
                room.grade_url(),
                run,
            )
        ),
        (room.ada.user, f"{room.base}/"),
    ]
    shown = 0
    for user, address in pages:
        answer = HttpsClient(user).get(address)
        assert answer.status_code == 200, address
        text = answer.content.decode().replace("\N{NO-BREAK SPACE}", " ")
        for bad in BAD:
            assert bad not in text, (address, bad)
        shown += "4.5" in text
    assert shown == 7  # all but the courses, the course and the form, which shows the points
    assert 'value="7.5"' in HttpsClient(room.teacher).get(f"{task}/edit").content.decode()
    assert "60 %" in HttpsClient(room.teacher).get(f"{room.base}/grades").content.decode()


@pytest.mark.parametrize(
    "address",
    [
        "grades",
        "grades/enter",
        "statistics",
        "assignments/{task}/",
        "assignments/{task}/grade/{ada}",
    ],
)
def test_people_read_their_own_languages_numbers_and_scripts_plain_ones(
    room: Class, address: str
) -> None:
    Profile.objects.create(user=room.teacher, language="de")
    where = address.format(task=room.assignment.pk, ada=room.ada.pk)
    with translation.override("en"):  # which a request leaves behind
        page = HttpsClient(room.teacher).get(f"{room.base}/{where}").content.decode()
    attributes = re.findall(r'[\w-]+="[^"]*"', re.sub(r'(aria-label|title)="[^"]*"', "", page))
    assert not [each for each in attributes if re.search(r"\d,\d", each)], address
    read = re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL)
    assert re.search(r"\b[47],5\b", read), address
    assert not re.search(r"\b[47]\.5\b", read), address


def test_files_are_the_same_in_every_language(room: Class) -> None:
    address = f"{room.base}/grades.csv?comments=1"
    before = HttpsClient(room.teacher).get(address).content
    Profile.objects.create(user=room.teacher, language="de")
    with translation.override("en"):
        assert HttpsClient(room.teacher).get(address).content == before


def test_in_what_is_said_before_and_after(room: Class) -> None:
    browser = HttpsClient(room.teacher)
    csv = "Username,Homework 1\nada,6.50\nbob,9.50\n"
    preview = browser.post(f"{room.base}/grades/import", {"text": csv}).content.decode()
    assert ">4.5<" in preview
    assert "<strong>6.5</strong>" in preview
    assert "more than 7.5" in preview
    edit = f"{room.base}/assignments/{room.assignment.pk}/edit"
    form = {"title": "Homework 1", "handout": "no", "points": "12.50", "late_policy": "closed"}
    said = browser.post(edit, form).content.decode()
    assert "out of 7.5" in said
    assert "have 12.5 points" in said
    known = '[["loops", "7.5", "4.5"], ["essay", "2.5", ""]]'
    given = {"question-0": "4.50", "question-1": "2.50", "adjustment": "3.25", "known": known}
    seen = {"seen": GradeChange.objects.get().pk}
    told = browser.post(room.grade_url(), given | seen, follow=True)
    assert "Ada Lovelace has 8.5 of 7.5 points" in told.content.decode()
    refused = browser.post(room.grade_url(), given | {"adjustment": "99", "seen": "9"})
    assert "A score can be at most 7.5, or with a bonus 15." in refused.content.decode()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, ""),
        (Decimal("4.50"), "4.5"),
        (Decimal("10.00"), "10"),
        (Decimal(100), "100"),
        (Decimal("0.00"), "0"),
        (Decimal("1E+2"), "100"),
        (4.5, "4.5"),
        (0.1 + 0.2, "0.3"),
        (2.675, "2.68"),  # as people round, not as floats lie
        (1_000_000.0, "1000000"),
        (200 / 3, "66.67"),
        (3, "3"),
    ],
)
def test_a_number(value: Any, said: str) -> None:
    assert number(value) == said


def test_points_taken_over_from_an_earlier_course_are_written_so_too(room: Class) -> None:
    other = factories.make_course(room.teacher, "Next term")
    page = HttpsClient(room.teacher).get(
        f"/courses/{other.pk}/assignments/new?from={room.assignment.pk}"
    )
    assert 'value="7.5"' in page.content.decode()
    assert 'value="2.5"' in page.content.decode()
    assert Submission.objects.filter(assignment__course=other).count() == 0
