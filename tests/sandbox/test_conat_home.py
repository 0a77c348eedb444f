"""What CoCalc's source of July 2026 answers about files, commands, copies and uploads.

Each line of `conat.jsonl` of that part is sent as it stands there, into a home that fits, and the
answer has to be the one of the line. Ids are replaced, and what each server makes up anew, such as
times, is compared by its kind alone.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.process import SandboxProcess
from tests.contract.read import EXCHANGES
from tests.sandbox.support import ADMIN_KEY, PATIENCE, Api, cookie, until

PARTS = (
    "write file",
    "read ",
    "list folder",
    "file exists",
    "realpath",
    "make folder",
    "delete files",
    "move",
    "exec",
    "chmod",
    "atomic write",
    "copy path",
    "upload",
    "download",
    "project: ping",
    "project: bare name",
    "project: test",
    "project: build date",
    "project: deleted project",
    "project: stopped project",
    "project: function took longer",
    "project: system.terminate",
)
NOT_SENT = {
    "write file: disk full": "nothing here fills a disk",
    "download: error on the way": "nothing here breaks in the middle of a file",
    "download: version cookie too old": "the stand-in has no versions of its page",
}
ELSEWHERE = {
    "exec: asynchronous, later": "below: it needs a job",
    "copy path: RPC time-out": "below: it needs a slow copy",
    "copy path: rsync fails or runs out of time": "below: it needs a target in the way",
}
CASES = [
    case
    for case in EXCHANGES
    if case.startswith(PARTS) and case not in NOT_SENT and case not in ELSEWHERE
]

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
Tree = dict[str, bytes | None]

COMMON: Tree = {
    "a/b.txt": b"hi\n",
    "a/d": None,
    "a/x.png": PNG,
    "a.txt": b"x",
    "b.txt": b"y",
    "d": None,
    "h1/n.ipynb": b"{}",
    "x.png": PNG,
    "e.json": b'{"error":"x"}',
}
HOMES: dict[str, Tree] = {
    "list folder": {"a/b.txt": b"hi\n", "a/d": None},
    "list folder: without hidden": {"a/b.txt": b"hi\n", "a/.b.txt": b"", ".c": b""},
    "list folder: broken link": {"b": None},
    "list folder: folder that cannot be read inside": {"c/priv": None},
    "file exists: by the parent's listing": {"a/b.txt": b"hi\n"},
    "move into a folder: exists there": {"a.txt": b"x", "n/a.txt": b"y"},
    "move (rename)": {"a.txt": b"x", ".a.txt.sage-chat": b"c"},
    "exec: script": {"a/b.txt": b""},
    "download: file missing": {"a": None},
}
LINKS = {
    "list folder": ("a/l", "b.txt"),
    "list folder: broken link": ("b/l", "gone"),
    "realpath": ("a/l", "b.txt"),
    "read file: symlink": ("link", "a/b.txt"),
    "delete files: symlink": ("l", "a/b.txt"),
}
# Waiting is shortened, and what depends on where the homes are is fitted to this machine.
CHANGED = {
    "exec: bridge gives up before the command": (
        '"bash": true}]',
        '"bash": true}], "timeout": 500',
    ),
    "exec: time-out 0": ("sleep 30", "sleep 1"),
    "exec: a background process keeps the output open": ("sleep 5", "sleep 1"),
    "exec: time-out of the command": ('"timeout": 2', '"timeout": 1'),
    "exec: time-out of the command, no bash": ('"timeout": 2', '"timeout": 1'),
    "project: function took longer than `timeout`": ('"timeout": 2000', '"timeout": 500'),
    "list folder: permission denied": ("../../root", "../" * 30 + "root"),
}
VOLATILE = {
    "now",
    "server_time",
    "mtime",
    "pid",
    "job_id",
    "start",
    "elapsed_s",
}
AFTER: dict[str, Callable[[Path], bool]] = {
    "write file": lambda home: (home / "a/b.txt").read_bytes() == b"hi\n",
    "write file: empty": lambda home: (home / "e.txt").read_bytes() == b"",
    "write file: outside HOME": lambda home: (home.parent.parent / "elsewhere/x.txt").exists(),
    "write file: tilde or ~/": lambda home: (home / "~/x.txt").exists(),
    "write file, v2": lambda home: (home / "a.txt").read_bytes() == b"hi\n",
    "make folder": lambda home: (home / "a/b/c").is_dir(),
    "delete files": lambda home: not (home / "a.txt").exists() and not (home / "d").exists(),
    "delete files: symlink": lambda home: (
        not (home / "l").is_symlink() and (home / "a/b.txt").exists()
    ),
    "delete files: empty path": lambda home: not home.exists(),
    "delete files: glob": lambda home: (home / "a.txt").exists(),
    "move (rename)": lambda home: (
        (home / "n/b.txt").read_bytes() == b"x" and (home / "n/.b.txt.sage-chat").exists()
    ),
    "move: destination exists": lambda home: (home / "b.txt").read_bytes() == b"y",
    "move into a folder": lambda home: (
        sorted(os.listdir(home / "n")) == ["a.txt", "b.txt"]  # noqa: PTH208
    ),
    "atomic write of bytes": lambda home: (home / "a/x.bin").read_bytes() == b"\x00\x01\x02\xff",
    "chmod (read-only assignment file)": lambda home: not (home / "a.txt").stat().st_mode & 0o222,
    "upload a file": lambda home: (home / "a/x.png").read_bytes() == PNG,
    "upload a file, with a cookie": lambda home: (home / "a/x.png").exists(),
    "upload a file with a project key": lambda home: (home / "a/x.png").exists(),
}


@dataclass
class World:
    """A server of 2026, somebody with a key, and four projects as the lines have them."""

    sandbox: SandboxProcess
    data: Path
    api: Api
    account_id: str
    key: str
    project_key: str
    session: str
    ids: dict[str, str]

    @property
    def url(self) -> str:
        return self.sandbox.faces["conat"]

    def home(self, number: int = 1) -> Path:
        return self.data / "projects" / self.ids[f"bbbbbbbb-0000-4000-8000-00000000000{number}"]

    def real(self, text: str) -> str:
        """With ids and homes that exist here for the invented ones."""
        for invented, here in self.ids.items():
            text = text.replace(invented, here).replace(invented.upper(), here.upper())
        return re.sub(r"(?<!\w)/projects/", f"{self.data}/projects/", text)

    def fill(self, case: str) -> None:
        for number in (1, 2, 4):
            shutil.rmtree(self.home(number), ignore_errors=True)
            self.home(number).mkdir(parents=True)
        tree = HOMES.get(case, COMMON)
        for home in (self.home(), self.home(4)):
            for name, content in tree.items():
                place = home / name
                (place.parent if content is not None else place).mkdir(parents=True, exist_ok=True)
                if content is not None:
                    place.write_bytes(content)
        if case in LINKS:
            name, target = LINKS[case]
            (self.home() / name).symlink_to(target)

    def call(self, name: str, *args: object, bridge: str = "project", **more: object) -> Any:
        body = {"name": name, "args": args, **more}
        if bridge == "project":
            body["project_id"] = self.home().name
        return requests.post(
            f"{self.url}/api/conat/{bridge}", json=body, auth=(self.key, ""), timeout=PATIENCE
        ).json()

    def upload(self, content: bytes, name: str = "x.png", **more: Any) -> requests.Response:
        query = {"project_id": self.home().name, "compute_server_id": "0", "path": "a"}
        more.setdefault("files", {"file": (name, content)})
        more.setdefault("auth", (self.key, ""))
        return requests.post(f"{self.url}/upload", params=query, timeout=PATIENCE, **more)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    data = tmp_path_factory.mktemp("conat").resolve()
    with SandboxProcess.start(
        data, admin_key=ADMIN_KEY, both=True, start_seconds=0.05, account_limit=1000
    ) as sandbox:
        api = Api(sandbox)
        me = api.person("Me")
        mine = Api(sandbox, me.key)
        projects = [mine.project() for _ in range(3)]
        projects.insert(2, api.project())
        mine("query", query={"projects": {"project_id": projects[3], "deleted": True}})
        ids = {
            f"bbbbbbbb-0000-4000-8000-00000000000{number}": found
            for number, found in enumerate(projects, 1)
        }
        ids["aaaaaaaa-0000-4000-8000-000000000001"] = me.account_id
        session = cookie(sandbox, api.token(me.account_id))["Cookie"]
        world = World(sandbox, data, api, me.account_id, me.key, "", session, ids)
        made = world.call(
            "system.manageApiKeys",
            {"action": "create", "project_id": projects[0], "name": "k"},
            bridge="hub",
        )
        world.project_key = made[0]["secret"]
        yield world
        api.session.close()


@pytest.fixture(autouse=True)
def _as_they_were(world: World) -> Iterator[None]:
    yield
    world.sandbox.reset_quirks()


def plain(text: str) -> str:
    """With one kind of quotes, which in a program's words depend on the language."""
    return re.sub("[\u2018\u2019]", "'", text)


