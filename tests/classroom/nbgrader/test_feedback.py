"""What students get back: nothing of the hidden tests, and all else of their own."""

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

from classroom.nbgrader.autograde import prepare, scores
from classroom.nbgrader.cutting import NOTE
from classroom.nbgrader.feedback import feedback_notebook
from tests.classroom.nbgrader.leaks import FIRST, HIDDEN, LEAKS, TRACES
from tests.classroom.nbgrader.notebooks import answer, checks, code, content, notebook, task
from tests.classroom.nbgrader.recorded import opened
from tests.classroom.nbgrader.running import result, run

CASES = Path(__file__).parents[2] / "cases"
LINE = "[a line of a hidden test]"


def hidden(lines: str, before: str = "assert a") -> str:
    return f"{before}\n### BEGIN HIDDEN TESTS\n{lines}\n### END HIDDEN TESTS\nassert b"


def returned(*cells: NotebookNode, source: NotebookNode | None = None) -> list[NotebookNode]:
    """The cells that come back where these were run."""
    made = content(notebook(*cells))
    cells_: list[NotebookNode] = opened(
        feedback_notebook(made, content(source) if source else made)
    ).cells
    return cells_


def error(ename: str, evalue: str, *frames: str) -> NotebookNode:
    made: NotebookNode = nbformat.v4.new_output(
        "error", ename=ename, evalue=evalue, traceback=[*frames, f"{ename}: {evalue}"]
    )
    return made


def printing(text: str) -> NotebookNode:
    cell = code("print(1)")
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
    return cell


def test_the_notebook_without_hidden_tests() -> None:
    tests = checks(hidden("assert secret(1)"))
    tests.outputs = [error("E", "e", "in secret")]
    opens = checks("assert c", "open")
    opens.outputs = [error("E", "e", "in secret")]
    cells = returned(tests, task("Do.\n=== BEGIN MARK SCHEME ===\nsecret\n=== END ==="), opens)
    assert [cell.source for cell in cells] == ["assert a\nassert b", "Do.", "assert c"]
    assert cells[0].outputs[0].traceback == ["E: e"]
    assert cells[2].outputs[0].traceback == ["in secret", "E: e"]


def test_hidden_lines_in_a_traceback_of_another_cell() -> None:
    lines = 'def _secret(f):\n    assert f(2) == 12, "wrong"\n    else_ = 1'
    ran = code("_secret(f)")
    ran.outputs = [
        error(
            "AssertionError",
            "wrong",
            "\x1b[31m-----\x1b[39m",
            "AssertionError   Traceback (most recent call last)",
            "Cell \x1b[32mIn[1]\x1b[39m, line 1\n"
            "\x1b[32m----> 1\x1b[39m _secret\x1b[31m(\x1b[39mf\x1b[31m)\x1b[39m\n"
            "\x1b[32m      2\x1b[39m \x1b[33melse_\x1b[39m = \x1b[33m1\x1b[39m\n"
            "\x1b[32m      3\x1b[39m )",
            "Cell In[2], line 2\n      1 def _secret(f):\n"
            '----> 2     \x1b[31massert\x1b[39m f(2) == 12, "wrong"',
        )
    ]
    found = returned(checks(hidden(lines)), ran)[1].outputs[0]
    assert (found.ename, found.evalue) == ("AssertionError", "A hidden test failed.")
    _, heading, shown, *rest = found.traceback
    assert heading == "AssertionError   Traceback (most recent call last)"
    assert shown == (
        "Cell \x1b[32mIn[1]\x1b[39m, line 1\n"
        "\x1b[32m----> 1\x1b[39m _secret\x1b[31m(\x1b[39mf\x1b[31m)\x1b[39m"
    )
    assert rest == ["[a hidden test]", "AssertionError: A hidden test failed."]


def test_what_we_write_is_in_the_students_language() -> None:
    secret = checks(hidden("assert area(20) == 1200"))
    ran = code("look()")
    ran.outputs = [
        error("AssertionError", "", "----> 1 assert area(20) == 1200"),
        error("CellTimeoutError", "The cell took too long."),
        error("ValueError", "mine"),
        nbformat.v4.new_output("stream", name="stdout", text="assert area(20) == 1200"),
        nbformat.v4.new_output("stream", name="stdout", text=NOTE),
    ]
    made = content(notebook(secret, ran))
    cells = opened(feedback_notebook(made, made, str.upper)).cells
    failed, late, mine, line, cut = cells[1].outputs
    assert failed.traceback == ["[A HIDDEN TEST]", "AssertionError: A HIDDEN TEST FAILED."]
    assert (late.evalue, mine.evalue) == ("THE CELL TOOK TOO LONG.", "mine")
    assert (line.text, cut.text) == (LINE.upper(), NOTE.upper())


