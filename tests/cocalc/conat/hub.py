"""A hub that answers its functions as a test tells it to, and writes down what was asked."""

import json
from collections.abc import Callable
from typing import Any

from tests.cocalc.server import Reply, Request

ADMIN, STUDENT, TEACHER = (f"aaaaaaaa-0000-4000-8000-00000000000{n}" for n in (1, 4, 5))
PROJECT = "bbbbbbbb-0000-4000-8000-000000000001"
TOKEN = "Ab3dEfGh1kLmNoPqRsTuVwX0"
ORG = "ORG"

RPC = " - callHub: subject='{subject}', name='{name}', code='{code}' "
NO_ACCESS = {"error": "Error: must be collaborator on project to get state"}


def late(subject: str = f"hub.account.{ADMIN}.api", name: str = "system.ping") -> dict[str, str]:
    """The answer to a call that took longer than its `timeout`."""
    return {"error": "timeout" + RPC.format(subject=subject, name=name, code="408")}


def nobody(subject: str) -> dict[str, str]:
    """The answer where nobody serves what is called."""
    words = f"request -- no subscribers matching '{subject}'"
    return {"error": words + RPC.format(subject=subject, name="system.exec", code="503")}


class Hub:
    """Functions by name: an answer, or what makes one of the function's argument.

    Queries are functions by the name of their table. A function that is not there is unknown.
    """

    def __init__(self) -> None:
        self.members = {ADMIN: {"group": "owner"}, TEACHER: {"group": "collaborator"}}
        self.state = "running"
        self.functions: dict[str, Any] = {
            "accounts": {
                "accounts": {"account_id": ADMIN, "email_address": "a@x.test", "groups": ["admin"]}
            },
            "projects_all": lambda _: {
                "projects_all": [
                    {"project_id": PROJECT, "users": self.members, "state": {"state": self.state}}
                ]
            },
            "projects": {},
            "system.ping": {"now": 1_783_500_000_000},
            "org.get": {"name": ORG},
            "org.getUsers": [{"account_id": STUDENT}],
            "org.createUser": STUDENT,
            "org.createToken": {"token": TOKEN, "url": "https://x"},
            "org.expireToken": None,
            "system.userSearch": [],
            "system.generateUserAuthToken": TOKEN,
            "system.revokeUserAuthToken": None,
            "projects.createProject": PROJECT,
            "projects.deleteProject": None,
            "projects.addCollaborator": self._add,
            "projects.removeCollaborator": self._remove,
            "projects.changeUserType": self._change,
            "projects.state": self._tell,
            "projects.start": None,
            "projects.stop": None,
        }
        self.asked: list[str] = []
        self.requests: list[dict[str, Any]] = []

    def __call__(self, request: Request) -> Reply:
        fields = request.fields
        name = fields.get("name", request.event)
        argument = (fields.get("args") or [fields])[0]
        if name == "db.userQuery":
            name = next(iter(argument["query"]))
        self.asked.append(name)
        self.requests.append(fields)
        unknown = {"error": f"Error: unknown function '{name}'"}
        answer = self.functions.get(name, unknown)
        if callable(answer):
            answer = answer(argument)
        return answer if isinstance(answer, Reply) else Reply(json.dumps(answer))

    def argument(self, name: str) -> Any:
        """What the function was called with last."""
        return self.requests[len(self.asked) - 1 - self.asked[::-1].index(name)]["args"][0]

    def _add(self, argument: Any) -> Any:
        opts = argument["opts"]
        self.members.setdefault(opts["account_id"], {"group": "collaborator"})
        return {"project_id": [opts["project_id"]]}

    def _tell(self, argument: Any) -> Any:
        if "project_id" not in argument:
            words = "invalid account_id or project_id -- all must be valid uuid's"
            return {"error": f"Error: {words}"}
        return {"state": self.state}

    def _remove(self, argument: Any) -> Any:
        self.members.pop(argument["opts"]["account_id"], None)

    def _change(self, argument: Any) -> Any:
        opts = argument["opts"]
        if opts["target_account_id"] not in self.members:
            return {"error": "OwnershipError: Target user is not a member of this project"}
        self.members[opts["target_account_id"]] = {"group": opts["new_group"]}
        return None


def in_turn(*answers: Any) -> Callable[[Any], Any]:
    """Give one answer after the other, and the last one from then on."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]
