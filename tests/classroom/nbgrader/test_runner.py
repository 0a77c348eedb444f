"""The script that runs notebooks in a project, really run: kernels, time-outs, cut outputs."""

import ast
import json
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest

from classroom.nbgrader import runner
from tests.classroom.nbgrader.notebooks import code, content, notebook, text
from tests.classroom.nbgrader.running import result, run, run_file


def outputs(answer: dict[str, Any]) -> list[list[Any]]:
    made = nbformat.v4.reads(result(answer).decode())
    nbformat.validate(made)
    return [cell.outputs for cell in made.cells if cell.cell_type == "code"]


@pytest.mark.parametrize("nbclient", [True, False], ids=["nbclient", "nbconvert"])
class TestBothWays:
    def test_runs_past_errors_in_its_folder(self, tmp_path: Path, nbclient: bool) -> None:
        (tmp_path / "data.txt").write_text("from the folder")
        made = notebook(
            text("# Hello"), code("1/0"), code("open('data.txt').read()"), code("print('ä')")
        )
        exit_code, answer = run(tmp_path, content(made), nbclient=nbclient)
        assert (exit_code, answer["state"], answer["words"]) == (runner.DONE, "done", "")
        assert (answer["cells"], answer["cut"]) == (3, False)
        assert answer["result"] == str(tmp_path / "hw_autograded.ipynb")
        error, read, printed = outputs(answer)
        assert error[0]["ename"] == "ZeroDivisionError"
        assert read[0]["data"]["text/plain"] == "'from the folder'"
        assert printed[0]["text"] == "ä\n"
        assert sorted(path.name for path in tmp_path.iterdir()) == [
            "data.txt",
            "hw.ipynb",
            "hw_autograded.ipynb",
        ]

    def test_a_slow_cell_is_interrupted_and_the_next_ones_run(
        self, tmp_path: Path, nbclient: bool
    ) -> None:
        made = notebook(code("while True:\n    pass"), code("1 + 1"))
        exit_code, answer = run(tmp_path, content(made), "2", nbclient=nbclient)
        assert exit_code == runner.DONE
        slow, fast = outputs(answer)
        assert any(output["output_type"] == "error" for output in slow)
        assert fast[0]["data"]["text/plain"] == "2"

    def test_all_time_is_up(self, tmp_path: Path, nbclient: bool) -> None:
        made = notebook(*[code(f"import time; time.sleep(1) # {n}") for n in range(5)])
        started = time.monotonic()
        exit_code, answer = run(tmp_path, content(made), "60", "2", nbclient=nbclient)
        assert time.monotonic() - started < 25
        assert (exit_code, answer["state"]) == (runner.STOPPED, "stopped")
        assert "too long" in answer["words"]
        assert answer["cells"] < 5
        assert not outputs(answer)[-1]

    def test_a_kernel_that_dies(self, tmp_path: Path, nbclient: bool) -> None:
        made = notebook(code("1"), code("import os; os._exit(1)"), code("print('never')"))
        exit_code, answer = run(tmp_path, content(made), nbclient=nbclient)
        assert (exit_code, answer["state"]) == (runner.STOPPED, "stopped")
        where = "in cell 2" if nbclient else "while the notebook was run"
        assert answer["words"] == f"The kernel died {where}."
        made = json.loads(result(answer))
        assert [cell["execution_count"] for cell in made["cells"]] == [nbclient or None, None, None]
        assert not outputs(answer)[-1]

    def test_a_kernel_that_is_not_there(self, tmp_path: Path, nbclient: bool) -> None:
        made = notebook(code("IDENTIFICATION DIVISION."), language="cobol")
        exit_code, answer = run(tmp_path, content(made), nbclient=nbclient)
        assert (exit_code, answer["state"]) == (runner.NO_KERNEL, "no_kernel")
        assert "is not installed in this project" in answer["words"]
        assert answer["result"] is None

    def test_long_outputs_are_cut_and_keep_what_decides(
        self, tmp_path: Path, nbclient: bool
    ) -> None:
        made = notebook(
            code("print('x' * 2_000_000)\n0.5"),
            code("import sys\nprint('y' * 600_000)\nprint('no', file=sys.stderr)"),
            code("for n in range(300):\n    display('z' * 5000)\n1/0"),
            *[code(f"print('w' * 490_000)  # {n}") for n in range(9)],
            code("raise ValueError('v' * 3_000_000)"),
        )
        exit_code, answer = run(tmp_path, content(made), nbclient=nbclient)
        assert exit_code == runner.DONE
        assert answer["cut"] is True
        numbered, warned, failed, *_, last = outputs(answer)
        assert numbered[-2]["data"]["text/plain"] == "0.5"
        assert any(output.get("name") == "stderr" for output in warned)
        assert any(output.get("ename") == "ZeroDivisionError" for output in failed)
        assert any(output.get("ename") == "ValueError" for output in last)
        sizes = [len(json.dumps(cell)) for cell in outputs(answer)]
        assert max(sizes) < 510_000
        assert sum(sizes) < 4_100_000


