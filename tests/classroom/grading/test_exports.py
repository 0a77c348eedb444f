"""Grades as CSV and back, safe for spreadsheets and exact; and the zip of all collected work."""

import base64
import csv
import io
import re
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from classroom.carrying.zipping import Names
from classroom.grading import archive
from classroom.grading.archive import works_of, zipped
from classroom.grading.exports import columns, grades_csv
from classroom.grading.imports import apply, decoded, plan
from classroom.models import Assignment, GradeChange, Submission
from classroom.pages.spreadsheets import BOM, plain, safe, written
from classroom.rules import names
from embedding.cocalc.client import Client
from embedding.models import Event
from sandbox.process import SandboxProcess
from tests.classroom import factories
from tests.classroom.gradebook import Class, assert_staff_only, fill, make_class, removed
from tests.conftest import HttpsClient

DANGEROUS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"


@pytest.fixture
def room(db: None) -> Class:
    return make_class()


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix(BOM), newline="")))


def page_of(answer: Any) -> str:
    return b"".join(answer.streaming_content if answer.streaming else [answer.content]).decode()


# --- safe cells


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "'=1", "''=1", "\uff1d1", "\n=1"]
)
def test_no_cell_is_a_formula_and_reading_gives_it_back(text: str) -> None:
    assert safe(text).startswith("'")
    assert plain(safe(text)) == text


@given(st.text(alphabet=st.one_of(st.sampled_from("'" + DANGEROUS + '",;ab1'), st.characters())))
def test_any_text_comes_back_and_is_never_a_formula(text: str) -> None:
    assert plain(safe(text)) == text
    assert safe(text)[:1] not in DANGEROUS or not text
    for cell in re.split("[;\t\r\n]", safe(text)):
        assert cell[:1] not in DANGEROUS or not cell


@pytest.mark.parametrize("locale", [",", ";", "\t"])
def test_no_cell_is_a_formula_wherever_the_spreadsheet_cuts(locale: str) -> None:
    """Where it cuts at semicolons, quotation marks within a line do not hold."""
    evil = 'Ada;=WEBSERVICE("http://x.test");+1\n=2;\t@x'
    text = written([["ada", evil, f"{evil};-3"]]).removeprefix(BOM)
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=locale):
        for cell in row:
            for part in [cell] if locale == "," else cell.splitlines():
                assert part.lstrip('"')[:1] not in DANGEROUS or not part, part


@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
            min_size=2,
            max_size=4,
        ),
        max_size=5,
    )
)
def test_any_table_comes_back(rows: list[list[str]]) -> None:
    assert [[plain(cell) for cell in row] for row in rows_of(written(rows))] == rows


# --- export


def test_the_export_has_a_line_a_student_and_a_column_an_assignment(room: Class) -> None:
    second = factories.make_assignment(room.course, "Homework 2", points=5)
    factories.make_assignment(room.course, "Slides", handout=True)
    removed(factories.enrol(room.course, factories.make_user("cid")))
    room.work(score=Decimal("7.50"), comment="=HYPERLINK()")
    Submission.objects.filter(assignment=second, student=room.ada).update(score=2)
    text = grades_csv(room.course)
    assert text.startswith(BOM)
    assert rows_of(text) == [
        ["Username", "Name", "Number", "Homework 1", "Homework 2", "Total"],
        ["bob", "Bob Babbage", "10", "", "", ""],
        ["ada", "Ada Lovelace", "20", "7.5", "2", "9.5"],
    ]
    commented = rows_of(grades_csv(room.course, comments=True))
    assert commented[0][3:5] == ["Homework 1", "Homework 1 (comment)"]
    assert commented[2][3:5] == ["7.5", "'=HYPERLINK()"]


def test_headings_are_clear_whatever_the_titles() -> None:
    def assignment(pk: int, title: str) -> Assignment:
        return Assignment(pk=pk, title=title, folder=f"f{pk}")

    titles = ["Essay", "essay", "Total", "Name", "X (comment)", "X", "Essay [f1]", "=1"]
    headings = columns([assignment(pk, title) for pk, title in enumerate(titles)])
    all_of_them = [name.casefold() for name in headings.values()]
    all_of_them += [f"{name} (comment)" for name in all_of_them]
    assert len(set(all_of_them)) == 2 * len(titles)
    assert not {"total", "name", "username", "number"} & set(all_of_them)
    assert headings[5] == "X"


