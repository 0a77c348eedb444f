"""Commands and files by the bridges, in a project that really runs them."""

import json
import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from embedding.cocalc.client import Output
from embedding.cocalc.conat import ConatClient, Limits, files
from embedding.cocalc.errors import (
    BadRequest,
    CannotStart,
    CocalcError,
    CommandFailed,
    Duplicate,
    InTheWay,
    NotCocalc,
    NotFound,
    NotStarted,
    OutcomeUnknown,
    RefusedKey,
    ServerFault,
)
from tests.cocalc.conat.home import HomeProject
from tests.cocalc.server import KEY, OTHER_PROJECT, PROJECT, Reply, Server, as_told

# What every driver does alike: once more, by the fixtures of this one.
from tests.cocalc.test_files import (  # noqa: F401
    names_in,
    test_a_file_is_no_parent,
    test_a_folder_does_not_move_into_itself,
    test_a_folder_is_not_overwritten,
    test_a_folder_lists_what_people_see,
    test_a_large_folder_comes_in_one_call,
    test_a_link_to_a_folder_is_a_folder,
    test_any_name_works,
    test_folders_that_cannot_be_listed,
    test_making_a_folder_twice,
    test_moving_never_overwrites,
    test_reading_stops_at_a_limit,
    test_reading_what_is_not_there_or_no_file,
    test_removing,
    test_the_home_itself_stays,
    test_the_old_file_stays_until_the_new_one_is_whole,
)

QUICK = Limits(call=5, start=20, margin=5, backoff=0.001, backoff_most=0.002)
LARGE = random.Random(7).randbytes(1_500_000)
KILLED = {"type": "blocking", "stdout": "", "stderr": "", "exit_code": 0}


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(partial(as_told, Reply({"error": "not told"}))).running() as server:
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[ConatClient]:
    client = ConatClient(server.url, KEY, limits=QUICK)
    client._offered["projects.state"] = True  # as if it had asked before
    yield client
    client.close()


@pytest.fixture
def project(server: Server, tmp_path: Path) -> HomeProject:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    server.answer = project = HomeProject(folder)
    return project


@pytest.fixture
def home(project: HomeProject) -> Path:
    return project.home


# Commands


def test_args_reach_the_command_untouched(client: ConatClient, home: Path) -> None:
    args = ["a'b", "c\nd", "$HOME", "é", "", "-n"]
    output = client.exec(PROJECT, "printf", ["%s|", *args])
    assert output == Output("".join(f"{arg}|" for arg in args), "", 0)
    assert client.exec(PROJECT, "echo a  b").stdout == "a b\n"  # as CoCalc has it


def test_a_script_takes_no_args(client: ConatClient, server: Server) -> None:
    with pytest.raises(ValueError, match="no args"):
        client.exec(PROJECT, "echo", ["x"], bash=True)
    assert server.requests == []


def test_cocalc_waits_longer_than_the_command_may_take(
    client: ConatClient, server: Server, home: Path
) -> None:
    """The one in milliseconds, the other in seconds; else it runs on, and nobody knows."""
    client.exec(PROJECT, "true", timeout=9)
    (request,) = server.requests
    assert request.fields["args"][0]["timeout"] == 9
    assert request.fields["timeout"] >= 14_000


@pytest.mark.parametrize(
    ("script", "output"),
    [
        ("echo out; echo err >&2; exit 3", Output("out\n", "err\n", 3)),
        ("set -e; false; echo no", Output("", "", 1)),
        ("trap 'echo bye' EXIT; exit 4", Output("bye\n", "", 4)),
        ("printf 'no newline'", Output("no newline", "", 0)),
        ("cat <<'END'\nit's\nEND", Output("it's\n", "", 0)),
        ("exec echo taken over", Output("taken over\n", "", 0)),
        ("exec >&- 2>&-; echo lost", Output("", "", 1)),
        ("(sleep 0.2; echo late) & echo soon", Output("soon\nlate\n", "", 0)),
        ("printf 'x'; yes é | head -n 100000 | tr -d '\\n'", Output("x" + "é" * 100_000, "", 0)),
        ("printf '\\377'", Output("\ufffd", "", 0)),
        ("", Output("", "", 0)),
    ],
)
def test_a_script_leaves_what_it_would_leave_by_itself(
    client: ConatClient, home: Path, script: str, output: Output
) -> None:
    assert client.exec(PROJECT, script, bash=True, check=False) == output


