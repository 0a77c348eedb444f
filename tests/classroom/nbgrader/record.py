"""Asks nbgrader what it makes of the cases, and writes it down in `data/`.

Recorded with nbgrader 0.9.6 in a virtual environment of its own, which is no part of the project:

    python3 -m venv /tmp/nbg && /tmp/nbg/bin/pip install nbgrader==0.9.6 ipykernel
    PATH=/tmp/nbg/bin:$PATH python -m tests.classroom.nbgrader.record

Each case is generated with `nbgrader generate_assignment` and each student's notebook graded with
`nbgrader autograde`, with the default settings but one: `OverwriteCells.add_missing_cells` is on,
as we put deleted cells back. Per case, `data/<case>.json` holds `released`, the students' version,
or null where nbgrader refuses; and per student the grades as [score, max, needs manual grade], or
null where nbgrader fails.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat

from tests.classroom.nbgrader.cases import CASES, Case

DATA = Path(__file__).with_name("data")


def record(case: Case, root: Path) -> dict[str, Any]:
    """Run one case through nbgrader in a folder of its own."""
    from nbgrader.api import Gradebook  # type: ignore[import-not-found]
    from nbgrader.apps import NbGraderAPI  # type: ignore[import-not-found]
    from traitlets.config import Config

    config = Config()
    config.CourseDirectory.root = str(root)
    config.OverwriteCells.add_missing_cells = True
    os.chdir(root)
    api = NbGraderAPI(config=config)
    (root / "source" / "hw").mkdir(parents=True)
    nbformat.write(case.source, root / "source" / "hw" / "nb.ipynb")
    found: dict[str, Any] = {"released": None, "students": {}}
    answer = api.generate_assignment("hw")
    if not answer["success"]:
        print(str(answer["error"])[-300:], answer["log"][-900:], file=sys.stderr)
        return found
    released = root / "release" / "hw" / "nb.ipynb"
    found["released"] = json.loads(released.read_text())
    for student, edit in case.students.items():
        made = nbformat.read(released, 4)
        edit(made)
        folder = root / "submitted" / student / "hw"
        folder.mkdir(parents=True)
        nbformat.write(made, folder / "nb.ipynb")
        answer = api.autograde("hw", student)
        found["students"][student] = None
        if answer["success"]:
            with Gradebook(f"sqlite:///{root}/gradebook.db") as gradebook:
                grades = gradebook.find_submission_notebook("nb", "hw", student).grades
                found["students"][student] = {
                    grade.name: [grade.score, grade.max_score, grade.needs_manual_grade]
                    for grade in grades
                }
        else:
            print(student, str(answer["error"])[-300:], answer["log"][-600:], file=sys.stderr)
    return found


if __name__ == "__main__":
    DATA.mkdir(exist_ok=True)
    for name in sys.argv[1:] or CASES:
        with tempfile.TemporaryDirectory() as folder:
            recorded = record(CASES[name], Path(folder).resolve())
        text = json.dumps(recorded, indent=1, ensure_ascii=False, sort_keys=True)
        (DATA / f"{name}.json").write_text(text + "\n")
        print(name, "refused" if recorded["released"] is None else recorded["students"])
