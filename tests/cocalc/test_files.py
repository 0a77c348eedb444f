"""Files byte for byte, through commands that really run."""

import os
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from embedding.cocalc.client import Entry
from embedding.cocalc.errors import (
    BadRequest,
    CommandFailed,
    Duplicate,
    NotFound,
    OutcomeUnknown,
    ServerFault,
)
from embedding.cocalc.v1 import V1Client
from tests.cocalc.server import PROJECT, ExecProject, Reply, Request, Server

NAMES = [
    "plain.txt",
    "-n",
    "--help",
    "it's \"quoted\" $HOME `id` \\ *?[x].ipynb",
    "Ünï/文 件.txt",
    "a/b/c/deep.bin",
    "~",
    ".hidden",
    "x" * 255,
    "%s %d &;|<>(){}#!",
]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_works(client: V1Client, home: Path, name: str) -> None:
    client.write_file(PROJECT, name, b"\x00\xffone\n")
    assert (home / name).read_bytes() == b"\x00\xffone\n"
    assert client.read_file(PROJECT, name) == b"\x00\xffone\n"
    assert client.file_exists(PROJECT, name)
    client.move(PROJECT, name, "moved/" + name)
    assert not client.file_exists(PROJECT, name)
    client.remove(PROJECT, "moved/" + name)
    assert not (home / "moved" / name).exists()


@pytest.mark.parametrize("size", [0, 1, 70_000, 80_000, 599_999, 600_000, 600_001, 25_000_000])
def test_any_size_arrives_byte_for_byte(
    client: V1Client, server: Server, home: Path, size: int
) -> None:
    content = random.Random(size).randbytes(size)
    client.write_file(PROJECT, "folder/data.bin", content)
    assert (home / "folder/data.bin").read_bytes() == content
    assert os.listdir(home / "folder") == ["data.bin"]
    assert len(server.requests) == max(1, -(-size // 600_000))
    assert client.read_file(PROJECT, "folder/data.bin") == content


def test_a_small_write_is_json_and_a_larger_one_a_form_without_booleans(
    client: V1Client, server: Server, home: Path
) -> None:
    client.write_file(PROJECT, "a", b"small")
    client.write_file(PROJECT, "b", b"x" * 100_000)
    small, large = server.requests
    assert not small.is_form
    assert small.fields["bash"] is True
    assert large.is_form
    assert set(large.fields) == {"id", "project_id", "command", "path", "timeout"}


def test_the_old_file_stays_until_the_new_one_is_whole(client: V1Client, home: Path) -> None:
    target = home / "script.sh"
    target.write_bytes(b"old")
    target.chmod(0o751)
    with target.open("rb") as old:
        client.write_file(PROJECT, "script.sh", b"new")
        assert old.read() == b"old"  # another file has taken its place: nothing was written into it
    assert target.read_bytes() == b"new"
    assert target.stat().st_mode & 0o777 == 0o751


def test_a_folder_is_not_overwritten(client: V1Client, home: Path) -> None:
    (home / "folder").mkdir()
    with pytest.raises(BadRequest, match="not a file"):
        client.write_file(PROJECT, "folder", b"x")
    assert os.listdir(home) == ["folder"]


def test_a_file_is_no_parent(client: V1Client, home: Path) -> None:
    (home / "file").write_bytes(b"")
    with pytest.raises(CommandFailed) as caught:
        client.write_file(PROJECT, "file/below", b"x")
    assert "Not a directory" in caught.value.words or "File exists" in caught.value.words
    assert caught.value.exit_code == 1
    assert os.listdir(home) == ["file"]


LARGE = b"0123456789" * 150_000  # three chunks


def failing_at(number: int, home: Path, reply: Reply | None, *, run: bool) -> object:
    """Answer the request of this number with `reply`, after running it or without."""
    project = ExecProject(home)
    count = iter(range(1, 1000))

    def answer(request: Request) -> Reply | None:
        if next(count) != number:
            return project(request)
        if run:
            project(request)
        return reply

    return answer


STARTING = Reply({"event": "error", "error": "Error: unable to determine project port"})
KILLED = Reply({"event": "error", "error": "Error executing command 'c' -- killed command 'c'"})
DONE = Reply(
    {"event": "project_exec_output", "stdout": "", "stderr": "", "exit_code": 0, "type": "blocking"}
)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_write_goes_on_while_the_project_starts(
    client: V1Client, server: Server, home: Path, number: int
) -> None:
    server.answer = failing_at(number, home, STARTING, run=False)  # type: ignore[assignment]
    client.write_file(PROJECT, "f", LARGE)
    assert (home / "f").read_bytes() == LARGE