def test_a_script_that_is_none(client: ConatClient, home: Path) -> None:
    output = client.exec(PROJECT, "if", bash=True, check=False)
    assert output.exit_code == 2
    with pytest.raises(CommandFailed, match="syntax error") as caught:
        client.exec(PROJECT, "if", bash=True)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "script", ["kill -9 $$", "kill -9 $BASHPID", "bash -c 'kill -9 $$'", "kill -XCPU $BASHPID"]
)
def test_what_a_signal_ends_is_no_success(client: ConatClient, home: Path, script: str) -> None:
    """CoCalc answers exit code 0 for it."""
    for check in (True, False):
        with pytest.raises(CommandFailed, match="stopped before its end"):
            client.exec(PROJECT, f"echo some; {script}", bash=True, check=check)


@pytest.mark.parametrize("script", ["while :; do :; done", "sleep 9", "sleep 9 & exit 0"])
def test_what_uses_up_its_time_is_no_success(client: ConatClient, home: Path, script: str) -> None:
    with pytest.raises(CommandFailed, match="stopped"):
        client.exec(PROJECT, script, bash=True, timeout=1, check=False)


def test_a_script_of_ours_that_is_killed_is_no_success(
    client: ConatClient, project: HomeProject
) -> None:
    project.answers["system.exec"] = KILLED
    calls: list[Callable[[], object]] = [
        lambda: client.write_file(PROJECT, "f", b"x"),
        lambda: client.remove(PROJECT, "f"),
        lambda: client.make_folder(PROJECT, "f"),
        lambda: client.move(PROJECT, "f", "g"),
        lambda: client.list_folder(PROJECT),
        lambda: client.read_file(PROJECT, "f"),
        lambda: client.file_exists(PROJECT, "f"),
        lambda: client.close_home(PROJECT),
    ]
    for call in calls:
        with pytest.raises(CommandFailed, match="stopped before its end"):
            call()


def test_an_output_that_comes_cut_is_no_output(client: ConatClient, project: HomeProject) -> None:
    def cut(name: str, reply: Reply) -> Reply:
        answer = json.loads(reply.body)
        return Reply(json.dumps({**answer, "stdout": answer["stdout"][:-1]}))

    project.after = cut
    calls: list[Callable[[], object]] = [
        lambda: client.exec(PROJECT, "echo", ["x" * 1000]),
        lambda: client.list_folder(PROJECT),
    ]
    for call in calls:
        with pytest.raises(NotCocalc, match="came cut"):
            call()


def test_no_such_command_and_no_such_folder(client: ConatClient, home: Path) -> None:
    calls: list[Callable[[], object]] = [
        lambda: client.exec(PROJECT, "no-such-command"),
        lambda: client.exec(PROJECT, "./none", ["x"], check=False),
        lambda: client.exec(PROJECT, "true", path="nowhere"),
    ]
    for call in calls:
        with pytest.raises(NotFound, match="no such command, or no such folder"):
            call()
    (home / "a b").mkdir()
    assert client.exec(PROJECT, 'basename "$PWD"', path="a b", bash=True).stdout == "a b\n"


@pytest.mark.parametrize("size", [1_048_500, 2_000_000])
def test_what_is_too_large_is_not_sent(
    client: ConatClient, server: Server, home: Path, size: int
) -> None:
    with pytest.raises(BadRequest, match="too large to send"):
        client.exec(PROJECT, "echo " + "x" * size, bash=True)
    assert server.requests == []
    assert client.exec(PROJECT, "echo " + "x" * 900_000, bash=True).stdout == "x" * 900_000 + "\n"


def test_one_call_says_whether_a_file_is_there(client: ConatClient, project: HomeProject) -> None:
    (project.home / "-a b").write_bytes(b"")
    assert client.file_exists(PROJECT, "-a b")
    assert not client.file_exists(PROJECT, "-a")
    assert project.called == ["system.exec"] * 2


def test_a_project_of_an_old_server_is_started_first(server: Server, project: HomeProject) -> None:
    client = ConatClient(server.url, KEY, limits=QUICK)
    project.is_old, project.runs = True, False
    assert not client.file_exists(PROJECT, "a")
    assert project.called == ["projects.state", "projects.start", "system.exec"]
    project.called.clear()
    assert not client.file_exists(PROJECT, "a")
    assert project.called == ["projects.start", "system.exec"]
    client.close()


