"""My notebooks: the list and every change to it, byte for byte in the project."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from pytest_django import Settings

from embedding.client import client
from embedding.cocalc.client import Client
from embedding.cocalc.errors import NotFound
from embedding.ipynb import reading
from embedding.models import Event, Member
from embedding.services.free_names import made_beside, next_free
from sandbox.process import SandboxProcess
from tests.conftest import HttpsClient, Person
from tests.embedding.conftest import embedding_settings
from tests.embedding.helpers import JSON, prepared, with_file

pytestmark = pytest.mark.django_db

CASES = Path(__file__).parents[1] / "cases"

NOTEBOOK = nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1+1")]))


@pytest.fixture
def member(sandbox: SandboxProcess, person: Person) -> Member:
    return prepared(person("ada"))


@pytest.fixture
def browser(member: Member) -> HttpsClient:
    return HttpsClient(member.user)


def project_id(member: Member) -> str:
    return str(member.project.project_id)


def names(browser: HttpsClient, folder: str = "") -> list[str]:
    answer = browser.get("/projects/mine/listing", {"folder": folder})
    assert answer.status_code == 200, answer.content
    return [entry["name"] for entry in answer.json()["entries"]]


def post(browser: HttpsClient, what: str, **body: object) -> Any:
    return browser.post(f"/projects/mine/{what}", body, content_type=JSON)


def upload(browser: HttpsClient, path: str, content: bytes, **more: str) -> Any:
    file = SimpleUploadedFile(path.rpartition("/")[2], content)
    return browser.post("/projects/mine/upload", {"path": path, "file": file, **more})


STREAM = {"output_type": "stream", "name": "stdout", "text": "x"}


def notebook_of(*cells: dict[str, Any]) -> bytes:
    """A notebook's file with these cells, none of which has an id."""
    code = {"cell_type": "code", "metadata": {}, "source": "", "outputs": []}
    whole = {"cells": [{**code, "execution_count": None, **cell} for cell in cells], "metadata": {}}
    return json.dumps({**whole, "nbformat": 4, "nbformat_minor": 5}).encode()


def free_of(project: str, path: str) -> str:
    """Write a file there, or beside what is there."""

    def make(path: str) -> None:
        client().write_file(project, path, b"x", overwrite=False)

    return made_beside(project, path, make)


class TestListing:
    def test_before_anything_is_there(self, sandbox: SandboxProcess, person: Person) -> None:
        browser = HttpsClient(person("new"))
        answer = browser.get("/projects/mine/listing")
        assert answer.status_code == 409
        assert answer.json()["error"]["code"] == "unprepared"

    def test_a_new_project_is_empty(self, browser: HttpsClient) -> None:
        assert names(browser) == []

    def test_newest_first_with_folders_and_without_hidden_ones(
        self, browser: HttpsClient, member: Member, cocalc: Client
    ) -> None:
        script = "touch -d 2020-01-01 old.md; mkdir -p dir; touch -d 2021-01-01 dir; touch new .h"
        cocalc.exec(project_id(member), script, bash=True)
        assert names(browser) == ["new", "dir", "old.md"]
        entries = browser.get("/projects/mine/listing").json()["entries"]
        assert [entry["folder"] for entry in entries] == [False, True, False]
        assert entries[2]["modified"].startswith("2020-01-01T00:00:00")

    def test_a_folder(self, browser: HttpsClient, member: Member, cocalc: Client) -> None:
        cocalc.write_file(project_id(member), "a b/ü/x.md", b"1")
        assert names(browser, "a b/ü") == ["x.md"]
        assert names(browser, "a b/ü/") == ["x.md"]
        missing = browser.get("/projects/mine/listing", {"folder": "nope"})
        assert missing.status_code == 404
        assert "The folder “nope” no longer exists." in missing.json()["error"]["message"]
        assert browser.get("/projects/mine/listing", {"folder": "../x"}).status_code == 400