def test_the_export_of_a_thousand_takes_as_few_queries_as_of_ten(
    room: Class, django_assert_max_num_queries: Any
) -> None:
    fill(room.other, 200, 5)
    with django_assert_max_num_queries(5) as queries:
        assert len(rows_of(grades_csv(room.other))) == 201
    assert isinstance(queries, CaptureQueriesContext)


def test_who_may_export(room: Class) -> None:
    for user in (room.teacher, room.assistant):
        answer = HttpsClient(user).get(f"{room.base}/grades.csv")
        assert answer.status_code == 200
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert re.search(r'filename="physics-grades-[\d-]{10}\.csv"', answer["Content-Disposition"])
        assert "no-store" in answer["Cache-Control"]
        assert "ada" in answer.content.decode()
    assert_staff_only(room, f"{room.base}/grades.csv")


# --- import


def test_export_edit_and_import_are_exact(room: Class) -> None:
    comment = "=1\r\nline, \"two\"; 'three'\t\n"
    room.work(score=Decimal("7.5"), comment=comment)
    text = grades_csv(room.course, comments=True)
    same = plan(room.course, text)
    assert (same.changes, same.faults, same.ignored, same.same) == ([], [], [], 2)
    rows = rows_of(text)
    rows[1][3] = "9,25"
    rows[2][3] = ""
    edited = written([[plain(cell) for cell in row] for row in rows])
    found = plan(room.course, edited)
    assert [(each.line, each.before, each.after) for each in found.changes][:1] == [
        (2, "–", "9.25")
    ]
    assert found.losses == 1
    _, done = apply(room.course, edited, found.digest, room.teacher)
    assert done
    assert room.work(room.bob).score == Decimal("9.25")
    work = room.work(room.ada)
    assert (work.score, work.comment) == (None, comment)
    assert {change.how for change in GradeChange.objects.all()} == {"import"}
    assert plan(room.course, grades_csv(room.course, comments=True)).changes == []


def test_what_is_missing_changes_nothing(room: Class) -> None:
    room.work(score=3)
    factories.make_assignment(room.course, "Homework 2", points=5)
    found = plan(room.course, "Username,Homework 2\nbob,4\n")
    assert [(each.submission.student, each.score) for each in found.changes] == [
        (room.bob, Decimal(4))
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_spreadsheets_ways_of_saving_are_all_read(
    room: Class, delimiter: str, encoding: str
) -> None:
    lines = [["username", "HOMEWORK 1"], ["ada", '"7,5"' if delimiter == "," else "7,5"]]
    text = "\r\n".join(delimiter.join(line) for line in lines)
    found = plan(room.course, decoded(text.encode(encoding)))
    assert [each.score for each in found.changes] == [Decimal("7.5")]


def test_each_wrong_line_is_named_and_the_others_are_taken(room: Class) -> None:
    text = (
        "Username,Homework 1,Room\n"
        "ada,7,x\n"
        "nobody,7,x\n"
        "bob,seven,x\n"
        "\n"
        "ada,8,x\n"
        ",5,x\n"
        "bob\n"
        "bob,1,x,y\n"
        "theo,1,x\n"
    )
    found = plan(room.course, text)
    assert [(each.line, each.score) for each in found.changes] == [(2, Decimal(7))]
    assert [(line, words.split(" ")[0]) for line, words in found.faults] == [
        (3, "This"),
        (4, "Homework"),
        (6, "“ada”"),
        (7, "The"),
        (8, "It"),
        (9, "It"),
        (10, "This"),
    ]
    assert found.ignored == ["Room"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "file is empty"),
        ("Name,Homework 1\nAda,1", "must have a column “Username”"),
        ("Username,Something\nada,1", "No column has the title"),
        ("Username,Homework 1,homework 1\nada,1,2", "Two columns"),
        ('Username,Homework 1\nada,"1', "Line 2 cannot be read"),
    ],
)
def test_what_is_no_table_of_grades_is_told(room: Class, text: str, words: str) -> None:
    with pytest.raises(ValidationError) as error:
        plan(room.course, text)
    assert words in error.value.messages[0]


