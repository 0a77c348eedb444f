"""Nothing of the teacher's goes out before a teacher has decided: from the upload to the parcel."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from classroom.assignments.assignments import blocked_reason
from classroom.models import Assignment, Kind, Transfer
from classroom.rules import manifest, source_folder
from classroom.steps import autograde, parcel
from embedding.cocalc.client import Client
from embedding.models import Event
from embedding.problems import Problem
from tests.classroom.factories import make_assignment, make_course, make_user, work_off
from tests.classroom.nbgrader.notebooks import answer, checks, code, content, notebook, text
from tests.conftest import HttpsClient

pytestmark = pytest.mark.django_db

Version = Assignment.Version
CASES = Path(__file__).parents[2] / "cases"
REGION = "def dbl(n):\n    ### BEGIN SOLUTION\n    return 2 * n\n    ### END SOLUTION"
MARKED = content(notebook(answer(REGION), checks("assert dbl(2) == 4")))
PLAIN = content(notebook(code("1 + 1")))


@pytest.fixture
def assignment(cocalc: Client) -> Assignment:
    return make_assignment(make_course(make_user("prof", teacher=True)), version=Version.MISSING)


@pytest.fixture
def teacher(assignment: Assignment) -> HttpsClient:
    return HttpsClient(assignment.course.memberships.get().user)


def url(assignment: Assignment, name: str) -> str:
    return reverse(f"classroom:{name}", args=[assignment.course.pk, assignment.pk])


def told(client: HttpsClient, assignment: Assignment, name: str, **data: Any) -> list[str]:
    response = client.post(url(assignment, name), data, follow=True)
    assignment.refresh_from_db()
    assignment.course.project.refresh_from_db()
    return [str(message) for message in response.context["messages"]]


def upload(
    client: HttpsClient, assignment: Assignment, files: dict[str, bytes], **more: str
) -> list[str]:
    """Upload files with their folders, as a zip; have the student version made where one is due."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, inner in files.items():
            archive.writestr(name, inner)
    given = [SimpleUploadedFile("all.zip", buffer.getvalue())]
    said = told(client, assignment, "assignment-upload", files=given, unpack="1", **more)
    work_off()
    assignment.refresh_from_db()
    return said


def page(client: HttpsClient, assignment: Assignment, name: str = "assignment-approve") -> str:
    text_: str = client.get(url(assignment, name)).content.decode()
    return text_


def approve(client: HttpsClient, assignment: Assignment, **data: str) -> list[str]:
    seen = client.get(url(assignment, "assignment-approve")).context["seen"]
    return told(client, assignment, "assignment-approve", seen=seen, **data)


def project(assignment: Assignment) -> str:
    return str(assignment.course.project.project_id)


def outgoing(assignment: Assignment) -> list[str]:
    return [file["path"] for file in assignment.files]


# --- what stops it ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "line"),
    [
        ({"hw.ipynb.txt": (CASES / "source-saved-as.ipynb.txt").read_bytes()}, "cell 2, line 2"),
        ({"a.ipynb": content(notebook(text("# A"), code(REGION)))}, "cell 2, line 2"),
        ({"a.ipynb": PLAIN, "in/help.py": REGION.encode("utf-16")}, "line 2"),
        ({"student/a.ipynb": MARKED, "a.ipynb": PLAIN}, "cell 1, line 2"),
        ({"student/a.py": REGION.lower().encode(), "a.ipynb": MARKED}, "line 2"),
    ],
)
def test_it_stops_with_file_and_line(
    teacher: HttpsClient, assignment: Assignment, files: dict[str, bytes], line: str
) -> None:
    upload(teacher, assignment, files)
    assert assignment.version == Version.CHECK
    assert "First decide whether students may get them" in blocked_reason(assignment)
    for name in ("assignment-files", "assignment-approve"):
        shown = page(teacher, assignment, name)
        assert line in shown
        assert "BEGIN SOLUTION" in shown.upper()
    approve(teacher, assignment)
    assert assignment.version == Version.CHECK, "nobody has ticked that it may go out"


def test_a_notebook_of_an_old_format_is_converted_or_refused(
    teacher: HttpsClient, assignment: Assignment, cocalc: Client
) -> None:
    given = (CASES / "source-format-3.ipynb").read_bytes()
    said = upload(teacher, assignment, {"week1.ipynb": given})
    if assignment.version == Version.MISSING:
        assert "“week1.ipynb”" in said[0]
        upload(teacher, assignment, {"a": b""})
        cocalc.write_file(project(assignment), "homework-1/week1.ipynb", given)
        told(teacher, assignment, "assignment-check")
        assert assignment.version == Version.FAILED
        assert "“week1.ipynb”" in assignment.version_error
    else:
        assert assignment.version == Version.CHECK
        students = cocalc.read_file(project(assignment), "homework-1/student/week1.ipynb")
        assert b"BEGIN" not in students
        assert b"dbl(-1)" not in students


