"""Users who talk to CoCalc themselves, past the site."""

import uuid
from typing import Any

from django.contrib.auth.models import User

from embedding.client import client
from embedding.models import CocalcAccount
from sandbox.process import SandboxProcess
from tests.events import ask


class Student:
    """Somebody with an account of the site's, who also has a key of it and uses CoCalc's API."""

    def __init__(self, sandbox: SandboxProcess, user: User) -> None:
        self.user, self._sandbox = user, sandbox
        email = f"{uuid.uuid4()}@accounts.school.test"
        self.account = client().create_account(email=email, first_name="A", last_name="B")
        self._key = sandbox.make_key(self.account)
        CocalcAccount.objects.create(user=user, email=email, account_id=self.account)

    def call(self, event: str, **fields: Any) -> str:
        """Ask CoCalc; return what it says against it."""
        return ask(self._sandbox, event, key=self._key, **fields)

    def change(self, project: str, **fields: Any) -> str:
        return self.call("query", query={"projects": {"project_id": project, **fields}})

    def role(self, project: str, account: str, group: str) -> str:
        return self.change(project, users={account: {"group": group}})