def test_a_file_that_is_no_text_or_too_large_is_told() -> None:
    for content in (b"\xff\xfe\x00", b"\x89PNG\0\0\0", b"x" * (2 * 1024**2 + 1)):
        with pytest.raises(ValidationError):
            decoded(content)
    assert len(decoded(b"x" * 2 * 1024**2)) == 2 * 1024**2


@given(st.text(max_size=200))
def test_any_text_gives_a_plan_or_a_sentence(text: str) -> None:
    from classroom.grading import imports

    try:
        rows = list(imports._rows(text))
    except ValidationError as error:
        rows = []
        assert "CSV" in error.messages[0]  # noqa: PT017
    assert all(line >= 1 for line, _ in rows)


def test_the_page_previews_and_writes_only_what_is_confirmed(room: Class) -> None:
    room.work(score=3)
    url = f"{room.base}/grades/import"
    teacher = HttpsClient(room.assistant)
    file = io.BytesIO(b"Username,Homework 1\nada,\nbob,12\nnobody,1\n")
    file.name = "grades.csv"
    page = teacher.post(url, {"file": file}).content.decode()
    assert "1 score will be removed" in page
    assert "more than 10" in page
    assert "Line 4: This course has no student “nobody”." in page
    assert room.work().score == 3
    assert not GradeChange.objects.exists()
    sent = confirmed(page)
    answer = teacher.post(url, sent, follow=True)
    assert "2 grades saved." in answer.content.decode()
    assert room.work().score is None
    assert room.work(room.bob).score == 12
    assert {change.by for change in GradeChange.objects.all()} == {room.assistant}
    assert Event.objects.filter(action="course.grades_imported").exists()


def confirmed(page: str) -> dict[str, str]:
    """What the preview's button sends."""
    found = {
        name: re.search(rf'name="{name}" value="([^"]*)"', page) for name in ("kept", "digest")
    }
    return {name: match[1] for name, match in found.items() if match}


def test_what_changed_since_the_preview_is_shown_again(room: Class) -> None:
    url = f"{room.base}/grades/import"
    teacher = HttpsClient(room.teacher)
    page = teacher.post(url, {"text": "Username,Homework 1\nada,5\nbob,6"}).content.decode()
    room.work(score=4)
    answer = teacher.post(url, confirmed(page))
    assert answer.status_code == 409
    assert "something changed in the meantime" in answer.content.decode()
    assert room.work(room.bob).score is None
    assert teacher.post(url, confirmed(answer.content.decode())).status_code == 302
    assert room.work().score == 5


def test_line_ends_in_comments_survive_the_preview(room: Class) -> None:
    url = f"{room.base}/grades/import"
    teacher = HttpsClient(room.teacher)
    file = io.BytesIO(b'Username,Homework 1 (comment)\r\nada,"a\nb"\r\n')
    file.name = "grades.csv"
    page = teacher.post(url, {"file": file}).content.decode()
    teacher.post(url, confirmed(page))
    assert room.work().comment == "a\nb"


def test_who_may_import(room: Class) -> None:
    assert_staff_only(room, f"{room.base}/grades/import")
    assert_staff_only(room, f"{room.base}/grades/import", method="post")
    teacher = HttpsClient(room.teacher)
    assert "CSV file" in teacher.get(f"{room.base}/grades/import").content.decode()


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"text": "  "},
        {"text": "Username\nada"},
        {"kept": "", "digest": "x"},
        {"kept": base64.b64encode(b"\xff\xfe\x00").decode(), "digest": "x"},
    ],
)
def test_what_cannot_be_imported_is_told(room: Class, sent: dict[str, str]) -> None:
    answer = HttpsClient(room.teacher).post(f"{room.base}/grades/import", sent)
    assert answer.status_code == 400
    assert "errorlist" in answer.content.decode()


