"""The notebooks that are compared with nbgrader: what a teacher made, and what students made of it.

`record.py` gives them to nbgrader itself; `test_against_nbgrader.py` to us.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import nbformat
from nbformat import NotebookNode

from tests.classroom.nbgrader.notebooks import (
    answer,
    cell_of,
    checks,
    code,
    essay,
    notebook,
    raw,
    task,
    text,
)

Edit = Callable[[NotebookNode], None]


@dataclass(frozen=True)
class Case:
    """A teacher's notebook, and students by name with what they did to the version they got."""

    source: NotebookNode
    students: dict[str, Edit] = field(default_factory=dict)


def nothing(_: NotebookNode) -> None:
    """Hand in what was handed out."""


def writes(grade_id: str, source: str) -> Edit:
    """Write into a cell."""

    def edit(made: NotebookNode) -> None:
        cell_of(made, grade_id).source = source

    return edit


def marks(grade_id: str, **values: Any) -> Edit:
    """Change a cell's nbgrader metadata."""

    def edit(made: NotebookNode) -> None:
        cell_of(made, grade_id).metadata["nbgrader"].update(values)

    return edit


def deletes(*grade_ids: str) -> Edit:
    """Delete cells."""

    def edit(made: NotebookNode) -> None:
        for grade_id in grade_ids:
            made.cells.remove(cell_of(made, grade_id))

    return edit


def turns(grade_id: str, kind: str) -> Edit:
    """Change a cell's type."""

    def edit(made: NotebookNode) -> None:
        cell = cell_of(made, grade_id)
        cell.cell_type = kind
        if kind == "code":
            cell.outputs, cell.execution_count = [], None
        else:
            cell.pop("outputs", None)
            cell.pop("execution_count", None)

    return edit


def copies(grade_id: str, source: str) -> Edit:
    """Copy a cell, metadata and all, and write into the first of the two."""

    def edit(made: NotebookNode) -> None:
        cell = cell_of(made, grade_id)
        twin = nbformat.from_dict(cell)
        twin.source, twin.id = source, "twin"
        made.cells.insert(made.cells.index(cell), twin)

    return edit


def both(*edits: Edit) -> Edit:
    """Do one after the other."""

    def edit(made: NotebookNode) -> None:
        for each in edits:
            each(made)

    return edit


SQUARES = '''def squares(n):
    """Compute the squares of 1 to n."""
    ### BEGIN SOLUTION
    if n < 1:
        raise ValueError("n must be at least 1")
    return [i ** 2 for i in range(1, n + 1)]
    ### END SOLUTION'''
RIGHT = SQUARES.replace("    ### BEGIN SOLUTION\n", "").replace("\n    ### END SOLUTION", "")
WRONG = "def squares(n):\n    return [1]"
TEST = """assert squares(1) == [1]
### BEGIN HIDDEN TESTS
assert squares(3) == [1, 4, 9]
### END HIDDEN TESTS"""

