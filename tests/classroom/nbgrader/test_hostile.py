"""Whatever is handed in: a sound result or a sentence, no other exception, and no long wait."""

import contextlib
import copy
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classroom.nbgrader.autograde import prepare, scores
from classroom.nbgrader.feedback import feedback_notebook
from classroom.nbgrader.reading import MarkingError, read
from classroom.nbgrader.student_version import is_marked, student_version
from classroom.nbgrader.validate import check_notebook
from embedding.ipynb import reading
from tests.classroom.nbgrader.cases import CASES
from tests.classroom.nbgrader.notebooks import answer, checks, code, content, notebook, text
from tests.classroom.nbgrader.recorded import opened

SOURCE = content(CASES["several"].source)
ALL: list[Callable[[bytes], Any]] = [
    is_marked,
    student_version,
    lambda written: feedback_notebook(written, SOURCE),
    lambda written: feedback_notebook(SOURCE, written),
    lambda written: prepare(written, SOURCE),
    lambda written: prepare(SOURCE, written),
    lambda written: scores(written, SOURCE),
    lambda written: scores(SOURCE, written),
    lambda written: scores(prepare(written, SOURCE), SOURCE),
]
TASK = {"grade_id": "t", "task": True, "locked": True, "points": 1}


def survives(written: bytes) -> None:
    check_notebook("hw.ipynb", written)
    for function in ALL:
        with contextlib.suppress(MarkingError):
            made = function(written)
            if isinstance(made, bytes):
                opened(made)


numbers = st.one_of(
    st.integers(), st.floats(), st.sampled_from([10**400, -1, 0, 1e308, float("nan")])
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, st.text(max_size=10)),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
flags = st.one_of(st.booleans(), st.booleans(), values)
nbgrader = st.one_of(
    values,
    st.fixed_dictionaries(
        {},
        optional={
            "schema_version": st.one_of(st.just(3), st.integers(-1, 4), values),
            "grade": flags,
            "solution": flags,
            "locked": flags,
            "task": flags,
            "remove": flags,
            "multiple_choice": flags,
            "grade_id": st.one_of(st.sampled_from(["a", "a1", "a2", "b", "b1", "why"]), values),
            "points": st.one_of(st.integers(0, 5), values),
            "checksum": values,
            "cell_type": values,
            "mine": values,
        },
    ),
)
lines = st.sampled_from(
    [
        "x = 1",
        "### BEGIN SOLUTION",
        "### END SOLUTION",
        "### BEGIN HIDDEN TESTS",
        "### END HIDDEN TESTS",
        "=== BEGIN MARK SCHEME ===",
        "=== END MARK SCHEME ===",
        "![x](attachment:x.png)",
        "\ud800",
        "ß\u2028",
    ]
)
sources = st.one_of(st.lists(lines, max_size=5).map("\n".join), st.lists(lines, max_size=3), values)
outputs = st.one_of(
    values,
    st.builds(
        lambda result: [
            {
                "output_type": "execute_result",
                "execution_count": 1,
                "metadata": {},
                "data": {"text/plain": result},
            }
        ],
        values,
    ),
)
cells = st.builds(
    lambda base, changes: {**base, **changes},
    st.sampled_from(
        [
            {"cell_type": "markdown", "metadata": {}, "source": "", "id": "m"},
            {"cell_type": "raw", "metadata": {}, "source": "", "id": "r"},
            {
                "cell_type": "code",
                "metadata": {},
                "source": "",
                "id": "c",
                "outputs": [],
                "execution_count": 1,
            },
        ]
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "metadata": st.one_of(values, st.builds(lambda found: {"nbgrader": found}, nbgrader)),
            "source": sources,
            "outputs": outputs,
            "id": values,
            "execution_count": values,
            "attachments": values,
        },
    ),
)
notebooks = st.one_of(
    values,
    st.builds(
        lambda cells, changes: {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {"kernelspec": {"name": "python3", "display_name": "P"}},
            "cells": cells,
            **changes,
        },
        st.lists(cells, max_size=4),
        st.fixed_dictionaries(
            {},
            optional={
                "nbformat": st.one_of(st.just(4), values),
                "nbformat_minor": st.one_of(st.integers(0, 6), values),
                "metadata": st.one_of(
                    values, st.builds(lambda found: {"kernelspec": found}, values)
                ),
                "cells": values,
            },
        ),
    ),
)