def test_a_forged_confirmation_is_not_there(room: Class) -> None:
    sent = {"kept": "%%%", "digest": "x"}
    assert HttpsClient(room.teacher).post(f"{room.base}/grades/import", sent).status_code == 404


# --- the zip


@pytest.fixture
def lab(cocalc: Client, room: Class) -> Class:
    """Both students' work is collected."""
    factories.on_cocalc(room.course)
    for student in (room.ada, room.bob):
        folder = names.collected_path(room.assignment, student)
        cocalc.write_file(project(room), f"{folder}/hw.ipynb", f"of {student}".encode())
        room.collected(student)
    return room


def project(room: Class) -> str:
    return str(room.course.project.project_id)


def unzipped(room: Class) -> zipfile.ZipFile:
    content = b"".join(zipped(project(room), works_of(room.assignment), "homework-1-collected"))
    found = zipfile.ZipFile(io.BytesIO(content))
    assert found.testzip() is None
    return found


ROOT = "homework-1-collected"
ADA, BOB = f"{ROOT}/Ada Lovelace-ada", f"{ROOT}/Bob Babbage-bob"


def test_everybodys_work_is_in_it_under_readable_names(lab: Class, cocalc: Client) -> None:
    folder = names.collected_path(lab.assignment, lab.ada)
    cocalc.write_file(project(lab), f"{folder}/data/é ü.csv", b"1")
    cocalc.write_file(project(lab), f"{folder}/.ipynb_checkpoints/hw-checkpoint.ipynb", b"1")
    found = unzipped(lab)
    assert sorted(found.namelist()) == [
        f"{ADA}/data/é ü.csv",
        f"{ADA}/hw.ipynb",
        f"{BOB}/hw.ipynb",
        f"{ROOT}/STUDENTS.csv",
    ]
    assert found.read(f"{ADA}/hw.ipynb") == b"of ada in Physics"
    assert "Bob Babbage-bob,bob,Bob Babbage,10," in found.read(f"{ROOT}/STUDENTS.csv").decode()


def test_links_and_devices_are_left_out_and_named(lab: Class, cocalc: Client) -> None:
    folder = names.collected_path(lab.assignment, lab.ada)
    script = (
        f"cd '{folder}' && ln -s '../Bob Babbage-bob/hw.ipynb' stolen.ipynb && ln -s .. up"
        " && mkfifo pipe && ln hw.ipynb same.ipynb"
    )
    cocalc.exec(project(lab), script, bash=True)
    found = unzipped(lab)
    assert f"{ADA}/same.ipynb" in found.namelist()
    assert found.read(f"{ADA}/same.ipynb") == b"of ada in Physics"
    errors = found.read(f"{ROOT}/ERRORS.txt").decode()
    assert all(name in errors for name in ("stolen.ipynb", "up", "pipe"))
    assert not any("stolen" in name or "/up" in name for name in found.namelist())


def test_a_failing_student_is_told_and_the_others_are_there(lab: Class, cocalc: Client) -> None:
    cocalc.remove(project(lab), names.collected_path(lab.assignment, lab.bob))
    found = unzipped(lab)
    assert f"{ADA}/hw.ipynb" in found.namelist()
    errors = found.read(f"{ROOT}/ERRORS.txt").decode()
    assert "Bob Babbage-bob: not complete. The folder was deleted or renamed." in errors


def test_without_cocalc_there_is_a_whole_zip_that_says_so(
    lab: Class, sandbox: SandboxProcess
) -> None:
    sandbox.quirks(api_down="503")
    found = unzipped(lab)
    assert found.read(f"{ROOT}/ERRORS.txt").decode().count("not complete") == 2


