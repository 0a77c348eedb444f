"""Files: byte for byte, whole or not at all."""

import random
import unicodedata
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from embedding.cocalc.client import Client
from embedding.cocalc.errors import (
    BadRequest,
    Crowded,
    Duplicate,
    InTheWay,
    NotFound,
    ServerFault,
)
from tests.contract.promises.support import Side, everything_in, shows

pytestmark = pytest.mark.any_key

BINARY = bytes(range(256))
SIZES = [0, 1, 599_999, 600_000, 600_001, 5_000_000, 9_000_000]
NAMES = [
    "plain.txt",
    " blanks  around ",
    "-n",
    "--help",
    'it\'s "quoted" `id` $HOME \\ *?[x].ipynb',
    "%s %41 &;|<>(){}#!+=,",
    ".hidden",
    "~",
    "…",
    "x" * 255,
    "é" * 127,
    unicodedata.normalize("NFC", "Zoë Å"),
    unicodedata.normalize("NFD", "Zoë Å"),
    "/".join(f"folder {depth}" for depth in range(40)) + "/deep",
    "/".join("y" * 200 for _ in range(15)) + "/very deep",
]
BAD_PATHS = [
    "",
    "/etc/passwd",
    "../up",
    "a/../../up",
    "a//b",
    "a/",
    "./a",
    ".",
    "..",
    "a\nb",
    "a\0b",
]
BAD_PATHS += ["\ud800", "x" * 256, "é" * 128, "/".join(["y" * 200] * 21)]


@shows("write_file")
@pytest.mark.parametrize("size", SIZES)
def test_any_size_arrives_byte_for_byte(
    side: Side, client: Client, project: str, size: int
) -> None:
    content = random.Random(size).randbytes(size)
    client.write_file(project, "folder/data.bin", content)
    assert client.read_file(project, "folder/data.bin") == content
    count = client.exec(project, "sha256sum folder/data.bin; stat -c %s folder/data.bin", bash=True)
    assert count.stdout.splitlines()[1] == str(size)
    assert everything_in(client, project) == ["folder", "folder/data.bin"]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_works(client: Client, project: str, name: str) -> None:
    client.write_file(project, name, BINARY)
    client.write_file(project, name, BINARY * 2)
    assert client.read_file(project, name) == BINARY * 2
    assert client.file_exists(project, name)
    assert name in everything_in(client, project)
    client.move(project, name, f"moved/{name}")
    assert not client.file_exists(project, name)
    client.remove(project, f"moved/{name}")
    assert not client.file_exists(project, f"moved/{name}")


def test_two_spellings_of_one_letter_are_two_names(client: Client, project: str) -> None:
    for form in ("NFC", "NFD"):
        client.write_file(project, unicodedata.normalize(form, "é"), form.encode())
    assert client.read_file(project, "\u00e9") == b"NFC"
    assert client.read_file(project, "e\u0301") == b"NFD"
    assert sorted(entry.name for entry in client.list_folder(project)) == ["e\u0301", "\u00e9"]


PATHS: dict[str, Callable[[Client, str, str], object]] = {
    "write_file": lambda client, project, path: client.write_file(project, path, b"x"),
    "read_file": lambda client, project, path: client.read_file(project, path),
    "list_folder": lambda client, project, path: client.list_folder(project, path),
    "file_exists": lambda client, project, path: client.file_exists(project, path),
    "make_folder": lambda client, project, path: client.make_folder(project, path),
    "move from": lambda client, project, path: client.move(project, path, "target"),
    "move to": lambda client, project, path: client.move(project, "source", path),
    "remove": lambda client, project, path: client.remove(project, path),
    "exec": lambda client, project, path: client.exec(project, "true", path=path),
    "copy from": lambda client, project, path: client.copy_path(
        source_project=project, source_path=path, target_project=project, target_path="target"
    ),
    "copy to": lambda client, project, path: client.copy_path(
        source_project=project, source_path="source", target_project=project, target_path=path
    ),
}
HOME_WILL_DO = ["copy from", "exec", "list_folder"]


@pytest.mark.parametrize("operation", PATHS)
def test_a_path_out_of_the_home_is_not_sent(side: Side, project: str, operation: str) -> None:
    calls: list[str] = []
    with side.client(on_call=lambda operation, *_: calls.append(operation)) as client:
        for path in BAD_PATHS:
            if path or operation not in HOME_WILL_DO:
                with pytest.raises(ValueError, match=r"path|Path|folder"):
                    PATHS[operation](client, project, path)
    assert calls == []


def test_what_is_overwritten_keeps_its_mode(client: Client, project: str) -> None:
    client.write_file(project, "script", b"old")
    client.exec(project, "chmod", ["751", "script"])
    for content in (b"new", bytes(700_000)):
        client.write_file(project, "script", content)
        assert client.exec(project, "stat", ["-c", "%a", "script"]).stdout == "751\n"
        assert client.read_file(project, "script") == content


def test_a_file_that_is_overwritten_is_no_longer_a_link(client: Client, project: str) -> None:
    """Whoever made the link must not decide what else is written."""
    client.exec(project, "echo theirs > other; ln -s other link; ln other hard", bash=True)
    client.write_file(project, "link", b"new")
    client.write_file(project, "hard", b"new")
    assert client.read_file(project, "other") == b"theirs\n"
    assert client.read_file(project, "link") == client.read_file(project, "hard") == b"new"


