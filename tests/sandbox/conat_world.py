"""A small school on the stand-in's new face, with its people and projects as conat.jsonl has them.

Ids there are invented: each world has its own, and its own names, so worlds share a sandbox.
"""

import itertools
import json
from dataclasses import dataclass, field
from typing import Any

import requests

from sandbox.config import SITE_NAME
from sandbox.process import SandboxProcess

PATIENCE = 30
ADMIN, ORG_ADMIN, PLAIN, STUDENT, OTHER = (
    f"aaaaaaaa-0000-4000-8000-00000000000{number}" for number in range(1, 6)
)
OURS, HIS, FOREIGN, DELETED = (
    f"bbbbbbbb-0000-4000-8000-00000000000{number}" for number in range(1, 5)
)
HUB, PROJECT = "/api/conat/hub", "/api/conat/project"
_numbers = itertools.count(1)


@dataclass
class World:
    sandbox: SandboxProcess
    ids: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    session: requests.Session = field(default_factory=requests.Session)
    number: int = field(default_factory=lambda: next(_numbers))

    @classmethod
    def make(cls, sandbox: SandboxProcess) -> "World":
        """ORG with its admin and a student; others; a project of each kind."""
        world = cls(sandbox)
        world.ids = {ADMIN: sandbox.admin_account_id, "admin@x.test": "admin@sandbox.local"}
        world.ids |= {"cocalc.x.test": "cocalc.school"}
        world.ids |= dict.fromkeys(['"Our CoCalc"', '"Site"'], f'"{SITE_NAME}"')
        world.ids |= {"ORG": f"ORG{world.number}", "x.test": f"x{world.number}.test"}
        world.keys[ADMIN] = sandbox.admin_key
        world.hub("org.create", {"name": "ORG"})
        for account, email, name in (
            (ORG_ADMIN, "o@x.test", ("Org", "Admin")),
            (PLAIN, "n@x.test", ("Pla", "In")),
            (STUDENT, "s@x.test", ("Stu", "Dent")),
            (OTHER, "other@x.test", ("Oth", "Er")),
        ):
            world.account(account, email, *name)
        world.hub("org.addAdmin", {"name": "ORG", "user": ORG_ADMIN})
        world.hub("org.addUser", {"name": "ORG", "user": STUDENT})
        world.project(OURS, ADMIN, "T", STUDENT)
        world.project(HIS, STUDENT, "his")
        world.project(FOREIGN, OTHER, "x")
        world.project(DELETED, ADMIN, "T")
        world.hub("projects.deleteProject", {"project_id": DELETED})
        return world

    def live(self, recorded: Any) -> Any:
        """A recorded value with our ids and names in it."""
        text = json.dumps(recorded, ensure_ascii=False)
        for theirs, ours in self.ids.items():
            text = text.replace(theirs, ours)
        return json.loads(text)

    def ask(self, path: str, body: Any, by: str = ADMIN) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.keys[by]}"}
        return self.session.post(
            self.sandbox.faces["conat"] + path,
            json=self.live(body),
            headers=headers,
            timeout=PATIENCE,
        )

    def hub(self, name: str, *args: Any, by: str = ADMIN, **more: Any) -> Any:
        return self.ask(HUB, {"name": name, "args": list(args), **more}, by).json()

    def inside(self, name: str, *args: Any, by: str = ADMIN, at: str = OURS, **more: Any) -> Any:
        """Call into a project."""
        body = {"name": name, "args": list(args), "project_id": at, **more}
        return self.ask(PROJECT, body, by).json()

    def account(self, known_as: str, email: str, first_name: str, last_name: str) -> None:
        """One in no organization, with a key and the password "right"."""
        fields = {"email": email, "firstName": first_name, "lastName": last_name}
        made = self.hub("org.createUser", {"name": "ORG", "password": "right", **fields})
        self.ids[known_as] = made
        self.hub("org.removeUser", {"name": "ORG", "user": known_as})
        self.keys[known_as] = self.key_of(known_as)

    def key_of(self, account: str, **fields: Any) -> str:
        """A new key. Only its owner can make one by the API, so the control door does."""
        return self.sandbox.make_key(self.live(account), **self.live(fields))

    def project(self, known_as: str, owner: str, title: str, *members: str) -> None:
        fields = {"title": title, "description": "D", "noPool": True}
        made = self.hub("projects.createProject", fields, by=owner)
        self.ids |= {known_as: made, known_as.upper(): made.upper()}
        for member in members:
            opts = {"project_id": known_as, "account_id": member}
            self.hub("projects.addCollaborator", {"opts": opts}, by=owner)