def test_open_errors_stay_as_they_are() -> None:
    frame = "Cell In[1], line 1\n----> 1 assert area(1) == 3, 'three'\n      2 x = 1"
    ran = code("assert area(1) == 3, 'three'\nx = 1")
    ran.outputs = [error("AssertionError", "three", frame)]
    found = returned(checks(hidden("assert area(20) == 1200, 'much'\nx = 1")), ran)[1].outputs[0]
    assert found == ran.outputs[0]
    # What is no assertion keeps its words: they are of the answer's own.
    frame = "----> 1 assert area(20) == 1200"
    ran.outputs = [error("ZeroDivisionError", "division by zero", frame)]
    found = returned(checks(hidden("assert area(20) == 1200")), ran)[1].outputs[0]
    assert found.traceback == ["[a hidden test]", "ZeroDivisionError: division by zero"]
    ran.outputs[0].traceback = [frame]
    found = returned(checks(hidden("assert area(20) == 1200")), ran)[1].outputs[0]
    assert found.traceback == ["[a hidden test]"]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a\n  assert   f(7) == 49\nb", f"a\n{LINE}\nb"),
        ("well: assert f(7) == 49, or so", LINE),
        ("['x', 'assert f(7) == 49\\nk = 5\\n']", LINE),
        ("&#x61;ssert&nbsp;f(7) &#61;= 49", LINE),
        ("<b>assert</b> <i>f</i>(7) == 49", LINE),
        ("as\x1b[1msert f(7) ==\x1b[0m 49\nb", f"\x1b[0m{LINE}\nb"),
        ("\n".join("assert f(7) == 49"), LINE),
        ("  2: k = 5", LINE),
        ("----> 3     k = 5", LINE),
        ("k = 5 k = 5", "k = 5 k = 5"),  # short, and not by itself
        ("mark = 5\nelse:\nreturn\n)\n", "mark = 5\nelse:\nreturn\n)\n"),
        ("assert g(1) == 11\nassert f(", "assert g(1) == 11\nassert f("),  # in the open part too
    ],
)
def test_hidden_lines_in_what_is_printed(text: str, left: str) -> None:
    lines = "assert f(7) == 49\nk = 5\nelse:\n)\nassert g(1) == 11"
    tests = checks(hidden(lines, before="assert g(1) == 11"))
    assert returned(tests, printing(text))[1].outputs[0].text == left


def test_what_the_student_wrote_is_no_secret() -> None:
    own = printing("assert f(7) == 49")
    own.source = "# I think that they ask this:\nassert f(7) == 49"
    assert returned(checks(hidden("assert f(7) == 49")), own)[1].outputs == own.outputs


def test_a_notebook_without_hidden_tests_is_left_alone() -> None:
    cells = [checks("assert f(1) == 1"), printing("assert f(1) == 1")]
    cells[0].outputs = [error("AssertionError", "no frames at all")]
    assert [cell.outputs for cell in returned(*cells)] == [cell.outputs for cell in cells]


def test_what_runs_leave_in_the_notebooks_own_metadata() -> None:
    made = notebook(checks(hidden("assert f(7) == 49")))
    ran = nbformat.from_dict(made)
    ran.metadata["widgets"] = {"state": {"a": [{"value": "<b>assert f(7) == 49</b>"}]}}
    ran.metadata["lectern"] = {"imports": []}
    found = opened(feedback_notebook(content(ran), content(made))).metadata
    assert found == made.metadata


# --- really run


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for each in value.values() if isinstance(value, dict) else ():
        yield from texts(each)
    for each in value if isinstance(value, list | dict) else ():
        yield from texts(each)


def traces(cell: dict[str, Any]) -> list[str]:
    """What of the hidden test is to be read in a cell, by whoever looks for it."""
    text = re.sub(
        r"\\x([0-9a-f]{2})|\\u([0-9a-f]{4})",
        lambda found: chr(int(found[1] or found[2], 16)),
        "".join(texts(cell["outputs"])),
    )
    text = html.unescape(re.sub(r"\x1b\[[0-9;]*m", "", text))
    both = f"{text}|{re.sub('<[^<>]*>', '', text)}"
    plain = re.sub(r"""\\+[nrt]|[\s"'\\]""", "", both).lower()
    return [trace for trace in TRACES if trace in plain]


def test_no_way_brings_a_hidden_line_back(tmp_path: Path) -> None:
    tests = [
        checks(f"assert area(1) > 0\n### BEGIN HIDDEN TESTS\n{HIDDEN}\n### END HIDDEN TESTS", "t1"),
        checks("_secret(area)", "t2"),
        checks("assert area(1) == 3, 'three, not {}'.format(area(1))", "t3"),
    ]
    ways = {"first": FIRST, **LEAKS}
    own = notebook(*map(code, ways.values())).cells
    source = content(notebook(answer("def area(n):\n    return n * 3", "a"), *tests))
    theirs = notebook(answer("def area(n):\n    return n", "a"), tests[0], *own, *tests[1:])
    exit_code, told = run(tmp_path, prepare(content(theirs), source), "10", "60")
    assert exit_code == 0
    written = result(told)
    before = json.loads(written)["cells"]
    after = json.loads(feedback_notebook(written, source))["cells"]
    names = ["a", "t1", *ways, "t2", "t3"]
    got_out = {name: traces(cell) for name, cell in zip(names, after, strict=True)}
    assert {name for name, found in got_out.items() if found} == set()
    came_out = {name for name, cell in zip(names, before, strict=True) if traces(cell)}
    assert len(came_out) >= 40, "without hiding they would be there"
    # What is the student's own, or open, is still there.
    assert "three, not 1" in "".join(after[-1]["outputs"][-1]["traceback"])
    assert after[-2]["outputs"][-1]["evalue"] == "A hidden test failed."
    assert [cell.score for cell in scores(written, source, told["held"]).cells] == [2, 0, 0]


def test_the_hidden_helper_of_an_open_test(tmp_path: Path) -> None:
    source = (CASES / "hidden-helper.ipynb").read_bytes()
    submitted = (CASES / "hidden-helper-sub.ipynb").read_bytes()
    _, told = run(tmp_path, prepare(submitted, source))
    assert "== 300" in result(told).decode()
    for cell in json.loads(feedback_notebook(result(told), source))["cells"]:
        for words in ("f(2)", "12", "wrong", "300", "HIDDEN"):
            assert words not in "".join(texts([cell["source"], cell["outputs"]]))
    assert cell["source"] == ["_secret(area)"]
