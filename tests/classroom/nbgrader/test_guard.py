"""Answers that set out to get points, and honest notebooks that alter the kernel, too."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from classroom.nbgrader.autograde import CellScore, Result, prepare, scores
from tests.classroom.nbgrader.attacks import ATTACKS, RIGHT, WRONG
from tests.classroom.nbgrader.honest import ANSWER, SETUP, TESTS
from tests.classroom.nbgrader.notebooks import answer, checks, code, content, notebook
from tests.classroom.nbgrader.running import result, run

HELPER = code(
    "import math\ndef must_be(found, wanted):\n    assert found == wanted",
    grade_id="helper",
    locked=True,
)


def attacking(names: Iterable[str]) -> tuple[bytes, bytes]:
    """What is handed in with these attacks, and the teacher's notebook."""
    theirs, ours = [HELPER, answer(WRONG, "wrong")], [HELPER, answer(RIGHT, "wrong")]
    for name in names:
        attack = ATTACKS[name]
        done = [(attack.code, attack.test, ""), (attack.undo, "assert True", "-undone")]
        for source, test, part in done:
            theirs += [answer(source, f"{name}-answer{part}"), checks(test, f"{name}{part}")]
            ours += [answer("pass", f"{name}-answer{part}"), checks(test, f"{name}{part}")]
    return content(notebook(*theirs)), content(notebook(*ours))


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, dict[str, list[str]]]:
    """All attacks, run in one kernel: the scores, and what is held."""
    submitted, source = attacking(ATTACKS)
    folder = tmp_path_factory.mktemp("attacks")
    exit_code, told = run(folder, prepare(submitted, source), "10", "60")
    assert exit_code == 0, told
    return scores(result(told), source, told["held"]), told["held"]


@pytest.mark.parametrize("name", ATTACKS)
def test_no_attack_gets_the_points(attacked: Any, name: str) -> None:
    found, held = attacked
    cells = {cell.grade_id: cell for cell in found.cells}
    reason = ATTACKS[name].reason
    assert reason in " ".join(held.get(name, []))
    assert cells[name] == CellScore(
        name, ATTACKS[name].score, 2, needs_manual=bool(reason), held=bool(reason)
    )
    undone = CellScore(f"{name}-undone", 2, 2, needs_manual=False)
    assert cells[f"{name}-undone"] == undone, held.get(f"{name}-undone")


@pytest.mark.parametrize("nbclient", [True, False], ids=["nbclient", "nbconvert"])
def test_an_honest_notebook_is_not_held(tmp_path: Path, nbclient: bool) -> None:
    setup = code(SETUP, grade_id="setup", locked=True)
    tests = [checks(test, f"test-{number}", 1) for number, test in enumerate(TESTS)]
    solved = answer("### BEGIN SOLUTION\ndef example(x):\n    return 2\n### END SOLUTION")
    source = content(notebook(setup, solved, *tests))
    prepared = prepare(content(notebook(setup, answer(ANSWER), *tests)), source)
    _, told = run(tmp_path, prepared, "20", "60", nbclient=nbclient)
    assert told["held"] == {}
    found = scores(result(told), source, told["held"])
    assert found.errors == ()
    assert [cell.grade_id for cell in found.cells if cell.score != 1] == []
    ran = json.loads(result(told))
    assert [cell["execution_count"] for cell in ran["cells"]] == list(range(1, len(tests) + 3))
    assert [cell["id"] for cell in ran["cells"]] == [
        cell["id"] for cell in json.loads(prepared)["cells"]
    ]
    assert "lectern" not in result(told).decode()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hw.ipynb", "hw_autograded.ipynb"]