class TestNewNotebook:
    def test_it_is_a_notebook(self, browser: HttpsClient, member: Member, cocalc: Client) -> None:
        answer = post(browser, "notebook", path="hw/First")
        assert (answer.status_code, answer.json()["path"]) == (201, "hw/First.ipynb")
        stored = cocalc.read_file(project_id(member), "hw/First.ipynb").decode()
        notebook = nbformat.reads(stored, as_version=4)
        nbformat.validate(notebook)
        assert notebook.metadata.kernelspec.name == "python3"

    def test_it_overwrites_nothing(
        self, browser: HttpsClient, member: Member, cocalc: Client
    ) -> None:
        cocalc.write_file(project_id(member), "a.ipynb", b"precious")
        answer = post(browser, "notebook", path="a")
        assert answer.status_code == 409
        assert answer.json()["error"]["code"] == "exists"
        assert cocalc.read_file(project_id(member), "a.ipynb") == b"precious"

    @pytest.mark.parametrize("path", ["", "/a", "../a", "a/../b", "x" * 256, 5, None])
    def test_bad_names(self, browser: HttpsClient, path: object) -> None:
        answer = post(browser, "notebook", path=path)
        assert answer.status_code == 400
        assert answer.json()["error"]["message"].endswith(".")


class TestNewFolder:
    def test_it_is_there(self, browser: HttpsClient) -> None:
        assert post(browser, "folder", path="hw").status_code == 201
        assert names(browser) == ["hw"]
        assert post(browser, "folder", path="hw").status_code == 409

    def test_a_file_in_the_way_is_named(
        self, browser: HttpsClient, member: Member, cocalc: Client
    ) -> None:
        cocalc.write_file(project_id(member), "a.txt", b"1")
        cocalc.write_file(project_id(member), "b.txt", b"2")
        sentence = "A file is in the way of the folder “a.txt”. Rename or delete the file, "
        for answer in (
            post(browser, "notebook", path="a.txt/x"),
            post(browser, "move", path="b.txt", to="a.txt/b.txt"),
            upload(browser, "a.txt/x.bin", b"x"),
        ):
            assert (answer.status_code, answer.json()["error"]["code"]) == (409, "in_the_way")
            assert answer.json()["error"]["message"].startswith(sentence)
        listing = browser.get("/projects/mine/listing", {"folder": "a.txt"})
        assert listing.status_code == 409
        assert listing.json()["error"]["message"].startswith("“a.txt” is a file, or a folder that")


