"""Copies between projects, with rsync's semantics."""

from typing import Any
from uuid import uuid4

import pytest

from embedding.cocalc.client import Client
from embedding.cocalc.errors import Forbidden, InTheWay, NotFound
from tests.contract.promises.support import Person, Side, shows

OLD = "touch -d 2001-01-01"


@pytest.fixture
def target(client: Client) -> str:
    """Another project, never started: it has no home yet."""
    return client.create_project(title="Another", description=str(uuid4()))


def tree(client: Client, project: str, folder: str = "") -> dict[str, str]:
    """All files under a folder, with their content."""
    script = (
        'find . -type f -printf \'%P\\n\' | sort | while read -r f; do echo "$f=$(cat "$f")"; done'
    )
    lines = client.exec(project, script, bash=True, path=folder).stdout.splitlines()
    return dict(line.split("=", 1) for line in lines)


def copy(client: Client, source: str, target: str, path: str = "hw", **options: Any) -> None:
    client.copy_path(
        source_project=source,
        source_path=path,
        target_project=target,
        target_path=path,
        **options,
    )


@pytest.fixture
def source(client: Client, project: str) -> str:
    client.exec(project, "mkdir -p hw/sub; echo 1 > hw/1; echo 2 > hw/sub/2", bash=True)
    return project


@shows("copy_path")
def test_a_folder_is_merged_into_the_target(
    side: Side, client: Client, source: str, target: str
) -> None:
    copy(client, source, target)
    assert client.project_state(target) == "opened"
    assert tree(client, target) == {"hw/1": "1", "hw/sub/2": "2"}
    client.write_file(target, "hw/own", b"own")
    client.write_file(source, "hw/3", b"3")
    copy(client, source, target)
    assert tree(client, target, "hw") == {"1": "1", "3": "3", "own": "own", "sub/2": "2"}


def test_neither_project_is_started(client: Client, source: str, target: str) -> None:
    client.stop_project(source)
    copy(client, source, target)
    assert client.project_state(source) == client.project_state(target) == "opened"


def test_a_file_gets_the_name_of_the_target(client: Client, source: str, target: str) -> None:
    client.write_file(source, "it's a “file”.txt", b"\xff\x00")
    client.copy_path(
        source_project=source,
        source_path="it's a “file”.txt",
        target_project=target,
        target_path="new/folder/-n Ünï.txt",
    )
    assert client.read_file(target, "new/folder/-n Ünï.txt") == b"\xff\x00"


def test_within_a_project_and_from_its_home(client: Client, source: str, target: str) -> None:
    client.copy_path(
        source_project=source, source_path="hw", target_project=source, target_path="again"
    )
    assert tree(client, source, "again") == {"1": "1", "sub/2": "2"}
    client.copy_path(
        source_project=source, source_path="", target_project=target, target_path="all"
    )
    copied = tree(client, target, "all")
    assert copied == {"hw/1": "1", "hw/sub/2": "2", "again/1": "1", "again/sub/2": "2"}


def test_a_newer_file_stays_unless_it_is_to_go(client: Client, source: str, target: str) -> None:
    copy(client, source, target)
    client.exec(source, f"echo new > hw/1; {OLD} hw/1", bash=True)
    client.exec(target, "echo theirs > hw/1", bash=True)
    copy(client, source, target)
    assert client.read_file(target, "hw/1") == b"theirs\n"
    copy(client, source, target, overwrite_newer=True)
    assert client.read_file(target, "hw/1") == b"new\n"


def test_an_older_file_goes(client: Client, source: str, target: str) -> None:
    copy(client, source, target)
    client.exec(target, f"echo theirs > hw/1; {OLD} hw/1", bash=True)
    copy(client, source, target)
    assert client.read_file(target, "hw/1") == b"1\n"


def test_what_is_missing_in_the_source_goes_where_asked(
    client: Client, source: str, target: str
) -> None:
    copy(client, source, target)
    client.write_file(target, "hw/own", b"own")
    copy(client, source, target)
    assert client.file_exists(target, "hw/own")
    copy(client, source, target, delete_missing=True)
    assert tree(client, target, "hw") == {"1": "1", "sub/2": "2"}


def test_a_backup_is_kept_where_asked(client: Client, source: str, target: str) -> None:
    copy(client, source, target)
    client.exec(target, "echo theirs > hw/1", bash=True)
    copy(client, source, target, overwrite_newer=True, backup=True)
    assert tree(client, target, "hw") == {"1": "1", "1~": "theirs", "sub/2": "2"}


def test_what_is_excluded_stays_away(client: Client, source: str, target: str) -> None:
    client.exec(source, "cd hw; echo x > a.log; echo x > sub/b.log; echo x > 'c d'", bash=True)
    copy(client, source, target, exclude=["*.log", "c d"])
    assert tree(client, target, "hw") == {"1": "1", "sub/2": "2"}


def test_patterns_may_come_one_by_one(client: Client, source: str, target: str) -> None:
    copy(client, source, target, exclude=(name for name in ["sub"]))
    assert tree(client, target, "hw") == {"1": "1"}


@pytest.mark.parametrize("path", ["file", "file/deep"])
def test_a_file_in_the_way_of_a_folder(client: Client, source: str, target: str, path: str) -> None:
    client.write_file(target, "file", b"theirs")
    with pytest.raises(InTheWay) as failure:
        client.copy_path(
            source_project=source, source_path="hw", target_project=target, target_path=path
        )
    assert failure.value.folder == path
    assert tree(client, target) == {"file": "theirs"}


def test_a_source_that_is_not_there(client: Client, source: str, target: str) -> None:
    with pytest.raises(NotFound):
        copy(client, source, target, path="none")
    assert tree(client, target) == {}


def test_a_limit_has_to_be_a_second_at_least(client: Client, source: str, target: str) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        copy(client, source, target, timeout=0)


def test_both_projects_have_to_be_the_callers(
    side: Side, client: Client, source: str, stranger: Person
) -> None:
    with side.client(key=stranger.key) as theirs:
        own = theirs.create_project(title="theirs", description="")
        theirs.write_file(own, "hw", b"x")
        for pair in ((source, own), (own, source)):
            with pytest.raises(Forbidden):
                copy(theirs, *pair)
    assert tree(client, source) == {"hw/1": "1", "hw/sub/2": "2"}


@shows("copy_to_nowhere")
def test_a_copy_into_a_project_that_is_not_there(side: Side, client: Client, source: str) -> None:
    if side.way("copy_to_nowhere").can == "differs":
        copy(client, source, str(uuid4()))
        return
    with pytest.raises((Forbidden, NotFound)):
        copy(client, source, str(uuid4()))
