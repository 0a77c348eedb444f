"""What comes next: the one blue button, by where a class stands."""

from dataclasses import replace
from typing import Any

import pytest

from classroom.class_steps.next_step import ClassState, Do, Failed, next_step
from classroom.models import Assignment, Kind

Version = Assignment.Version
ALL = ClassState(students=120)  # nothing else is left to do
WHEN = "Fri 27 Nov 2026, 23:59 CET"


@pytest.mark.parametrize(
    ("change", "do", "button", "said"),
    [
        ({"students": 0}, Do.ADD_STUDENTS, "Add students", "no students"),
        ({"students": 0, "for_teacher": False}, Do.ADD_STUDENTS, "", "no students"),
        ({"to_hand_out": 120}, Do.HAND_OUT, "Hand out to 120 students", ""),
        ({"to_hand_out": 1, "has_it": 119}, Do.HAND_OUT, "Hand out to 1 student", ""),
        ({"to_hand_out": 120, "goes_out": WHEN}, Do.WAIT, "", f"automatically on {WHEN}."),
        # Some were handed it by hand before its time: the rest may be, too.
        (
            {"to_hand_out": 2, "has_it": 118, "goes_out": WHEN},
            Do.HAND_OUT,
            "Hand out to 2 students",
            "",
        ),
        (
            {"has_it": 120, "still_working": 120, "due": WHEN},
            Do.WAIT,
            "",
            f"automatically on {WHEN}.",
        ),
        (
            {"has_it": 120, "to_collect": 118, "still_working": 2, "due": WHEN},
            Do.COLLECT,
            "Collect from 118 students",
            "2 students still have time.",
        ),
        ({"has_it": 120, "to_collect": 1}, Do.COLLECT, "Collect from 1 student", ""),
        (
            {"has_it": 120, "to_autograde": 97, "to_grade": 97},
            Do.AUTOGRADE,
            "Autograde 97 students",
            "",
        ),
        ({"has_it": 120, "to_grade": 47, "to_return": 50}, Do.GRADE, "Grade 47 students", ""),
        ({"has_it": 120, "to_return": 1}, Do.RETURN, "Return to 1 student", ""),
        ({"has_it": 120, "returned": 120}, Do.DONE, "", "All done"),
        ({"has_it": 120, "handout": True}, Do.DONE, "", "All 120 students have it."),
        ({"handout": True, "to_hand_out": 3}, Do.HAND_OUT, "Hand out to 3 students", ""),
        # Who gets it too late to matter: handing out comes before all that follows.
        (
            {"has_it": 118, "to_hand_out": 2, "to_collect": 118},
            Do.HAND_OUT,
            "Hand out to 2 students",
            "",
        ),
        ({"under_way": True, "to_hand_out": 120}, Do.WAIT, "", "goes on without you"),
    ],
)
def test_the_next_step(change: dict[str, Any], do: Do, button: str, said: str) -> None:
    step = next_step(replace(ALL, **change))
    assert (step.do, step.button) == (do, button)
    assert said in step.said
    assert bool(step.said) == bool(said)
    assert step.after is None


@pytest.mark.parametrize(
    ("version", "do", "button"),
    [
        (Version.MISSING, Do.ADD_FILES, "Add files"),
        (Version.MAKING, Do.WAIT, ""),
        (Version.CHECK, Do.APPROVE, "Look at the files"),
        (Version.FAILED, Do.CHECK_FILES, "Look at the files"),
    ],
)
def test_its_files_come_first(version: str, do: Do, button: str) -> None:
    state = replace(ALL, to_hand_out=120, version=version, blocked="Why not.")
    step = next_step(state)
    assert (step.do, step.button, step.said) == (do, button, "Why not.")
    assert "automatically on" in next_step(replace(state, goes_out=WHEN)).said
    # An assistant may not change them.
    theirs = next_step(replace(state, for_teacher=False))
    assert (theirs.do, theirs.button) == (Do.WAIT, "")
    assert theirs.said.startswith("Why not.")
    # Once everybody has it they are in nobody's way.
    everybody = replace(state, to_hand_out=0, has_it=120, to_collect=5)
    assert next_step(everybody).do == Do.COLLECT


@pytest.mark.parametrize(
    ("kind", "change", "after"),
    [
        (Kind.HAND_OUT, {"to_hand_out": 3}, ""),
        (Kind.HAND_OUT, {"to_hand_out": 8}, "Hand out to 5 students"),
        (Kind.COLLECT, {"has_it": 120, "to_collect": 3, "to_grade": 117}, "Grade 117 students"),
        (Kind.RUN, {"has_it": 120, "to_autograde": 3, "to_grade": 9}, "Grade 9 students"),
        (Kind.RETURN, {"has_it": 120, "to_return": 3, "returned": 117}, ""),
        (Kind.DUE_DATE, {"has_it": 120, "to_return": 3}, "Return to 3 students"),
    ],
)
def test_what_failed_comes_first_and_is_in_nobodys_way(
    kind: Kind, change: dict[str, Any], after: str
) -> None:
    step = next_step(replace(ALL, failed=Failed(kind, 3, "The disk is full."), **change))
    assert (step.do, step.button) == (Do.TRY_AGAIN, "Try again for 3 students")
    assert step.said == f"{kind.label} failed: The disk is full."
    assert step.fields == {"kind": kind, "who": "failed"}
    assert (step.after.button if step.after else "") == after
    # What is under way may mend it.
    busy = replace(ALL, failed=Failed(kind, 3, ""), under_way=True)
    assert next_step(busy).do == Do.WAIT


@pytest.mark.parametrize(
    ("change", "is_form"),
    [
        ({"to_hand_out": 1}, True),
        ({"to_collect": 1}, True),
        ({"to_autograde": 1}, True),
        ({"to_grade": 1}, False),
        ({"to_return": 1}, True),
        ({"students": 0}, False),
    ],
)
def test_only_what_is_done_at_once_is_a_form(change: dict[str, Any], is_form: bool) -> None:
    assert next_step(replace(ALL, **change)).is_form is is_form
