"""What a CoCalc of July 2024 answered, call by call, is what the sandbox answers.

`recorded.jsonl` is a session recorded there. It is replayed in its order; ids that the recorded
server made up are learned from the answers, and everything else has to be the same.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.process import SandboxProcess
from tests.sandbox.support import ADMIN_KEY, Api

CASES = [
    json.loads(line) for line in (Path(__file__).parent / "recorded.jsonl").read_text().splitlines()
]
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4?[0-9a-f]{3,4}-[0-9a-f]{4}-[0-9a-f]{12}")
STUDENT = "5f6a347c-ed00-4489-af42-cafd6a328b7a"
OTHER = "947d77ec-bfec-4ebd-9267-c130f90bbae7"
ADMIN = "ba55919a-b1b5-4e5d-9857-2034ea4979fa"
SOURCE = "29a346c4-e397-45a1-8c1f-d7274793a550"
TARGET = "4cc25d0b-e9a9-4c0a-b116-cb8c3d7ef667"
EXEC = "e71bf96e-fd01-4988-ac02-b326e70f3eb7"

# Made up anew by each server: only their kind is compared.
VOLATILE = {
    "api_key",
    "auth_token",
    "created",
    "finished",
    "last_edited",
    "now",
    "started",
    "time",
}
# These list everything on the server, which had more on it: only the fields are compared.
LISTS = {
    "query my projects (admin) with users/state",
    "query projects list: is deleted still included?",
    "query limit option",
    "query projects_all",
    "admin: query projects of another user via crm_projects? all, limit 2",
    "user_search by name, admin:true",
    "user_search limit",
}

# The recorded server stopped a project by ways that the sandbox does not have.
STOPPED_BEFORE = {"state after v2 stop", "copy from stopped project works without starting"}


@dataclass
class Replay:
    """The recorded session played against a sandbox of its own."""

    sandbox: SandboxProcess
    api: Api
    ids: dict[str, str] = field(default_factory=dict)
    got: dict[int, tuple[int, Any, str]] = field(default_factory=dict)
    files: dict[int, dict[str, str]] = field(default_factory=dict)

    def live(self, recorded: Any) -> Any:
        """A recorded value with our ids, names and places in it."""
        text = json.dumps(recorded, ensure_ascii=False)
        for theirs, ours in self.ids.items():
            text = text.replace(theirs, ours)
        return json.loads(text)

    def learn(self, recorded: Any, ours: Any) -> None:
        """Take up the ids that the recorded answer brings in."""
        if isinstance(recorded, dict) and isinstance(ours, dict):
            for name in recorded.keys() & ours.keys():
                self.learn(recorded[name], ours[name])
        elif isinstance(recorded, str) and isinstance(ours, str):
            is_id = UUID.fullmatch(recorded) and UUID.fullmatch(ours)
            if (is_id or recorded.startswith("sk_")) and recorded not in self.ids:
                self.ids[recorded] = ours

    def play(self, number: int) -> None:
        case = CASES[number]
        self.prepare(case["case"])
        headers = dict(case.get("headers", {}))
        if "bearer" in case:
            headers["Authorization"] = f"Bearer {self.live(case['bearer'])}"
        auth = (self.live(case["key"]), "") if "key" in case else None
        body: dict[str, Any] = {}
        if "form" in case:
            body["data"] = self.live(case["form"])
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        elif "raw" in case:
            body["data"] = case["raw"]
            headers["Content-Type"] = "application/json"
        elif "text" in case:
            body["data"] = case["text"]
            headers["Content-Type"] = "text/plain"
        elif "json" in case:
            body["json"] = self.live(case["json"])
        response = requests.request(
            case.get("method", "POST"),
            f"{self.sandbox.url}/api/v1/{case['path']}",
            headers=headers,
            auth=auth,
            timeout=30,
            **body,
        )
        kind = response.headers["Content-Type"]
        answer = response.json() if kind.startswith("application/json") else response.text
        self.learn(case["reply"], answer)
        self.got[number] = (response.status_code, answer, kind)
        if "files" in case and isinstance(answer, dict) and answer["event"] != "error":
            project = self.live(case["json" if "json" in case else "reply"])["target_project_id"]
            self.files[number] = self.api.tree(project)

    def prepare(self, case: str) -> None:
        """What was done on the recorded server's disk between the calls."""
        source, target = self.live(SOURCE), self.live(TARGET)
        if case == "newer file in target, overwrite_newer false":
            self.api.run(target, "sleep 1; printf 'STUDENT EDIT' > as/1.txt")
        elif case == "overwrite_newer true + backup true":
            self.api.run(target, "sleep 1; printf 'STUDENT EDIT2' > as/1.txt")
        elif case == "delete_missing true":
            self.api.run(target, "rm as/1.txt~")
        elif case == "absolute source path":
            self.api.run(source, "true")
        elif case == "copy dir onto clashing target, default":
            self.api.run(target, "mkdir -p clash/1.txt; echo x > clash/1.txt/inner")
        elif case in STOPPED_BEFORE:
            self.sandbox.stop_project(self.live(EXEC))


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replay]:
    data = tmp_path_factory.mktemp("replay")
    with SandboxProcess.start(data, admin_key=ADMIN_KEY, start_seconds=0.05) as sandbox:
        api = Api(sandbox)
        with api.session:
            played = Replay(sandbox, api)
            played.ids = {
                "/projects/": f"{data}/projects/",
                "sk_AdminKey0000000000000001": ADMIN_KEY,
                ADMIN: sandbox.admin_account_id,
                "admin@example.com": "admin@sandbox.local",
                "Ada": "Sandbox",
            }
            for theirs, name, password in (
                (STUDENT, ("Stu", "Dent"), "Stud3ntPassw0rd!zz"),
                (OTHER, ("Oth", "Er"), "0therPassw0rd!zz"),
            ):
                made = api(
                    "create_account",
                    first_name=name[0],
                    last_name=name[1],
                    email_address="student@example.com" if name[0] == "Stu" else "o@example.com",
                    password=password,
                    get_api_key=True,
                )
                played.ids[theirs] = made["account_id"]
                if name[0] == "Stu":
                    played.ids["sk_StudentKey00000000000001"] = made["api_key"]
            for number in range(len(CASES)):
                played.play(number)
            yield played


