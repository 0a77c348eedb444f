"""The folder of an assignment: changed as a whole, looked at by one command."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from classroom.carrying.incoming import take
from classroom.carrying.outgoing import Load, put
from classroom.rules import source_folder
from classroom.rules.source_folder import Contents
from embedding.cocalc.client import Client, Output
from embedding.cocalc.errors import CommandFailed, NotCocalc, OutcomeUnknown
from embedding.problems import Problem
from sandbox.process import SandboxProcess


@pytest.fixture
def project(cocalc: Client) -> str:
    return cocalc.create_project(title="t", description="d")


def names(contents: Contents) -> list[str]:
    return [file["path"] for file in contents.files]


def student_names(contents: Contents) -> list[str] | None:
    return None if contents.student is None else [file["path"] for file in contents.student]


def hidden(cocalc: Client, project: str) -> list[str]:
    return sorted(cocalc.exec(project, "ls -A .classroom", bash=True).stdout.split())


def test_nothing_lies_in_a_folder_that_is_not_there(project: str) -> None:
    assert source_folder.look(project, "hw") == Contents([], None, made=False, notebooks={})


def test_files_are_added_over_and_beside_what_is_there(project: str, cocalc: Client) -> None:
    source_folder.add(project, "hw", {"a.ipynb": b"one", "data/x.csv": b"1"})
    contents = source_folder.add(project, "hw", {"a.ipynb": b"two", "-n": b"", "ü '\"$": b"x"})
    assert names(contents) == sorted(["-n", "a.ipynb", "data/x.csv", "ü '\"$"])
    assert contents.notebooks == {"a.ipynb": b"two"}
    assert contents == source_folder.look(project, "hw")
    assert cocalc.read_file(project, "hw/a.ipynb") == b"two"
    assert hidden(cocalc, project) == ["lock"]


def test_files_can_take_the_place_of_all(project: str) -> None:
    source_folder.add(project, "hw", {"a": b"", "student/a": b""})
    contents = source_folder.add(project, "hw", {"b": b""}, replace=True)
    assert names(contents) == ["b"]
    assert contents.student is None


def test_a_foreign_folder_is_never_taken(project: str, cocalc: Client) -> None:
    cocalc.write_file(project, "hw/thesis.tex", b"mine")
    with pytest.raises(Problem) as caught:
        source_folder.add(project, "hw", {"a": b""}, replace=True, first=True)
    assert caught.value.code == "folder_taken"
    assert names(source_folder.look(project, "hw")) == ["thesis.tex"]
    assert hidden(cocalc, project) == ["lock"]


def test_an_empty_folder_may_be_taken(project: str, cocalc: Client) -> None:
    cocalc.make_folder(project, "hw")
    assert names(source_folder.add(project, "hw", {"a": b""}, first=True)) == ["a"]


def test_files_are_removed_and_empty_folders_with_them(project: str, cocalc: Client) -> None:
    source_folder.add(project, "hw", {"a": b"", "in/ner/b": b""})
    contents = source_folder.remove(project, "hw", ["in/ner/b", "gone"])
    assert names(contents) == ["a"]
    assert [entry.name for entry in cocalc.list_folder(project, "hw")] == ["a"]


def test_a_folder_is_copied_without_its_links(project: str, cocalc: Client) -> None:
    cocalc.write_file(project, "lib/a.ipynb", b"{}")
    cocalc.exec(
        project,
        "echo secret > secret; cd lib; ln -s ../secret link; ln -s / root;"
        " mkdir .ipynb_checkpoints; echo > .ipynb_checkpoints/b;"
        " mkdir -p 'in $HOME'; echo x > 'in $HOME/-c'",
        bash=True,
    )
    contents = source_folder.copy_in(project, "hw", "lib")
    assert names(contents) == ["a.ipynb", "in $HOME/-c"]
    listed = cocalc.exec(project, "find hw -mindepth 1 ! -type f ! -type d", bash=True).stdout
    assert listed == ""


def test_a_folder_that_is_gone_cannot_be_copied(project: str) -> None:
    source_folder.add(project, "hw", {"a": b""})
    with pytest.raises(Problem, match="no longer in the course’s project"):
        source_folder.copy_in(project, "hw", "gone")
    assert names(source_folder.look(project, "hw")) == ["a"]


def test_a_folder_is_brought_from_another_project(project: str, cocalc: Client) -> None:
    other = cocalc.create_project(title="o", description="o")
    source_folder.add(other, "old", {"a.ipynb": b"{}"})
    source_folder.student_put(other, "old", {"a.ipynb": b"[]"})
    brought = source_folder.arriving()
    put(project, brought, Load(take(other, "old")), how="fresh")
    contents = source_folder.bring(project, "hw", brought)
    assert names(contents) == ["a.ipynb"]
    assert contents.student is None, "what was made there is made anew here"
    assert hidden(cocalc, project) == ["lock"]


def test_the_student_version_is_all_but_the_teachers_notebooks(
    project: str, cocalc: Client
) -> None:
    source_folder.add(project, "hw", {"a.ipynb": b"solved", "b.ipynb": b"b", "data/x": b"1"})
    contents = source_folder.student_put(project, "hw", {"a.ipynb": b"stub"})
    assert contents.made
    assert student_names(contents) == ["a.ipynb", "b.ipynb", "data/x"]
    assert names(contents) == ["a.ipynb", "b.ipynb", "data/x"]
    assert contents.notebooks == {"a.ipynb": b"solved", "b.ipynb": b"b"}
    assert cocalc.read_file(project, "hw/student/a.ipynb") == b"stub"
    again = source_folder.student_put(project, "hw", {"a.ipynb": b"stub"})
    assert again == contents


def test_what_was_made_goes_when_its_source_changes(project: str) -> None:
    source_folder.add(project, "hw", {"a.ipynb": b"solved"})
    source_folder.student_put(project, "hw", {"a.ipynb": b"stub"})
    contents = source_folder.add(project, "hw", {"b": b""})
    assert contents.student is None
    assert not contents.made


def test_the_teachers_own_student_folder_is_not_ours(project: str) -> None:
    files = {"a.ipynb": b"solved", "student/a.ipynb": b"own"}
    contents = source_folder.add(project, "hw", files)
    assert not contents.made
    assert student_names(contents) == ["a.ipynb"]
    with pytest.raises(CommandFailed):
        source_folder.student_put(project, "hw", {"a.ipynb": b"stub"})
    assert source_folder.look(project, "hw") == contents


def test_files_that_the_site_writes_are_no_sources(project: str, cocalc: Client) -> None:
    source_folder.add(project, "hw", {"a": b"", "DUE_DATE.txt": b"", "in/DUE_DATE.txt": b""})
    cocalc.write_file(project, "hw/DUE_DATE.txt", b"tomorrow")
    assert names(source_folder.look(project, "hw")) == ["a", "in/DUE_DATE.txt"]


def test_what_fails_leaves_the_folder_as_it_was(
    project: str, cocalc: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    source_folder.add(project, "hw", {"a": b"a file"})
    with pytest.raises(CommandFailed):
        source_folder.add(project, "hw", {"a/b": b"a folder"})
    assert names(source_folder.look(project, "hw")) == ["a"]
    monkeypatch.setattr("classroom.rules.manifest.MAX_FILES", 2)
    with pytest.raises(Problem) as caught:
        source_folder.add(project, "hw", {"b": b"", "c": b""})
    assert caught.value.code == "too_much"
    assert names(source_folder.look(project, "hw")) == ["a"]
    assert hidden(cocalc, project) == ["lock"]


def test_a_change_that_was_cut_off_is_put_right(project: str, cocalc: Client) -> None:
    source_folder.add(project, "hw", {"a": b"first"})
    # As after a kill between the two renames.
    cocalc.move(project, "hw", ".classroom/old-hw")
    assert names(source_folder.add(project, "hw", {"b": b""})) == ["a", "b"]


def test_notebooks_too_large_to_be_looked_through_are_refused(
    project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_folder, "MAX_NOTEBOOKS", 1000)
    with pytest.raises(Problem, match="too large to be checked"):
        source_folder.add(project, "hw", {"bomb.ipynb": b"0" * 2000})


def test_an_upload_of_many_files_takes_two_calls(project: str, sandbox: SandboxProcess) -> None:
    sandbox.reset_calls()
    files = {f"part {number // 20}/file-{number}.txt": b"%d" % number for number in range(300)}
    assert len(source_folder.add(project, "hw", files).files) == 300
    assert sandbox.calls()["counts"] == {"project_exec": 2}


def test_two_who_change_at_once_wait_for_each_other(project: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        added = [
            pool.submit(source_folder.add, project, "hw", {f"{number}": b""}) for number in range(4)
        ]
        for future in added:
            future.result()
    assert names(source_folder.look(project, "hw")) == ["0", "1", "2", "3"]


def test_nothing_is_left_of_an_upload_that_cocalc_did_not_take(
    project: str, sandbox: SandboxProcess
) -> None:
    sandbox.quirks(api_down="close")
    with pytest.raises(OutcomeUnknown):
        source_folder.add(project, "hw", {"a": b""})
    sandbox.quirks(api_down="")
    assert names(source_folder.look(project, "hw")) == []


@pytest.mark.parametrize("stdout", ["", "AA==\nnone\n%%", "!\nnone\n", "AA==\nnone\nAAAA"])
def test_a_garbled_answer_is_not_believed(stdout: str) -> None:
    with pytest.raises(NotCocalc):
        source_folder.read(Output(stdout, "", 0), "hw")


@pytest.mark.parametrize("path", ["../x", "/x", "a/../../x", "", "a//b"])
def test_no_file_is_packed_that_would_leave_the_folder(path: str) -> None:
    with pytest.raises(ValueError, match=r"path|name"):
        source_folder.pack({path: b""})
