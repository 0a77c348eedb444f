"""What the runner and the guard report from within a project, as words that can be translated.

They stand alone there, and say it in English: `run_notebook`, `guarding` and `kernel_…`. A test
compares all that they may say with what is known here; what is not known is said as it is.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from classroom.nbgrader.words import Words, noop

_REPORTS = (
    # How a run went.
    noop("An earlier cell was still running when cell %(number)s (“%(name)s”) was to run."),
    noop("An earlier cell was still running when cell %(number)s was to run."),
    noop("The kernel died in cell %(number)s (“%(name)s”)."),
    noop("The kernel died in cell %(number)s."),
    noop("The kernel died while the notebook was run."),
    noop("The notebook took too long and was stopped."),
    noop("The notebook to run was not named."),
    noop("The notebook cannot be read: %(words)s."),
    noop("The file is not a notebook."),
    noop("The notebook could not be run (%(words)s)."),
    noop("The notebook's kernel “%(words)s” is not installed in this project."),
    noop("The notebook's kernel is not installed in this project (%(words)s)."),
    noop("The notebook's kernel “%(kernel)s” does not start (%(words)s)."),
    noop(
        "This project has no Jupyter: neither nbclient for python3 nor the command “jupyter”. "
        "Choose a software environment with Jupyter."
    ),
    noop("Jupyter in this project cannot run notebooks (%(words)s)."),
    # Why a test decides nothing: what the answer does.
    noop("what watches over the tests could not be started in this project"),
    noop("its test did not report how it ended"),
    noop("it runs the tests itself"),
    noop("it makes objects that are equal to everything"),
    noop("it changes what an assertion does"),
    noop("it changes the code before it runs"),
    noop("it changes what happens before and after a cell"),
    noop("it follows each step of the code that runs"),
    noop("it replaces Python's own functions"),
    noop("it replaces Python's own “%(name)s”"),
    noop("it replaces a part of the notebook's shell"),
    noop("it replaces a part of “%(name)s”"),
    noop("it replaces “%(name)s”, which the assignment imports"),
    noop("it replaces “%(name)s”, which the assignment defines"),
    noop("a file of it takes the place of Python's “%(name)s”"),
    noop("a part of it goes on running in the background"),
    noop("a part of it interrupts the code that runs"),
)


def understood(reported: str) -> Words:
    """Return what was reported, as words."""
    for is_it, text in _patterns():
        if found := is_it(reported):
            return Words.of(text, **found.groupdict())
    return Words.of("%(words)s", words=reported)


@lru_cache(maxsize=1)
def _patterns() -> list[tuple[Callable[[str], re.Match[str] | None], str]]:
    return [(re.compile(_pattern(text), re.DOTALL).fullmatch, text) for text in _REPORTS]


def _pattern(text: str) -> str:
    found = ""
    for place, part in enumerate(re.split(r"%\((\w+)\)s", text)):
        what = r"\d+" if part == "number" else ".*"
        found += f"(?P<{part}>{what})" if place % 2 else re.escape(part)
    return found