def _comparable(value: Any, given_id: object = None) -> Any:
    if isinstance(value, dict):
        return {
            name: type(inner).__name__ if name in VOLATILE else _comparable(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        items = [_comparable(item) for item in value]
        # CoCalc answers about several files in any order.
        return sorted(items, key=json.dumps) if all(isinstance(i, dict) for i in items) else items
    if isinstance(value, str):
        return re.sub(r"/tmp/[^ ']*a\.sh", "a.sh", value)
    return value


def _fields(value: Any) -> Any:
    """Of an answer with a list of everything: which fields its rows may have."""
    if isinstance(value, list):
        return sorted({name for row in value for name in row})
    if isinstance(value, dict):
        return {name: _fields(inner) for name, inner in value.items() if name != "id"}
    return value


@pytest.mark.parametrize(
    "number", range(len(CASES)), ids=[f"{n}-{case['case']}" for n, case in enumerate(CASES)]
)
def test_answers_as_recorded(replay: Replay, number: int) -> None:
    case = CASES[number]
    status, answer, kind = replay.got[number]
    expected = replay.live(case["reply"])
    assert status == case["status"]
    if isinstance(expected, str):
        assert kind.startswith("text/html")
        assert answer == expected
        return
    assert kind == "application/json; charset=utf-8"
    if isinstance(case.get("json"), dict) and "id" in case["json"]:
        assert answer["id"] == case["json"]["id"]
    assert ("id" in answer) == ("id" in expected)
    for side in (answer, expected):
        side.pop("id", None)
    if case["case"] in LISTS:
        assert _fields(answer) == _fields(expected)
        return
    if case["case"] == "read_text_file directory":
        # An archive as broken text: ours is not theirs.
        assert answer["content"].startswith("BZh")
        return
    assert _comparable(answer) == _comparable(expected)


@pytest.mark.parametrize(
    "number",
    [n for n, case in enumerate(CASES) if "files" in case and case["reply"]["event"] != "error"],
)
def test_copies_leave_the_recorded_files(replay: Replay, number: int) -> None:
    files = CASES[number]["files"]
    under = files["under"] + "/" if files["under"] else ""
    there = {path: text for path, text in replay.files[number].items() if path.startswith(under)}
    assert there == files["are"]