def test_what_is_large_comes_in_pieces_and_leaves_nothing(
    lab: Class, cocalc: Client, monkeypatch: pytest.MonkeyPatch, sandbox: SandboxProcess
) -> None:
    monkeypatch.setattr(archive, "PIECE", 64 * 1024)
    folder = names.collected_path(lab.assignment, lab.ada)
    content = bytes(range(256)) * 1200
    cocalc.write_file(project(lab), f"{folder}/large.bin", content)
    sandbox.reset_calls()
    pieces = list(zipped(project(lab), works_of(lab.assignment), ROOT))
    assert sandbox.calls()["counts"]["project_exec"] == 6  # one for Bob's, five for Ada's
    found = zipfile.ZipFile(io.BytesIO(b"".join(pieces)))
    assert found.read(f"{ADA}/large.bin") == content
    left = cocalc.exec(project(lab), "ls", ["-A"]).stdout
    assert ".part" not in left


def test_who_stops_downloading_leaves_nothing(
    lab: Class, cocalc: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "PIECE", 16 * 1024)
    folder = names.collected_path(lab.assignment, lab.bob)
    cocalc.write_file(project(lab), f"{folder}/large.bin", bytes(200_000))
    parts = zipped(project(lab), works_of(lab.assignment), ROOT)
    assert isinstance(parts, Iterator)
    next(parts)
    next(parts)
    assert ".part" in cocalc.exec(project(lab), "ls", ["-A"]).stdout
    parts.close()  # type: ignore[attr-defined]  # as a server does
    assert ".part" not in cocalc.exec(project(lab), "ls", ["-A"]).stdout


def test_who_has_too_much_is_told(lab: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST", 10)
    assert "has more than" in unzipped(lab).read(f"{ROOT}/ERRORS.txt").decode()


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("a:b?.txt", "a_b_.txt"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("dot. .", "dot"),
        ("...", "_"),
        ("a\\b", "a_b"),
        ("x" * 300, "x" * 100),
        ("console.txt", "console.txt"),
    ],
)
def test_names_are_safe_on_every_system(wanted: str, name: str) -> None:
    assert Names().name(wanted) == name


@given(st.lists(st.text(max_size=120), unique=True, max_size=8))
def test_no_two_names_are_one(wanted: list[str]) -> None:
    given_names = Names()
    found = [given_names.name(each) for each in wanted]
    assert len({name.casefold() for name in found}) == len(wanted)
    assert found == [given_names.name(each) for each in wanted]
    for name in found:
        assert name
        assert not set(name) & set('<>:"/\\|?*\0')
        assert name[-1] not in ". "


def test_the_zip_is_sent_as_it_is_made(lab: Class) -> None:
    url = f"{lab.base}/assignments/{lab.assignment.pk}/collected.zip"
    for user in (lab.teacher, lab.assistant):
        answer: Any = HttpsClient(user).get(url)
        assert answer.streaming
        assert 'filename="homework-1-collected.zip"' in answer["Content-Disposition"]
        content = b"".join(answer.streaming_content)
        assert f"{ADA}/hw.ipynb" in zipfile.ZipFile(io.BytesIO(content)).namelist()
    event = Event.objects.filter(action="course.work_downloaded").first()
    assert event
    assert_staff_only(lab, url)


def test_where_nothing_is_collected_there_is_no_zip(room: Class) -> None:
    url = f"{room.base}/assignments/{room.assignment.pk}/collected.zip"
    teacher = HttpsClient(room.teacher)
    assert teacher.get(url).status_code == 302
    handout = factories.make_assignment(room.course, "Slides", handout=True)
    other = factories.make_assignment(room.other)
    for assignment in (handout, other):
        url = f"{room.base}/assignments/{assignment.pk}/collected.zip"
        assert teacher.get(url).status_code == 404


def test_a_removed_students_work_is_in_it(lab: Class) -> None:
    removed(lab.ada)
    assert f"{ADA}/hw.ipynb" in unzipped(lab).namelist()


def test_a_total_is_a_number_and_says_so_where_it_is_no_percentage(room: Class) -> None:
    Assignment.objects.update(weight=0)
    second = factories.make_assignment(room.course, "Homework 2", points=Decimal(5))
    room.work(score=Decimal("4.50"))
    Submission.objects.filter(assignment=second, student=room.bob).update(score=2)
    totals = {row[0]: row[-1] for row in rows_of(grades_csv(room.course))[1:]}
    assert totals == {"ada": "4.5 points", "bob": "40"}
