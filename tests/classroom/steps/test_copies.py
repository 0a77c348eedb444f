"""Work that was handed in under another name: held for a person, who says which file it is."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from classroom.grading import runs
from classroom.models import GradeChange, Submission, Transfer
from classroom.nbgrader.copies import grade_ids, is_untouched
from classroom.nbgrader.student_version import student_version
from classroom.rules import manifest, names
from classroom.rules.manifest import File
from classroom.rules.scoring import grade_set
from classroom.steps import autograde, copies
from classroom.steps.approved import approved_now
from classroom.steps.run import run
from classroom.steps.run_script import Ran
from embedding.cocalc.client import Client
from embedding.problems import Problem
from tests.classroom import factories
from tests.classroom.gradebook import Class, make_class
from tests.conftest import HttpsClient

CASES = Path(__file__).parents[2] / "cases"
SOURCE = (CASES / "source.ipynb").read_bytes()
SOLVED = (CASES / "sub-vscode-text-cell.ipynb").read_bytes()
UNTOUCHED = student_version(SOURCE)


@pytest.fixture
def lab(cocalc: Client, db: None) -> Class:
    """A class on CoCalc, whose assignment is the case's notebook; Ada's folder is collected."""
    room = make_class()
    factories.on_cocalc(room.course)
    room.ada.refresh_from_db()
    cocalc.write_file(home(room), "homework-1/hw.ipynb", SOURCE)
    room.assignment.marked = True
    room.assignment.sources = manifest.of_folder(home(room), "homework-1")
    room.assignment.approved = approved_now(room.assignment, by="prof")
    room.assignment.save()
    cocalc.make_folder(home(room), folder(room))
    room.collected()
    return room


def home(lab: Class) -> str:
    return str(lab.course.project.project_id)


def folder(lab: Class) -> str:
    return names.collected_path(lab.assignment, lab.ada)


def collect(lab: Class, cocalc: Client, **files: bytes) -> None:
    cocalc.remove(home(lab), folder(lab))
    for path, content in files.items():
        cocalc.write_file(home(lab), f"{folder(lab)}/{path}", content)


def graded(lab: Class, **options: Any) -> tuple[dict[str, Any], Submission]:
    Transfer.objects.filter(state=Transfer.State.QUEUED).delete()
    batch = runs.autograde_run(lab.assignment, [lab.ada], actor=lab.teacher)
    transfer = batch.transfers.get()
    transfer.options |= options
    return run(transfer), lab.work()


@pytest.fixture
def unrun(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is run, so that all that gets so far is held as forged."""
    monkeypatch.setattr(
        autograde.Grader, "_executed", lambda *_: Ran(notebook=None, words="", held={})
    )


def test_a_copy_is_held_and_named_whatever_it_is_called(lab: Class, cocalc: Client) -> None:
    grade_set(lab.work(), score=Decimal(0), by=lab.teacher, how="autograder")
    for name in ("hw (1).ipynb", "hw.ipynb.txt", "Mara hw.ipynb", "mine/HW.IPYNB"):
        collect(lab, cocalc, **{name: SOLVED, "notes.ipynb": b"{}"})
        result, work = graded(lab)
        words = f"“hw.ipynb” is missing, but “{name}” has its cells. Grade it by hand."
        assert (result["held"], result["score"], result["manual"]) == (words, "", True)
        assert (work.held, work.score) == (words, None)
        assert work.details["cells"] == {"dbl_t": [None, 2.0]}
    collect(lab, cocalc, **{"a.ipynb": SOLVED, "b.ipynb": SOLVED})
    assert "but “a.ipynb”, “b.ipynb” have its cells" in graded(lab)[0]["held"]


def test_where_nothing_has_its_cells_it_was_not_handed_in(lab: Class, cocalc: Client) -> None:
    other = SOLVED.replace(b'"dbl', b'"other')
    kept = {"hw_autograded.ipynb": SOLVED, "hw.ipynb~": SOLVED, "hw.ipynb.bak": SOLVED}
    collect(lab, cocalc, **{"week 2.ipynb": other, "a.txt": SOLVED, "b.ipynb": b"{"}, **kept)
    result, work = graded(lab)
    assert (result["notes"], result["held"]) == (["“hw.ipynb” is missing."], "")
    assert work.score == 0


def test_a_copy_beside_an_untouched_notebook_is_held(
    lab: Class, cocalc: Client, unrun: None
) -> None:
    collect(lab, cocalc, **{"hw.ipynb": UNTOUCHED, "hw-Copy1.ipynb": SOLVED})
    words = "“hw.ipynb” was not changed, but “hw-Copy1.ipynb” has its cells."
    assert words in graded(lab)[0]["held"]
    collect(lab, cocalc, **{"hw.ipynb": UNTOUCHED, "hw-Copy1.ipynb": UNTOUCHED})
    assert autograde.FORGED in graded(lab)[0]["held"], "it was graded"
    # What was handed out is no copy of a student's.
    lab.assignment.files = manifest.of_folder(home(lab), folder(lab))
    lab.assignment.save()
    assert autograde.FORGED in graded(lab)[0]["held"]
    assert not lab.work().details["copies"]