@pytest.mark.parametrize("name", ["a.ipynb", "A.IPYNB"])
def test_what_cannot_be_read_is_never_unmarked(
    teacher: HttpsClient, assignment: Assignment, cocalc: Client, name: str
) -> None:
    said = upload(teacher, assignment, {name: MARKED[:-20]})
    assert f"“{name}” is not a Jupyter notebook" in said[0]
    assert "another ending" not in said[0]
    for folder in ("", "student/"):
        upload(teacher, assignment, {"b": b"", f"{folder}c": b""}, replace="1")
        cocalc.write_file(project(assignment), f"homework-1/{folder}{name}", MARKED[:-20])
        told(teacher, assignment, "assignment-check")
        assert (assignment.version, assignment.files) == (Version.FAILED, [])
        assert f"{name}”" in assignment.version_error


def test_a_notebook_with_a_cell_for_the_teacher_only_is_marked(
    teacher: HttpsClient, assignment: Assignment, cocalc: Client
) -> None:
    plan = code("the plan", grade_id="plan", remove=True)
    upload(teacher, assignment, {"a.ipynb": content(notebook(plan, text("Hello")))})
    assert assignment.version == Version.CHECK
    students = cocalc.read_file(project(assignment), "homework-1/student/a.ipynb")
    assert b"the plan" not in students


def test_the_marked_notebook_itself_is_found_among_what_students_get(
    teacher: HttpsClient, assignment: Assignment
) -> None:
    given = content(notebook(answer("return 2 * n")))  # all of the cell is the solution
    upload(teacher, assignment, {"hw.ipynb": given, "student/Homework.ipynb": given})
    assert assignment.version == Version.CHECK
    assert "This is the teacher’s own “hw.ipynb”" in page(teacher, assignment)


def test_what_is_too_large_to_be_looked_through_is_said(
    teacher: HttpsClient, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_folder, "MAX_OTHERS", 400)
    small = REGION.encode()
    upload(teacher, assignment, {"a.py": small, "b.py": small, "c.py": bytes(500) + small})
    assert [each["path"] for each in assignment.going_out["found"]] == ["a.py", "b.py", "c.py"]
    shown = page(teacher, assignment)
    assert shown.count("too large to be checked by this site") == 1


# --- what a teacher decides ---------------------------------------------------------------


def test_a_decision_is_of_these_very_files(
    teacher: HttpsClient, assignment: Assignment, cocalc: Client
) -> None:
    upload(teacher, assignment, {"a.py": REGION.encode(), "b.txt": b"1"})
    said = approve(teacher, assignment)
    assert said == ["First tick that students may get these files, or take the files out."]
    assert approve(teacher, assignment, allow="yes") == [
        "The files are approved. You can hand them out now."
    ]
    assert assignment.version == Version.READY
    assert outgoing(assignment) == ["a.py", "b.txt"]
    assert assignment.approved["by"] == "prof"
    assert "prof decided that students may get these files as they are: a.py" in page(
        teacher, assignment, "assignment-files"
    )
    event = Event.objects.get(action="course.version_approved")
    assert event.detail["allowed"] == ["a.py"]

    upload(teacher, assignment, {"b.txt": b"2"})
    assert assignment.version == Version.READY, "another file has nothing to do with it"
    cocalc.write_file(project(assignment), "homework-1/a.py", REGION.encode() + b"\n")
    told(teacher, assignment, "assignment-check")
    assert assignment.version == Version.CHECK, "what was changed is asked of again"


def test_a_file_can_be_taken_out(teacher: HttpsClient, assignment: Assignment) -> None:
    upload(teacher, assignment, {"student/a.py": REGION.encode(), "student/b": b"", "b": b""})
    (held,) = teacher.get(url(assignment, "assignment-approve")).context["held"]
    told(teacher, assignment, "assignment-file-remove", path=held["inside"])
    assert (assignment.version, outgoing(assignment)) == (Version.READY, ["b"])


def test_a_notebook_gets_its_own_ending(teacher: HttpsClient, assignment: Assignment) -> None:
    upload(teacher, assignment, {"in/hw.ipynb.txt": MARKED, "b": b""})
    (held,) = teacher.get(url(assignment, "assignment-approve")).context["held"]
    assert held["rename"] == "in/hw.ipynb"
    said = told(teacher, assignment, "assignment-file-rename", path=held["inside"])
    assert said == ["The file is now called “in/hw.ipynb”."]
    assert assignment.version == Version.MAKING
    said = told(teacher, assignment, "assignment-file-rename", path=held["inside"])
    assert said == ["“in/hw.ipynb.txt” cannot be renamed any more."]


def test_a_name_that_is_taken_is_not_given(teacher: HttpsClient, assignment: Assignment) -> None:
    upload(teacher, assignment, {"hw.ipynb.txt": MARKED, "hw.ipynb": PLAIN})
    (held,) = teacher.get(url(assignment, "assignment-approve")).context["held"]
    assert held["rename"] == ""
    told(teacher, assignment, "assignment-file-rename", path="hw.ipynb.txt")
    assert outgoing(assignment) == ["hw.ipynb", "hw.ipynb.txt"]


