"""What a teacher does in a student's project is an event: every address of the files is asked."""

import json
import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User

from embedding.client import sign_in
from embedding.cocalc.client import Client
from embedding.models import Event, Member
from embedding.services import sentences
from embedding.urls import urlpatterns
from tests.conftest import HttpsClient, Person
from tests.embedding.helpers import prepared

pytestmark = pytest.mark.django_db

A_SHELL = "a page without data; its script asks for that"
NOTHING = {
    "home": "leads to one's own",
    "mine": "one's own",
    "files": A_SHELL,
    "folder": A_SHELL,
    "notebook": A_SHELL,
    "trash": A_SHELL,
    "prepare": "prepares one's own account and membership",
    "check": "says whether a file is there that the page has opened; the session left an event",
    "report": "one's own session",
    "signed-in": "one's own session",
    "diagnosis": "one's own session",
    "signed-out": "one's own",
    "presence": "one's own",
    "words": "texts of the site",
}
# In the order in which they can be done.
DONE: dict[str, tuple[str, str, dict[str, Any]]] = {
    "listing": ("get", "file.listed", {"folder": ""}),
    "download": ("get", "file.downloaded", {"path": "a.md"}),
    "session": ("post", "file.opened", {"path": "a.md"}),
    "tab": ("form", "file.opened", {"path": "b.md"}),
    "create-notebook": ("post", "file.created", {"path": "new.ipynb"}),
    "create-folder": ("post", "folder.created", {"path": "new"}),
    "upload": ("file", "file.uploaded", {"path": "up.md"}),
    "move": ("post", "file.moved", {"path": "up.md", "to": "moved.md"}),
    "delete": ("post", "file.deleted", {"path": "moved.md"}),
    "trash-listing": ("get", "file.trash_listed", {}),
    "restore": ("post", "file.restored", {}),
    "purge": ("post", "file.purged", {}),
}


def test_every_address_is_named() -> None:
    names = {str(pattern.name) for pattern in urlpatterns}
    assert names == NOTHING.keys() | DONE.keys()
    assert not NOTHING.keys() & DONE.keys()


class Room:
    """A student's project, and who looks into it."""

    def __init__(self, cocalc: Client, student: User, teacher: User) -> None:
        self.member = prepared(student)
        prepared(teacher)
        self.theirs = Member.objects.create(project=self.member.project, user=teacher)
        self.project = str(self.member.project.project_id)
        for name in ("a.md", "b.md"):
            cocalc.write_file(self.project, name, b"1")
        Event._base_manager.all().delete()

    def ask(self, user: User, name: str) -> Any:
        """Do it, as the page's script does; return the answer."""
        how, _action, data = DONE[name]
        given, url = dict(data), f"/projects/{self.project}/{PATHS.get(name, name)}"
        browser = HttpsClient(user)
        if name in ("restore", "purge"):
            trashed = browser.post(
                f"/projects/{self.project}/delete",
                json.dumps({"path": "a.md"}),
                content_type="application/json",
            )
            given = {"id": trashed.json()["trash"]}
        if how == "get":
            return browser.get(url, given)
        if how == "form":
            return browser.post(url, given)
        if how == "file":
            from django.core.files.uploadedfile import SimpleUploadedFile

            return browser.post(url, {**given, "file": SimpleUploadedFile("up.md", b"1")})
        if name == "session":
            given["session"] = str(uuid.uuid4())
        for _ in range(20):
            answer = browser.post(url, json.dumps(given), content_type="application/json")
            if answer.status_code != 202:
                break
        return answer


PATHS = {
    "create-notebook": "notebook",
    "create-folder": "folder",
    "trash-listing": "trash/entries",
    "restore": "trash/restore",
    "purge": "trash/purge",
}


def test_each_act_in_a_students_project_tells_who_what_and_whose(
    cocalc: Client, person: Person
) -> None:
    ada, emmy = person("ada"), person("emmy")
    room = Room(cocalc, ada, emmy)
    for name, (_how, action, data) in DONE.items():
        if name == "tab" and sign_in() == "impersonate":
            continue  # a page of ours, whose script asks for a session
        answer = room.ask(emmy, name)
        assert answer.status_code < 400, (name, answer.status_code, answer.content)
        event = Event.objects.filter(action=action).order_by("-pk").first()
        assert event, name
        assert (event.actor, event.whom) == ("emmy", "ada"), name
        for key, value in data.items():
            assert event.detail[key] == value, name
        said = sentences.sentence(event, {"emmy": "Emmy Noether", "ada": "Ada Lovelace"})
        assert said.startswith("Emmy Noether "), said
        assert "…" not in said


def test_looks_at_ones_own_leave_nothing(cocalc: Client, person: Person) -> None:
    ada = person("ada")
    room = Room(cocalc, ada, person("emmy"))
    for name in ("listing", "download", "session", "trash-listing"):
        assert room.ask(ada, name).status_code < 400
    assert not Event.objects.exists()


def test_the_same_look_again_is_one_event_and_each_download_is_one(
    cocalc: Client, person: Person
) -> None:
    emmy = person("emmy")
    room = Room(cocalc, person("ada"), emmy)
    for _ in range(3):
        room.ask(emmy, "listing")
        room.ask(emmy, "download")
    actions = list(Event.objects.values_list("action", flat=True))
    assert sorted(actions) == ["file.downloaded"] * 3 + ["file.listed"]
