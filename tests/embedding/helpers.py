"""Visits, as the pages' scripts make them."""

import uuid
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from django.contrib.auth.models import User
from django.http import HttpResponse

from embedding.cocalc.client import Client as Cocalc
from embedding.models import Member
from embedding.services import mapping, preparation
from sandbox.process import SandboxProcess
from tests.conftest import HttpsClient

JSON = "application/json"


def open_session(
    browser: HttpsClient,
    path: str,
    *,
    project: str = "mine",
    session: uuid.UUID | None = None,
    **more: object,
) -> HttpResponse:
    """Ask once for an embed session."""
    body = {"session": str(session or uuid.uuid4()), "path": path, **more}
    return browser.post(f"/projects/{project}/session", body, content_type=JSON)  # type: ignore[return-value]


def until_ready(browser: HttpsClient, path: str, **more: Any) -> tuple[HttpResponse, list[str]]:
    """Ask until the answer is not 202; return it and the steps that were named."""
    more.setdefault("session", uuid.uuid4())
    steps: list[str] = []
    for _ in range(100):
        answer = open_session(browser, path, **more)
        if answer.status_code != 202:
            return answer, steps
        done = answer.json().get("done")  # type: ignore[attr-defined]
        if done:
            steps.append(done)
    raise AssertionError("never ready")


def set_hosts(sandbox: SandboxProcess, hosts: str) -> None:
    """Set whose messages CoCalc answers."""
    setting = {"site_settings": {"name": "iframe_comm_hosts", "value": hosts}}
    requests.post(
        f"{sandbox.url}/api/v1/query",
        json={"query": setting},
        auth=(sandbox.admin_key, ""),
        timeout=30,
    ).raise_for_status()


def token_of(answer: HttpResponse) -> str:
    url: str = answer.json()["url"]  # type: ignore[attr-defined]
    return parse_qs(urlsplit(url).query)["auth_token"][0]


def prepared(user: User) -> Member:
    """Do all steps for a user, without a page; return the membership of the own project."""
    mapping.personal_project(user)
    member = Member.objects.select_related("project", "user").get(
        project__slot=f"personal:{user.pk}", user=user
    )
    account = mapping.account_row(user)
    while preparation.prepare(account, member):
        pass
    return member


def with_file(cocalc: Cocalc, user: User, *paths: str, content: bytes = b"x") -> Member:
    """A user whose project holds files."""
    member = prepared(user)
    for path in paths:
        cocalc.write_file(str(member.project.project_id), path, content)
    return member
