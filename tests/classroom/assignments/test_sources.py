"""The files of an assignment, from a teacher's upload to what students get."""

import hashlib
import io
import json
import os
import zipfile
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from classroom.assignments import sources
from classroom.models import Assignment, Course, Kind, Role, Transfer
from embedding.cocalc.client import Client
from embedding.models import Event
from sandbox.process import SandboxProcess
from tests.classroom.factories import enrol, make_assignment, make_course, make_user
from tests.classroom.nbgrader.notebooks import answer, checks, code, content, notebook
from tests.conftest import HttpsClient

pytestmark = pytest.mark.django_db

Version = Assignment.Version
PLAIN = content(notebook(code("1 + 1")))
MARKED = content(
    notebook(answer("### BEGIN SOLUTION\nx = 4\n### END SOLUTION"), checks("assert x"))
)
UNSOUND = content(notebook(answer("### BEGIN SOLUTION\nx = 4")))


@pytest.fixture
def course(cocalc: Client) -> Course:
    return make_course(make_user("prof", teacher=True))


@pytest.fixture
def assignment(course: Course) -> Assignment:
    return make_assignment(course, version=Version.MISSING)


@pytest.fixture
def teacher(assignment: Assignment) -> HttpsClient:
    return HttpsClient(assignment.course.memberships.get().user)


def prof(assignment: Assignment) -> User:
    return assignment.course.memberships.get().user


def url(assignment: Assignment, name: str) -> str:
    return reverse(f"classroom:{name}", args=[assignment.course.pk, assignment.pk])


def upload(
    client: HttpsClient, assignment: Assignment, files: dict[str, bytes], **more: str
) -> list[str]:
    """Upload files through the page; return what it says then."""
    given = [SimpleUploadedFile(name, data) for name, data in files.items()]
    return told(client, assignment, "assignment-upload", files=given, **more)


def told(client: HttpsClient, assignment: Assignment, name: str, **data: Any) -> list[str]:
    response = client.post(url(assignment, name), data, follow=True)
    assert response.redirect_chain[0][0] == url(assignment, "assignment-files")
    assignment.refresh_from_db()
    assignment.course.project.refresh_from_db()
    return [str(message) for message in response.context["messages"]]


def project(assignment: Assignment) -> str:
    return str(assignment.course.project.project_id)


def paths(files: list[dict[str, Any]]) -> list[str]:
    return [file["path"] for file in files]


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


# --- uploading ----------------------------------------------------------------------------


