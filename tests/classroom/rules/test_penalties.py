"""What late work costs, and that whatever changes it changes the score that counts."""

import ast
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone, translation

import classroom
from classroom.models import Assignment, GradeChange, Submission
from classroom.rules.deadlines import due_update, lateness_update
from classroom.rules.late_words import (
    cost_text,
    example_text,
    late_days_of,
    late_kept,
    late_of,
    rule_text,
)
from classroom.rules.penalties import deduction, penalties_update
from classroom.rules.scoring import grade_set
from classroom.rules.waiving import penalties_waive
from tests.classroom import factories
from tests.classroom.gradebook import Class, make_class

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def rule(**fields: Any) -> Assignment:
    given = {"late_policy": "any", "late_penalty": "percent", "late_amount": Decimal(10)}
    return Assignment(title="Homework", points=10, **{**given, **fields})


@pytest.mark.parametrize(
    ("fields", "late", "covered", "expected"),
    [
        ({}, DAY + 2 * HOUR, 0, "2"),
        ({}, DAY, 0, "1"),
        ({}, timedelta(seconds=1), 0, "1"),
        ({}, 30 * DAY, 0, "10"),
        ({"late_floor": 40}, 30 * DAY, 0, "6"),
        ({"late_grace": 15}, 15 * MINUTE, 0, "0"),
        ({"late_grace": 15}, 16 * MINUTE, 0, "1"),
        ({"late_grace": 15}, DAY + 10 * MINUTE, 0, "1"),
        ({"late_per": "hour"}, 2 * HOUR + 10 * MINUTE, 0, "3"),
        ({"late_penalty": "points", "late_amount": Decimal("1.5")}, DAY + HOUR, 0, "3"),
        ({"late_penalty": "points", "late_amount": Decimal(7)}, 2 * DAY, 0, "10"),
        ({"late_penalty": "points", "late_amount": Decimal(7), "late_floor": 50}, 2 * DAY, 0, "5"),
        ({}, DAY + 2 * HOUR, 1, "1"),
        ({}, DAY + 2 * HOUR, 2, "0"),
        ({"late_per": "hour"}, DAY + 2 * HOUR, 1, "2"),
        ({"late_penalty": "none"}, DAY, 0, "0"),
        ({"late_policy": "closed"}, DAY, 0, "0"),
        ({"late_amount": None}, DAY, 0, "0"),
        ({"late_amount": Decimal("33.33")}, HOUR, 0, "3.33"),
    ],
)
def test_what_is_taken_off_ten_points(
    fields: dict[str, Any], late: timedelta, covered: int, expected: str
) -> None:
    assert deduction(rule(**fields), Decimal(10), late, covered) == Decimal(expected)


def test_the_rule_is_said_in_words() -> None:
    assert rule_text(rule()) == "Late: −10 % of the score for each day begun."
    points = rule(late_penalty="points", late_amount=Decimal(1), late_per="hour", late_grace=5)
    assert rule_text(points) == (
        "Late: −1 point for each hour begun. The first 5 minutes do not count."
    )
    assert "At least 50 % of the score remains." in rule_text(rule(late_floor=50))
    assert rule_text(rule(late_policy="closed")) == ""
    assert example_text(rule()) == "10 of 10 points, submitted 1 day 2 h late, become 8."


@pytest.fixture
def room(db: None) -> Class:
    """A course whose homework was due 26 hours before Ada's came, and costs 10 % a day."""
    room = make_class()
    now = timezone.now()
    for name, value in {
        "late_policy": "any",
        "late_penalty": "percent",
        "late_amount": Decimal(10),
        "due": now - 3 * DAY,
    }.items():
        setattr(room.assignment, name, value)
    room.assignment.save()
    due_update(room.assignment)
    came(room.collected(), 26)
    return room


def came(work: Submission, hours: float) -> Submission:
    """Let collected work have come so many hours after it was due."""
    work.refresh_from_db()
    assert work.due
    rows = Submission.objects.filter(pk=work.pk)
    rows.update(came=work.due + hours * HOUR, late=False, collected=timezone.now())
    lateness_update(rows)
    work.refresh_from_db()
    return work


def graded(room: Class, work: Submission, score: str) -> Submission:
    grade_set(work, score=Decimal(score), by=room.teacher, how="page")
    work.refresh_from_db()
    return work


def test_a_score_keeps_what_was_given_and_counts_less(room: Class) -> None:
    work = graded(room, room.work(), "8")
    assert work.score == 8
    assert work.penalty == Decimal("1.6")
    assert work.final == Decimal("6.4")
    graded(room, work, "10")
    assert work.score == 10
    assert work.final == 8


def test_what_is_kept_of_it_is_the_same_in_any_language(room: Class) -> None:
    late = late_of(graded(room, came(room.work(), 2), "9.50"))
    assert late
    kept = late.kept()
    with translation.override("de"):
        assert late.kept() == kept
        assert late_kept(kept) == late
        assert (late.before, late.after) == ("9,5", "8,55")
    assert (kept["before"], late.penalty, late.after) == ("9.5", "0.95", "8.55")


def test_a_later_due_time_gives_the_points_back(room: Class) -> None:
    work = graded(room, room.work(), "10")
    assert work.came
    Assignment.objects.filter(pk=room.assignment.pk).update(due=work.came - HOUR)
    due_update(room.assignment)
    work.refresh_from_db()
    assert work.final == 9
    Assignment.objects.filter(pk=room.assignment.pk).update(due=work.came)
    due_update(room.assignment)
    work.refresh_from_db()
    assert not work.late
    assert work.final == 10


