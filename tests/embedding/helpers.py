"""Visits, as the pages' scripts make them."""

import uuid
from collections.abc import Callable
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
from tests.events import ask
from tests.sandbox.support import cookie

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
    assert not ask(sandbox, "query", query=setting)


def token_of(answer: HttpResponse) -> str:
    """Return what a browser is given to sign in with, in whichever address it stands."""
    body = answer.json()  # type: ignore[attr-defined]
    url: str = body.get("signIn", body["url"])
    return parse_qs(urlsplit(url).query)["auth_token"][0]


def signed_in(sandbox: SandboxProcess, token: str) -> Callable[[str], requests.Response]:
    """Sign a browser in; return what asks CoCalc's addresses under /hub/ as its page does."""
    headers = cookie(sandbox, token) | {"Origin": sandbox.url}

    def asked(address: str) -> requests.Response:
        return requests.post(f"{sandbox.url}/hub/{address}", headers=headers, json={}, timeout=30)

    return asked


def open_tab(browser: HttpsClient, path: str) -> HttpResponse:
    """Open a file in a new tab; where its page signs in first, give the answer to its script."""
    answer = browser.post("/projects/mine/tab", {"path": path})
    if answer.status_code == 200:
        return until_ready(browser, path, tab=True)[0]
    return answer  # type: ignore[return-value]


def address_in(answer: HttpResponse) -> str:
    """Return where a tab is led in the end."""
    return answer.get("Location") or answer.json()["url"]  # type: ignore[attr-defined]


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
