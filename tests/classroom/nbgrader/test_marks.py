"""Old marks, and notebooks of other programs, as nbgrader and CoCalc read them."""

import json
from pathlib import Path
from typing import Any

import pytest

from classroom.nbgrader.autograde import prepare, scores
from classroom.nbgrader.marks import check, mark
from classroom.nbgrader.reading import MarkingError, read
from classroom.nbgrader.student_version import is_marked, student_version
from tests.classroom.nbgrader.notebooks import cell_of, code, content, notebook
from tests.classroom.nbgrader.recorded import opened

CASES = Path(__file__).parents[2] / "cases"
SOURCE = (CASES / "source.ipynb").read_bytes()


def of_version_0(**given: Any) -> Any:
    """A cell's metadata, written before they had versions, as `check` brings them up to date."""
    made = notebook(code("x"))
    made.cells[0].metadata["nbgrader"] = {"grade_id": "a", **given}
    check(made)
    return made.cells[0].metadata.get("nbgrader"), mark(made.cells[0])


@pytest.mark.parametrize(
    ("given", "points"),
    [
        ({"points": "2"}, 2.0),
        ({"points": "2.5"}, 2.5),
        ({"points": ""}, 0.0),
        ({"points": -1}, 0.0),
        ({"points": "-1"}, 0.0),
        ({"points": 3}, 3.0),
        ({}, 0.0),
    ],
)
def test_points_as_nbgraders_first_version_wrote_them(given: dict[str, Any], points: float) -> None:
    metadata, found = of_version_0(grade=True, **given)
    assert found is not None
    assert (found.points, found.grade, found.solution, found.locked) == (points, True, False, True)
    assert metadata["points"] == points
    assert metadata["schema_version"] == 3


def test_points_of_what_is_not_graded_go() -> None:
    for points in ("", "x", -5, None):
        metadata, found = of_version_0(solution=True, points=points)
        assert found is not None
        assert found.solution
        assert "points" not in metadata


def test_a_mark_that_was_taken_off_is_none() -> None:
    assert of_version_0(grade=False, solution=False, points="x") == (None, None)
    assert of_version_0(schema_version=0, locked=False) == (None, None)
    # CoCalc's own mark is one.
    metadata, _ = of_version_0(remove=True)
    assert metadata["remove"] is True


def test_the_cells_type_beside_an_old_checksum() -> None:
    for schema, given in ((0, {}), (1, {"cell_type": ""}), (1, {"cell_type": None})):
        metadata, _ = of_version_0(schema_version=schema, solution=True, checksum="c", **given)
        assert metadata["cell_type"] == "code"
    assert "cell_type" not in of_version_0(schema_version=1, solution=True, cell_type="")[0]


@pytest.mark.parametrize("points", ["two", "nan", "inf", None, True, [1]])
def test_points_that_are_no_number_are_refused(points: object) -> None:
    with pytest.raises(MarkingError, match="points"):
        of_version_0(grade=True, points=points)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_later_versions_keep_points_as_numbers(version: int) -> None:
    with pytest.raises(MarkingError, match="points"):
        of_version_0(schema_version=version, grade=True, points="2")


def test_a_source_of_2014_goes_out_without_its_solution() -> None:
    source = (CASES / "source-format-3.ipynb").read_bytes()
    assert is_marked(source)
    made = student_version(source)
    assert b"return 2*n" not in made
    assert b"dbl(-1)" not in made
    assert b"YOUR CODE HERE" in made
    assert opened(made).nbformat == 4
    assert student_version(source) == made


@pytest.mark.parametrize(
    "name", ["sub-vscode-text-cell.ipynb", "sub-colab-stream.ipynb", "source-format-3.ipynb"]
)
def test_what_other_programs_saved_is_graded(name: str) -> None:
    prepared = opened(prepare((CASES / name).read_bytes(), SOURCE))
    assert cell_of(prepared, "dbl").source.startswith("def dbl(n):")
    for cell in prepared.cells:
        if cell.cell_type == "code":
            cell.execution_count = 1
    found = scores(content(prepared), SOURCE)
    assert (found.total, found.max_total, found.errors) == (2, 2, ())


def test_a_copied_cell_keeps_its_id_and_the_last_counts() -> None:
    """nbgrader refuses such a notebook."""
    submitted = json.loads((CASES / "sub-vscode-text-cell.ipynb").read_bytes())
    again = json.loads(json.dumps(submitted["cells"][1])) | {"source": "def dbl(n): return 0"}
    submitted["cells"].append(again)
    prepared = read(prepare(json.dumps(submitted).encode(), SOURCE))
    assert cell_of(prepared, "dbl").source == "def dbl(n): return 0"