def test_a_copy_beside_a_worked_in_notebook_is_a_note(
    lab: Class, cocalc: Client, unrun: None
) -> None:
    collect(lab, cocalc, **{"hw.ipynb": SOLVED, "hw-Copy1.ipynb": UNTOUCHED})
    result, work = graded(lab)
    note = "“hw.ipynb” was graded. “hw-Copy1.ipynb” has its cells, too."
    assert result["notes"] == [note]
    assert work.details["copies"] == {}


def test_a_copy_beside_one_that_cannot_be_read(lab: Class, cocalc: Client) -> None:
    collect(lab, cocalc, **{"hw.ipynb": b"{", "hw-Copy1.ipynb": SOLVED})
    words = "“hw.ipynb” cannot be read as a notebook, but “hw-Copy1.ipynb” has its cells."
    assert words in graded(lab)[0]["held"]


def test_one_press_grades_it_and_is_remembered(lab: Class, cocalc: Client) -> None:
    collect(lab, cocalc, **{"hw (1).ipynb": SOLVED})
    graded(lab)
    assistant = HttpsClient(lab.assistant)
    label = "Grade “hw (1).ipynb” as “hw.ipynb”"
    assert label in assistant.get(lab.grade_url()).content.decode()
    address = f"{lab.base}/assignments/{lab.assignment.pk}/autograde/{lab.ada.pk}"
    for data in ({}, {"notebook": "hw.ipynb", "copy": "../../secret.ipynb"}):
        assert assistant.post(address, data)["Location"] == lab.grade_url()
    assert not Transfer.objects.filter(options__has_key="instead").exists()
    Transfer.objects.all().delete()
    pressed = assistant.post(address, {"notebook": "hw.ipynb", "copy": "hw (1).ipynb"})
    assert "/runs/" in pressed["Location"]
    result = run(Transfer.objects.get())
    assert (result["found"], result["max"], result["held"]) == ("2", "2", "")
    assert result["notes"] == ["“hw (1).ipynb” was graded as “hw.ipynb”."]
    assert lab.work().score == 10
    assert cocalc.file_exists(home(lab), f"{folder(lab)}/hw_autograded.ipynb")
    assert label not in assistant.get(lab.grade_url()).content.decode()
    # The class is graded again: what was decided stays, until there is a notebook of the name.
    assert graded(lab)[0]["score"] == "10"
    assert GradeChange.objects.count() == 1
    collect(lab, cocalc, **{"hw (1).ipynb": SOLVED, "hw.ipynb": UNTOUCHED})
    assert "was not changed, but" in graded(lab)[0]["held"]


def test_what_is_not_there_any_more_is_told(lab: Class, cocalc: Client) -> None:
    collect(lab, cocalc, **{"a.ipynb": SOLVED})
    with pytest.raises(Problem, match=r"“hw \(1\)\.ipynb” is no longer among the collected files"):
        graded(lab, instead={"hw.ipynb": "hw (1).ipynb"})
    assert lab.work().score is None


def test_few_are_looked_into_the_small_ones_first() -> None:
    read: list[str] = []

    def content(file: File) -> bytes:
        read.append(file["path"])
        return SOLVED

    files = [File(path=f"{n:02}.ipynb", size=100 - n, sha256="") for n in range(30)]
    files.append(File(path="huge.ipynb", size=copies.MOST_BYTES, sha256=""))
    others = copies.Others(files, ["29.ipynb"], content)
    assert len(others.of(SOURCE)) == len(others.of(SOURCE)) == len(read) == copies.MOST
    assert "29.ipynb" not in read
    assert "huge.ipynb" not in read


def test_the_likeliest_comes_first() -> None:
    half = json.loads(SOLVED)
    del half["cells"][2]
    written = {"a.ipynb": json.dumps(half).encode(), "b.ipynb": SOLVED, "c.ipynb": b"{}"}
    files = [File(path=path, size=1, sha256="") for path in written]
    others = copies.Others(files, [], lambda file: written[file["path"]])
    assert others.of(SOURCE) == ["b.ipynb", "a.ipynb"]


def test_ids_and_what_is_untouched() -> None:
    assert grade_ids(SOURCE) == {"dbl", "dbl_t"}
    assert grade_ids(b"{") == frozenset()
    run_only = json.loads(UNTOUCHED)
    run_only["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x"}]
    run_only["cells"].append({"cell_type": "code", "source": " \n", "metadata": {}})
    assert is_untouched(json.dumps(run_only).encode(), SOURCE)
    run_only["cells"].append({"cell_type": "markdown", "source": "My answer", "metadata": {}})
    assert not is_untouched(json.dumps(run_only).encode(), SOURCE)
    assert not is_untouched(SOLVED, SOURCE)