CASES: dict[str, Case] = {
    "squares": Case(
        notebook(text("# Squares"), answer(SQUARES, "squares"), checks(TEST, "squares-test", 2)),
        {
            "right": writes("squares", RIGHT),
            "wrong": writes("squares", WRONG),
            "nothing": nothing,
            "syntax": writes("squares", "def squares(n:\n"),
            "test-softened": both(writes("squares", WRONG), writes("squares-test", "assert True")),
            "test-deleted": both(writes("squares", RIGHT), deletes("squares-test")),
            "test-deleted-wrong": both(writes("squares", WRONG), deletes("squares-test")),
            "points-raised": both(writes("squares", RIGHT), marks("squares-test", points=100)),
            "checksum-forged": both(
                writes("squares", WRONG),
                writes("squares-test", "pass"),
                marks("squares-test", checksum="0" * 32),
            ),
            "answer-copied": both(
                copies("squares", WRONG.replace("squares", "other")), writes("squares", RIGHT)
            ),
            "test-as-text": both(writes("squares", RIGHT), turns("squares-test", "markdown")),
            "answer-as-text": both(writes("squares", RIGHT), turns("squares", "markdown")),
        },
    ),
    "whole-cell": Case(
        notebook(answer("x = 42\n"), checks("assert x == 42", points=1.5)),
        {"right": writes("answer", "x = 42"), "nothing": nothing},
    ),
    "indented": Case(
        notebook(
            answer(
                "class A:\n\tdef f(self):\n\t\t# BEGIN SOLUTION\n\t\treturn 1\n\t\t# END SOLUTION\n"
                "\n\tdef g(self):\n\t\tif True:\n\t\t\t### BEGIN SOLUTION ###\n\t\t\treturn 2\n"
                "            ### END SOLUTION ###\n\t\treturn 3\n"
            ),
            answer("### BEGIN SOLUTION\n### END SOLUTION", "empty"),
            answer("y = 1\n### END SOLUTION\nz = 2", "only-end"),
            checks("assert A().f() == 1"),
        ),
        {"nothing": nothing},
    ),
    "essay": Case(
        notebook(essay("Because of *gravity*.\n\nReally.")),
        {"written": writes("essay", "I think so."), "nothing": nothing},
    ),
    "essay-region": Case(
        notebook(essay("Say why:\n\n  ### BEGIN SOLUTION\n  Because.\n  ### END SOLUTION\n\nEnd.")),
        {
            "written": writes("essay", "Say why:\n\nI think so."),
            "nothing": nothing,
            "as-code": turns("essay", "code"),
        },
    ),
    "manual-code": Case(
        notebook(
            code(
                "def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION",
                grade_id="manual",
                grade=True,
                solution=True,
                points=5,
            )
        ),
        {"written": writes("manual", "def f():\n    return 2"), "nothing": nothing},
    ),
    "task": Case(
        notebook(
            task("Draw it.\n\n=== BEGIN MARK SCHEME ===\n\n2 for axes\n\n=== END MARK SCHEME ==="),
            code("# draw here"),
        ),
        {"nothing": nothing, "changed": writes("task", "I drew it."), "deleted": deletes("task")},
    ),
    "partial": Case(
        notebook(
            answer("n = 1"),
            checks("n", "number", 2),
            checks("n > 0", "truth", 1),
            checks("print(n)", "printed", 1),
            checks("n, n", "pair", 1),
            checks("n;", "quiet", 3),
        ),
        {
            "part": writes("answer", "n = 0.75"),
            "none": writes("answer", "n = 0"),
            "all": writes("answer", "n = 2"),
            "too-many": writes("answer", "n = 5"),
            "below-none": writes("answer", "n = -1"),
            "no-number": writes("answer", "n = float('nan')"),
            "words": writes(
                "answer", "n = 1\nclass N(int):\n    __repr__ = lambda s: 'one'\nn = N()"
            ),
        },
    ),
    "stderr": Case(
        notebook(
            answer("import sys\n\ndef f():\n    return 1"),
            checks("assert f() == 1"),
        ),
        {
            "warns": writes(
                "answer", "import sys\n\ndef f():\n    print('no', file=sys.stderr)\n    return 1"
            ),
            "prints": writes("answer", "def f():\n    print('yes')\n    return 1"),
        },
    ),
    "hidden-error": Case(
        notebook(answer("def f():\n    return 1"), checks("assert f() == 1")),
        {
            "no-traceback": writes(
                "answer",
                "get_ipython().showtraceback = lambda *a, **k: None\ndef f():\n    return 2",
            ),
        },
    ),
    "read-only": Case(
        notebook(
            code("base = 10", grade_id="setup", locked=True),
            answer("x = base + 1"),
            checks("assert x == 11"),
        ),
        {
            "setup-changed": both(writes("setup", "base = 0"), writes("answer", "x = base + 11")),
            "right": writes("answer", "x = base + 1"),
        },
    ),
    "unicode": Case(
        notebook(
            text("# Übung 1 – π ≈ 3,14 🐍"),
            answer("größe = 'ß'\n### BEGIN SOLUTION\nnaïve = '日本'\n### END SOLUTION"),
            checks("assert naïve == '日本'  # „Zitat“", "t_1-A"),
        ),
        {"right": writes("answer", "naïve = '日本'"), "nothing": nothing},
    ),
    "several": Case(
        notebook(
            answer("a = 1", "a"),
            checks("assert a == 1", "a1", 1),
            checks("assert a < 2", "a2", 0),
            answer("b = 2", "b"),
            checks("assert b == 2", "b1", 0.1),
            checks("assert b == a * 2", "b2", 0.2),
            essay("why", "why", 3),
        ),
        {
            "half": writes("a", "a = 1"),
            "all-deleted": both(
                writes("a", "a = 1"), writes("b", "b = 2"), deletes("a1", "a2", "b1", "b2")
            ),
            "own-cells": both(
                writes("a", "a = 1"),
                lambda made: made.cells.insert(1, notebook(code("b = 2")).cells[0]),
                deletes("b"),
            ),
        },
    ),
    "old-format": Case(
        notebook(answer("x = 1"), checks("assert x"), minor=2), {"right": writes("answer", "x = 3")}
    ),
    "raw": Case(notebook(raw("y"))),
    "empty-test": Case(
        notebook(answer("x = 1"), checks("### BEGIN HIDDEN TESTS\nassert x\n### END HIDDEN TESTS")),
        {"right": writes("answer", "x = 1"), "nothing": nothing},
    ),
    "hidden-in-manual": Case(
        notebook(
            code(
                "x = 1\n### BEGIN SOLUTION\nx = 2\n### END SOLUTION\n"
                "### BEGIN HIDDEN TESTS\nassert x\n### END HIDDEN TESTS",
                grade_id="m",
                grade=True,
                solution=True,
                points=1,
            )
        ),
        {"nothing": nothing, "written": writes("m", "x = 3")},
    ),
    "r": Case(
        notebook(
            answer("f <- function(n) {\n  ### BEGIN SOLUTION\n  n\n  ### END SOLUTION\n}"),
            answer("y <- 1", "whole"),
            checks("stopifnot(f(1) == 1)\n### BEGIN HIDDEN TESTS\nstop()\n### END HIDDEN TESTS"),
            language="R",
        )
    ),
    "octave": Case(notebook(answer("x = 1;"), checks("assert(x, 1)"), language="octave")),
    "matlab": Case(
        notebook(answer("  % BEGIN SOLUTION\n  x = 1;\n  % END SOLUTION"), language="matlab")
    ),
    "java": Case(notebook(answer("int x = 1;"), language="java")),
    "sas": Case(notebook(answer("  /* BEGIN SOLUTION */\nx\n/* END SOLUTION */"), language="sas")),
    "unmarked": Case(notebook(text("# Hello"), code("1 + 1"))),
    "flags-off": Case(notebook(text("hello", grade_id="nothing"), code("1"))),
    # What nbgrader refuses.
    "bad-raw": Case(notebook(raw("x", grade_id="raw", locked=True))),
    "bad-no-end": Case(notebook(answer("### BEGIN SOLUTION\nx = 1"))),
    "bad-nested": Case(
        notebook(answer("### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION"))
    ),
    "bad-solution-unmarked": Case(notebook(code("### BEGIN SOLUTION\nx\n### END SOLUTION"))),
    "bad-solution-in-test": Case(notebook(checks("### BEGIN SOLUTION\nx\n### END SOLUTION"))),
    "bad-hidden-unmarked": Case(notebook(code("### BEGIN HIDDEN TESTS\nx\n### END HIDDEN TESTS"))),
    "bad-hidden-no-end": Case(notebook(checks("### BEGIN HIDDEN TESTS\nassert x"))),
    "bad-scheme-no-end": Case(notebook(task("=== BEGIN MARK SCHEME ===\nx"))),
    "bad-scheme-image": Case(
        notebook(task("=== BEGIN MARK SCHEME ===\n![i](attachment:i.png)\n=== END MARK SCHEME ==="))
    ),
    "bad-scheme-unmarked": Case(
        notebook(text("=== BEGIN MARK SCHEME ===\nx\n=== END MARK SCHEME ==="))
    ),
    "bad-twice": Case(notebook(answer("x = 1", "same"), checks("assert x", "same"))),
    "bad-no-points": Case(notebook(code("assert 1", grade_id="t", grade=True, locked=True))),
    "bad-points-text": Case(
        notebook(code("assert 1", grade_id="t", grade=True, locked=True, points="2"))
    ),
    "bad-points-negative": Case(notebook(checks("assert 1", points=-1))),
    "bad-no-id": Case(notebook(code("x", solution=True))),
    "bad-empty-id": Case(notebook(answer("x", ""))),
    "bad-id": Case(notebook(answer("x", "two words"))),
    "bad-text-test": Case(notebook(text("x", grade_id="t", grade=True, points=1))),
    "bad-text-answer": Case(notebook(text("x", grade_id="t", solution=True))),
    "bad-code-task": Case(notebook(code("x", grade_id="t", task=True, locked=True, points=1))),
    "bad-language": Case(notebook(answer("x"), language="cobol")),
    "bad-version": Case(
        notebook(answer("x"), code("y", grade_id="y", locked=True, schema_version=4))
    ),
    "bad-autotest": Case(notebook(answer("x = 1"), checks("### AUTOTEST x"))),
}
