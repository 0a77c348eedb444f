"""Every action that the code writes into the audit log has a sentence."""

import ast
import re
from pathlib import Path

import pytest

from classroom.models import Kind
from embedding.models import Event
from embedding.services import sentences

ROOT = Path(__file__).parent.parent
ACTION = re.compile(r"[a-z][a-z_]*\.[a-z][a-z_]*")
# What is spelled like an action, and is none.
OTHERS = {"cocalc.log", "project.pid", "users.csv", "links.csv", "user.json", "events.json"}
PREFIXES = {
    *("access", "account", "admin", "cocalc", "course", "events", "file", "folder", "key"),
    *("member", "password", "project", "sign_in", "user", "users"),
}


def written() -> dict[str, str]:
    """Return all texts in our code that are spelled like an action, with where they stand."""
    found = {}
    for room in ("embedding", "platform/classroom", "platform/config", "platform/administration"):
        for file in (ROOT / room).rglob("*.py"):
            if "migrations" in file.parts:
                continue
            for node in ast.walk(ast.parse(file.read_text())):
                text = node.value if isinstance(node, ast.Constant) else None
                if not isinstance(text, str) or not ACTION.fullmatch(text):
                    continue
                if text.partition(".")[0] in PREFIXES and text not in OTHERS:
                    found[text] = str(file.relative_to(ROOT))
    return found


def first_words() -> set[str]:
    """Return what begins the action of each call that writes an event."""
    found = set()
    for room in ("embedding", "platform"):
        for file in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                    continue
                owner = node.func.value
                if node.func.attr not in ("log", "made") or not isinstance(owner, ast.Name):
                    continue
                if owner.id == "Event" and isinstance(node.args[0], ast.Constant):
                    found.add(str(node.args[0].value).partition(".")[0])
    return found


def test_each_action_has_a_sentence() -> None:
    missing = {action: file for action, file in written().items() if not sentences.is_told(action)}
    assert not missing
    assert len(written()) > 90
    assert not [kind for kind in Kind if not sentences.is_told(f"course.{kind}")]


def test_no_action_begins_otherwise() -> None:
    assert first_words() <= PREFIXES


def test_each_sentence_is_of_an_action() -> None:
    told = {action for kind in sentences.kinds() for action in kind.actions}
    assert told == written().keys() | {f"course.{kind}" for kind in Kind}


@pytest.mark.parametrize("whom", ["ada", ""])
def test_a_sentence_names_people_and_things(whom: str) -> None:
    event = Event(
        action="file.downloaded",
        target="Project of Ada",
        actor="emmy",
        whom=whom,
        detail={"path": "hw1.ipynb"},
    )
    said = sentences.sentence(event, {"emmy": "Emmy Noether", "ada": "Ada Lovelace"})
    of = " of Ada Lovelace" if whom else ""
    assert said == f"Emmy Noether downloaded “hw1.ipynb”{of} from “Project of Ada”."


def test_what_is_not_known_any_more_is_told_nevertheless() -> None:
    event = Event(action="older.thing", target="Project", actor="emmy")
    assert sentences.sentence(event, {}) == "older.thing: Project"
    event = Event(action="file.downloaded", target="100 %", actor="", detail=["no", "names"])
    assert sentences.sentence(event, {}) == "The site downloaded “…” from “100 %”."
