"""The steps by kind: all that the engine knows of them.

A module beside this one makes a function a step by `@step(Kind.COLLECT)`, say.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from classroom.models import Kind, Transfer

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Run = Callable[[Transfer], dict[str, Any]]


class Skip(Exception):
    """There is nothing to do for this student, and why: a sentence for the teacher."""


@dataclass(frozen=True, slots=True)
class Step:
    """What does a kind of transfer, and how it may be treated."""

    run: Run
    # Not to be done twice: what a teacher reads where nobody knows whether it was done.
    when_lost: "str | _StrPromise" = ""
    # Done also for somebody who has left the course.
    for_removed: bool = False


_steps: dict[str, Step] = {}


def step(
    kind: Kind, *, when_lost: "str | _StrPromise" = "", for_removed: bool = False
) -> Callable[[Run], Run]:
    """Register the function that does a kind of transfer."""

    def register(run: Run) -> Run:
        if kind in _steps:
            raise ValueError(f"There are two steps of the kind {kind}.")
        _steps[kind] = Step(run, when_lost, for_removed)
        return run

    return register


def step_of(kind: str) -> Step:
    """Return the step that does a kind of transfer; KeyError where none does."""
    return _steps[kind]


def done_once() -> dict[str, Step]:
    """Return the steps that are never done twice, by kind."""
    return {kind: found for kind, found in _steps.items() if found.when_lost}
