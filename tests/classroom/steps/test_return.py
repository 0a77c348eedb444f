"""Returning, against the sandbox: the grade as a file beside the collected work."""

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from classroom.engine.queue import transfer_add
from classroom.models import Assignment, Course, Kind, Membership, Notice, Submission, Transfer
from classroom.rules import names
from classroom.steps.return_work import grade_text
from embedding.cocalc.client import Client
from tests.classroom import factories

State = Transfer.State


@pytest.fixture
def course(cocalc: Client, db: None) -> Course:
    course = factories.make_course(factories.make_user("emmy", teacher=True))
    factories.enrol(course, factories.make_user("ada"))
    factories.on_cocalc(course)
    return course


@pytest.fixture
def ada(course: Course) -> Membership:
    return Membership.objects.get(course=course, user__username="ada")


@pytest.fixture
def assignment(cocalc: Client, course: Course, ada: Membership) -> Assignment:
    """Collected."""
    assignment = factories.make_assignment(course, points=Decimal(10))
    Submission.objects.update(handed_out=timezone.now(), collected=timezone.now())
    folder = names.collected_path(assignment, ada)
    home = str(course.project.project_id)
    cocalc.write_file(home, f"{folder}/a.ipynb", b"work")
    cocalc.write_file(home, f"{folder}/a.ipynb~", b"earlier")
    return assignment


def project_of(member: Membership) -> str:
    assert member.project is not None
    return str(member.project.project_id)


def give_back(assignment: Assignment, student: Membership, **options: object) -> Transfer:
    row = transfer_add(
        assignment.course, Kind.RETURN, student, assignment=assignment, options=options
    )
    factories.work_off()
    row.refresh_from_db()
    return row


def returned(cocalc: Client, student: Membership, path: str) -> str:
    return cocalc.read_file(project_of(student), f"graded-homework-1/{path}").decode()


def test_the_work_comes_back_with_the_grade(
    cocalc: Client, assignment: Assignment, ada: Membership
) -> None:
    Submission.objects.update(
        score=Decimal("7.50"),
        comment="Well *done*.",
        details={"cells": {"loops": [2.5, 5.0], "ess|ay": [None, 5.0]}},
    )
    row = give_back(assignment, ada)
    assert (row.state, row.error) == (State.DONE, "")
    assert returned(cocalc, ada, "a.ipynb") == "work"
    assert returned(cocalc, ada, "GRADE.md") == (
        "# Homework 1\n\n# Your grade\n\n7.5 / 10\n\n# Instructor comments\n\nWell *done*.\n\n"
        "# nbgrader\n\n| Question | Score | of |\n| --- | ---: | ---: |\n"
        "| loops | 2.5 | 5 |\n| ess\\|ay | by hand | 5 |\n"
    )
    there = {entry.name for entry in cocalc.list_folder(project_of(ada), "graded-homework-1")}
    assert there == {"a.ipynb", "GRADE.md"}
    submission = factories.submission(assignment, ada)
    assert submission.returned is not None
    assert submission.returned_score == Decimal("7.5")
    assert submission.returned_questions == [
        {"name": "loops", "score": 2.5, "max": 5.0},
        {"name": "ess|ay", "score": None, "max": 5.0},
    ]
    assert submission.returned_notebook == "a.ipynb"


def test_returned_again_with_another_score(
    cocalc: Client, assignment: Assignment, ada: Membership
) -> None:
    Submission.objects.update(score=Decimal(7))
    give_back(assignment, ada)
    cocalc.write_file(project_of(ada), "graded-homework-1/a.ipynb", b"notes of mine on it")
    Submission.objects.update(score=Decimal(9))
    row = give_back(assignment, ada)
    assert row.state == State.DONE
    assert "9 / 10" in returned(cocalc, ada, "GRADE.md")
    assert "7 / 10" in returned(cocalc, ada, "GRADE.md~")
    assert returned(cocalc, ada, "a.ipynb~") == "notes of mine on it"
    assert factories.submission(assignment, ada).returned_score == Decimal(9)
    # Its student is told each time, and once of each, also where a worker has to do it again.
    Transfer.objects.filter(pk=row.pk).update(state=State.QUEUED)
    factories.work_off()
    assert [(row.kind, row.user) for row in Notice.objects.all()] == [
        (Notice.Kind.RETURNED, ada.user)
    ] * 2


def test_of_a_hidden_test_not_even_the_name_is_returned(
    cocalc: Client, assignment: Assignment, ada: Membership
) -> None:
    """And of two notebooks none is the one that was commented; what was autograded is none."""
    Submission.objects.update(
        score=5, details={"cells": {"open": [3, 3], "zero": [2, 2]}, "hidden": ["zero"]}
    )
    folder, home = names.collected_path(assignment, ada), str(assignment.course.project.project_id)
    cocalc.write_file(home, f"{folder}/a_autograded.ipynb", b"run")
    give_back(assignment, ada)
    submission = factories.submission(assignment, ada)
    assert submission.returned_questions[1] == {"name": "", "score": 2.0, "max": 2, "hidden": 1}
    assert "| Hidden test 1 | 2 | 2 |" in returned(cocalc, ada, "GRADE.md")
    assert submission.returned_notebook == "a.ipynb"
    assert "zero" not in returned(cocalc, ada, "GRADE.md")
    cocalc.exec(home, f"cd '{folder}' && mv a.ipynb $'a\\nb.ipynb' && rm a_auto*", bash=True)
    assert give_back(assignment, ada).state == State.DONE
    assert factories.submission(assignment, ada).returned_notebook == ""
    cocalc.write_file(home, f"{folder}/a.ipynb", b"work")
    cocalc.write_file(home, f"{folder}/b.ipynb", b"another")
    give_back(assignment, ada)
    assert factories.submission(assignment, ada).returned_notebook == ""


