"""Files byte for byte, through commands that really run."""

import base64
import os
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count, islice
from pathlib import Path

import pytest

from embedding.cocalc import scripts
from embedding.cocalc.client import Entry, Output
from embedding.cocalc.errors import (
    BadRequest,
    CommandFailed,
    Duplicate,
    InTheWay,
    NotCocalc,
    NotFound,
    OutcomeUnknown,
    ServerFault,
    TooMany,
)
from embedding.cocalc.v1 import V1Client
from tests.cocalc.server import (
    DONE,
    KILLED,
    PROJECT,
    STARTING,
    Answer,
    ExecProject,
    Reply,
    Request,
    Server,
    client_for,
)

NAMES = [
    "plain.txt",
    "-n",
    "--help",
    'it\'s "quoted" $HOME `id` \\ *?[x].ipynb',
    "Ünï/文 件.txt",
    "a/b/c/deep.bin",
    "~",
    ".hidden",
    "x" * 255,
    "%s %d &;|<>(){}#!",
]


def names_in(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir()]


def test_what_is_there_is_left_alone_where_it_must_be(
    client: V1Client, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what comes while the content is on its way, and what no list shows."""
    append = scripts.append

    def meanwhile(temporary: str, chunk: bytes, offset: int) -> str:
        if offset:
            (home / "late").write_bytes(b"theirs")
        return append(temporary, chunk, offset)

    monkeypatch.setattr(scripts, "append", meanwhile)
    (home / "file").write_bytes(b"theirs")
    (home / "link").symlink_to("nowhere")
    (home / "folder").mkdir()
    for name in ("file", "link", "folder", "late"):
        with pytest.raises(Duplicate):
            client.write_file(PROJECT, name, bytes(700_000), overwrite=False)
        if name != "late":
            with pytest.raises(Duplicate):
                client.make_folder(PROJECT, name, exists_ok=False)
    assert sorted(names_in(home)) == ["file", "folder", "late", "link"]
    assert (home / "file").read_bytes() == (home / "late").read_bytes() == b"theirs"
    client.write_file(PROJECT, "w/new", b"x", overwrite=False)
    client.make_folder(PROJECT, "w/v/u", exists_ok=False)
    assert sorted(names_in(home / "w")) == ["new", "v"]
    with pytest.raises(InTheWay):
        client.make_folder(PROJECT, "file/x", exists_ok=False)


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
    assert names_in(home / "folder") == ["data.bin"]
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
    assert names_in(home) == ["folder"]


def test_a_file_is_no_parent(client: V1Client, home: Path) -> None:
    (home / "file").write_bytes(b"")
    (home / "lost").symlink_to("nowhere")
    (home / "x").write_bytes(b"")
    calls: list[tuple[Callable[[], None], str]] = [
        (lambda: client.write_file(PROJECT, "file/below", b"x"), "file"),
        (lambda: client.write_file(PROJECT, "file/a/b/below", b"x"), "file/a/b"),
        (lambda: client.write_file(PROJECT, "lost/below", b"x"), "lost"),
        (lambda: client.make_folder(PROJECT, "file"), "file"),
        (lambda: client.make_folder(PROJECT, "file/a"), "file/a"),
        (lambda: client.move(PROJECT, "x", "file/x"), "file"),
    ]
    for call, folder in calls:
        with pytest.raises(InTheWay) as caught:
            call()
        assert caught.value.folder == folder
    assert sorted(names_in(home)) == ["file", "lost", "x"]


def test_a_folder_that_may_not_be_made_is_not_said_to_meet_a_file(
    client: V1Client, server: Server, home: Path
) -> None:
    run = ExecProject(home)

    def answer(request: Request) -> Reply:
        # As on a full disk.
        command = request.fields["command"].replace("mkdir -p", "false mkdir -p")
        return run(replace(request, fields={**request.fields, "command": command}))

    server.answer = answer
    with pytest.raises(CommandFailed) as caught:
        client.make_folder(PROJECT, "a/b")
    assert caught.value.exit_code == 1


LARGE = b"0123456789" * 150_000  # three chunks


def failing(
    home: Path, at: int, reply: Reply | None, *, until: int | None = None, run: bool = False
) -> Answer:
    """Answer the requests from number `at` to `until` with `reply`, after running them or not."""
    project = ExecProject(home)
    numbers = count(1)

    def answer(request: Request) -> Reply | None:
        if not at <= next(numbers) <= (until or at):
            return project(request)
        if run:
            project(request)
        return reply

    return answer


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_write_goes_on_while_the_project_starts(
    client: V1Client, server: Server, home: Path, number: int
) -> None:
    server.answer = failing(home, number, STARTING, until=number + 5)
    client.write_file(PROJECT, "f", LARGE)
    assert (home / "f").read_bytes() == LARGE


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("run", [True, False])
def test_a_chunk_whose_answer_is_lost_is_written_again(
    client: V1Client, server: Server, home: Path, number: int, run: bool
) -> None:
    server.answer = failing(home, number, None, run=run)
    client.write_file(PROJECT, "f", LARGE)
    assert (home / "f").read_bytes() == LARGE


@pytest.mark.parametrize("run", [True, False])
def test_the_last_chunk_is_never_repeated(
    client: V1Client, server: Server, home: Path, run: bool
) -> None:
    (home / "f").write_bytes(b"old")
    server.answer = failing(home, 3, None, run=run)
    with pytest.raises(OutcomeUnknown):
        client.write_file(PROJECT, "f", LARGE)
    assert (home / "f").read_bytes() == (LARGE if run else b"old")
    assert names_in(home) == ["f"]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_what_a_killed_write_leaves_is_removed(
    client: V1Client, server: Server, home: Path, number: int
) -> None:
    server.answer = failing(home, number, KILLED)
    with pytest.raises(CommandFailed):
        client.write_file(PROJECT, "f", LARGE)
    assert names_in(home) == []
    assert len(server.requests) == number + 1


def test_a_failure_to_clean_up_does_not_hide_the_failure(
    client: V1Client, server: Server, home: Path
) -> None:
    server.answer = failing(home, 2, KILLED, until=3)
    with pytest.raises(CommandFailed, match="stopped"):
        client.write_file(PROJECT, "f", LARGE)


def test_a_lost_chunk_is_noticed(client: V1Client, server: Server, home: Path) -> None:
    (home / "f").write_bytes(b"old")
    server.answer = failing(home, 2, DONE)
    with pytest.raises(ServerFault, match="did not arrive whole"):
        client.write_file(PROJECT, "f", LARGE)
    assert (home / "f").read_bytes() == b"old"
    assert names_in(home) == ["f"]


def test_reading_what_is_not_there_or_no_file(client: V1Client, home: Path) -> None:
    (home / "folder").mkdir()
    (home / "dangling").symlink_to("nowhere")
    for name in ("absent", "dangling"):
        with pytest.raises(NotFound):
            client.read_file(PROJECT, name)
        assert not client.file_exists(PROJECT, name)
    with pytest.raises(BadRequest):
        client.read_file(PROJECT, "folder")
    assert not client.file_exists(PROJECT, "folder")


def test_reading_stops_at_a_limit(client: V1Client, home: Path) -> None:
    (home / "f").write_bytes(b"12345")
    assert client.read_file(PROJECT, "f", max_bytes=5) == b"12345"
    with pytest.raises(BadRequest, match="too large"):
        client.read_file(PROJECT, "f", max_bytes=4)


def changing(home: Path, changes: int) -> Answer:
    """Change the file `big` after each of the first answers."""
    project = ExecProject(home)
    left = iter(range(changes))

    def answer(request: Request) -> Reply:
        reply = project(request)
        for number in islice(left, 1):
            with (home / "big").open("r+b") as big:
                big.write(b"changed %d" % number)
        return reply

    return answer


def test_a_file_that_changes_between_chunks_is_read_again(
    client: V1Client, server: Server, home: Path
) -> None:
    content = random.Random(1).randbytes(V1Client.read_chunk + 1)
    (home / "big").write_bytes(content)
    server.answer = changing(home, 1)
    assert client.read_file(PROJECT, "big") == b"changed 0" + content[9:]
    assert len(server.requests) == 4


def test_a_file_that_keeps_changing_is_given_up(
    client: V1Client, server: Server, home: Path
) -> None:
    (home / "big").write_bytes(bytes(V1Client.read_chunk + 1))
    server.answer = changing(home, 100)
    with pytest.raises(ServerFault, match="kept changing"):
        client.read_file(PROJECT, "big")


@pytest.mark.parametrize(
    "stdout",
    ["", "1 2\n?\n1 2\n", "a\nb\nc\nd\n", "a\n\na\n", "\n\n\n", f"{'9' * 5000}\n\n\n", "7\n\n7\n"],
)
def test_garbled_content_is_not_cocalc(client: V1Client, server: Server, stdout: str) -> None:
    server.answer = lambda request: Reply({**DONE.body, "stdout": stdout})
    with pytest.raises(NotCocalc):
        client.read_file(PROJECT, "f", max_bytes=6)


@pytest.mark.parametrize(
    "stdout", ["3\nAA==\n3", "-1\n\n-1", "1\nAA==\n1 ", f"{10**18}\nAA==\n{10**18}"]
)
def test_a_size_that_is_not_that_of_the_content(
    client: V1Client, server: Server, stdout: str
) -> None:
    server.answer = lambda request: Reply({**DONE.body, "stdout": stdout})
    with pytest.raises(ServerFault, match="kept changing"):
        client.read_file(PROJECT, "f")
    assert len(server.requests) == 3


def test_a_folder_lists_what_people_see(client: V1Client, home: Path) -> None:
    folder = home / "-f"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "deep").write_bytes(b"")
    for name in ("a b", "line\nbreak", "Ünï 文", " leading", ".hidden"):
        (folder / name).write_bytes(b"four")
        os.utime(folder / name, (1_700_000_000.25, 1_700_000_000.25))
    (folder / "to-file").symlink_to("a b")
    (folder / "to-folder").symlink_to("sub")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "fifo")
    (Path(os.fsdecode(bytes(folder) + b"/bad\xff"))).write_bytes(b"")
    (Path(os.fsdecode(bytes(folder) + b"/.bad\xff"))).write_bytes(b"")
    when = datetime(2023, 11, 14, 22, 13, 20, 250_000, tzinfo=UTC)
    entries = {entry.name: entry for entry in client.list_folder(PROJECT, "-f")}
    files = ("a b", "line\nbreak", "Ünï 文", " leading", "to-file")
    assert entries.keys() == {*files, "sub", "to-folder"}
    for name in files:
        assert entries[name] == Entry(name, is_folder=False, size=4, modified=when)
    for name in ("sub", "to-folder"):
        assert (entries[name].is_folder, entries[name].size) == (True, 0)
    assert {entry.name for entry in client.list_folder(PROJECT)} == {"-f"}


def test_a_link_to_a_folder_is_a_folder(client: V1Client, home: Path) -> None:
    (home / "real").mkdir()
    (home / "real" / "f").write_bytes(b"")
    (home / "link").symlink_to("real")
    assert [entry.name for entry in client.list_folder(PROJECT, "link")] == ["f"]


def test_a_large_folder_comes_in_one_call(client: V1Client, server: Server, home: Path) -> None:
    for number in range(10_000):
        os.mknod(home / f"notebook-{number:05}.ipynb")
    names = {entry.name for entry in client.list_folder(PROJECT)}
    assert names == set(names_in(home))
    assert len(server.requests) == 1


def test_a_folder_that_holds_too_much_is_not_listed(
    client: V1Client, server: Server, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scripts, "MOST_ENTRIES", 3)
    for name in "abc":
        os.mkfifo(home / name)
    assert client.list_folder(PROJECT) == []
    (home / "d").write_bytes(b"")
    with pytest.raises(TooMany, match="more than 3 files"):
        client.list_folder(PROJECT)
    # Nor what a project says that does not keep to it.
    rows = b"".join(b"f 1 0 %d\0" % number for number in range(1_000))
    listed = base64.b64encode(rows + b"garbled\0").decode()
    server.answer = lambda request: Reply({**DONE.body, "stdout": listed})
    with pytest.raises(TooMany):
        client.list_folder(PROJECT)


def test_folders_that_cannot_be_listed(client: V1Client, home: Path) -> None:
    (home / "file").write_bytes(b"")
    with pytest.raises(NotFound):
        client.list_folder(PROJECT, "absent")
    with pytest.raises(BadRequest):
        client.list_folder(PROJECT, "file")
    assert client.list_folder(PROJECT) != []


@pytest.mark.parametrize(
    ("row", "year"), [(b"f 1 1e300 n", 1970), (b"f 1 -62135596801.0 n", 1970), (b"f 1 0 n", 1970)]
)
def test_a_time_that_python_does_not_know(
    client: V1Client, server: Server, row: bytes, year: int
) -> None:
    listed = base64.b64encode(row + b"\0").decode()
    server.answer = lambda request: Reply({**DONE.body, "stdout": listed})
    assert client.list_folder(PROJECT)[0].modified.year == year


@pytest.mark.parametrize("listed", [b"d", b"f x 0 n", b"f 1 x n", b"f 1"])
def test_a_garbled_list_is_not_cocalc(client: V1Client, server: Server, listed: bytes) -> None:
    stdout = base64.b64encode(listed + b"\0").decode()
    server.answer = lambda request: Reply({**DONE.body, "stdout": stdout})
    with pytest.raises(NotCocalc):
        client.list_folder(PROJECT)
    server.answer = lambda request: Reply({**DONE.body, "stdout": "?"})
    with pytest.raises(NotCocalc):
        client.list_folder(PROJECT)


def test_making_a_folder_twice(client: V1Client, home: Path) -> None:
    client.make_folder(PROJECT, "-a/b")
    client.make_folder(PROJECT, "-a/b")
    assert (home / "-a" / "b").is_dir()
    (home / "file").write_bytes(b"")
    with pytest.raises(InTheWay):
        client.make_folder(PROJECT, "file")


def test_moving_never_overwrites(client: V1Client, home: Path) -> None:
    (home / "a").write_bytes(b"a")
    (home / "b").write_bytes(b"b")
    (home / "folder").mkdir()
    (home / "dangling").symlink_to("nowhere")
    for target in ("b", "folder", "dangling", "a"):
        with pytest.raises(Duplicate):
            client.move(PROJECT, "a", target)
    with pytest.raises(NotFound):
        client.move(PROJECT, "absent", "c")
    client.move(PROJECT, "dangling", "folder/link")
    client.move(PROJECT, "folder", "x/y")
    assert (home / "x" / "y" / "link").is_symlink()
    assert (home / "b").read_bytes() == b"b"


def test_a_folder_does_not_move_into_itself(client: V1Client, server: Server, home: Path) -> None:
    with pytest.raises(ValueError, match="into itself"):
        client.move(PROJECT, "a", "a/b/c")
    assert server.requests == []


def test_removing(client: V1Client, home: Path) -> None:
    (home / "real" / "deep").mkdir(parents=True)
    (home / "link").symlink_to("real")
    client.remove(PROJECT, "link")
    assert (home / "real" / "deep").is_dir()
    client.remove(PROJECT, "real")
    assert names_in(home) == []
    with pytest.raises(NotFound):
        client.remove(PROJECT, "real")


def test_the_home_itself_stays(client: V1Client, server: Server) -> None:
    for call in (client.remove, client.read_file, client.make_folder, client.file_exists):
        with pytest.raises(ValueError, match="empty"):
            call(PROJECT, "")
    assert server.requests == []


def test_looking_for_a_file_is_one_call_without_bash(
    client: V1Client, server: Server, home: Path
) -> None:
    assert not client.file_exists(PROJECT, "-a b")
    (request,) = server.requests
    assert request.fields["command"] == "test"
    assert request.fields["args"] == ["-f", "./-a b"]
    server.answer = lambda request: Reply({**DONE.body, "exit_code": 2, "stderr": "broken"})
    with pytest.raises(CommandFailed, match="broken"):
        client.file_exists(PROJECT, "a")


def test_a_home_that_others_could_read_is_closed_and_told_of(server: Server, home: Path) -> None:
    told: list[str] = []
    client = client_for(server.url, on_open_home=told.append)
    home.chmod(0o755)
    assert client.exec(PROJECT, "echo x", bash=True) == Output("x\n", "", 0)
    assert home.stat().st_mode & 0o777 == 0o700
    client.close_home(PROJECT)
    assert told == [PROJECT]
    home.chmod(0o711)
    assert client.list_folder(PROJECT) == []
    assert home.stat().st_mode & 0o777 == 0o700
    assert told == [PROJECT, PROJECT]
    client.close()