@pytest.mark.parametrize("size", [3, 1_500_000])
def test_without_overwriting_nothing_is_lost(client: Client, project: str, size: int) -> None:
    content = bytes(size)
    client.exec(project, "echo x > file; ln -s nowhere link; mkdir folder", bash=True)
    before = everything_in(client, project)
    for name in ("file", "link", "folder"):
        with pytest.raises(Duplicate):
            client.write_file(project, name, content, overwrite=False)
    assert everything_in(client, project) == before
    assert client.read_file(project, "file") == b"x\n"
    client.write_file(project, "new/file", content, overwrite=False)
    assert client.read_file(project, "new/file") == content


def test_what_came_meanwhile_is_not_overwritten(side: Side, client: Client, project: str) -> None:
    def come(*_: object) -> None:
        if not client.file_exists(project, "late"):
            client.exec(project, "echo theirs > late", bash=True)

    with side.client(on_call=come) as slow, pytest.raises(Duplicate):
        slow.write_file(project, "late", bytes(1_500_000), overwrite=False)
    assert client.read_file(project, "late") == b"theirs\n"
    assert everything_in(client, project) == ["late"]


def test_a_folder_is_not_overwritten_by_a_file(client: Client, project: str) -> None:
    client.write_file(project, "folder/file", b"x")
    for content in (b"new", bytes(1_500_000)):
        with pytest.raises(BadRequest):
            client.write_file(project, "folder", content)
    assert everything_in(client, project) == ["folder", "folder/file"]


@pytest.mark.parametrize("size", [3, 1_500_000])
def test_a_file_in_the_way_is_named(client: Client, project: str, size: int) -> None:
    client.write_file(project, "a/file", b"x")
    client.exec(project, "ln", ["-s", "nowhere", "link"])
    for folder in ("a/file", "a/file/b", "link/c"):
        for overwrite in (True, False):
            with pytest.raises(InTheWay) as failure:
                client.write_file(project, f"{folder}/new", bytes(size), overwrite=overwrite)
            assert failure.value.folder == folder
    assert everything_in(client, project) == ["a", "a/file", "link"]


def test_the_old_content_is_there_until_the_new_one_is(
    side: Side, client: Client, project: str
) -> None:
    old, new = b"old" * 500_000, b"new" * 1_700_000
    client.write_file(project, "file", old)
    seen: list[bytes] = []
    listed: list[str] = []

    def look(*_: object) -> None:
        seen.append(client.read_file(project, "file"))
        listed.extend(entry.name for entry in client.list_folder(project))

    with side.client(on_call=look) as slow:
        slow.write_file(project, "file", new)
    assert set(seen) <= {old, new}
    assert old in seen
    assert seen[-1] == new
    assert set(listed) == {"file"}


def test_a_write_that_fails_leaves_nothing(side: Side, client: Client, project: str) -> None:
    client.write_file(project, "file", b"old")
    calls: list[str] = []

    def refuse_the_second(operation: str, fields: Mapping[str, Any]) -> float:
        calls.append(operation)
        if len(calls) == 2:
            raise Crowded(operation, "Later.", retry_after=1)
        return 30.0

    with side.client(before_call=refuse_the_second) as slow, pytest.raises(Crowded):
        slow.write_file(project, "file", bytes(5_000_000))
    assert client.read_file(project, "file") == b"old"
    assert everything_in(client, project) == ["file"]


def test_one_name_written_by_many_at_once_is_one_of_theirs(
    side: Side, client: Client, project: str
) -> None:
    contents = [bytes([n]) * 700_000 for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda content: client.write_file(project, "file", content), contents))
    assert client.read_file(project, "file") in contents
    assert everything_in(client, project) == ["file"]


@shows("read_file")
def test_reading_has_limits_of_the_reader(side: Side, client: Client, project: str) -> None:
    for size in (0, 1, 1000, 5_000_000):
        content = random.Random(size).randbytes(size)
        client.write_file(project, "file", content)
        assert client.read_file(project, "file", max_bytes=size) == content
        if size:
            with pytest.raises(BadRequest):
                client.read_file(project, "file", max_bytes=size - 1)


def test_what_is_no_file_is_not_read(client: Client, project: str) -> None:
    client.exec(project, "mkdir folder; mkfifo pipe; ln -s nowhere link; echo x > file", bash=True)
    client.exec(project, "ln", ["-s", "file", "good"])
    for missing in ("none", "none/at/all", "link"):
        with pytest.raises(NotFound):
            client.read_file(project, missing)
    for other in ("folder", "pipe"):
        with pytest.raises(BadRequest):
            client.read_file(project, other)
    assert client.read_file(project, "good") == b"x\n"


def test_a_file_that_changes_is_read_as_it_was_at_one_time(
    side: Side, client: Client, project: str
) -> None:
    old, new = b"o" * 9_000_000, b"n" * 9_000_000
    client.write_file(project, "file", old)
    client.write_file(project, "next", new)

    def change(*_: object) -> None:
        if client.file_exists(project, "next"):
            client.exec(project, "mv", ["next", "file"])

    with side.client(on_call=change) as slow:
        assert slow.read_file(project, "file") == new


def test_a_file_that_never_rests_is_no_content(side: Side, client: Client, project: str) -> None:
    client.write_file(project, "file", bytes(9_000_000))

    def grow(*_: object) -> None:
        client.exec(project, "echo more >> file", bash=True)

    with side.client(on_call=grow) as slow, pytest.raises(ServerFault):
        slow.read_file(project, "file")