def test_without_a_grade_it_is_skipped_unless_chosen(
    cocalc: Client, assignment: Assignment, ada: Membership
) -> None:
    row = give_back(assignment, ada)
    assert row.state == State.CANCELLED
    assert "Not graded yet" in row.error
    assert factories.submission(assignment, ada).returned is None
    assert give_back(assignment, ada, ungraded=True).state == State.DONE
    assert "without a grade" in returned(cocalc, ada, "GRADE.md")


def test_a_comment_alone_is_a_grade(
    cocalc: Client, assignment: Assignment, ada: Membership
) -> None:
    Submission.objects.update(comment="See me.")
    assert give_back(assignment, ada).state == State.DONE
    assert "Your grade" not in returned(cocalc, ada, "GRADE.md")


def test_a_link_for_the_grade_is_not_followed(
    cocalc: Client, assignment: Assignment, ada: Membership
) -> None:
    home = str(assignment.course.project.project_id)
    folder = names.collected_path(assignment, ada)
    cocalc.exec(home, f"echo precious > p; ln -s ../../../p '{folder}/GRADE.md'", bash=True)
    Submission.objects.update(score=Decimal(1))
    assert give_back(assignment, ada).state == State.DONE
    assert cocalc.read_file(home, "p") == b"precious\n"


def test_not_collected_and_gone(cocalc: Client, assignment: Assignment, ada: Membership) -> None:
    Submission.objects.update(score=Decimal(1), collected=None)
    row = give_back(assignment, ada)
    assert (row.state, row.error_code) == (State.CANCELLED, "skipped")
    Submission.objects.update(collected=timezone.now())
    cocalc.remove(str(assignment.course.project.project_id), "collected")
    row = give_back(assignment, ada)
    assert (row.state, row.error_code) == (State.FAILED, "collected_missing")


@pytest.mark.parametrize(
    ("score", "shown"), [("10.00", "10"), ("7.50", "7.5"), ("0", "0"), ("100", "100")]
)
def test_scores_as_people_write_them(score: str, shown: str) -> None:
    assignment = Assignment(title="T")
    text = grade_text(assignment, Submission(assignment=assignment, score=Decimal(score)))
    assert f"# Your grade\n\n{shown}\n" in text


_MANUAL = {"cells": {"loops": [2.5, 5.0], "essay": [None, 1000000.0]}}
_BY_HAND = "| loops | 2.5 | 5 |\n| essay | by hand | 1000000 |"
_NOT_YET = "| loops | 2.5 | 5 |\n| essay | not graded yet | 1000000 |"


@pytest.mark.parametrize(
    ("points", "fields", "said", "unsaid"),
    [
        ("10", {"score": "7.50", "details": _MANUAL}, ["\n7.5 / 10\n", _BY_HAND], ["without a"]),
        ("4.50", {"score": "4.50", "details": _MANUAL}, ["\n4.5 / 4.5\n", _BY_HAND], ["4.50"]),
        (None, {"score": "0", "details": _MANUAL}, ["\n0\n", _BY_HAND], [" / ", "without a"]),
        ("10", {"comment": "See me.", "details": _MANUAL}, ["See me.", _BY_HAND], ["without a"]),
        ("10", {"comment": "See me."}, ["See me."], ["Your grade", "without a", "nbgrader"]),
        # The autograder held its score; then a person gave one.
        (
            "10",
            {"score": "2", "held": "Why.", "details": _MANUAL},
            ["\n2 / 10\n", _BY_HAND],
            ["Why"],
        ),
        # Nobody has graded it: so it says.
        ("10", {"details": _MANUAL}, ["Returned without a grade.", _NOT_YET], ["Your grade"]),
        ("10", {"held": "Why.", "details": _MANUAL}, ["without a grade", _NOT_YET], ["Why"]),
        ("10", {"comment": " \n"}, ["Returned without a grade."], ["comments"]),
        ("10", {}, ["Returned without a grade."], ["nbgrader"]),
        # More places than a score has, and what is as good as none.
        (
            "10",
            {"score": "1", "details": {"cells": {"x": [1 / 3, 0.1 + 0.2]}}},
            ["| 0.33 | 0.3 |"],
            [],
        ),
        ("10", {"score": "1", "details": {"cells": {}}}, ["1 / 10"], ["nbgrader"]),
    ],
)
def test_what_a_returned_grade_says(
    points: str | None, fields: dict[str, Any], said: list[str], unsaid: list[str]
) -> None:
    assignment = Assignment(title="T", points=points and Decimal(points))
    score = fields.get("score")
    row = Submission(assignment=assignment, **fields | {"score": score and Decimal(score)})
    text = grade_text(assignment, row)
    for words in said:
        assert words in text
    for words in unsaid:
        assert words not in text
    if score or fields.get("comment", "").strip():
        assert "not graded yet" not in text