def test_a_project_that_a_worker_is_making_is_waited_for(
    teacher: HttpsClient, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the files would have to be chosen again."""
    making = assignment.course.project
    assert making.claim(45)
    waited = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        making.release()

    monkeypatch.setattr("time.sleep", sleep)
    assert upload(teacher, assignment, {"a.ipynb": PLAIN}) == ["1 file was stored."]
    assert waited
    assert assignment.version == Version.READY


def test_a_project_that_is_never_made_is_not_waited_for_for_ever(
    teacher: HttpsClient, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert assignment.course.project.claim(45)
    monkeypatch.setattr(sources, "WAIT_SECONDS", 0.0)
    said = upload(teacher, assignment, {"a.ipynb": PLAIN})
    assert said == ["The course’s project is being prepared. Try again in a moment."]
    assert assignment.version == Version.MISSING


def test_plain_files_are_ready_at_once(
    teacher: HttpsClient, assignment: Assignment, cocalc: Client
) -> None:
    said = upload(teacher, assignment, {"a.ipynb": PLAIN, "data.csv": b"1,2"})
    assert said == ["2 files were stored."]
    assert assignment.version == Version.READY
    assert assignment.files == assignment.sources
    assert assignment.files[0] == {
        "path": "a.ipynb",
        "size": len(PLAIN),
        "sha256": hashlib.sha256(PLAIN).hexdigest(),
    }
    assert not assignment.marked
    assert cocalc.read_file(project(assignment), "homework-1/data.csv") == b"1,2"
    assert not Transfer.objects.exists()
    event = Event.objects.get(action="course.files_changed")
    assert (event.actor, event.detail["how"]) == ("prof", "uploaded")


def test_more_files_come_beside_and_in_place(teacher: HttpsClient, assignment: Assignment) -> None:
    upload(teacher, assignment, {"a": b"1", "b": b"1"})
    upload(teacher, assignment, {"b": b"22", "c": b"1"})
    assert [(file["path"], file["size"]) for file in assignment.files] == [
        ("a", 1),
        ("b", 2),
        ("c", 1),
    ]
    upload(teacher, assignment, {"d": b""}, replace="1")
    assert paths(assignment.files) == ["d"]


def test_a_folder_keeps_its_structure(teacher: HttpsClient, assignment: Assignment) -> None:
    given = [SimpleUploadedFile("a.txt", b"1"), SimpleUploadedFile("b.txt", b"2")]
    names = json.dumps(["hw/a.txt", "hw/in/b.txt"])
    data = {"folder": given, "folder-paths": names}
    told(teacher, assignment, "assignment-upload", **data)
    assert paths(assignment.files) == ["a.txt", "in/b.txt"]


def test_a_zip_of_25_megabytes_is_unpacked(teacher: HttpsClient, assignment: Assignment) -> None:
    data = os.urandom(900_000) + bytes(24_000_000)
    packed = zipped({"hw/data.bin": data, "hw/a.ipynb": PLAIN}, zipfile.ZIP_STORED)
    said = upload(teacher, assignment, {"hw.zip": packed}, unpack="1")
    assert said == ["2 files were stored."]
    assert assignment.files[1]["sha256"] == hashlib.sha256(data).hexdigest()


def test_300_files_take_no_more_calls_than_one(
    teacher: HttpsClient, assignment: Assignment, sandbox: SandboxProcess
) -> None:
    upload(teacher, assignment, {"first": b""})
    sandbox.reset_calls()
    upload(teacher, assignment, {"one": b"1"})
    one = sandbox.calls()["counts"]
    sandbox.reset_calls()
    upload(teacher, assignment, {f"file-{number}": b"%d" % number for number in range(300)})
    assert len(assignment.files) == 302
    assert sandbox.calls()["counts"] == one == {"project_exec": 2}


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.ipynb", b"no notebook", "“a.ipynb” is not a Jupyter notebook"),
        ("a.ipynb", UNSOUND, "“a.ipynb”: Cell 1 (“answer”): its “BEGIN SOLUTION” has no “END"),
        ("x.zip", zipped({"../../etc/passwd": b""}), "cannot have this name"),
        ("x.zip", zipped({f"{n}": bytes(21_000_000) for n in range(5)}), "100 MB in all"),
    ],
)
def test_what_will_not_do_changes_nothing(
    teacher: HttpsClient,
    assignment: Assignment,
    sandbox: SandboxProcess,
    name: str,
    data: bytes,
    words: str,
) -> None:
    upload(teacher, assignment, {"good": b""})
    sandbox.reset_calls()
    said = upload(teacher, assignment, {name: data}, unpack="1", replace="1")
    assert len(said) == 1
    assert words in said[0]
    assert paths(assignment.files) == ["good"]
    assert assignment.version == Version.READY
    assert sandbox.calls()["counts"] == {}


def test_an_upload_of_nothing_says_so(teacher: HttpsClient, assignment: Assignment) -> None:
    said = told(teacher, assignment, "assignment-upload")
    assert said == ["Choose files to upload first."]


def test_names_that_are_html_are_shown_as_text(
    teacher: HttpsClient, assignment: Assignment
) -> None:
    upload(teacher, assignment, {"x.zip": zipped({"<b>&'.txt": b""})}, unpack="1")
    page = teacher.get(url(assignment, "assignment-files")).content.decode()
    assert "&lt;b&gt;&amp;&#x27;.txt" in page
    assert "<b>&" not in page


def test_a_folder_that_was_there_is_used_only_when_asked(
    teacher: HttpsClient, assignment: Assignment, cocalc: Client
) -> None:
    sources.files_check(assignment, by=prof(assignment))
    assignment.course.project.refresh_from_db()
    cocalc.write_file(project(assignment), "homework-1/old.ipynb", PLAIN)
    said = upload(teacher, assignment, {"new": b""}, replace="1")
    assert "already has a folder “homework-1”" in said[0]
    assert assignment.version == Version.MISSING
    said = told(teacher, assignment, "assignment-browse", folder="homework-1")
    assert assignment.version == Version.READY
    assert paths(assignment.files) == ["old.ipynb"]


# --- what students get --------------------------------------------------------------------


def test_marked_notebooks_are_made_into_a_version_first(
    teacher: HttpsClient, assignment: Assignment
) -> None:
    upload(teacher, assignment, {"a.ipynb": MARKED, "data": b""})
    assert assignment.marked
    assert assignment.version == Version.MAKING
    assert assignment.files == []
    transfer = Transfer.objects.get()
    assert (transfer.kind, transfer.member) == (Kind.VERSION, None)
    page = teacher.get(url(assignment, "assignment-files")).content.decode()
    assert "Being made" in page
    assert 'hx-trigger="every 2s"' in page
    transfer.state, transfer.error = Transfer.State.FAILED, "CoCalc was away."
    transfer.save()
    page = teacher.get(url(assignment, "assignment-files")).content.decode()
    assert "CoCalc was away." in page
    assert "Try again" in page
    assert "every 2s" not in page
    told(teacher, assignment, "assignment-check")
    assert Transfer.objects.filter(state=Transfer.State.QUEUED).count() == 1


def test_a_student_folder_of_ones_own_is_used_as_it_is(
    teacher: HttpsClient, assignment: Assignment
) -> None:
    files = {"a.ipynb": UNSOUND, "student/a.ipynb": PLAIN, "student/x/y": b""}
    upload(teacher, assignment, {"x.zip": zipped(files)}, unpack="1")
    assert assignment.version == Version.READY
    assert assignment.has_student_folder
    assert assignment.source == "homework-1/student"
    assert paths(assignment.files) == ["a.ipynb", "x/y"]
    assert paths(assignment.sources) == ["a.ipynb"]
    assert not Transfer.objects.exists()
    page = teacher.get(url(assignment, "assignment-files")).content.decode()
    assert "What students get" in page
    told(teacher, assignment, "assignment-file-remove", path="student/a.ipynb")
    assert paths(assignment.files) == ["x/y"]
    told(teacher, assignment, "assignment-file-remove", path="student/x/y")
    assert assignment.version == Version.FAILED, "the teacher's notebook counts again"


def test_what_is_handed_out_already_stays_and_that_is_said(
    teacher: HttpsClient, assignment: Assignment
) -> None:
    upload(teacher, assignment, {"a": b"1"})
    enrol(assignment.course, make_user("ann"))
    assignment.submissions.update(handed_out=timezone.now())
    said = upload(teacher, assignment, {"a": b"2"})
    assert "1 student already has this assignment" in said[1]
    assert (
        "1 student already has these files"
        in teacher.get(url(assignment, "assignment-files")).content.decode()
    )


def test_files_are_removed_one_by_one(teacher: HttpsClient, assignment: Assignment) -> None:
    upload(teacher, assignment, {"a": b"1", "b": b"1"})
    assert told(teacher, assignment, "assignment-file-remove", path="a") == ["“a” was removed."]
    assert paths(assignment.files) == ["b"]
    for gone in ("a", "../x", "", "/etc/passwd"):
        said = told(teacher, assignment, "assignment-file-remove", path=gone)
        assert said == [f"“{gone}” does not exist any more."]
    told(teacher, assignment, "assignment-file-remove", path="b")
    assert assignment.version == Version.MISSING


def test_changes_in_cocalc_are_seen_when_checked_again(
    teacher: HttpsClient, assignment: Assignment, cocalc: Client
) -> None:
    upload(teacher, assignment, {"a.ipynb": PLAIN})
    cocalc.write_file(project(assignment), "homework-1/a.ipynb", b"broken")
    said = told(teacher, assignment, "assignment-check")
    assert "something is wrong" in said[0]
    assert assignment.version == Version.FAILED
    assert "“a.ipynb” is not a Jupyter notebook" in assignment.version_error
    assert (
        assignment.version_error.split(" (")[0]
        in teacher.get(url(assignment, "assignment-files")).content.decode()
    )
    cocalc.write_file(project(assignment), "homework-1/a.ipynb", MARKED)
    told(teacher, assignment, "assignment-check")
    assert assignment.version == Version.MAKING
    cocalc.write_file(project(assignment), "homework-1/a.ipynb", PLAIN)
    told(teacher, assignment, "assignment-check")
    assert assignment.version == Version.READY


@pytest.mark.parametrize("name", [r"\xff.ipynb", r"a\nb.ipynb", r"\x01"])
def test_a_name_that_is_no_text_is_not_handed_out(
    teacher: HttpsClient, assignment: Assignment, cocalc: Client, name: str
) -> None:
    upload(teacher, assignment, {"a": b""})
    cocalc.exec(project(assignment), f"touch homework-1/$'{name}'", bash=True)
    told(teacher, assignment, "assignment-check")
    assert assignment.version == Version.FAILED
    assert "cannot be used. Rename or remove" in assignment.version_error
    assert len(assignment.sources) == 2
    page = teacher.get(url(assignment, "assignment-files")).content.decode()
    assert page.count(">Open</a>") == 1
    (bad,) = [path for path in paths(assignment.sources) if path != "a"]
    said = told(teacher, assignment, "assignment-file-remove", path=bad)
    assert "does not exist any more" in said[0]
    cocalc.exec(
        project(assignment), "rm homework-1/[^a] homework-1/*.ipynb", bash=True, check=False
    )
    told(teacher, assignment, "assignment-check")
    assert assignment.version == Version.READY


# --- from elsewhere -----------------------------------------------------------------------


def test_a_folder_of_the_course_is_chosen_by_browsing(
    teacher: HttpsClient, assignment: Assignment, cocalc: Client
) -> None:
    browse = url(assignment, "assignment-browse")
    assert "The course project is still empty" in teacher.get(browse).content.decode()
    upload(teacher, assignment, {"old": b""})
    cocalc.write_file(project(assignment), "lib/week 1/a b.ipynb", PLAIN)
    cocalc.exec(project(assignment), "cd 'lib/week 1'; ln -s /etc/passwd link", bash=True)
    page = teacher.get(browse).content.decode()
    assert "?folder=lib" in page
    assert "Take the files" not in page
    page = teacher.get(browse, {"folder": "lib"}).content.decode()
    assert "?folder=lib%2Fweek%201" in page
    page = teacher.get(browse, {"folder": "lib/week 1"}).content.decode()
    assert "a b.ipynb" in page
    assert "Copy the files from “lib/week 1”" in page
    said = told(teacher, assignment, "assignment-browse", folder="lib/week 1")
    assert said == ["The files from “lib/week 1” were copied."]
    assert paths(assignment.files) == ["a b.ipynb"]
    assert assignment.version == Version.READY


@pytest.mark.parametrize(
    "folder",
    ["", "..", "/etc", "a/../..", "collected/x", "submitted", ".classroom", "homework-1/in"],
)
def test_some_folders_cannot_be_chosen(
    teacher: HttpsClient, assignment: Assignment, sandbox: SandboxProcess, folder: str
) -> None:
    said = told(teacher, assignment, "assignment-browse", folder=folder)
    assert len(said) == 1
    assert "were taken" not in said[0]
    assert sandbox.calls()["counts"] == {}


def test_a_folder_that_is_gone_says_so(teacher: HttpsClient, assignment: Assignment) -> None:
    upload(teacher, assignment, {"a": b""})
    response = teacher.get(url(assignment, "assignment-browse"), {"folder": "gone"}, follow=True)
    assert "not in the project any more" in str(next(iter(response.context["messages"])))
    said = told(teacher, assignment, "assignment-browse", folder="gone")
    assert said == ["This folder is no longer in the course’s project."]
    assert paths(assignment.files) == ["a"]
    assert assignment.version == Version.READY


def test_an_earlier_courses_files_are_taken(
    teacher: HttpsClient, assignment: Assignment, cocalc: Client
) -> None:
    prof = assignment.course.memberships.get().user
    earlier = make_assignment(make_course(prof, "Before"), "Waves", version=Version.MISSING)
    upload(teacher, earlier, {"a.ipynb": PLAIN})
    page = teacher.get(url(assignment, "assignment-files")).content.decode()
    assert "Waves" in page
    told(teacher, assignment, "assignment-bring", **{"from": earlier.pk})
    assert paths(assignment.files) == ["a.ipynb"]
    assert cocalc.read_file(project(assignment), "homework-1/a.ipynb") == PLAIN
    response = teacher.post(
        reverse("classroom:assignment-new", args=[assignment.course.pk]),
        {"title": "Waves", "handout": "no", "late_policy": "closed", "from": earlier.pk},
        follow=True,
    )
    made = Assignment.objects.get(course=assignment.course, title="Waves")
    assert response.redirect_chain[0][0] == url(made, "assignment-files")
    assert paths(made.files) == ["a.ipynb"]


def test_an_earlier_assignment_without_files_gives_none(
    teacher: HttpsClient, assignment: Assignment
) -> None:
    prof = assignment.course.memberships.get().user
    earlier = make_assignment(make_course(prof, "Before"), "Waves")
    page = teacher.get(url(assignment, "assignment-files")).content.decode()
    assert "Waves" not in page
    said = told(teacher, assignment, "assignment-bring", **{"from": earlier.pk})
    assert said == ["“Waves” has no files."]
    assert assignment.version == Version.MISSING


def test_another_teachers_files_are_not_taken(teacher: HttpsClient, assignment: Assignment) -> None:
    prof = assignment.course.memberships.get().user
    foreign = make_course(make_user("other", teacher=True), "Secret")
    enrol(foreign, prof, Role.ASSISTANT)
    secret = make_assignment(foreign, "Secret")
    secret.sources = [{"path": "a", "size": 1, "sha256": "0" * 64}]
    secret.save()
    assert "Secret" not in teacher.get(url(assignment, "assignment-files")).content.decode()
    for given in (secret.pk, "", "x", 10**30):
        response = teacher.post(url(assignment, "assignment-bring"), {"from": given})
        assert response.status_code == 404


# --- when CoCalc fails --------------------------------------------------------------------


def test_an_upload_that_cocalc_refused_leaves_all_as_it_was(
    teacher: HttpsClient, assignment: Assignment, sandbox: SandboxProcess
) -> None:
    upload(teacher, assignment, {"a": b""})
    sandbox.quirks(fail_events=["project_exec"])
    said = upload(teacher, assignment, {"b": b""})
    assert len(said) == 1
    assert assignment.version == Version.READY
    assert paths(assignment.files) == ["a"]


def test_an_upload_without_an_answer_is_to_be_checked(
    teacher: HttpsClient, assignment: Assignment, sandbox: SandboxProcess
) -> None:
    upload(teacher, assignment, {"a": b""})
    sandbox.quirks(lost_replies=["project_exec"])
    said = upload(teacher, assignment, {"b": b""})
    assert len(said) == 1
    assert assignment.version == Version.FAILED
    assert assignment.version_error == str(sources.CHANGING)
    sandbox.reset_quirks()
    told(teacher, assignment, "assignment-check")
    assert assignment.version == Version.READY


def test_the_page_of_files_asks_cocalc_nothing(
    teacher: HttpsClient, assignment: Assignment, sandbox: SandboxProcess
) -> None:
    upload(teacher, assignment, {"a": b""})
    sandbox.reset_calls()
    assert teacher.get(url(assignment, "assignment-files")).status_code == 200
    assert sandbox.calls()["counts"] == {}