class TestUpload:
    @pytest.mark.parametrize(
        "content", [b"", b"x", bytes(range(256)) * 500, "ü\r\n".encode() * 100_000]
    )
    def test_byte_for_byte(
        self, browser: HttpsClient, member: Member, cocalc: Client, content: bytes
    ) -> None:
        answer = upload(browser, "dir/-d a't\"a.bin", content)
        assert answer.status_code == 201, answer.content
        assert cocalc.read_file(project_id(member), "dir/-d a't\"a.bin") == content

    def test_a_new_name_hides_nothing(
        self, browser: HttpsClient, member: Member, cocalc: Client
    ) -> None:
        """Nor does it turn around; what a program of the student's made can still be had."""
        made = upload(browser, "photo_\u202egpj.exe", b"x")
        assert (made.status_code, made.json()) == (201, {"path": "photo_gpj.exe"})
        assert post(browser, "folder", path="a\u200bb").json() == {"path": "ab"}
        moved = post(browser, "move", path="photo_gpj.exe", to="ab/\u2066x\u2069.exe")
        assert moved.json() == {"path": "ab/x.exe"}
        assert post(browser, "folder", path="\u202e").status_code == 400
        cocalc.write_file(project_id(member), "old\u202efdp.exe", b"x")
        assert sorted(names(browser)) == ["ab", "old\u202efdp.exe"]
        answer = browser.get("/projects/mine/download", {"path": "old\u202efdp.exe"})
        assert answer.content == b"x"
        assert "filename*=UTF-8''oldfdp.exe" in answer["Content-Disposition"]
        page = browser.get("/projects/mine/open/old\u202efdp.exe").content.decode()
        assert '<span id="name">old\ufffdfdp.exe</span>' in page
        assert "<title>old\ufffdfdp.exe" in page

    def test_replacing_is_a_choice(
        self, browser: HttpsClient, member: Member, cocalc: Client
    ) -> None:
        assert upload(browser, "a.txt", b"1").status_code == 201
        again = upload(browser, "a.txt", b"2")
        assert (again.status_code, again.json()["error"]["code"]) == (409, "exists")
        assert cocalc.read_file(project_id(member), "a.txt") == b"1"
        assert upload(browser, "a.txt", b"2", overwrite="1").status_code == 201
        assert cocalc.read_file(project_id(member), "a.txt") == b"2"

    @pytest.mark.parametrize("minor", [0, 2, 4, 5])
    def test_notebooks_of_every_minor_version(self, browser: HttpsClient, minor: int) -> None:
        notebook = json.loads(NOTEBOOK) | {"nbformat_minor": minor}
        if minor < 5:
            for cell in notebook["cells"]:
                del cell["id"]
        answer = upload(browser, f"v{minor}.ipynb", json.dumps(notebook).encode())
        assert answer.status_code == 201, answer.content

    def test_a_notebook_as_an_editor_saves_it_with_a_byte_order_mark(
        self, browser: HttpsClient
    ) -> None:
        assert upload(browser, "a.ipynb", b"\xef\xbb\xbf" + NOTEBOOK.encode()).status_code == 201

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"print(1)",
            b"[]",
            b"{}",
            b"5",
            b'{"cells": 5, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
            b'{"cells": [{}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
            b'{"nbformat": 99, "nbformat_minor": 0}',
            b'{"nbformat": "x", "nbformat_minor": 0}',
            b"\xff\xfe\x00",
            b"<!doctype html><title>Sign in</title>",
        ],
    )
    def test_what_is_no_notebook_is_refused(
        self, browser: HttpsClient, member: Member, content: bytes
    ) -> None:
        answer = upload(browser, "a.ipynb", content)
        assert answer.status_code == 400, answer.content
        error = answer.json()["error"]
        assert error["code"] == "not_a_notebook"
        assert "“a.ipynb”" in error["message"]
        assert "another ending" not in error["message"]
        assert names(browser) == []

    @pytest.mark.parametrize(
        ("cell", "times", "words"),
        [
            ({"outputs": []}, 5_001, "has more than 5,000 cells"),
            ({"outputs": [STREAM] * 10_001}, 2, "has more than 20,000 outputs"),
            ({"outputs": [[]] * 2_000_000}, 1, "has too many nested parts"),
        ],
    )
    def test_a_vast_notebook_is_refused_unread(
        self,
        browser: HttpsClient,
        monkeypatch: pytest.MonkeyPatch,
        cell: dict[str, Any],
        times: int,
        words: str,
    ) -> None:
        monkeypatch.setattr(reading, "get_validator", None)
        answer = upload(browser, "a.ipynb", notebook_of(*[cell] * times))
        assert answer.status_code == 413, answer.content
        assert words in answer.json()["error"]["message"]

    def test_so_is_what_is_nested_deeply(self, browser: HttpsClient) -> None:
        answer = upload(browser, "a.ipynb", b"[" * 100_000)
        assert answer.status_code == 413
        assert "is nested too deeply" in answer.json()["error"]["message"]

    @pytest.mark.parametrize(
        "cell",
        [
            {"source": {"a": 1}},
            {"source": ["a"] * 1_000 + [{}]},
            {"cell_type": ["x" * 100_000]},
        ],
    )
    def test_what_is_wrong_is_said_soon_and_in_short(
        self,
        browser: HttpsClient,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        cell: dict[str, Any],
    ) -> None:
        """nbformat looks for a better message for minutes, and logs all that was sent."""

        def slowly(*_: object, **__: object) -> None:
            raise AssertionError("looked at again")

        monkeypatch.setattr("jsonschema.Draft4Validator.iter_errors", slowly)
        answer = upload(browser, "a.ipynb", notebook_of(cell))
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "not_a_notebook")
        assert len(answer.content) < 1_000
        assert len(caplog.text) < 10_000

    @pytest.mark.parametrize("minor", [6, 10**9])
    def test_a_notebook_of_tomorrow(self, browser: HttpsClient, minor: int) -> None:
        notebook = json.loads(NOTEBOOK) | {"nbformat_minor": minor, "more": 1}
        assert upload(browser, "a.ipynb", json.dumps(notebook).encode()).status_code == 201

    def test_a_notebook_without_ids_is_one(self, browser: HttpsClient) -> None:
        assert upload(browser, "a.ipynb", notebook_of({}, {})).status_code == 201

    @pytest.mark.parametrize(
        "name", ["sub-vscode-text-cell.ipynb", "sub-colab-stream.ipynb", "source-format-3.ipynb"]
    )
    def test_what_other_programs_write_is_stored_as_it_is(
        self, browser: HttpsClient, member: Member, cocalc: Client, name: str
    ) -> None:
        content = (CASES / name).read_bytes()
        assert upload(browser, name, content).status_code == 201
        assert cocalc.read_file(project_id(member), name) == content

    def test_too_large(
        self, browser: HttpsClient, sandbox: SandboxProcess, settings: Settings
    ) -> None:
        settings.EMBEDDING = embedding_settings(sandbox, UPLOAD_MAX_MB=1)
        # As pages show sizes: 1 MB has 1024 KB.
        assert upload(browser, "fits.bin", b"x" * 1024**2).status_code == 201
        for size in (1024**2 + 1, 2 * 1024**2):
            answer = upload(browser, "large.bin", b"x" * size)
            assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
            assert "up to 1 MB" in answer.json()["error"]["message"]
        assert names(browser) == ["fits.bin"]

    def test_without_a_file_or_a_path(self, browser: HttpsClient) -> None:
        assert browser.post("/projects/mine/upload", {"path": "a"}).status_code == 400
        file = io.BytesIO(b"x")
        assert browser.post("/projects/mine/upload", {"file": file}).status_code == 400
        assert upload(browser, "../a", b"x").status_code == 400


