"""The student version of marked notebooks: made, looked at, approved; never a solution in it."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from classroom.assignments import sources
from classroom.assignments.assignments import blocked_reason
from classroom.engine import queue
from classroom.models import Assignment, Kind, Transfer
from classroom.nbgrader.student_version import student_version
from classroom.rules import source_folder
from classroom.steps import version
from embedding.cocalc.client import Client
from embedding.models import Event
from embedding.problems import Busy, Problem
from tests.classroom.factories import make_assignment, make_course, make_user, work_off
from tests.classroom.nbgrader.notebooks import answer, checks, code, content, notebook, text
from tests.conftest import HttpsClient

pytestmark = pytest.mark.django_db

Version = Assignment.Version
SOLVED = notebook(
    text("# Squares"),
    answer("def square(x):\n    ### BEGIN SOLUTION\n    return x * x\n    ### END SOLUTION"),
    checks(
        "assert square(2) == 4\n### BEGIN HIDDEN TESTS\nassert square(3) == 9\n### END HIDDEN TESTS"
    ),
)
MARKED = content(SOLVED)
PLAIN = content(notebook(code("1 + 1")))


@pytest.fixture
def assignment(cocalc: Client) -> Assignment:
    course = make_course(make_user("prof", teacher=True))
    return make_assignment(course, version=Version.MISSING)


@pytest.fixture
def teacher(assignment: Assignment) -> HttpsClient:
    return HttpsClient(assignment.course.memberships.get().user)


def prof(assignment: Assignment) -> User:
    return assignment.course.memberships.get().user


def url(assignment: Assignment, name: str) -> str:
    return reverse(f"classroom:{name}", args=[assignment.course.pk, assignment.pk])


def fill(assignment: Assignment, files: dict[str, bytes], *, replace: bool = False) -> Transfer:
    by = assignment.course.memberships.get().user
    sources.files_add(assignment, files, replace=replace, by=by)
    return Transfer.objects.get(kind=Kind.VERSION, state=Transfer.State.QUEUED)


def project(assignment: Assignment) -> str:
    return str(assignment.course.project.project_id)


def approve(teacher: HttpsClient, assignment: Assignment, seen: str | None = None) -> list[str]:
    if seen is None:
        seen = teacher.get(url(assignment, "assignment-approve")).context["seen"]
    response = teacher.post(url(assignment, "assignment-approve"), {"seen": seen}, follow=True)
    assignment.refresh_from_db()
    return [str(message) for message in response.context["messages"]]


def test_a_version_is_made_looked_at_and_approved(
    teacher: HttpsClient, assignment: Assignment, cocalc: Client
) -> None:
    transfer = fill(assignment, {"a.ipynb": MARKED, "in/plain.ipynb": PLAIN, "data.csv": b"1"})
    assert assignment.version == Version.MAKING
    assert "being made" in blocked_reason(assignment)

    assert version.run(transfer) == {"notebooks": 1, "files": 3}
    assignment.refresh_from_db()
    assert assignment.version == Version.CHECK
    assert assignment.source == "homework-1/student"
    assert [file["path"] for file in assignment.files] == ["a.ipynb", "data.csv", "in/plain.ipynb"]
    assert "approve" in blocked_reason(assignment)
    students = cocalc.read_file(project(assignment), "homework-1/student/a.ipynb").decode()
    assert "YOUR CODE HERE" in students
    assert "x * x" not in students
    assert "square(3)" not in students
    assert cocalc.read_file(project(assignment), "homework-1/a.ipynb") == MARKED

    page = teacher.get(url(assignment, "assignment-files")).content.decode()
    assert "Look at the student version" in page
    page = teacher.get(url(assignment, "assignment-approve")).content.decode()
    assert "return x * x" in page
    assert "assert square(3) == 9" in page
    assert "Cell 2 (“answer”)" in page
    assert "in/plain.ipynb" in page
    assert "open/homework-1/student/a.ipynb" in page

    said = approve(teacher, assignment)
    assert said == ["The student version is approved. You can hand it out now."]
    assert assignment.version == Version.READY
    assert blocked_reason(assignment) == ""
    assert Event.objects.filter(action="course.version_approved", actor="prof").exists()
    sources.files_check(assignment, by=prof(assignment))
    assert assignment.version == Version.READY, "looking again changes nothing"


def test_a_worker_makes_it(assignment: Assignment) -> None:
    fill(assignment, {"a.ipynb": MARKED})
    work_off()
    assert [transfer.state for transfer in Transfer.objects.all()] == [Transfer.State.DONE]
    assignment.refresh_from_db()
    assert assignment.version == Version.CHECK


def test_a_worker_ends_an_unsound_one_at_once(assignment: Assignment, cocalc: Client) -> None:
    fill(assignment, {"a.ipynb": MARKED})
    damaged = content(notebook(answer("### BEGIN SOLUTION\nx = 1")))
    cocalc.write_file(project(assignment), "homework-1/a.ipynb", damaged)
    work_off()
    transfer = Transfer.objects.get()
    assert (transfer.state, transfer.attempts) == (Transfer.State.FAILED, 1)
    assert transfer.error.startswith("“a.ipynb”: Cell 1 (“answer”)")


def test_what_was_taken_out_is_told_cell_by_cell() -> None:
    cells = version.taken_out(MARKED, student_version(MARKED))
    assert [cell["name"] for cell in cells] == ["Cell 2 (“answer”)", "Cell 3 (“test”)"]
    assert ["-", "    return x * x"] in cells[0]["lines"]
    assert ["+", "    # YOUR CODE HERE"] in cells[0]["lines"]
    assert ["-", "assert square(3) == 9"] in cells[1]["lines"]
    assert not any(sign == "+" for sign, _ in cells[1]["lines"])


def test_a_cell_for_the_teacher_only_is_told_whole() -> None:
    hints = code("print('hints')", grade_id="hints", remove=True)
    source = content(notebook(text("# A"), hints, answer("x = 1"), code("y = 2")))
    cells = version.taken_out(source, student_version(source))
    assert [cell["name"] for cell in cells] == ["Cell 2 (“hints”)", "Cell 3 (“answer”)"]
    assert cells[0]["lines"] == [["-", "print('hints')"]]


def test_a_character_that_no_database_takes_is_shown_as_its_symbol() -> None:
    source = content(notebook(answer("x = 'a\0b'")))
    (cell,) = version.taken_out(source, student_version(source))
    assert ["-", "x = 'a\N{SYMBOL FOR NULL}b'"] in cell["lines"]


def test_a_long_report_is_cut_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(version, "MAX_LINES", 2)
    cells = version.taken_out(MARKED, student_version(MARKED))
    assert [len(cell["lines"]) for cell in cells] == [2, 0]
    assert cells[0]["more"] > 0


def test_running_it_again_is_harmless(assignment: Assignment) -> None:
    transfer = fill(assignment, {"a.ipynb": MARKED})
    version.run(transfer)
    assignment.refresh_from_db()
    before = (assignment.files, assignment.version_report)
    assert version.run(transfer) == {}
    Assignment.objects.filter(pk=assignment.pk).update(version=Version.MAKING)
    version.run(transfer)
    assignment.refresh_from_db()
    assert (assignment.files, assignment.version_report) == before


def test_an_unsound_notebook_fails_with_its_cell(
    teacher: HttpsClient, assignment: Assignment, cocalc: Client
) -> None:
    transfer = fill(assignment, {"a.ipynb": MARKED})
    # As where it was changed in CoCalc, and nobody has checked.
    damaged = content(notebook(answer("### BEGIN SOLUTION\nx = 1")))
    cocalc.write_file(project(assignment), "homework-1/a.ipynb", damaged)
    with pytest.raises(Problem) as caught:
        version.run(transfer)
    assert not caught.value.recoverable
    sentence = "“a.ipynb”: Cell 1 (“answer”): its “BEGIN SOLUTION” has no “END SOLUTION”."
    assert caught.value.message.startswith(sentence)
    assignment.refresh_from_db()
    assert assignment.version == Version.FAILED
    page = teacher.get(url(assignment, "assignment-files")).content.decode()
    assert sentence in page
    assert "Check again" in page
    Transfer.objects.update(state=Transfer.State.FAILED)
    cocalc.write_file(project(assignment), "homework-1/a.ipynb", MARKED)
    teacher.post(url(assignment, "assignment-check"))
    version.run(Transfer.objects.get(state=Transfer.State.QUEUED))
    assignment.refresh_from_db()
    assert assignment.version == Version.CHECK


def test_a_name_that_is_no_text_fails_with_a_sentence(
    assignment: Assignment, cocalc: Client
) -> None:
    transfer = fill(assignment, {"a.ipynb": MARKED})
    cocalc.exec(project(assignment), r"touch homework-1/$'a\nb'", bash=True)
    with pytest.raises(Problem, match="The file name “a b” cannot be used"):
        version.run(transfer)


def test_files_that_change_meanwhile_are_made_anew(
    assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    transfer = fill(assignment, {"a.ipynb": MARKED})
    put = source_folder.student_put

    def slow(*args: Any) -> source_folder.Contents:
        monkeypatch.undo()
        fill(Assignment.objects.get(pk=assignment.pk), {"b.ipynb": MARKED})
        return put(*args)

    monkeypatch.setattr(source_folder, "student_put", slow)
    with pytest.raises(Busy):
        version.run(transfer)
    assignment.refresh_from_db()
    assert assignment.version == Version.MAKING
    assert version.run(transfer) == {"notebooks": 2, "files": 2}


def test_a_version_whose_files_are_not_settled_waits(
    assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    transfer = fill(assignment, {"a.ipynb": MARKED})
    put = source_folder.student_put

    def overtaken(*args: Any) -> source_folder.Contents:
        done = put(*args)
        Assignment.objects.filter(pk=assignment.pk).update(version=Version.FAILED)
        return done

    monkeypatch.setattr(source_folder, "student_put", overtaken)
    with pytest.raises(Busy):
        version.run(transfer)
    assignment.refresh_from_db()
    assert assignment.version == Version.FAILED
    assert assignment.files == []


def test_only_what_was_seen_is_approved(
    teacher: HttpsClient, assignment: Assignment, cocalc: Client
) -> None:
    version.run(fill(assignment, {"a.ipynb": MARKED}))
    seen = teacher.get(url(assignment, "assignment-approve")).context["seen"]
    cocalc.write_file(project(assignment), "homework-1/student/hint.txt", b"4")
    for given in (seen, "", "x"):
        said = approve(teacher, assignment, given)
        assert said == ["The files have changed since you looked at them. Please look again."]
        assert assignment.version == Version.CHECK
    assert [file["path"] for file in assignment.files] == ["a.ipynb", "hint.txt"]
    approve(teacher, assignment)
    assert assignment.version == Version.READY
    cocalc.write_file(project(assignment), "homework-1/student/hint.txt", b"5")
    sources.files_check(assignment, by=prof(assignment))
    assert assignment.version == Version.CHECK, "what nobody has seen is not handed out"


def test_nothing_is_approved_before_it_is_made(
    teacher: HttpsClient, assignment: Assignment
) -> None:
    fill(assignment, {"a.ipynb": MARKED})
    said = approve(teacher, assignment, source_folder.digest([]))
    assert said == ["The files have changed since you looked at them. Please look again."]
    assert assignment.version == Version.MAKING


def test_a_changed_source_takes_the_version_back(
    teacher: HttpsClient, assignment: Assignment, cocalc: Client
) -> None:
    first = fill(assignment, {"a.ipynb": MARKED})
    version.run(first)
    first.state = Transfer.State.DONE
    first.save()
    approve(teacher, assignment)
    again = fill(assignment, {"data": b"1"})
    assert assignment.version == Version.MAKING
    assert assignment.files == []
    assert source_folder.look(project(assignment), "homework-1").student is None
    version.run(again)
    assignment.refresh_from_db()
    assert assignment.version == Version.CHECK
    assert [file["path"] for file in assignment.files] == ["a.ipynb", "data"]


def test_a_version_can_be_made_anew(teacher: HttpsClient, assignment: Assignment) -> None:
    transfer = fill(assignment, {"a.ipynb": MARKED})
    version.run(transfer)
    transfer.state = Transfer.State.DONE
    transfer.save()
    teacher.post(url(assignment, "assignment-check"), {"anew": "1"})
    assignment.refresh_from_db()
    assert assignment.version == Version.MAKING
    version.run(Transfer.objects.get(state=Transfer.State.QUEUED))
    assignment.refresh_from_db()
    assert assignment.version == Version.CHECK


def test_a_notebook_of_which_nothing_is_taken_is_pointed_out(
    teacher: HttpsClient, assignment: Assignment
) -> None:
    version.run(fill(assignment, {"a.ipynb": content(notebook(checks("assert True")))}))
    page = teacher.get(url(assignment, "assignment-approve")).content.decode()
    assert "Nothing was taken out of this notebook" in page


def test_two_who_press_at_once_make_it_once(assignment: Assignment) -> None:
    transfer = fill(assignment, {"a.ipynb": MARKED})
    assert queue.transfer_add(assignment.course, Kind.VERSION, assignment=assignment) == transfer


def test_an_approval_is_of_the_hidden_tests_too(
    teacher: HttpsClient, assignment: Assignment, cocalc: Client
) -> None:
    """The student versions are alike; what differs is a hidden test that nobody has seen."""
    fill(assignment, {"a.ipynb": MARKED})
    work_off()
    seen = teacher.get(url(assignment, "assignment-approve")).context["seen"]
    easy = MARKED.replace(b"square(3) == 9", b"True")
    cocalc.write_file(project(assignment), "homework-1/a.ipynb", easy)
    sources.files_check(assignment, by=prof(assignment))
    work_off()
    assert "have changed since you looked" in approve(teacher, assignment, seen)[0]
    assignment.refresh_from_db()
    assert (assignment.version, assignment.approved) == (Version.CHECK, {})
    approve(teacher, assignment)
    assert assignment.approved["sources"] == assignment.sources
    assert assignment.approved["by"] == "prof"


def test_a_change_shows_until_it_is_approved(
    teacher: HttpsClient, assignment: Assignment, cocalc: Client
) -> None:
    fill(assignment, {"a.ipynb": MARKED})
    work_off()
    approve(teacher, assignment)
    fill(assignment, {"a.ipynb": MARKED.replace(b"== 4", b"== 5")})
    work_off()
    page = teacher.get(url(assignment, "assignment-files")).content.decode()
    assert "“a.ipynb” was changed after the files were approved. prof uploaded it" in page
    approve(teacher, assignment)
    page = teacher.get(url(assignment, "assignment-files")).content.decode()
    assert "Files differ from the approved ones" not in page
