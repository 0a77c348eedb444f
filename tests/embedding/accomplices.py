"""Users who talk to CoCalc themselves, past the site."""

import uuid
from typing import Any

import requests
from django.contrib.auth.models import User

from embedding.models import CocalcAccount
from sandbox.process import SandboxProcess


class Student:
    """Somebody with an account of the site's, who also has a key of it and uses CoCalc's API."""

    def __init__(self, sandbox: SandboxProcess, user: User) -> None:
        self.user, self._url = user, sandbox.url
        self._key = sandbox.admin_key
        email = f"{uuid.uuid4()}@accounts.school.test"
        made = self.call(
            "create_account", email_address=email, first_name="A", last_name="B", get_api_key=True
        )
        self.account, self._key = made["account_id"], made["api_key"]
        CocalcAccount.objects.create(user=user, email=email, account_id=self.account)

    def call(self, event: str, **fields: Any) -> dict[str, Any]:
        answer: dict[str, Any] = requests.post(
            f"{self._url}/api/v1/{event}", json=fields, auth=(self._key, ""), timeout=30
        ).json()
        return answer

    def change(self, project: str, **fields: Any) -> dict[str, Any]:
        return self.call("query", query={"projects": {"project_id": project, **fields}})

    def role(self, project: str, account: str, group: str) -> dict[str, Any]:
        return self.change(project, users={account: {"group": group}})