class TestKeepingBoth:
    def test_each_way_takes_the_next_free_name(
        self, browser: HttpsClient, member: Member, cocalc: Client
    ) -> None:
        for name in ("a.ipynb", "a (2).ipynb", "b"):
            cocalc.write_file(project_id(member), name, b"old")
        answers = [
            post(browser, "notebook", path="a", keep_both=True),
            upload(browser, "a (2).ipynb", NOTEBOOK.encode(), keep_both="1"),
            post(browser, "move", path="b", to="a.ipynb", keep_both=True),
            post(browser, "folder", path="a.ipynb", keep_both=True),
            post(browser, "folder", path="c", keep_both=True),
        ]
        assert [answer.json()["path"] for answer in answers] == [
            *(f"a ({number}).ipynb" for number in (3, 4, 5, 6)),
            "c",
        ]
        for name in ("a.ipynb", "a (2).ipynb", "a (5).ipynb"):
            assert cocalc.read_file(project_id(member), name) == b"old"

    def test_what_no_list_shows_is_kept_too(
        self, browser: HttpsClient, member: Member, cocalc: Client
    ) -> None:
        """A pipe, and a link to nothing."""
        script = "mkfifo a.txt; ln -s nowhere 'a (2).txt'"
        cocalc.exec(project_id(member), script, bash=True)
        assert upload(browser, "a.txt", b"new").status_code == 409
        assert upload(browser, "a.txt", b"new", keep_both="1").json()["path"] == "a (3).txt"
        assert upload(browser, "a (2).txt", b"new").status_code == 409

    def test_two_tabs_at_once(self, browser: HttpsClient, member: Member) -> None:
        project = project_id(member)

        def tab(_: int) -> str:
            try:
                return free_of(project, "x.txt")
            finally:
                connection.close()

        with ThreadPoolExecutor() as tabs:
            made = list(tabs.map(tab, range(4)))
        assert sorted(made) == ["x (2).txt", "x (3).txt", "x (4).txt", "x.txt"]
        assert sorted(names(browser)) == sorted(made)

    @pytest.mark.parametrize(
        ("path", "wanted"),
        [
            ("a.tar.gz", "a (2).tar.gz"),
            ("w/Week 1.5", "w/Week 1.5 (2)"),
            (".bashrc", ".bashrc (2)"),
            ("a (9).md", "a (10).md"),
            ("a (9999999).md", "a (9999999) (2).md"),
            ("(2)", "(2) (2)"),
            ("é" * 125 + ".ipynb", "é" * 122 + " (2).ipynb"),
            ("ab (2) (2)", "ab (2) (3)"),
            ("a\nb.md", "a\nb (2).md"),
        ],
    )
    def test_the_name(self, path: str, wanted: str) -> None:
        assert next_free(path, {path.rpartition("/")[2]}) == wanted
        assert len(wanted.rpartition("/")[2].encode()) <= 255


