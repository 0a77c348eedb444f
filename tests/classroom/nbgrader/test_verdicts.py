"""What tests of Python notebooks are worth by what they give, write, or do not come to; in kernels.

Each runs many tests in one kernel, as starting it takes the time.
"""

from pathlib import Path
from typing import Any

import pytest

from classroom.nbgrader.autograde import CellScore, Result, prepare, scores
from classroom.nbgrader.runner import DONE, STOPPED
from tests.classroom.nbgrader.notebooks import answer, checks, code, content, notebook
from tests.classroom.nbgrader.running import result, run

CASES = Path(__file__).parents[2] / "cases"
# Shows its numbers as NumPy 2 does; of its kinds only float64 is a float of Python's.
NUMPY = """
class float64(float):
    def __repr__(self): return f'np.float64({float(self)})'
class float32:
    shape, dtype = (), 'float32'
    def __init__(self, value): self.value = value
    def __float__(self): return float(self.value)
    def __repr__(self): return f'np.{type(self).__name__}({self.value})'
class int64(float32): dtype = 'int64'
class bool_(float32):
    dtype = 'bool'
    def __bool__(self): return bool(self.value)
class complex128(float32): dtype = 'complex128'
class ndarray(float32): shape = (1,)
class Table(float32):
    shape = (1, 1)
    def _repr_html_(self): return '<table>'
    __float__ = None
def mean(found): return float64(sum(found) / len(found))
"""
ANSWER = """\
import logging, sys, warnings
class Mine:
    __radd__ = __add__ = lambda self, other: self
    _repr_html_ = lambda self: '<b>all of it</b>'
    __repr__ = lambda self: 'True'
class Number(float):
    __repr__ = lambda self: '2.0'
get_ipython().display_formatter.formatters['text/plain'].for_type(tuple, lambda *a: 'True')
def mine(): return Mine()
def warns(): warnings.warn('old', DeprecationWarning)
def shows(): get_ipython().displayhook(2)
"""
HELD = "no number of points but a value of type “{}”"
# By what they end with: of 2 points, or why nobody knows.
ENDS: dict[str, float | str] = {
    "numpy.float64(0.5)": 0.5,
    "numpy.float32(0.5)": 0.5,
    "numpy.int64(1)": 1,
    "numpy.ndarray(1)": HELD.format("ndarray"),
    "numpy.complex128(1)": HELD.format("complex128"),
    "numpy.bool_(True)": 2,
    "numpy.bool_(False)": "no number of points but “False”",
    "numpy.Table(1)": 2,
    "decimal.Decimal('0.5')": 0.5,
    "fractions.Fraction(1, 2)": 0.5,
    "Number(0.25)": 0.25,
    "3": "its test gave 3 of 2 points",
    "float('nan')": "its test gave nan of 2 points",
    "1 == 1": 2,
    "1 == 2": "no number of points but “False”",
    "'All tests passed'": 2,
    "'All tests ' + 'passed'": HELD.format("str"),
    "(1, 2)": HELD.format("tuple"),
    "[1 == 1]": HELD.format("list"),
    "0 + mine()": HELD.format("Mine"),
    "[mine()]": HELD.format("list"),
    "object()": 2,
    "[object()]": 2,
    "print(1)": 2,
    "mine();": 2,
    "shows()": 2,
    # What they write.
    "warns()": 2,
    "warnings.simplefilter('always'); warns()": 2,
    "warnings.simplefilter('error'); warns()": 0,
    "with warnings.catch_warnings(record=True) as w:\n    warns()\nassert len(w) == 1": 2,
    "logging.captureWarnings(True); warns(); logging.captureWarnings(False)": 2,
    "sys.stderr.write(f'/tmp/a.py:1: UserWarning: hm\\n  x\\n');": 2,
    "sys.stderr.write('\\r100%|###| 3/3 [00:00<00:00, 9.1it/s]');": 2,
    "sys.stderr.write('hm');": "for which nbgrader gives 0 points: “hm”",
}


def judged(folder: Path, ends: list[str], own: str = ANSWER, **kwargs: Any) -> tuple[Any, Result]:
    setup = code("import decimal, fractions, numpy", grade_id="setup", locked=True)
    tests = [checks(f"warnings.resetwarnings()\n{end}", f"t{n}") for n, end in enumerate(ends)]
    source = content(notebook(setup, answer("pass", "ans"), *tests))
    library = folder / "library"
    library.mkdir()
    (library / "numpy.py").write_text(NUMPY)
    theirs = folder / "work"
    theirs.mkdir()
    prepared = prepare(content(notebook(setup, answer(own, "ans"), *tests)), source)
    exit_code, told = run(theirs, prepared, "20", "60", PYTHONPATH=str(library), **kwargs)
    return (exit_code, told), scores(result(told), source, told["held"])


def test_what_tests_end_with_and_write(tmp_path: Path) -> None:
    (exit_code, told), found = judged(tmp_path, [*ENDS])
    assert (exit_code, told["held"]) == (DONE, {})
    words = dict(str(error).split(": ", 1) for error in found.errors)
    for number, (end, wanted) in enumerate(ENDS.items()):
        cell, told_of_it = found.cells[number], words.get(f"“t{number}”", "")
        if isinstance(wanted, str):
            assert wanted in told_of_it, end
            assert cell.score == 0, end
            assert cell.held == ("stderr" not in told_of_it), end
        else:
            assert (cell.score, cell.held, told_of_it) == (wanted, False, ""), end


def test_an_exit_ends_nothing_and_a_dead_kernel_leaves_the_rest_to_a_person(tmp_path: Path) -> None:
    ends = ["assert ran", "exit()", "quit(keep_kernel=False)", "import time; time.sleep(0.3)"]
    own = "import warnings, os\nran = True\nexit()\nquit()"
    (exit_code, told), found = judged(tmp_path, [*ends, "os._exit(1)", "assert ran", "1"], own)
    assert (exit_code, told["words"]) == (STOPPED, "The kernel died in cell 7 (“t4”).")
    assert told["held"] == {}, "nothing of it changes how tests run"
    assert [cell.score for cell in found.cells] == [2, 2, 2, 2, 0, 0, 0]
    assert [cell.held for cell in found.cells] == [False] * 4 + [True] * 3
    assert found.needs_manual
    assert [str(each) for each in found.unknown] == [
        "Tests that did not run to the end: “t4”, “t5”, “t6”."
    ]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("passing-with-warning", [4, 4, 0]), ("partial-numpy", [2])],
)
def test_cases_of_public_reports(tmp_path: Path, name: str, wanted: list[float]) -> None:
    source = (CASES / f"{name}.ipynb").read_bytes()
    submitted = (CASES / f"{name}-sub.ipynb").read_bytes()
    library = tmp_path / "library"
    library.mkdir()
    (library / "numpy.py").write_text(NUMPY)
    work = tmp_path / "work"
    work.mkdir()
    _, told = run(work, prepare(submitted, source), PYTHONPATH=str(library))
    found = scores(result(told), source, told["held"])
    assert [cell.score for cell in found.cells] == wanted
    without = [cell.grade_id for cell in found.cells if cell.score == 0]
    assert [str(error).split("”")[0] for error in found.errors] == [f"“{each}" for each in without]
    assert CellScore("t1", wanted[0], 4, needs_manual=False) in found.cells
