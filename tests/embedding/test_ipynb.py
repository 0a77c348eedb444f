"""Notebooks as other programs write them: each repair, old formats, and what stays refused."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from embedding.ipynb import cells, outputs, reading, repairs, whole
from embedding.ipynb.reading import Excess, NotANotebook, parts_of, read

CASES = Path(__file__).parents[1] / "cases"
TABLES = (whole.REPAIRS, cells.REPAIRS, outputs.REPAIRS)

STREAM = {"output_type": "stream", "name": "stdout", "text": "8\n"}
ERROR = {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["t"]}
SHOWN = {"output_type": "display_data", "data": {"text/plain": "x"}, "metadata": {}}
RESULT = {**SHOWN, "output_type": "execute_result", "execution_count": 1}
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}

SOUND: dict[str, Any] = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {"kernelspec": KERNEL, "language_info": {"name": "python"}},
    "cells": [
        {"id": "a", "cell_type": "markdown", "metadata": {}, "source": "# T"},
        {
            "id": "b",
            "cell_type": "code",
            "metadata": {"nbgrader": {"grade_id": "x", "points": 1}, "tags": ["t"]},
            "source": "f(4)",
            "outputs": [STREAM, ERROR, SHOWN, RESULT],
            "execution_count": 3,
        },
        {"id": "c", "cell_type": "raw", "metadata": {"format": "text/x-rst"}, "source": "r"},
    ],
}
TEXT, CODE, RAW = 0, 1, 2
_GONE: Any = object()


def changed(**paths: Any) -> dict[str, Any]:
    """The sound notebook with entries in other ways: `cells__1__outputs`; `_GONE` takes one out."""
    made = copy.deepcopy(SOUND)
    for path, value in paths.items():
        *way, last = (int(step) if step.isdecimal() else step for step in path.split("__"))
        part: Any = made
        for step in way:
            part = part[step]
        if value is _GONE:
            del part[last]
        else:
            part[last] = value
    return made


def file_of(made: Any) -> bytes:
    return json.dumps(made).encode()


def outputs_of(found: nbformat.NotebookNode) -> list[Any]:
    return list(found.cells[CODE].outputs)


def test_what_is_sound_stays_as_it_is() -> None:
    assert read(file_of(SOUND)) == SOUND
    for minor in range(5):
        old = changed(nbformat_minor=minor)
        for cell in old["cells"]:
            del cell["id"]
        assert read(file_of(old)) == old


Expected = Callable[[nbformat.NotebookNode], object]
# (the repair, what is wrong, what is right then)
BROKEN: list[tuple[str, dict[str, Any], Expected]] = [
    ("minor_version", {"nbformat_minor": _GONE}, lambda n: n.nbformat_minor == 4),
    ("minor_version", {"nbformat_minor": "5"}, lambda n: n.cells[0].id == "a"),
    ("minor_version", {"nbformat_minor": 5.0}, lambda n: n.nbformat_minor == 5),
    ("minor_version", {"nbformat_minor": None}, lambda n: n.nbformat_minor == 4),
    ("minor_version", {"nbformat_minor": -1}, lambda n: n.nbformat_minor == 4),
    ("notebook_metadata", {"metadata": _GONE}, lambda n: n.metadata == {}),
    ("notebook_metadata", {"metadata": None}, lambda n: n.metadata == {}),
    ("notebook_metadata", {"metadata": []}, lambda n: n.metadata == {}),
    ("kernel", {"metadata__kernelspec": {}}, lambda n: "kernelspec" not in n.metadata),
    ("kernel", {"metadata__kernelspec": None}, lambda n: "kernelspec" not in n.metadata),
    (
        "kernel",
        {"metadata__kernelspec": {"name": "ir"}},
        lambda n: n.metadata.kernelspec == {"name": "ir", "display_name": "ir"},
    ),
    (
        "kernel",
        {"metadata": {"kernelspec": {"display_name": "R", "language": "R"}}},
        lambda n: n.metadata == {"language_info": {"name": "R"}},
    ),
    (
        "language",
        {"metadata__language_info": {"pygments_lexer": "ipython3"}},
        lambda n: n.metadata.language_info == {"name": "python", "pygments_lexer": "ipython3"},
    ),
    ("language", {"metadata": {"language_info": {}}}, lambda n: n.metadata == {}),
    (
        "language",
        {"metadata__language_info": {"name": "python", "file_extension": None}},
        lambda n: n.metadata.language_info == {"name": "python"},
    ),
    ("notebook_details", {"metadata__orig_nbformat": None}, lambda n: n == SOUND),
    ("notebook_details", {"metadata__title": None}, lambda n: n == SOUND),
    ("notebook_details", {"metadata__authors": "me"}, lambda n: n == SOUND),
    ("notebook_keys", {"worksheets": []}, lambda n: n == SOUND),
    ("notebook_keys", {"tags": ["x"]}, lambda n: n == SOUND),
    (
        "heading",
        {"cells__0": {"cell_type": "heading", "level": 2, "source": "A\nB", "metadata": {}}},
        lambda n: (n.cells[0].cell_type, n.cells[0].source) == ("markdown", "## A B"),
    ),
    (
        "heading",
        {"cells__0": {"cell_type": "heading", "level": 10**9, "source": ["A"], "metadata": {}}},
        lambda n: n.cells[0].source == "# A",
    ),
    ("cell_type", {"cells__2__cell_type": "sql"}, lambda n: n.cells[RAW].cell_type == "raw"),
    ("cell_metadata", {"cells__0__metadata": _GONE}, lambda n: n.cells[0].metadata == {}),
    ("cell_metadata", {"cells__0__metadata": None}, lambda n: n.cells[0].metadata == {}),
    ("cell_metadata", {"cells__0__metadata": []}, lambda n: n.cells[0].metadata == {}),
    ("cell_source", {"cells__0__source": None}, lambda n: n.cells[0].source == ""),
    ("cell_source", {"cells__0__source": _GONE}, lambda n: n.cells[0].source == ""),
    ("cell_source", {"cells__0__source": 5}, lambda n: n.cells[0].source == "5"),
    ("cell_source", {"cells__0__source": ["a\n", 5, None]}, lambda n: n.cells[0].source == "a\n5"),
    (
        "cell_source",
        {"cells__1": {"cell_type": "code", "input": ["a\n", "b"]}},
        lambda n: n.cells[1].source == "a\nb",
    ),
    ("cell_outputs", {"cells__1__outputs": _GONE}, lambda n: n.cells[1].outputs == []),
    ("cell_outputs", {"cells__1__outputs": None}, lambda n: n.cells[1].outputs == []),
    ("cell_outputs", {"cells__1__outputs": [None, STREAM]}, lambda n: outputs_of(n) == [STREAM]),
    (
        "cell_number",
        {"cells__1__execution_count": _GONE},
        lambda n: n.cells[1].execution_count is None,
    ),
    ("cell_number", {"cells__1__execution_count": "3"}, lambda n: n == SOUND),
    (
        "cell_number",
        {"cells__1__execution_count": "*"},
        lambda n: n.cells[1].execution_count is None,
    ),
    (
        "cell_number",
        {"cells__1__execution_count": _GONE, "cells__1__prompt_number": 3},
        lambda n: n == SOUND,
    ),
    ("cell_keys", {"cells__0__outputs": [], "cells__0__execution_count": 1}, lambda n: n == SOUND),
    ("cell_keys", {"cells__2__outputs": [STREAM]}, lambda n: n == SOUND),
    ("cell_keys", {"cells__0__outputExpanded": False}, lambda n: n == SOUND),
    ("cell_keys", {"cells__1__attachments": {}}, lambda n: n == SOUND),
    ("cell_keys", {"cells__1__transient": {"remove_source": True}}, lambda n: n == SOUND),
    ("cell_keys", {"cells__1__collapsed": False, "cells__1__language": "x"}, lambda n: n == SOUND),
    ("attachments", {"cells__0__attachments": None}, lambda n: n == SOUND),
    (
        "attachments",
        {"cells__0__attachments": {"a.png": {"image/png": None}, "b.png": None}},
        lambda n: n.cells[0].attachments == {"a.png": {"image/png": ""}},
    ),
    ("tags", {"cells__1__metadata__tags": "t"}, lambda n: n == SOUND),
    ("tags", {"cells__1__metadata__tags": ["t", "t"]}, lambda n: n == SOUND),
    ("tags", {"cells__1__metadata__tags": [{"a": 1}, {"a": 2}, "t"]}, lambda n: n == SOUND),
    ("tags", {"cells__1__metadata__tags": None}, lambda n: n.cells[1].metadata.tags == []),
    ("cell_details", {"cells__1__metadata__collapsed": "false"}, lambda n: n == SOUND),
    ("cell_details", {"cells__1__metadata__scrolled": None}, lambda n: n == SOUND),
    ("cell_details", {"cells__1__metadata__execution": {"a": 5}}, lambda n: n == SOUND),
    ("cell_details", {"cells__1__metadata__jupyter": None}, lambda n: n == SOUND),
    ("cell_details", {"cells__0__metadata__name": ""}, lambda n: n == SOUND),
    ("cell_details", {"cells__2__metadata__format": 5}, lambda n: n.cells[RAW].metadata == {}),
    (
        "old_output",
        {"cells__1__outputs__0": {"output_type": "stream", "stream": "stderr", "text": "8\n"}},
        lambda n: outputs_of(n)[0].name == "stderr",
    ),
    (
        "old_output",
        {"cells__1__outputs__1__output_type": "pyerr"},
        lambda n: n == SOUND,
    ),
    (
        "old_output",
        {"cells__1__outputs__3": {**SHOWN, "output_type": "pyout", "prompt_number": 1}},
        lambda n: n == SOUND,
    ),
    (
        "output_type",
        {"cells__1__outputs__2__output_type": "update_display_data"},
        lambda n: n == SOUND,
    ),
    ("output_type", {"cells__1__outputs__2__output_type": _GONE}, lambda n: n == SOUND),
    ("stream", {"cells__1__outputs__0__name": _GONE}, lambda n: n == SOUND),
    ("stream", {"cells__1__outputs__0__text": _GONE}, lambda n: outputs_of(n)[0].text == ""),
    ("stream", {"cells__1__outputs__0__text": ["8", 8, "\n"]}, lambda n: "88" in str(n)),
    ("error", {"cells__1__outputs__1__traceback": "t"}, lambda n: n == SOUND),
    ("error", {"cells__1__outputs__1__traceback": _GONE}, lambda n: outputs_of(n)[1].ename == "E"),
    ("error", {"cells__1__outputs__1__evalue": _GONE}, lambda n: outputs_of(n)[1].evalue == ""),
    ("error", {"cells__1__outputs__1__evalue": {"a": 1}}, lambda n: "a" in outputs_of(n)[1].evalue),
    ("shown", {"cells__1__outputs__2__metadata": _GONE}, lambda n: n == SOUND),
    ("shown", {"cells__1__outputs__3__metadata": None}, lambda n: n == SOUND),
    ("shown", {"cells__1__outputs__3__metadata": ""}, lambda n: n == SOUND),
    ("shown", {"cells__1__outputs__2__data": _GONE}, lambda n: outputs_of(n)[2].data == {}),
    (
        "shown",
        {"cells__1__outputs__2__data": {"text/plain": 5, "application/json": [5]}},
        lambda n: outputs_of(n)[2].data == {"text/plain": "5", "application/json": [5]},
    ),
    (
        "shown",
        {"cells__1__outputs__2__data": {"text/html": {"a": 1}}},
        lambda n: outputs_of(n)[2].data == {"text/html": '{"a": 1}'},
    ),
    (
        "shown",
        {"cells__1__outputs__3__execution_count": _GONE},
        lambda n: outputs_of(n)[3].execution_count is None,
    ),
    ("output_keys", {"cells__1__outputs__0__metadata": {"tags": []}}, lambda n: n == SOUND),
    ("output_keys", {"cells__1__outputs__1__metadata": {}}, lambda n: n == SOUND),
    ("output_keys", {"cells__1__outputs__1__execution_count": 1}, lambda n: n == SOUND),
    ("output_keys", {"cells__1__outputs__2__transient": None}, lambda n: n == SOUND),
    ("output_keys", {"cells__1__outputs__2__source": "SoS"}, lambda n: n == SOUND),
]


@pytest.mark.parametrize(
    ("name", "wrong", "is_right"), BROKEN, ids=[f"{row[0]}-{at}" for at, row in enumerate(BROKEN)]
)
def test_each_repair(
    monkeypatch: pytest.MonkeyPatch, name: str, wrong: dict[str, Any], is_right: Expected
) -> None:
    """It is right with the repair, and would not be without it."""
    content = file_of(changed(**wrong))
    assert is_right(read(content))
    for table in TABLES:
        monkeypatch.setattr(
            {id(whole.REPAIRS): whole, id(cells.REPAIRS): cells}.get(id(table), outputs),
            "REPAIRS",
            [each for each in table if each.name != name],
        )
    try:
        found = read(content)
    except NotANotebook:
        return
    assert not is_right(found)


def test_each_repair_has_a_test_and_says_what_it_is_for() -> None:
    rows = [each for table in TABLES for each in table]
    assert {each.name for each in rows} == {name for name, _, _ in BROKEN}
    assert all(each.does.__doc__ for each in rows)


@pytest.mark.parametrize(
    ("given", "ids"),
    [
        ([None, None, None], ["cell-1", "cell-2", "cell-3"]),
        (["a", "a", "a"], ["a", "cell-2", "cell-3"]),
        (["x" * 65, "a b", 5], ["cell-1", "cell-2", "cell-3"]),
        (["cell-2", None, "b"], ["cell-2", "cell-2x", "b"]),
    ],
)
def test_ids(given: list[Any], ids: list[str]) -> None:
    made = changed()
    for cell, each in zip(made["cells"], given, strict=True):
        cell["id"] = each
    assert [cell.id for cell in read(file_of(made)).cells] == ids
    made["nbformat_minor"] = 4
    assert not any("id" in cell for cell in read(file_of(made)).cells)


def test_a_later_version_may_know_more() -> None:
    made = changed(nbformat_minor=6, more=1, cells__0__more=1, cells__1__outputs__0__more=1)
    assert read(file_of(made)) == made
    made["cells"][1]["outputs"][0]["output_type"] = ["stream"]
    made["cells"][0] = {"cell_type": "sql", "metadata": {}, "outputs": 5}
    for does in (read, parts_of):
        with pytest.raises(NotANotebook):
            does(file_of(made))


class TestTheFileItself:
    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
    def test_as_windows_saves_it(self, encoding: str) -> None:
        text = json.dumps(changed(cells__0__source="Übung 😀"), ensure_ascii=False)
        assert read(text.encode(encoding)).cells[0].source == "Übung 😀"

    def test_zeros_at_the_end_after_a_crash(self) -> None:
        assert read(file_of(SOUND) + b"\n" + b"\0" * 4096) == SOUND

    def test_half_an_emoji_becomes_a_sign(self) -> None:
        content = file_of(changed(cells__0__source="a 😀 HALF b")).replace(b"HALF", b"\\ud83d")
        assert read(content).cells[0].source == "a 😀 \N{REPLACEMENT CHARACTER} b"

    def test_what_only_python_calls_a_number(self) -> None:
        content = file_of(changed(cells__0__metadata={"a": [float("nan"), -float("inf"), 1.5, 0]}))
        huge = content.replace(b"1.5", b"1e999, 1.5")
        assert read(huge).cells[0].metadata.a == [None, None, None, 1.5, 0]

    @pytest.mark.parametrize("given", ["4", 4.0])
    def test_the_format_as_another_kind_of_number(self, given: object) -> None:
        assert read(file_of(changed(nbformat=given))) == SOUND

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "It is empty."),
            (b"\0" * 100, "It is empty."),
            (b"\xff", "Its text is damaged."),
            (b"[]", "It has no list of cells."),
            (b'{"nbformat": 4}', "It has no list of cells."),
            (b'{"nbformat": 3}', "It has no list of cells."),
            (b'{"cells": []}', "It does not say which"),
            (b'{"nbformat": 5, "cells": []}', "Its format is 5;"),
            (b'{"nbformat": true, "cells": []}', "It does not say which"),
            (file_of(changed(cells__1=None)), "One of its cells is damaged."),
            (b'{"nbformat": 4,\n "cells": [}', "damaged or breaks off in line 2."),
            (file_of(SOUND)[:-20], "breaks off in line"),
            (file_of(SOUND) * 2, "damaged or breaks off in line 1."),
            (b'{"a":\n<<<<<<< HEAD\n 1\n=======\n 2\n>>>>>>> b\n}', "unfinished Git merge"),
            (b'{"nbformat": 4, "a": ' + b"9" * 5_000 + b"}", "a number that is too long"),
            (file_of(changed(cells__0__source={"a": 1})), "Part of it is not in"),
            (file_of(changed(cells__0__cell_type=_GONE)), "Part of it is not in"),
            (file_of(changed(cells__0__cell_type=[])), "Part of it is not in"),
        ],
    )
    def test_what_stays_refused_says_why(self, content: bytes, reason: str) -> None:
        for does in (read, parts_of):
            with pytest.raises(NotANotebook) as refused:
                does(content)
            assert reason in str(refused.value)

    def test_more_than_a_person_makes_is_not_even_checked(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reading, "get_validator", None)
        wrongs: list[dict[str, Any]] = [
            {"cells": [{}] * 5_001},
            {"cells__1__outputs": [[]] * 20_001},
            {"cells__1__outputs": [[]] * 2_000_000},
            {"nbformat": 3, "worksheets": [{"cells": [{}] * 2_501}] * 2},
        ]
        for wrong in wrongs:
            with pytest.raises(Excess):
                read(file_of(changed(**wrong)))

    def test_twenty_thousand_broken_outputs_are_repaired_with_one_look_each(self) -> None:
        made = changed(cells__1__outputs=[{"output_type": "x", "data": {"a": [1]}}] * 20_000)
        made["cells"] += [{"cell_type": "code", "id": "b"}] * 4_000
        assert parts_of(file_of(made)) == 3 + 4_000 + 20_000


class TestOldFormats:
    def test_of_2014(self) -> None:
        found = read((CASES / "source-format-3.ipynb").read_bytes())
        assert (found.nbformat, found.nbformat_minor) == (4, 4)
        marks = [cell.metadata.nbgrader for cell in found.cells]
        assert [(each.grade_id, each.solution) for each in marks] == [
            ("dbl", True),
            ("dbl_t", False),
        ]
        assert found.cells[0].source.startswith("def dbl(n):\n    ### BEGIN")
        assert read((CASES / "source-format-3.ipynb").read_bytes()) == found

    def test_all_that_format_3_has(self) -> None:
        outs = [
            {"output_type": "stream", "stream": "stderr", "text": ["a\n", "b"]},
            {"output_type": "stream", "text": "no name"},
            {"output_type": "pyerr", "ename": "E", "evalue": "v", "traceback": ["t"]},
            {"output_type": "pyout", "prompt_number": 2, "text": "5", "html": ["<b>", "5"]},
            {"output_type": "display_data", "png": "aGk=", "json": "{", "metadata": None},
            {"output_type": "what"},
            5,
        ]
        cell = {"cell_type": "code", "input": ["a=1", "b=2"], "outputs": outs, "prompt_number": 2}
        old = {
            "nbformat": 3,
            "metadata": {"name": "n", "kept": 1},
            "worksheets": [
                {"cells": [{"cell_type": "heading", "level": 3, "source": ["Week", "1"]}, cell]},
                {"cells": [{"cell_type": "html", "source": "<b>"}, {"cell_type": "code"}]},
                {"cells": [{"cell_type": "heading", "level": 10**9, "source": "x"}]},
            ],
        }
        found = read(file_of(old))
        assert found.metadata == {"kept": 1}
        texts = ["### Week 1", "a=1\nb=2", "<b>", "", "# x"]
        assert [each.source for each in found.cells] == texts
        assert found.cells[1].execution_count == 2
        assert [each.get("name") for each in found.cells[1].outputs[:2]] == ["stderr", "stdout"]
        assert found.cells[1].outputs[2].ename == "E"
        assert found.cells[1].outputs[3].data == {"text/plain": "5", "text/html": "<b>\n5"}
        assert found.cells[1].outputs[4].data == {"image/png": "aGk="}
        assert len(found.cells[1].outputs) == 5
        assert parts_of(file_of(old)) == 10

    def test_the_two_before(self) -> None:
        second = {"nbformat": 2, "worksheets": [{"cells": [{"cell_type": "code", "input": "1"}]}]}
        assert read(file_of(second)).cells[0].source == "1"
        first = {"nbformat": 1, "cells": [{"cell_type": "code", "code": "1"}, {"text": ["a", "b"]}]}
        assert [each.source for each in read(file_of(first)).cells] == ["1", "ab"]

    @pytest.mark.parametrize(
        "sheet",
        [None, {}, {"cells": [5]}, {"cells": [{"cell_type": "code", "input": {}}]}],
    )
    def test_what_is_none(self, sheet: object) -> None:
        with pytest.raises(NotANotebook):
            read(file_of({"nbformat": 3, "worksheets": [sheet]}))


def test_it_is_nowhere_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jupyter's own ways look again at what is wrong; none of them is gone."""
    monkeypatch.setattr("jsonschema.Draft4Validator.iter_errors", None)
    monkeypatch.setattr("nbformat.validator.validate", None)
    monkeypatch.setattr("nbformat.validate", None)
    read((CASES / "source-format-3.ipynb").read_bytes())
    with pytest.raises(NotANotebook):
        read(file_of(changed(cells__0__source={"a": 1})))


def test_deep_nesting() -> None:
    for depth in (500, 2_000, 100_000):
        deep = file_of(changed(cells__1__outputs__2__data={"text/html": "DEEP"}))
        content = deep.replace(b'"DEEP"', b"[" * depth + b"]" * depth)
        try:
            assert len(read(content).cells) == 3
        except Excess:
            assert depth > 500


@pytest.mark.parametrize("name", ["sub-vscode-text-cell.ipynb", "sub-colab-stream.ipynb"])
def test_cases(name: str) -> None:
    found = read((CASES / name).read_bytes())
    assert [cell.source for cell in found.cells][1] == "def dbl(n):\n    return n+n"
    assert repairs.STRICTEST < reading.NEWEST_MINOR
