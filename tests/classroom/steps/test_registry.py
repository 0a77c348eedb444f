"""Each kind of transfer has its step, and one alone."""

import pytest

from classroom.models import Kind
from classroom.steps.registry import done_once, step, step_of


@pytest.mark.parametrize("kind", Kind.values)
def test_there_is_a_step_of_each_kind(kind: str) -> None:
    assert callable(step_of(kind).run)


def test_a_kind_has_one_step() -> None:
    with pytest.raises(ValueError, match="two steps"):
        step(Kind.COLLECT)(lambda transfer: {})
    assert step_of(Kind.COLLECT).run.__module__ == "classroom.steps.collect"


def test_only_a_command_is_never_done_twice() -> None:
    assert set(done_once()) == {Kind.RUN}


def test_only_ending_access_is_done_for_those_who_left() -> None:
    assert [kind for kind in Kind.values if step_of(kind).for_removed] == [Kind.EXPEL]