def test_slips_are_pointed_out_beside_the_student_version(
    teacher: HttpsClient, assignment: Assignment
) -> None:
    slip = code(REGION.replace("BEGIN SOLUTION", "begin soluton"))
    upload(teacher, assignment, {"a.ipynb": content(notebook(answer("x = 1"), slip))})
    assert assignment.version == Version.CHECK
    shown = page(teacher, assignment)
    assert "cell 2, line 2" in shown
    assert "Did you mean “BEGIN SOLUTION”?" in shown
    assert "A region has an end but no beginning" in shown
    assert "cell 2, line 4" in shown
    assert "What students do not get" in shown
    approve(teacher, assignment)
    assert assignment.version == Version.CHECK
    approve(teacher, assignment, allow="yes")
    assert assignment.version == Version.READY
    told(teacher, assignment, "assignment-check")
    assert assignment.version == Version.READY


def test_a_student_version_is_looked_through_once_it_is_made(
    teacher: HttpsClient, assignment: Assignment, cocalc: Client
) -> None:
    made = notebook(answer(REGION), text("Hello"))
    made.cells[1].metadata["copy"] = "return 2 * n"
    upload(teacher, assignment, {"a.ipynb": content(made), "b.py": b"1"})
    assert "cell 2, its metadata" in page(teacher, assignment)
    upload(teacher, assignment, {"a.ipynb": MARKED})
    approve(teacher, assignment)
    assert assignment.version == Version.READY, "nothing was found in it"
    cocalc.write_file(project(assignment), "homework-1/student/b.py", REGION.encode())
    told(teacher, assignment, "assignment-check")
    assert [each["path"] for each in assignment.going_out["found"]] == ["b.py"]
    cocalc.write_file(project(assignment), "homework-1/student/a.ipynb", b"broken")
    told(teacher, assignment, "assignment-check")
    assert assignment.version == Version.FAILED


def test_what_was_ready_before_is_looked_through_when_it_goes_out(
    teacher: HttpsClient, assignment: Assignment
) -> None:
    upload(teacher, assignment, {"a.py": REGION.encode()})
    assignment.version, assignment.going_out = Version.READY, {}
    assignment.save()
    with pytest.raises(Problem, match=r"“a\.py” may contain a solution or a hidden test"):
        parcel.parcel(project(assignment), assignment, asked=timezone.now())
    told(teacher, assignment, "assignment-check")
    approve(teacher, assignment, allow="yes")
    assert parcel.parcel(project(assignment), assignment, asked=timezone.now()).items


# --- leftovers, and names -----------------------------------------------------------------


def test_leftovers_are_left_out_and_named(
    teacher: HttpsClient, assignment: Assignment, cocalc: Client
) -> None:
    said = upload(teacher, assignment, {"a.ipynb": PLAIN, "a.ipynb.bak": MARKED, ".a.py.swp": b""})
    assert "Left out: a.ipynb.bak (left by an editor), .a.py.swp (left by an editor)." in said[1]
    cocalc.exec(
        project(assignment),
        "cd homework-1; mkdir .ipynb_checkpoints in; cp a.ipynb .ipynb_checkpoints;"
        " echo > in/b.BAK; echo > a.py~; echo > '#a.py#'",
        bash=True,
    )
    told(teacher, assignment, "assignment-check")
    assert (assignment.version, outgoing(assignment)) == (Version.READY, ["a.ipynb"])
    shown = page(teacher, assignment, "assignment-files")
    for name in (".ipynb_checkpoints", "in/b.BAK", "a.py~", "#a.py#"):
        assert f"{name} (left by an editor)" in shown
    (item,) = parcel.parcel(project(assignment), assignment, asked=timezone.now()).items
    assert item.path == "a.ipynb"


def test_capital_letters_in_an_ending_make_no_difference(
    teacher: HttpsClient, assignment: Assignment
) -> None:
    upload(teacher, assignment, {"HW.IPYNB": (CASES / "HW.IPYNB").read_bytes()})
    assert (assignment.version, assignment.marked) == (Version.CHECK, True)
    approve(teacher, assignment)
    listed = manifest.of_folder(project(assignment), "homework-1")
    assert list(autograde.sources(assignment, project(assignment), listed)) == ["HW.IPYNB"]
    assert autograde.autograded("HW.IPYNB") == "HW_autograded.ipynb"
    assert not Transfer.objects.filter(kind=Kind.VERSION, state=Transfer.State.QUEUED).exists()


def test_a_source_that_cannot_be_read_is_no_unmarked_one_to_the_autograder(
    teacher: HttpsClient, assignment: Assignment, cocalc: Client
) -> None:
    upload(teacher, assignment, {"a.ipynb": MARKED})
    cocalc.write_file(project(assignment), "homework-1/b.ipynb", b"broken")
    listed = manifest.of_folder(project(assignment), "homework-1")
    with pytest.raises(Problem, match=r"“b\.ipynb”: This is not a Jupyter notebook"):
        autograde.sources(assignment, project(assignment), listed)
