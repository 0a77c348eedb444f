"""What a project says is judged on our side: lies, bombs, and names that no folder could have."""

import ast
import base64
import hashlib
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from classroom.carrying import calls, incoming, inside, items, outgoing
from classroom.carrying.calls import Refused
from classroom.rules import manifest
from embedding.cocalc.client import Client, Output
from embedding.cocalc.errors import CocalcError, CommandFailed, NotCocalc
from tests.classroom.shell import run

Answer = tuple[dict[str, Any], bytes]
MEGABYTE = 1_000_000


class Liar:
    """A project that answers what it wants."""

    def __init__(self, *answers: Answer | Output) -> None:
        self._answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    def exec(self, project: str, script: str, **options: Any) -> Output:
        self.asked.append(json.loads(script.split("\n")[1]))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return answer if isinstance(answer, Output) else Output(said(*answer), "", 0)


def said(head: Any, body: bytes = b"") -> str:
    text = json.dumps(head).encode()
    return base64.b64encode(zlib.compress(len(text).to_bytes(4, "big") + text + body)).decode()


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Liar]:
    def lies(*answers: Answer | Output) -> Liar:
        liar = Liar(*answers)
        monkeypatch.setattr(calls, "client", lambda: liar)
        return liar

    return lies


def row(path: str = "a", content: bytes = b"x", **other: Any) -> list[Any]:
    given = {"size": len(content), "sha": hashlib.sha256(content).hexdigest(), "sent": True} | other
    return [path, given["size"], 5, 0, given["sha"], given["sent"]]


def test_what_is_declared_and_sent_comes(project: Callable[..., Liar]) -> None:
    project(({"files": [row("b/c", b"12"), row("a", b"3")]}, b"123"))
    found = incoming.take("p", "hw")
    assert [(item.path, item.content(), item.modified) for item in found] == [
        ("a", b"3", 5),
        ("b/c", b"12", 5),
    ]


@pytest.mark.parametrize(
    "path",
    [
        *("../up", "/etc/passwd", "a/../../b", "a//b", "", ".", "a/.", "a\0b", "a/"),
        *(7, None, ["a"], "\ud800"),
    ],
)
def test_a_name_that_leads_elsewhere_is_no_list(project: Callable[..., Liar], path: Any) -> None:
    project(({"files": [row(path)]}, b"x"))
    with pytest.raises(NotCocalc):
        incoming.take("p", "hw")


@pytest.mark.parametrize(
    "files",
    [
        [row("a"), row("a")],
        [row("a"), row("a/b")],
        [row("a", size=-1)],
        [row("a", size=True)],
        [row("a", size=1.0)],
        [row("a", sha="x" * 64)],
        [row("a", sha="")],
        [row("a")[:5]],
        ["a"],
        "a",
        None,
        [row(str(number)) for number in range(manifest.MAX_FILES + 1)],
    ],
)
def test_a_list_that_no_folder_could_have_is_none(project: Callable[..., Liar], files: Any) -> None:
    project(({"files": files}, b"x"))
    with pytest.raises(NotCocalc):
        incoming.take("p", "hw")


@pytest.mark.parametrize(
    ("files", "body"),
    [
        ([row("a", b"x")], b"y"),  # other content than declared
        ([row("a", b"xy")], b"x"),  # less
        ([row("a", b"x", sent=False)], b""),  # asked for, and then other
    ],
)
def test_content_that_is_not_what_was_declared_never_counts(
    project: Callable[..., Liar], files: Any, body: bytes
) -> None:
    liar = project(({"files": files}, body))
    with pytest.raises(Refused) as refused:
        incoming.take("p", "hw")
    assert refused.value.code == "changing"
    assert sum(command["do"] == "pack" for command in liar.asked) == incoming.ROUNDS


def test_more_than_was_declared_is_refused(project: Callable[..., Liar]) -> None:
    project(({"files": [row()]}, b"xy"))
    with pytest.raises(NotCocalc):
        incoming.take("p", "hw")


def test_limits_are_ours(project: Callable[..., Liar]) -> None:
    project(({"files": [row("a", size=600 * MEGABYTE, sent=False)]}, b""))
    with pytest.raises(Refused) as refused:
        incoming.take("p", "hw")
    assert (refused.value.code, refused.value.size) == ("too_large", 600 * MEGABYTE)
    long = [row(f"{number:04}{'x' * 250}", b"") for number in range(4_000)]
    project(({"files": long}, b""))
    with pytest.raises(Refused, match="too many"):
        incoming.take("p", "hw")
    project(({"files": [row("x" * 256)]}, b"x"))
    with pytest.raises(Refused, match="too long"):
        incoming.take("p", "hw")