def test_the_cells_know_that_they_are_graded(tmp_path: Path) -> None:
    made = notebook(code("import os; os.environ['NBGRADER_EXECUTION']"))
    _, answer = run(tmp_path, content(made))
    assert outputs(answer)[0][0]["data"]["text/plain"] == "'autograde'"


def test_text_alone_needs_no_kernel(tmp_path: Path) -> None:
    made = notebook(text("# Hello"), code(" "), language="cobol")
    exit_code, answer = run(tmp_path, content(made))
    assert exit_code == runner.DONE
    assert outputs(answer) == [[]]


def test_it_is_written_for_old_pythons_too() -> None:
    here = Path(runner.__file__).parent
    for part in ("cutting.py", "guarding.py"):
        ast.parse((here / part).read_text(), feature_version=(3, 8))
    for script in (runner.RUNNER, runner.GUARD):
        ast.parse(script, feature_version=(3, 8))
        assert "classroom.nbgrader" not in script, "it stands alone"


def test_a_students_modules_are_not_taken_for_the_scripts(tmp_path: Path) -> None:
    for name in ("json", "nbclient", "nbformat", "tempfile"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('mine')")
    exit_code, answer = run(tmp_path, content(notebook(code("1"))))
    assert answer["words"] == ""
    assert exit_code == runner.DONE


def test_what_cells_write_past_jupyter_is_not_the_answer(tmp_path: Path) -> None:
    made = notebook(
        code("import subprocess; subprocess.Popen(['echo', 'forged'])"),
        code("import os; os.write(1, b'forged\\n')"),
    )
    exit_code, answer = run(tmp_path, content(made))
    assert (exit_code, answer["state"]) == (runner.DONE, "done")


def test_an_error_hidden_by_the_student_is_kept(tmp_path: Path) -> None:
    made = notebook(code("get_ipython().showtraceback = lambda *a, **k: None"), code("1/0"))
    _, answer = run(tmp_path, content(made))
    assert [output["ename"] for output in outputs(answer)[1]] == ["ZeroDivisionError"]


def test_a_cell_that_ignores_the_interrupt(tmp_path: Path) -> None:
    stubborn = """import time
while True:
    try:
        time.sleep(1)
    except BaseException:
        pass"""
    made = notebook(code(stubborn), code("print('after')"))
    exit_code, answer = run(tmp_path, content(made), "1", "60")
    assert exit_code in (runner.DONE, runner.STOPPED)
    assert answer["words"] in (
        "An earlier cell was still running when cell 2 was to run.",
        "The notebook took too long and was stopped.",
    )
    assert outputs(answer)[0][-1]["ename"] == "CellTimeoutError"
    assert not any(output.get("text") == "after\n" for output in outputs(answer)[1])


@pytest.mark.parametrize(
    "written", [b"", b"{}", b"[]", b"nonsense", b"\xff\xfe", b'{"cells": 5}', b"[" * 100_000]
)
def test_what_is_no_notebook(tmp_path: Path, written: bytes) -> None:
    exit_code, answer = run(tmp_path, written)
    assert (exit_code, answer["state"]) == (runner.UNREADABLE, "unreadable")
    assert answer["words"] == "The file is not a notebook."


def test_wrong_arguments(tmp_path: Path) -> None:
    assert run_file(tmp_path)[0] == runner.UNREADABLE
    exit_code, answer = run_file(tmp_path, "nowhere.ipynb")
    assert exit_code == runner.UNREADABLE
    assert answer["words"] == "The notebook cannot be read: No such file or directory."


def test_a_project_without_jupyter(tmp_path: Path) -> None:
    made = content(notebook(code("1")))
    exit_code, answer = run(tmp_path, made, nbclient=False, PATH="/usr/bin:/bin")
    assert (exit_code, answer["state"]) == (runner.NO_JUPYTER, "no_jupyter")
    assert answer["words"].startswith("This project has no Jupyter")
