"""Folders: what is in them, and what is made, moved and removed."""

import pytest

from embedding.cocalc.client import Client
from embedding.cocalc.errors import BadRequest, Duplicate, InTheWay, NotFound, TooMany
from tests.contract.promises.support import OPERATIONS, Side, everything_in, shows

pytestmark = pytest.mark.any_key


@shows("list_folder")
def test_a_folder_tells_what_is_in_it(side: Side, client: Client, project: str) -> None:
    script = """
    mkdir -p a/folder; cd a
    head -c 1234 /dev/zero > file; touch -d '2001-02-03T04:05:06Z' file
    : > .hidden; : > 'new
line'; : > -n; : > 'Ünï 文'
    mkdir .git; ln -s file good; ln -s folder way; ln -s nowhere bad; mkfifo pipe
    : > $'\\377'
    """
    client.exec(project, script, bash=True)
    entries = {entry.name: entry for entry in client.list_folder(project, "a")}
    assert set(entries) == {"folder", "file", "new\nline", "-n", "Ünï 文", "good", "way"}
    assert {name for name, entry in entries.items() if entry.is_folder} == {"folder", "way"}
    assert entries["file"].size == entries["good"].size == 1234
    assert entries["folder"].size == entries["way"].size == 0
    assert entries["file"].modified.isoformat() == "2001-02-03T04:05:06+00:00"
    assert client.list_folder(project, "a/folder") == []
    assert [entry.name for entry in client.list_folder(project)] == ["a"]


def test_what_is_no_folder_is_not_listed(client: Client, project: str) -> None:
    client.write_file(project, "file", b"x")
    with pytest.raises(NotFound):
        client.list_folder(project, "none")
    with pytest.raises(BadRequest):
        client.list_folder(project, "file")


def test_a_folder_may_hold_ten_thousand(client: Client, project: str) -> None:
    client.exec(project, "mkdir many; cd many; seq 10000 | xargs touch; : > .more", bash=True)
    entries = client.list_folder(project, "many")
    assert {entry.name for entry in entries} == {str(n) for n in range(1, 10_001)}
    client.write_file(project, "many/one more", b"")
    with pytest.raises(TooMany, match="10,000"):
        client.list_folder(project, "many")


@shows("one_call")
def test_a_look_for_a_file_is_one_call(side: Side, client: Client, project: str) -> None:
    script = "mkdir folder; echo x > file; ln -s file good; ln -s nowhere bad; mkfifo pipe"
    client.exec(project, script, bash=True)
    client.stop_project(project)
    calls: list[str] = []
    with side.client(on_call=lambda operation, *_: calls.append(operation)) as counting:
        if side.way("one_call").can == "differs":
            counting.file_exists(project, "file")
            client.stop_project(project)
            calls.clear()
        assert counting.file_exists(project, "file")
        assert calls == ["file_exists"]
        assert counting.file_exists(project, "good")
        for name in ("folder", "none", "file/none", "bad", "pipe"):
            assert not counting.file_exists(project, name)


def test_folders_are_made_with_their_parents(client: Client, project: str) -> None:
    client.make_folder(project, "a/b/c")
    client.make_folder(project, "a/b/c")
    client.make_folder(project, "a/d/e", exists_ok=False)
    client.write_file(project, "file", b"x")
    client.exec(project, "ln", ["-s", "nowhere", "link"])
    for name in ("a/b", "file", "link"):
        with pytest.raises(Duplicate):
            client.make_folder(project, name, exists_ok=False)
    for name, exists_ok in [("file", True), ("link", True), ("file/x", True), ("file/x", False)]:
        with pytest.raises(InTheWay) as failure:
            client.make_folder(project, name, exists_ok=exists_ok)
        assert failure.value.folder == name
    assert everything_in(client, project) == ["a", "a/b", "a/b/c", "a/d", "a/d/e", "file", "link"]


@shows("change_files")
def test_a_move_makes_folders_and_overwrites_nothing(
    side: Side, client: Client, project: str
) -> None:
    client.write_file(project, "file", b"x")
    client.write_file(project, "other/y", b"y")
    client.move(project, "file", "new/place/file")
    client.move(project, "other", "new/other")
    client.exec(project, "ln", ["-s", "nowhere", "link"])
    client.move(project, "link", "moved")
    assert everything_in(client, project) == [
        "moved",
        "new",
        "new/other",
        "new/other/y",
        "new/place",
        "new/place/file",
    ]
    with pytest.raises(NotFound):
        client.move(project, "none", "target")
    for target in ("new/place/file", "new/other", "moved"):
        with pytest.raises(Duplicate):
            client.move(project, "new/other/y", target)
    with pytest.raises(Duplicate):
        client.move(project, "new/other/y", "new/other/y")
    with pytest.raises(InTheWay) as failure:
        client.move(project, "new/other/y", "new/place/file/deep/y")
    assert failure.value.folder == "new/place/file/deep"
    with pytest.raises(ValueError, match="itself"):
        client.move(project, "new", "new/place/new")
    assert client.read_file(project, "new/other/y") == b"y"


def test_a_removal_takes_all_that_is_in_it_and_no_more(client: Client, project: str) -> None:
    client.write_file(project, "folder/deep/file", b"x")
    client.write_file(project, "file", b"x")
    client.exec(project, "ln -s folder way; ln -s nowhere bad; chmod 500 folder", bash=True)
    client.remove(project, "way")
    client.remove(project, "bad")
    assert client.file_exists(project, "folder/deep/file")
    client.exec(project, "chmod", ["700", "folder"])
    client.remove(project, "folder")
    assert everything_in(client, project) == ["file"]
    for name in ("folder", "none", "file/none"):
        with pytest.raises(NotFound):
            client.remove(project, name)
    client.remove(project, "file")
    assert client.list_folder(project) == []


def test_companions_of_a_notebook_are_left_alone(client: Client, project: str) -> None:
    """CoCalc's own functions take hidden files along that belong to a document."""
    names = [".a.ipynb.sage-jupyter2", "a.ipynb"]
    for name in names:
        client.write_file(project, name, b"x")
    client.move(project, "a.ipynb", "b.ipynb")
    assert everything_in(client, project) == [".a.ipynb.sage-jupyter2", "b.ipynb"]
    client.move(project, "b.ipynb", "a.ipynb")
    client.remove(project, "a.ipynb")
    assert everything_in(client, project) == [".a.ipynb.sage-jupyter2"]


@pytest.mark.parametrize("operation", ["read_file", "move", "remove"])
def test_what_is_missing_stays_missing(client: Client, project: str, operation: str) -> None:
    with pytest.raises(NotFound):
        OPERATIONS[operation](client, project, "")
    assert everything_in(client, project) == []