@pytest.mark.parametrize("size", [calls.HEAD + incoming.BUDGET + 5, 100 * MEGABYTE])
def test_a_bomb_is_not_unpacked(project: Callable[..., Liar], size: int) -> None:
    head = json.dumps({"files": [row()]}).encode()
    packer = zlib.compressobj(9)
    parts = [packer.compress(len(head).to_bytes(4, "big") + head)]
    parts += [packer.compress(bytes(MEGABYTE)) for _ in range(size // MEGABYTE)]
    bomb = base64.b64encode(b"".join([*parts, packer.flush()])).decode()
    project(Output(bomb, "", 0))
    with pytest.raises(NotCocalc):
        incoming.take("p", "hw")


@pytest.mark.parametrize(
    "printed",
    [
        *("", "no base64", base64.b64encode(b"no zlib").decode(), said([]), said("x")),
        *(said({"problem": 7}), said({"files": []})[:-8]),
        base64.b64encode(zlib.compress((100).to_bytes(4, "big") + b"[" * 100_000)).decode(),
    ],
)
def test_what_comes_garbled_is_told(project: Callable[..., Liar], printed: str) -> None:
    project(Output(printed, "", 0))
    with pytest.raises(CocalcError):
        incoming.take("p", "hw")


def test_a_project_without_python_is_told(project: Callable[..., Liar]) -> None:
    project(Output("", "bash: python3: command not found", 127))
    with pytest.raises(CommandFailed, match="python3"):
        incoming.take("p", "hw")


def test_a_project_that_stalls_is_given_up(
    project: Callable[..., Liar], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (incoming, outgoing):
        monkeypatch.setattr(module, "LONGEST", -1)
    monkeypatch.setattr(outgoing, "PART", 9)
    liar = project(({"files": [row("a", sent=False)]}, b""))
    with pytest.raises(Refused) as refused:
        incoming.take("p", "hw")
    assert refused.value.code == "slow"
    with pytest.raises(Refused) as refused:
        outgoing.put("p", "hw", outgoing.Load([items.item_of("a", b"x")]), how="keep")
    assert refused.value.code == "slow"
    assert [command["do"] for command in liar.asked] == ["pack", "drop"]


def test_what_a_project_says_is_in_its_place_is_only_of_what_was_sent(
    project: Callable[..., Liar],
) -> None:
    load = outgoing.Load([items.item_of("a", b"x")])
    project(({"found": [row("../b")[:5]]}, b""))
    with pytest.raises(NotCocalc):
        outgoing.put("p", "hw", load, how="keep")
    project(({"absent": ["a"]}, b""))
    with pytest.raises(Refused) as refused:
        outgoing.put("p", "hw", load, how="keep")
    assert refused.value.code == "absent"


def test_where_there_is_no_room_it_says_so_and_leaves_nothing(
    project: Callable[..., Liar],
) -> None:
    liar = project(({"problem": "no_room", "path": "", "size": 0}, b""), ({}, b""))
    with pytest.raises(Refused, match="disk is full"):
        outgoing.put("p", "hw", outgoing.Load([items.item_of("a", b"x")]), how="keep")
    assert [command["do"] for command in liar.asked] == ["place", "drop"]
    assert liar.asked[0]["staging"] == liar.asked[1]["staging"]


def test_what_runs_in_projects_stands_alone_on_old_pythons(tmp_path: Path) -> None:
    for path in Path(inside.__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text("utf-8"), feature_version=(3, 7))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                assert node.module.partition(".")[0] != "django"
    # A module of the student's own is not taken for one of Python's.
    (tmp_path / "json.py").write_text("raise SystemExit(3)")
    (tmp_path / "hw").mkdir()
    (tmp_path / "hw" / "a").write_text("x")
    command = {"do": "show", "path": "hw/a", "most": 9}
    output = run(calls.script(calls.GIVING, command), tmp_path)
    assert (output.stdout, output.exit_code) == ("eA==", 0)


def test_a_file_that_may_not_be_read_is_made_readable(cocalc: Client) -> None:
    project = cocalc.create_project(title="Ada", description="")
    script = "mkdir -p hw/in; echo x > hw/in/a; chmod 0 hw/in/a hw/in hw"
    cocalc.exec(project, script, bash=True)
    assert [item.content() for item in incoming.take(project, "hw")] == [b"x\n"]


def test_nothing_uses_the_copy_that_follows_links() -> None:
    classroom = Path(calls.__file__).parents[1]
    users = [path for path in classroom.rglob("*.py") if "copy_path" in path.read_text("utf-8")]
    assert users == []
