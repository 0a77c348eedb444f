"""What is reported from within a project in English is known here, so that it can be translated."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from classroom import nbgrader
from classroom.nbgrader.feedback import TOO_LONG
from classroom.nbgrader.reports import understood
from classroom.nbgrader.words import Words

HERE = Path(nbgrader.__file__).parent
BEGINS = ("it ", "its ", "a part of it", "a file of it", "what ", "the code ")
SENTENCES = ("The ", "This ", "An ", "Jupyter ")


def parts(name: str) -> Iterator[str]:
    """Give what a module may say: texts that are no documentation, with values filled in."""
    inside = set()
    for node in ast.walk(ast.parse((HERE / name).read_text())):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            inside.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            inside.update(each for each in node.values if isinstance(each, ast.Constant))
            yield "".join(
                str(each.value) if isinstance(each, ast.Constant) else "cell 3 (“loops”)"
                for each in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in inside:
            yield node.value.replace("{cell}", "cell 3")


def reported() -> set[str]:
    found = set()
    for path in HERE.glob("kernel_*.py"):
        found |= {each for each in parts(path.name) if each.startswith(BEGINS)}
    found |= {each for each in parts("guarding.py") if each.startswith(BEGINS)}
    found |= {each for each in parts("run_notebook.py") if each.startswith(SENTENCES)}
    changes = {each for each in found if each.startswith(("the code ", "what happens "))}
    silent = {"it said nothing", "it changes ", TOO_LONG}
    return found - changes - silent | {f"it changes {each}" for each in changes}


def test_all_that_may_be_reported_is_known() -> None:
    said = reported()
    assert len(said) > 25
    assert not [each for each in said if understood(each).text == "%(words)s"]


@pytest.mark.parametrize(
    "report",
    [
        "The kernel died in cell 3 (“a”).",
        "it replaces “f”, which the assignment imports",
        "what nobody has thought of: 100 %(sure)s",
    ],
)
def test_what_is_reported_is_said(report: str) -> None:
    assert str(understood(report)) == report


def test_words_are_said_in_a_language() -> None:
    german = {"“%(name)s”": "„%(name)s“", "%(names)s and %(more)s more": "%(names)s und %(more)s"}
    words = Words.of("%(names)s and %(more)s more", names=("a", "b"), more=1.5)
    said = words.said(
        lambda text: german.get(text, text), lambda value: f"{value}".replace(".", ",")
    )
    assert said == "„a“, „b“ und 1,5"
    assert str(words) == "“a”, “b” and 1.5 more"