@given(notebooks)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_notebook(made: Any) -> None:
    survives(json.dumps(made).encode())


@given(st.binary(max_size=50))
def test_any_bytes(written: bytes) -> None:
    survives(written)


@given(nbgrader, nbgrader)
@settings(max_examples=100, deadline=None)
def test_any_metadata_never_raise_the_score(first: Any, second: Any) -> None:
    """The students' cells with any marks: never more than with their own."""
    made = json.loads(SOURCE)
    changed = copy.deepcopy(made)
    changed["cells"][0]["metadata"]["nbgrader"] = first
    changed["cells"][1]["metadata"]["nbgrader"] = second
    try:
        prepared = opened(prepare(json.dumps(changed).encode(), SOURCE))
    except MarkingError:
        return
    for cell in prepared.cells:
        if cell.cell_type == "code":
            cell.execution_count = 1
    found = scores(content(prepared), SOURCE)
    assert found.max_total == scores(prepare(SOURCE, SOURCE), SOURCE).max_total
    assert {cell.grade_id for cell in found.cells} == {"a1", "a2", "b1", "b2", "why"}


@pytest.mark.parametrize("depth", [500, 2000, 200_000])
def test_deep_nesting(depth: int) -> None:
    for nested in ("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth):
        written = content(notebook(answer("x"), checks("y"))).decode()
        survives(written.replace('"tags"', f'"deep": {nested}, "tags"', 1).encode())
        survives(written.replace('"nbgrader": {', f'"nbgrader": {{"deep": {nested}, ', 1).encode())
        survives(nested.encode())


@pytest.mark.parametrize(
    "made",
    [
        notebook(answer("x" * 5_000_000, "a"), checks("y", "a1")),
        notebook(
            answer("### BEGIN SOLUTION\n" + f"{'x = 1':50}\n" * 100_000 + "### END SOLUTION", "a")
        ),
        notebook(*[text("x" * 2500) for _ in range(2000)]),
        notebook(*[checks("x", f"t{number}") for number in range(2000)]),
        notebook(answer(" " * 2_000_000 + "BEGIN SOLUTION\n![" * 10, "a")),
        notebook(text("=== BEGIN MARK SCHEME ===\n" + "![](" * 500_000, **TASK)),
    ],
    ids=["long-line", "many-lines", "many-cells", "many-tests", "blanks", "pictures"],
)
def test_five_megabytes(made: Any) -> None:
    started = time.monotonic()
    survives(content(made))
    assert time.monotonic() - started < 30


def test_outputs_of_five_megabytes() -> None:
    made = notebook(code("x"))
    made.cells[0].outputs[0].text = ("y" * 99 + "\n") * 50_000
    survives(content(made))


@pytest.mark.parametrize(
    ("limit", "cells"),
    [
        ("MOST_CELLS", [code("x")] * 3),
        ("MOST_OUTPUTS", [code("x") | {"outputs": [{"output_type": "y"}] * 3}]),
        ("MOST_BRACKETS", []),
    ],
)
def test_more_than_a_person_makes_is_not_read(
    monkeypatch: pytest.MonkeyPatch, limit: str, cells: list[Any]
) -> None:
    monkeypatch.setattr(reading, limit, 2)
    monkeypatch.setattr(reading, "get_validator", None)
    with pytest.raises(MarkingError, match="too many parts"):
        read(content(notebook(*cells)))


def test_what_is_wrong_is_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """nbformat's own way takes minutes for some files of a few kilobytes."""
    wrong = notebook(code("x"))
    wrong["cells"][0]["source"] = {"a": 1}
    monkeypatch.setattr("jsonschema.Draft4Validator.iter_errors", None)
    with pytest.raises(MarkingError, match="not a Jupyter notebook"):
        read(json.dumps(wrong).encode())