def test_a_project_that_does_not_start(client: ConatClient, project: HomeProject) -> None:
    launcher = {"error": "Cannot create property 'message' on number '1'"}
    project.answers |= {"system.exec": launcher, "projects.start": launcher}
    for call in (client.close_home, partial(client.file_exists, path="a")):
        with pytest.raises(CannotStart):
            call(PROJECT)
    tail = f" - callHub: subject='project.{PROJECT}.0.api', name='system.exec', code='503' "
    nobody = f"request -- no subscribers matching 'project.{PROJECT}.0.api'{tail}"
    project.answers["system.exec"] = {"error": nobody}
    with pytest.raises(NotStarted):
        client.exec(PROJECT, "true")
    late = f"timeout - callHub: subject='project.{PROJECT}.0.api', name='x', code='408' "
    project.answers["system.exec"] = {"error": late}
    with pytest.raises(OutcomeUnknown):
        client.exec(PROJECT, "true")


def test_an_open_home_is_closed_and_told_of(server: Server, home: Path) -> None:
    told: list[str] = []
    client = ConatClient(server.url, KEY, limits=QUICK, on_open_home=told.append)
    home.chmod(0o755)
    assert client.exec(PROJECT, "echo x; exit 2", bash=True, check=False) == Output("x\n", "", 2)
    assert home.stat().st_mode & 0o777 == 0o700
    assert told == [PROJECT]
    client.close()


# Files


@pytest.mark.parametrize("size", [0, 1, 600_000, 600_001, 5_000_000])
def test_any_size_arrives_byte_for_byte(
    client: ConatClient, project: HomeProject, size: int
) -> None:
    content = random.Random(size).randbytes(size)
    client.write_file(PROJECT, "a folder/data.bin", content)
    assert names_in(project.home / "a folder") == ["data.bin"]
    uploaded = ["system.exec", "upload", "system.exec"]
    assert project.called == (["system.exec"] if size <= 600_000 else uploaded)
    project.called.clear()
    assert client.read_file(PROJECT, "a folder/data.bin") == content
    assert len(project.called) == max(1, -(-size // 2_097_152))


def test_the_mode_of_a_large_file_stays(client: ConatClient, home: Path) -> None:
    (home / "run").write_bytes(b"old")
    (home / "run").chmod(0o751)
    client.write_file(PROJECT, "run", LARGE)
    assert (home / "run").read_bytes() == LARGE
    assert (home / "run").stat().st_mode & 0o777 == 0o751


def test_the_old_content_stands_until_the_upload_is_whole(
    client: ConatClient, project: HomeProject
) -> None:
    seen: list[bytes] = []
    (project.home / "f").write_bytes(b"old")
    project.uploaded = lambda _: seen.append((project.home / "f").read_bytes())
    client.write_file(PROJECT, "f", LARGE)
    assert seen == [b"old"]
    assert names_in(project.home) == ["f"]


def test_a_large_file_takes_the_place_of_nothing(client: ConatClient, project: HomeProject) -> None:
    home = project.home
    (home / "file").write_bytes(b"theirs")
    (home / "folder").mkdir()
    (home / "link").symlink_to("nowhere")
    for name in ("file", "folder", "link"):
        with pytest.raises(Duplicate):
            client.write_file(PROJECT, name, LARGE, overwrite=False)
    with pytest.raises(InTheWay):
        client.write_file(PROJECT, "file/below", LARGE)
    with pytest.raises(BadRequest, match="not a file"):
        client.write_file(PROJECT, "folder", LARGE)
    assert "upload" not in project.called
    project.uploaded = lambda _: (home / "late").write_bytes(b"theirs")
    with pytest.raises(Duplicate):
        client.write_file(PROJECT, "late", LARGE, overwrite=False)
    assert (home / "late").read_bytes() == b"theirs"
    assert sorted(names_in(home)) == ["file", "folder", "late", "link"]
    client.write_file(PROJECT, "w/new", LARGE, overwrite=False)
    assert (home / "w" / "new").read_bytes() == LARGE


def swap(target: Path) -> None:
    target.write_bytes(bytes(len(LARGE)))


def lead_away(target: Path) -> None:
    target.rename(target.with_name("kept"))
    target.symlink_to("kept")


def take(target: Path) -> None:
    target.unlink()


@pytest.mark.parametrize("meddle", [swap, lead_away, take])
def test_what_a_program_in_the_project_puts_in_its_place_is_not_taken(
    client: ConatClient,
    project: HomeProject,
    monkeypatch: pytest.MonkeyPatch,
    meddle: Any,
) -> None:
    monkeypatch.setattr(files, "ARRIVAL", 1)
    (project.home / "f").write_bytes(b"old")
    project.uploaded = meddle
    with pytest.raises(ServerFault, match="did not arrive whole"):
        client.write_file(PROJECT, "f", LARGE)
    assert (project.home / "f").read_bytes() == b"old"
    assert set(names_in(project.home)) <= {"f", "kept"}


@pytest.mark.parametrize(
    "refusal",
    [
        Reply("upload failed", 500),
        Reply("Upload failed: upload service not running.", 500),
        Reply("<html>413</html>", 413),
        Reply({}),
        Reply({"status": "no"}),
        Reply("ok"),
    ],
)
def test_where_an_upload_is_refused_the_file_goes_in_chunks(
    client: ConatClient, project: HomeProject, refusal: Reply
) -> None:
    project.answers["upload"] = refusal
    client.write_file(PROJECT, "f", LARGE)
    assert (project.home / "f").read_bytes() == LARGE
    assert names_in(project.home) == ["f"]
    assert project.called == ["system.exec", "upload", *["system.exec"] * 4]


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (Reply("user must be signed in to upload files", 401), RefusedKey),
        (Reply("<html>gone</html>", 504), OutcomeUnknown),
    ],
)
def test_an_upload_that_comes_to_nothing_leaves_nothing(
    client: ConatClient, project: HomeProject, refusal: Reply, kind: type[CocalcError]
) -> None:
    def half(name: str, reply: Reply) -> Reply:
        return refusal if name == "upload" else reply

    project.after = half  # it came, at least in part
    with pytest.raises(kind):
        client.write_file(PROJECT, "f", LARGE)
    assert names_in(project.home) == []


