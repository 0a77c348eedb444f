"""What a student is told at once of a submission; it is taken whatever is told."""

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from classroom.models import Assignment, Membership, Submission
from classroom.nbgrader.student_version import student_version
from classroom.rules import manifest
from classroom.steps import submit_warnings
from classroom.students import submissions
from embedding.cocalc.client import Client
from embedding.cocalc.errors import CannotConnect
from sandbox.process import SandboxProcess
from tests.classroom import factories
from tests.conftest import HttpsClient

CASES = Path(__file__).parents[2] / "cases"
SOURCE = (CASES / "source.ipynb").read_bytes()
SOLVED = (CASES / "sub-colab-stream.ipynb").read_bytes()
GIVEN = student_version(SOURCE)
LARGE = SOLVED.replace(b"# Doubling", b"# Doubling" + b" and more" * 10_000)


@pytest.fixture
def row(cocalc: Client, transactional_db: None) -> Submission:
    """Ada's work on an assignment that is handed out: a marked notebook, and one beside it."""
    course = factories.make_course(factories.make_user("emmy", teacher=True))
    factories.enrol(course, factories.make_user("ada"))
    factories.on_cocalc(course)
    submit_warnings._source.cache_clear()
    home = str(course.project.project_id)
    cocalc.write_file(home, "homework-1/hw.ipynb", SOURCE)
    cocalc.write_file(home, "homework-1/student/hw.ipynb", GIVEN)
    cocalc.write_file(home, "homework-1/student/intro.ipynb", b"not even a notebook")
    assignment = factories.make_assignment(
        course,
        marked=True,
        has_student_folder=True,
        sources=[
            file
            for file in manifest.of_folder(home, "homework-1")
            if not file["path"].startswith("student/")
        ],
        files=manifest.of_folder(home, "homework-1/student"),
    )
    Submission.objects.update(handed_out=timezone.now(), opened=timezone.now())
    ada = Membership.objects.get(course=course, user__username="ada")
    work = factories.submission(assignment, ada)
    return Submission.objects.select_related(
        "assignment__course__project", "student__course", "student__user", "student__project"
    ).get(pk=work.pk)


def project_of(row: Submission) -> str:
    assert row.student.project is not None
    return str(row.student.project.project_id)


def put(cocalc: Client, row: Submission, **files: bytes) -> None:
    cocalc.exec(project_of(row), "rm -rf homework-1", bash=True)
    for path, content in files.items():
        cocalc.write_file(project_of(row), f"homework-1/{path}", content)


def told(cocalc: Client, row: Submission, **files: bytes) -> list[str]:
    put(cocalc, row, **files)
    snapshot = submissions.submit(row, timezone.now())
    snapshot.refresh_from_db()
    assert {file["path"] for file in snapshot.files} == files.keys()
    warnings: list[str] = snapshot.warnings
    return warnings


MISSING = "“hw.ipynb” is missing from what you submitted. "


def test_what_is_well_is_not_spoken_of(
    cocalc: Client, sandbox: SandboxProcess, row: Submission
) -> None:
    intro = {"intro.ipynb": b"not even a notebook"}  # as it was handed out
    for hw in (GIVEN, SOLVED, (CASES / "sub-vscode-text-cell.ipynb").read_bytes()):
        assert told(cocalc, row, **{"hw.ipynb": hw, "Untitled.ipynb": b"", "a.csv": b""}) == []
        put(cocalc, row, **{"hw.ipynb": hw, **intro})
        sandbox.reset_calls()
        taken = submissions.submit(row, timezone.now(), as_it_is=True)
        assert taken.warnings == []
        assert sandbox.calls()["counts"] == {"project_exec": 2}, "nothing more is asked for it"
    assert told(cocalc, row, **{"hw.ipynb": SOLVED, "hw-Copy1.ipynb": GIVEN}) == []
    assert told(cocalc, row, **{"hw.ipynb": GIVEN, "hw-Copy1.ipynb": GIVEN}) == []


@pytest.mark.parametrize(
    ("name", "way_on"),
    [
        ("hw (1).ipynb", "rename it to “hw.ipynb” and submit again."),
        ("hw.ipynb.txt", "rename it to “hw.ipynb” and submit again."),
        ("mine/hw.ipynb", "move it to “hw.ipynb” and submit again."),
    ],
)
def test_a_copy_is_named(cocalc: Client, row: Submission, name: str, way_on: str) -> None:
    assert told(cocalc, row, **{name: SOLVED, "x.ipynb": b"{}"})[0] == (
        f"{MISSING}“{name}” looks like a copy of it: {way_on}"
    )