def alike(expected: Any, found: Any) -> bool:
    """Whether an answer is the recorded one. `…` and `<…>` stand for any text."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return expected.keys() == found.keys() and all(
            type(found[name]) in (type(expected[name]), int)
            if name in VOLATILE
            else (name == "size" and expected.get("isdir")) or alike(expected[name], found[name])
            for name in expected
        )
    if isinstance(expected, list) and isinstance(found, list):
        pairs = zip(*(sorted(side, key=str) for side in (expected, found)), strict=False)
        return len(expected) == len(found) and all(alike(*pair) for pair in pairs)
    if isinstance(expected, str) and isinstance(found, str):
        words = re.split(r"…|<stderr of rsync>", plain(expected))
        pattern = ".*".join(map(re.escape, words))
        return re.fullmatch(pattern, plain(found), re.DOTALL) is not None
    return bool(expected == found and type(expected) is type(found))


def send(world: World, case: str) -> requests.Response:
    exchange = EXCHANGES[case]
    url = world.url + world.real(exchange["path"])
    headers = {}
    auth = None
    in_cookie = exchange.get("request_headers", {}).get("Cookie", "")
    match exchange["auth"]:
        case "cookie":
            headers["Cookie"] = world.session
        case "account key" if in_cookie:
            headers["Cookie"] = f"api_key={world.key}"
        case "account key":
            auth = (world.key, "")
        case "project key":
            auth = (world.project_key, "")
    more: dict[str, Any] = {"headers": headers, "auth": auth, "timeout": PATIENCE}
    request = exchange["request"]
    if exchange["method"] == "GET":
        return requests.get(url, **more)
    if isinstance(request, dict):
        body = json.dumps(request)
        old, new = CHANGED.get(case, ("", ""))
        assert old in body, body
        body = body.replace(old, new, 1) if old else body
        headers["Content-Type"] = "application/json"
        return requests.post(url, data=world.real(body).encode(), **more)
    if request.startswith("multipart"):
        fields = dict(re.findall(r"(dz\w+)=(\d+)", request))
        return requests.post(url, files={"file": ("x.png", PNG)}, data=fields, **more)
    headers["Content-Type"] = "application/json"
    return requests.post(url, data=b"x" * (1024 * 1024 + 1), **more)


def prepare(world: World, case: str) -> None:
    world.fill(case)
    match case:
        case "list folder: folder that cannot be read inside":
            (world.home() / "c/priv").chmod(0)
        case "project: stopped project" | "write file: stopped project":
            world.sandbox.stop_project(world.home().name)
        case "upload: project does not run" | "download: project does not run":
            world.sandbox.stop_project(world.home().name)
        case "download: no access":
            world.call("system.ping")
        case "upload: no room, no permission":
            world.call("system.ping")
            (world.home() / "a/b.txt").unlink()
            shutil.rmtree(world.home() / "a")
            (world.home() / "a").write_bytes(b"a file in the way of the folder")
        case _ if case.startswith(("upload", "download")):
            world.call("system.ping")


@pytest.mark.parametrize("case", CASES)
def test_case(world: World, case: str) -> None:
    prepare(world, case)
    exchange = EXCHANGES[case]
    if case == "download: no access":
        stranger = world.api.person("Oth")
        session = cookie(world.sandbox, world.api.token(stranger.account_id))
        url = world.url + world.real(exchange["path"])
        response = requests.get(url, headers=session, timeout=PATIENCE)
    else:
        response = send(world, case)
    if case == "project: system.terminate":
        late = world.call("system.ping", timeout=100)
        world.sandbox.stop_project(world.home().name)
        assert "code='408' " in late["error"]
        assert "now" in world.call("system.ping")
    assert response.status_code == exchange["status"], response.text
    found_type, kind = response.headers.get("Content-Type"), exchange["content_type"]
    assert (found_type or "").partition(";")[0] == (kind or "").partition(";")[0]
    if exchange["response"] == "the bytes":
        assert response.content == PNG
        assert "Content-Length" not in response.headers
    elif kind and kind.startswith("application/json") and exchange["path"].startswith("/api/"):
        expected = json.loads(world.real(json.dumps(exchange["response"], ensure_ascii=False)))
        assert alike(expected, response.json()), (expected, response.json())
    else:
        assert alike(world.real(exchange["response"]), response.text), response.text
    if case in AFTER:
        assert until(lambda: AFTER[case](world.home()))


def test_every_line_is_sent_or_says_why() -> None:
    assert {*NOT_SENT, *ELSEWHERE} <= set(EXCHANGES)
    assert all(case.startswith(PARTS) for case in (*NOT_SENT, *ELSEWHERE, *HOMES, *CHANGED, *AFTER))


def test_a_job_is_asked_for_later(world: World) -> None:
    world.fill("exec")
    job = world.call("system.exec", {"command": "echo hi; sleep 0.2", "async_call": True})
    assert job["status"] == "running"
    done = world.call("system.exec", {"async_get": job["job_id"], "async_await": True})
    expected = EXCHANGES["exec: asynchronous, later"]["response"] | {"stdout": "hi\n"}
    assert alike(expected, done), done
    late = {"command": "sleep 30", "bash": True, "timeout": 1, "async_call": True}
    job = world.call("system.exec", late)
    done = world.call("system.exec", {"async_get": job["job_id"], "async_await": True})
    assert (done["status"], done["exit_code"]) == ("error", 1)
    assert done["stderr"].startswith("killed command 'bash ")
    world.sandbox.stop_project(world.home().name)
    gone = world.call("system.exec", {"async_get": job["job_id"]})
    assert gone == {"error": f"Error: Async operation '{job['job_id']}' does not exist."}


def copying(world: World, **fields: object) -> dict[str, object]:
    ids = {"src_project_id": world.home().name, "target_project_id": world.home(2).name}
    return {**ids, "src_path": "h1", **fields}


def test_a_copy_goes_on_after_its_caller_gave_up(world: World) -> None:
    case = "copy path: RPC time-out"
    world.fill(case)
    name = "projects.copyPathBetweenProjects"
    world.sandbox.quirks(latency=1, latency_events=[name])
    found = world.call(name, copying(world), bridge="hub", timeout=200)
    expected = json.loads(world.real(json.dumps(EXCHANGES[case]["response"])))
    assert alike(expected, found), found
    assert not (world.home(2) / "h1").exists()
    until(lambda: (world.home(2) / "h1/n.ipynb").exists())


def test_a_copy_that_cannot_be_whole(world: World) -> None:
    case = "copy path: rsync fails or runs out of time"
    world.fill(case)
    (world.home(2) / "h1/n.ipynb/in the way").mkdir(parents=True)
    found = world.call("projects.copyPathBetweenProjects", copying(world, timeout=1), bridge="hub")
    expected = json.loads(world.real(json.dumps(EXCHANGES[case]["response"])))
    assert alike(expected, found), found


def test_exclude_as_a_text_is_taken_letter_by_letter(world: World) -> None:
    world.fill("copy path")
    for name in ("x", "xy", "y"):
        (world.home() / "h1" / name).write_bytes(b"")
    copied = world.home(2) / "h1"
    function = "projects.copyPathBetweenProjects"
    assert world.call(function, copying(world, exclude="xy"), bridge="hub") is None
    assert {place.name for place in copied.iterdir()} == {"n.ipynb", "xy"}
    assert world.call(function, copying(world, exclude=["xy"]), bridge="hub") is None
    assert {place.name for place in copied.iterdir()} == {"n.ipynb", "xy", "x", "y"}


def test_an_upload_has_its_name_later(world: World) -> None:
    world.fill("upload a file")
    world.call("system.ping")
    (world.home() / "a/x.png").unlink()
    world.sandbox.quirks(upload_delay=0.5)
    assert world.upload(PNG).json() == {"status": "ok"}
    [beside] = (world.home() / "a").glob("x.png.partialupload-*")
    assert beside.read_bytes() == PNG
    assert not (world.home() / "a/x.png").exists()
    until(lambda: (world.home() / "a/x.png").exists())
    assert not beside.exists()


def test_an_upload_in_pieces(world: World) -> None:
    world.fill("upload in pieces")
    world.call("system.ping")
    for index, piece in enumerate((PNG[:100], PNG[100:])):
        fields = {"dzchunkindex": str(index), "dztotalchunkcount": "2"}
        assert world.upload(piece, "y.png", data=fields).status_code == 200
        assert (world.home() / "a/y.png").exists() is False or index == 1
    until(lambda: (world.home() / "a/y.png").exists())
    assert (world.home() / "a/y.png").read_bytes() == PNG


@pytest.mark.parametrize(
    "more",
    [
        {"files": {"file": ("x.png", b"")}},
        {"files": {"other": ("x.png", b"x")}},
        {"files": None, "data": b"no form"},
        {"files": None, "data": b"", "headers": {"Content-Type": "multipart/form-data"}},
    ],
)
def test_what_is_no_upload(world: World, more: dict[str, Any]) -> None:
    world.fill("upload")
    world.call("system.ping")
    response = world.upload(b"", **more)
    assert (response.status_code, response.text) == (500, "upload failed")


def test_an_upload_of_more_than_200_mib(world: World) -> None:
    world.fill("upload")
    world.call("system.ping")

    def body() -> Iterator[bytes]:
        disposition = b'Content-Disposition: form-data; name="file"; filename="big.bin"'
        yield b"--edge\r\n" + disposition + b"\r\n\r\n"
        for _ in range(200):
            yield bytes(1024 * 1024)
        yield b"x\r\n--edge--\r\n"

    headers = {"Content-Type": "multipart/form-data; boundary=edge"}
    response = world.upload(b"", files=None, data=body(), headers=headers)
    assert (response.status_code, response.text) == (500, "upload failed")
    assert not list((world.home() / "a").glob("big.bin*"))
    assert not list(world.data.glob("upload-*"))


def test_what_v2_does_not_tell(world: World) -> None:
    """It answers ok to a text that could not be written."""
    world.fill("write file")
    body = {"project_id": world.home().name, "path": "d", "content": "x"}
    url = f"{world.url}/api/v2/projects/write-text-file"
    response = requests.post(url, json=body, auth=(world.key, ""), timeout=PATIENCE)
    assert response.json() == {"status": "ok"}
    assert (world.home() / "d").is_dir()


def test_the_name_of_an_upload(world: World) -> None:
    world.fill("upload")
    world.call("system.ping")
    assert world.upload(PNG, "C:\\Users\\é x.png").status_code == 200
    until(lambda: (world.home() / "a/é x.png").exists())
    assert world.upload(PNG, data={"fullPath": "new/z.png"}).status_code == 200
    until(lambda: (world.home() / "a/new/z.png").exists())


def test_names_that_are_no_text(world: World) -> None:
    world.fill("list folder: empty folder")
    (world.home() / "d" / os.fsdecode(b"caf\xe9")).write_bytes(b"x")
    [entry] = world.call("system.listing", {"path": "d"})
    assert entry["name"] == "caf\ufffd"


def test_a_letter_across_the_border_of_two_blocks_is_lost(world: World) -> None:
    world.fill("exec")
    shown = world.call("system.exec", {"command": "printf 'x%.0s' {1..65535}; printf 'é'"})
    assert shown["stdout"].endswith("x\ufffd\ufffd")


def test_nothing_on_this_machine_is_harmed(world: World, tmp_path: Path) -> None:
    """Whoever runs the stand-in, a call reaches no further than a project's user would."""
    world.fill("write file")
    kept = tmp_path / "kept.txt"
    kept.write_text("mine")
    denied = "Error: EACCES: permission denied, "
    for name, fields in {
        "writeTextFileToProject": {"path": str(kept), "content": "x"},
        "deleteFiles": {"paths": [str(kept)]},
        "renameFile": {"src": str(kept), "dest": "mine.txt"},
        "moveFiles": {"paths": ["a.txt"], "dest": str(tmp_path)},
    }.items():
        answer = world.call(f"system.{name}", fields)
        assert answer["error"].startswith(denied), answer
    for path in ("..", "/", str(world.home(2))):
        assert world.call("system.deleteFiles", {"paths": [path]})["error"].startswith(denied)
    assert kept.read_text() == "mine"
    assert world.home(2).is_dir()


def test_real_paths(world: World) -> None:
    world.fill("realpath")
    (world.home() / "out").symlink_to("/etc")
    (world.home() / "round").symlink_to("round")
    assert world.call("system.realpath", "") == ""
    assert world.call("system.realpath", "out") == "out"
    assert "ELOOP: too many symbolic links" in world.call("system.realpath", "round")["error"]
    home = world.home()
    found = world.call("system.canonicalPaths", ["a/l", "out", str(home / "a")])
    assert found == ["a/b.txt", f"{home}/.smc/root/etc", "a"]