@pytest.mark.parametrize("answer", [KILLED, {"error": "killed command 'bash a.sh'"}])
def test_a_killed_end_of_an_upload_leaves_nothing(
    client: ConatClient, project: HomeProject, answer: dict[str, object]
) -> None:
    (project.home / "f").write_bytes(b"old")

    def killed(name: str, reply: Reply) -> Reply:
        if name == "upload":
            project.answers["system.exec"] = answer
            project.uploaded = lambda _: project.answers.clear()
        return reply

    project.after = killed
    with pytest.raises(CommandFailed):
        client.write_file(PROJECT, "f", LARGE)
    assert (project.home / "f").read_bytes() == b"old"


# Copies

COPY: dict[str, Any] = {
    "source_project": PROJECT,
    "source_path": "hw",
    "target_project": OTHER_PROJECT,
    "target_path": "a/b/hw",
}
COPIED = "projects.copyPathBetweenProjects"


def test_a_copy_says_all_that_it_means(
    client: ConatClient, server: Server, project: HomeProject
) -> None:
    project.answers[COPIED] = None
    client.copy_path(**COPY)
    client.copy_path(**COPY, exclude=iter(["*.tmp"]), overwrite_newer=True, timeout=7)
    first, second = (request.fields for request in server.requests)
    assert first["args"] == [
        {
            "src_project_id": PROJECT,
            "src_path": "hw",
            "target_project_id": OTHER_PROJECT,
            "target_path": "a/b/hw",
            "overwrite_newer": False,
            "delete_missing": False,
            "backup": False,
            "exclude": [],
            "timeout": 280,
        }
    ]
    assert second["args"][0] == {
        **first["args"][0],
        "exclude": ["*.tmp"],
        "overwrite_newer": True,
        "timeout": 7,
    }
    assert second["timeout"] > 7_000
    assert {request.path for request in server.requests} == {"/api/conat/hub"}


def test_a_copy_that_cannot_be_is_not_sent(client: ConatClient, server: Server) -> None:
    for wrong in ({"timeout": 0}, {"exclude": "x"}, {"source_path": "../x"}, {"target_path": ""}):
        with pytest.raises(ValueError, match=r"timeout|exclude|path"):
            client.copy_path(**{**COPY, **wrong})
    assert server.requests == []


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Error: child exited with code 1", ServerFault),
        ("1", ServerFault),
        ('Error: WARNING: copy exited with an error -- x -- "rsync a b"', CommandFailed),
    ],
)
def test_a_copy_that_meets_a_file_says_so(
    client: ConatClient, project: HomeProject, words: str, kind: type[CocalcError]
) -> None:
    project.answers[COPIED] = {"error": words}
    (project.home / "a").mkdir()
    with pytest.raises(kind) as failed:
        client.copy_path(**COPY)
    assert type(failed.value) is kind
    (project.home / "a" / "b").write_bytes(b"a file")
    with pytest.raises(InTheWay) as caught:
        client.copy_path(**COPY)
    assert caught.value.folder == "a/b/hw"


def test_a_copy_that_takes_longer_goes_on(client: ConatClient, project: HomeProject) -> None:
    words = f"timeout - callHub: subject='hub.account.x.api', name='{COPIED}', code='408' "
    project.answers[COPIED] = {"error": words}
    with pytest.raises(OutcomeUnknown):
        client.copy_path(**COPY)
    assert project.called == [COPIED]