def test_a_notebook_that_is_missing(cocalc: Client, row: Submission) -> None:
    way_on = "If you renamed, moved or deleted it, bring it back and submit again."
    assert told(cocalc, row, **{"a.csv": b"1"}) == [MISSING + way_on]
    # It is known without being asked, where the site has made the student version.
    Assignment.objects.update(version_report={"notebooks": [{"path": "hw.ipynb"}]})
    row.assignment.refresh_from_db()
    assert told(cocalc, row, **{"a.csv": b"1"}) == [MISSING + way_on]
    Assignment.objects.update(marked=False)
    row.assignment.refresh_from_db()
    assert told(cocalc, row, **{"a.csv": b"1"}) == []


def test_work_in_a_copy_of_an_untouched_notebook(cocalc: Client, row: Submission) -> None:
    run = GIVEN.replace(b'"execution_count": null', b'"execution_count": 3')
    assert run != GIVEN
    for hw in (GIVEN, run):
        (words,) = told(cocalc, row, **{"hw.ipynb": hw, "hw-Copy1.ipynb": SOLVED})
        assert words == (
            "“hw.ipynb” is as you got it, but there is also “hw-Copy1.ipynb”. If you worked in "
            "that one, delete “hw.ipynb”, give the other its name, and submit again."
        )


def test_what_cannot_be_read(cocalc: Client, row: Submission) -> None:
    merged = b'{"cells":\n<<<<<<< HEAD\n[]\n=======\n[5]\n>>>>>>> b\n}'
    found = told(cocalc, row, **{"hw.ipynb": b"", "notes.IPYNB": merged})
    for path, why in (
        ("hw.ipynb", "It is empty."),
        ("notes.IPYNB", "It holds both sides of an unfinished Git merge."),
    ):
        way_on = "Open it in CoCalc, save it, and submit again."
        assert found.pop(0) == f"“{path}” cannot be read as a notebook. {why} {way_on}"
    assert not found


def test_what_was_submitted_before_and_is_not_sent_again(cocalc: Client, row: Submission) -> None:
    first = told(cocalc, row, **{"hw (1).ipynb": LARGE})
    again = told(cocalc, row, **{"hw (1).ipynb": LARGE})
    assert first == again != []


def test_many_are_few_sentences(cocalc: Client, row: Submission) -> None:
    files = {f"{number}.ipynb": b"{" for number in range(9)}
    assert len(told(cocalc, row, **{"hw.ipynb": SOLVED, **files})) == submit_warnings.MOST


def test_a_look_that_fails_refuses_nothing(
    cocalc: Client, row: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> Any:
        raise CannotConnect("files", "away")

    monkeypatch.setattr(submit_warnings, "_source", away)
    assert told(cocalc, row, **{"hw (1).ipynb": SOLVED}) == []


def test_a_source_that_was_changed_is_not_gone_by(cocalc: Client, row: Submission) -> None:
    home = str(row.assignment.course.project.project_id)
    cocalc.write_file(home, "homework-1/hw.ipynb", SOURCE + b"\n")
    assert told(cocalc, row, **{"hw (1).ipynb": SOLVED})[0].endswith("and submit again.")


def test_the_pages_say_it(cocalc: Client, row: Submission) -> None:
    put(cocalc, row, **{"hw <1>.ipynb": SOLVED})
    ada = HttpsClient(row.student.user)
    base = f"/courses/{row.assignment.course_id}/"
    address = f"{base}assignments/{row.assignment_id}/submit"
    words = "“hw &lt;1&gt;.ipynb” looks like a copy of it"
    page = ada.post(address, follow=True).content.decode()
    assert page.count(words) == 1
    assert "“Homework 1” was submitted" in page
    answer = ada.post(address, headers={"accept": "application/json"}).json()
    assert [MISSING in each for each in answer["warnings"]] == [True]
    # What is put right is not spoken of any more.
    put(cocalc, row, **{"hw.ipynb": SOLVED})
    assert words not in ada.post(address, follow=True).content.decode()
    assert ada.post(address, headers={"accept": "application/json"}).json()["warnings"] == []