class TestDownload:
    def test_byte_for_byte_and_never_as_a_page(
        self, browser: HttpsClient, member: Member, cocalc: Client
    ) -> None:
        content = b"<script>alert(1)</script>" + bytes(range(256))
        cocalc.write_file(project_id(member), "é x.html", content)
        answer = browser.get("/projects/mine/download", {"path": "é x.html"})
        assert answer.content == content
        assert answer["Content-Type"] == "application/octet-stream"
        assert answer["Content-Disposition"] == "attachment; filename*=UTF-8''%C3%A9%20x.html"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer["Content-Security-Policy"]

    def test_what_cannot_be_downloaded(
        self,
        browser: HttpsClient,
        member: Member,
        cocalc: Client,
        sandbox: SandboxProcess,
        settings: Settings,
    ) -> None:
        cocalc.write_file(project_id(member), "dir/fits.bin", b"x" * 1024**2)
        cocalc.write_file(project_id(member), "dir/large.bin", b"x" * (1024**2 + 1))
        settings.EMBEDDING = embedding_settings(sandbox, DOWNLOAD_MAX_MB=1)
        fits = browser.get("/projects/mine/download", {"path": "dir/fits.bin"})
        assert (fits.status_code, len(fits.content)) == (200, 1024**2)
        for path, status in (("dir", 409), ("dir/large.bin", 409), ("nope", 404), ("../x", 400)):
            answer = browser.get("/projects/mine/download", {"path": path})
            assert answer.status_code == status
            assert answer.json()["error"]["message"].endswith(".")


class TestMove:
    def test_rename(self, browser: HttpsClient, member: Member, cocalc: Client) -> None:
        cocalc.write_file(project_id(member), "a.md", b"1")
        assert post(browser, "move", path="a.md", to="sub/b.md").status_code == 200
        assert cocalc.read_file(project_id(member), "sub/b.md") == b"1"
        assert names(browser) == ["sub"]

    def test_nothing_is_overwritten(
        self, browser: HttpsClient, member: Member, cocalc: Client
    ) -> None:
        for name in ("a", "b"):
            cocalc.write_file(project_id(member), name, name.encode())
        answer = post(browser, "move", path="a", to="b")
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "exists")
        assert cocalc.read_file(project_id(member), "b") == b"b"
        assert post(browser, "move", path="nope", to="c").status_code == 404
        assert post(browser, "move", path="a", to="../c").status_code == 400

    def test_a_folder_goes_not_into_itself(self, browser: HttpsClient, member: Member) -> None:
        for more in ({}, {"keep_both": True}):
            answer = post(browser, "move", path="a", to="a/b/a", **more)
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, "into_itself")


class TestDelete:
    def test_files_and_folders(self, browser: HttpsClient, member: Member, cocalc: Client) -> None:
        cocalc.write_file(project_id(member), "dir/a.md", b"1")
        cocalc.write_file(project_id(member), "b.md", b"1")
        assert post(browser, "delete", path="dir").status_code == 200
        assert post(browser, "delete", path="b.md").status_code == 200
        assert names(browser) == []
        assert post(browser, "delete", path="b.md").status_code == 200, "gone is gone"
        assert post(browser, "delete", path="").status_code == 400

    def test_a_colleagues_deletion_is_in_the_audit_log(
        self, sandbox: SandboxProcess, cocalc: Client, person: Person
    ) -> None:
        member = with_file(cocalc, person("ada"), "a.md")
        colleague = person("grace")
        Member.objects.create(project=member.project, user=colleague)
        url = f"/projects/{project_id(member)}/delete"
        HttpsClient(colleague).post(url, {"path": "a.md"}, content_type=JSON)
        with pytest.raises(NotFound):
            cocalc.read_file(project_id(member), "a.md")
        event = Event.objects.get(action="file.deleted")
        detail = {"path": "a.md", "project": project_id(member)}
        assert (event.actor, event.detail) == ("grace", detail)


def test_a_stopped_project_starts_for_its_list(
    browser: HttpsClient, member: Member, cocalc: Client
) -> None:
    cocalc.write_file(project_id(member), "a.md", b"1")
    cocalc.stop_project(project_id(member))
    assert names(browser) == ["a.md"]


def test_cocalc_down(browser: HttpsClient, member: Member, sandbox: SandboxProcess) -> None:
    sandbox.quirks(api_html=True)
    for answer in (
        browser.get("/projects/mine/listing"),
        upload(browser, "a.txt", b"kept by the browser"),
        post(browser, "move", path="a", to="b"),
    ):
        assert answer.status_code == 502
        assert answer.json()["error"]["code"] == "not_cocalc"
