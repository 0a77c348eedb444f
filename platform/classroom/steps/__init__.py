"""What each kind of transfer does with CoCalc: one module a kind.

`run(transfer)` does the whole step, from the start each time, so that it may be repeated at any
moment: a worker may die between any two calls. It returns what is to be kept as the transfer's
`result`. It raises CocalcError, Busy, or Problem with a sentence for the teacher, and Skip where
there is nothing to do.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from classroom.models import Transfer


class Skip(Exception):
    """There is nothing to do for this student, and why: a sentence for the teacher."""


Run = Callable[[Transfer], dict[str, Any]]


def step_of(kind: str) -> Run:
    """Return the function that does a kind of transfer."""
    run: Run = import_module(f"classroom.steps.{kind}").run
    return run