def test_unknown_lateness_costs_nothing_and_says_so(room: Class) -> None:
    work = room.work()
    Submission.objects.filter(pk=work.pk).update(came=None, late=True)
    work = graded(room, work, "10")
    assert work.final == 10
    late = late_of(work)
    assert late
    assert "We don’t know when it was submitted" in late.why


def test_what_was_returned_is_to_be_returned_again_when_the_penalty_changes(room: Class) -> None:
    work = graded(room, room.work(), "10")
    Submission.objects.filter(pk=work.pk).update(returned=timezone.now(), renewed=work.collected)
    penalties_waive([work], waive=True, by=room.teacher)
    work.refresh_from_db()
    assert work.graded
    assert work.returned
    assert work.graded > work.returned


def test_waiving_is_kept_in_the_history_and_can_be_taken_back(room: Class) -> None:
    work = graded(room, room.work(), "10")
    seen = GradeChange.objects.filter(submission=work).latest("pk")
    assert penalties_waive([work], waive=True, by=room.teacher)
    assert not penalties_waive([work], waive=True, by=room.teacher)
    work.refresh_from_db()
    assert work.score == 10
    assert work.final == 10
    assert penalties_waive([work], waive=False, by=room.assistant)
    work.refresh_from_db()
    assert work.final == 8
    said = GradeChange.objects.filter(submission=work, pk__gt=seen.pk).order_by("pk")
    assert [(each.how, each.by) for each in said] == [
        ("waive", room.teacher),
        ("unwaive", room.assistant),
    ]
    # Who had the page open meanwhile has missed no score.
    grade_set(work, score=Decimal(9), by=room.teacher, how="page", seen=seen.pk)
    assert work.final == Decimal("7.2")


def test_late_days_pay_for_what_is_due_first_and_move_on_when_freed(room: Class) -> None:
    room.course.late_days = 3
    room.course.save()
    first, second = (
        room.assignment,
        factories.make_assignment(
            room.course,
            "Homework 2",
            points=10,
            due=timezone.now() - 2 * DAY,
            late_policy="any",
            late_penalty="percent",
            late_amount=Decimal(10),
        ),
    )
    # The later one comes first, and takes what it needs as long as nobody else does.
    other = factories.submission(second, room.ada)
    graded(room, came(other, 50), "10")
    other.refresh_from_db()
    penalties_update(Submission.objects.filter(student=room.ada))
    one = graded(room, room.work(), "10")
    other.refresh_from_db()
    assert one.late_days == 2
    assert one.final == 10
    assert other.late_days == 1
    assert other.final == 8
    said = late_of(one)
    assert said
    assert said.why == "It uses 2 late days."
    days = late_days_of(room.ada)
    assert days
    assert days.text == "0 of 3 late days left."
    penalties_waive([one], waive=True, by=room.teacher)
    one.refresh_from_db()
    other.refresh_from_db()
    assert one.late_days == 0
    assert one.final == 10
    assert other.late_days == 3
    assert other.final == 10
    assert first.pk != second.pk


def test_the_student_is_told_what_it_would_cost_now(room: Class) -> None:
    work = room.work(room.bob)
    assert work.due
    at = work.due + 26 * HOUR
    assert cost_text(work, work.due, None) == ""
    assert cost_text(work, at, None) == (
        "If you submit now, it is 1 day 2 h late. 20 % of the score is taken off."
    )
    room.course.late_days = 1
    room.course.save()
    room.bob.refresh_from_db()
    room.bob.course.refresh_from_db()
    assert cost_text(work, at, late_days_of(room.bob)) == (
        "If you submit now, it is 1 day 2 h late. That uses 1 of your late days. "
        "10 % of the score is taken off."
    )


# Who may read a score as it was given; everybody else reads the one that counts (`final`).
GIVEN = {
    "admin/base.py": "shows each row as it is",
    "admin/work.py": "shows each row as it is",
    "assignments/rescoring.py": "rescales what was given",
    "class_steps/assignment_table.py": "takes it away where names are hidden",
    "grading/desk.py": "where it is given",
    "grading/desk_shown.py": "the history says what was given",
    "grading/exports.py": "says both",
    "grading/grade_form.py": "where it is given",
    "grading/imports.py": "where it is given",
    "grading/matrix.py": "says both",
    "grading/question_statistics.py": "of questions, before anything is taken off",
    "grading/runs.py": "which works have a score at all; what a run gave",
    "grading/score_entry.py": "where it is given",
    "grading/work_state.py": "whether there is a score",
    "models/submissions.py": "where `final` is made of it",
    "rules/late_words.py": "says both",
    "rules/penalties.py": "where `final` is made of it",
    "rules/questions.py": "what questions come to, before anything is taken off",
    "rules/returned_questions.py": "of questions, before anything is taken off",
    "rules/scoring.py": "where it is given",
    "rules/waiving.py": "the history says what was given",
    "steps/autograde_score.py": "where it is given",
    "steps/return_work.py": "whether there is a score",
}
OF_CELLS = (
    *("nbgrader/", "migrations/", "steps/autograde.py", "steps/run.py", "steps/commands.py"),
    *("steps/submit_tests.py", "steps/tests_wanted.py"),
)


def test_nobody_else_reads_a_score_without_its_penalty() -> None:
    root = Path(classroom.__file__).parent
    found = set()
    for path in root.rglob("*.py"):
        name = path.relative_to(root).as_posix()
        if name.startswith(OF_CELLS):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if (isinstance(node, ast.Attribute) and node.attr == "score") or (
                isinstance(node, ast.Constant) and str(node.value).endswith("submissions__score")
            ):
                found.add(name)
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "values_list":
                found |= {name for each in node.args if getattr(each, "value", "") == "score"}
    assert found - GIVEN.keys() == set()
