"""What the runner and the guard report from within a project, as words that can be translated.

They stand alone there, and say it in English: `run_notebook`, `guarding` and `kernel_…`. A test
compares all that they may say with what is known here; what is not known is said as it is.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from classroom.nbgrader.words import Words, noop

# As it is reported, and as it is said.
_REPORTS = {
    # How the run went.
    "An earlier cell was still running when cell {number} (“{name}”) was to run.": noop(
        "Cell %(number)s (“%(name)s”) did not run, because an earlier cell was still running."
    ),
    "An earlier cell was still running when cell {number} was to run.": noop(
        "Cell %(number)s did not run, because an earlier cell was still running."
    ),
    "The kernel died in cell {number} (“{name}”).": noop(
        "The kernel died in cell %(number)s (“%(name)s”)."
    ),
    "The kernel died in cell {number}.": noop("The kernel died in cell %(number)s."),
    "The kernel died in .": noop("The kernel died while the notebook was running."),
    "The kernel died while the notebook was run.": noop(
        "The kernel died while the notebook was running."
    ),
    "The notebook took too long and was stopped.": noop(
        "The notebook took too long and was stopped."
    ),
    "The notebook to run was not named.": noop("The notebook to run was not named."),
    "The notebook cannot be read: {words}.": noop("The notebook cannot be read: %(words)s."),
    "The file is not a notebook.": noop("The file is not a notebook."),
    "The notebook could not be run ({words}).": noop("The notebook could not be run (%(words)s)."),
    "The notebook's kernel “{words}” is not installed in this project.": noop(
        "The notebook's kernel “%(words)s” is not installed in this project."
    ),
    "The notebook's kernel is not installed in this project ({words}).": noop(
        "The notebook's kernel is not installed in this project (%(words)s)."
    ),
    "The notebook's kernel “{kernel}” does not start ({words}).": noop(
        "The notebook's kernel “%(kernel)s” does not start (%(words)s)."
    ),
    "This project has no Jupyter: neither nbclient for python3 nor the command “jupyter”. "
    "Choose a software environment with Jupyter.": noop(
        "This project has no Jupyter: neither nbclient for python3 nor the command “jupyter”. "
        "Choose a software environment with Jupyter."
    ),
    "Jupyter in this project cannot run notebooks ({words}).": noop(
        "Jupyter in this project cannot run notebooks (%(words)s)."
    ),
    # Why a test decides nothing.
    "what watches over the tests could not be started in this project": noop(
        "what watches over the tests could not be started in this project"
    ),
    "its test did not report how it ended": noop("its test did not report how it ended"),
    "it runs the tests itself": noop("it runs the tests itself"),
    "it makes objects that are equal to everything": noop(
        "it makes objects that are equal to everything"
    ),
    "it changes what an assertion does": noop("it changes what an assertion does"),
    "it changes the code before it runs": noop("it changes the code before it runs"),
    "it changes what happens before and after a cell": noop(
        "it changes what happens before and after a cell"
    ),
    "it follows each step of the code that runs": noop(
        "it follows each step of the code that runs"
    ),
    "it replaces Python's own functions": noop("it replaces Python's own functions"),
    "it replaces Python's own “{name}”": noop("it replaces Python's own “%(name)s”"),
    "it replaces a part of the notebook's shell": noop(
        "it replaces a part of the notebook's shell"
    ),
    "it replaces a part of “{name}”": noop("it replaces a part of “%(name)s”"),
    "it replaces “{name}”, which the assignment imports": noop(
        "it replaces “%(name)s”, which the assignment imports"
    ),
    "it replaces “{name}”, which the assignment defines": noop(
        "it replaces “%(name)s”, which the assignment defines"
    ),
    "a file of it takes the place of Python's “{name}”": noop(
        "a file of it takes the place of Python's “%(name)s”"
    ),
    "a part of it goes on running in the background": noop(
        "a part of it goes on running in the background"
    ),
    "a part of it interrupts the code that runs": noop(
        "a part of it interrupts the code that runs"
    ),
}


def understood(reported: str) -> Words:
    """Return what was reported, as words."""
    for is_it, text in _patterns():
        if found := is_it(reported):
            return Words.of(text, **found.groupdict())
    return Words.of("%(words)s", words=reported)


@lru_cache(maxsize=1)
def _patterns() -> list[tuple[Callable[[str], re.Match[str] | None], str]]:
    return [
        (re.compile(_pattern(report), re.DOTALL).fullmatch, _REPORTS[report]) for report in _REPORTS
    ]


def _pattern(report: str) -> str:
    parts = re.split(r"\{(\w+)\}", report)
    found = ""
    for number, part in enumerate(parts):
        is_name = number % 2
        what = r"\d+" if part == "number" else ".*"
        found += f"(?P<{part}>{what})" if is_name else re.escape(part)
    return found
