"""`manage.py check_cocalc`: what an administrator is told of the connection."""

import uuid
from io import StringIO

import pytest
import requests
from django.core.management import CommandError, call_command
from pytest_django import Settings

from embedding.client import client
from embedding.cocalc.customize import Customize
from embedding.models import KEPT
from sandbox.process import SandboxProcess
from tests.embedding.conftest import embedding_settings
from tests.embedding.helpers import set_hosts


def run() -> str:
    out = StringIO()
    call_command("check_cocalc", stdout=out)
    return out.getvalue()


def test_all_is_well(sandbox: SandboxProcess) -> None:
    set_hosts(sandbox, "learn.school.test")
    told = run()
    assert told.count("✓") >= 3  # one more where a project runs
    assert "!" not in told
    assert sandbox.admin_key not in told


def test_this_site_is_not_known_there(sandbox: SandboxProcess) -> None:
    set_hosts(sandbox, "other.test")
    assert "Add learn.school.test to its setting" in run()


@pytest.mark.parametrize("site", ["https://learn.school.test:8443", "http://learn.school.test"])
def test_a_site_that_no_entry_can_name_is_not_told_to_add_one(
    sandbox: SandboxProcess, settings: Settings, site: str
) -> None:
    set_hosts(sandbox, "learn.school.test")
    settings.SITE_URL = site
    told = run()
    assert f"! CoCalc does not answer messages of {site}" in told
    assert "only sites on https and port 443" in told
    assert "at https://learn.school.test." in told
    assert "Add" not in told


def test_a_key_that_is_no_admins(sandbox: SandboxProcess, settings: Settings) -> None:
    answer = requests.post(
        f"{sandbox.url}/api/v1/create_account",
        json={"email_address": "plain@x.test", "first_name": "A", "get_api_key": True},
        auth=(sandbox.admin_key, ""),
        timeout=30,
    ).json()
    settings.EMBEDDING = embedding_settings(sandbox, COCALC_API_KEY=answer["api_key"])
    with pytest.raises(CommandError, match="cannot be opened"):
        run()


def test_a_wrong_key(sandbox: SandboxProcess, settings: Settings) -> None:
    settings.EMBEDDING = embedding_settings(sandbox, COCALC_API_KEY="sk_" + "wrong" * 5)
    with pytest.raises(CommandError, match="does not accept this site's key") as raised:
        run()
    assert "wrongwrong" not in str(raised.value)


def test_no_cocalc(sandbox: SandboxProcess, settings: Settings) -> None:
    settings.EMBEDDING = embedding_settings(sandbox, COCALC_API_URL="http://127.0.0.1:9")
    with pytest.raises(CommandError, match="cannot be reached"):
        run()


def test_homes_that_others_can_read(
    sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A project is looked into where it runs, and only those that this site made."""
    foreign = client().create_project(title="t", description="Somebody's own")
    ours = client().create_project(title="t", description=f"{KEPT}{uuid.uuid4()}")
    stopped = client().create_project(title="t", description=f"{KEPT}{uuid.uuid4()}")
    for project in (foreign, ours, stopped):
        client().exec(project, "true")
    client().stop_project(stopped)
    told = run()
    assert "can be read by no other project (" in told

    def mode(project: str) -> str:
        return client().exec(project, "stat", ["-c", "%a", "."]).stdout.strip()

    assert client().project_state(stopped) == "opened"
    assert [mode(foreign), mode(ours)] == ["755", "700"]
    assert "could be read until now" not in run()
    client().exec(ours, "chmod", ["755", "."])
    monkeypatch.setattr("embedding.cocalc.v1.V1Client.close_home", lambda *_: None)
    told = run()
    assert "! The files of 1 of" in told
    assert "the hidden tests of a course" in told


def test_another_server(sandbox: SandboxProcess) -> None:
    sandbox.quirks(api_html=True)
    with pytest.raises(CommandError, match="but not CoCalc"):
        run()


@pytest.mark.parametrize(
    ("hosts", "origin", "channel"),
    [
        (("learn.test",), "https://learn.test", "open"),
        (("learn.test",), "https://learn.test:443", "open"),
        (("learn.test",), "https://www.learn.test", "unlisted"),
        ((".learn.test",), "https://www.learn.test", "open"),
        ((".learn.test",), "https://learn.test", "open"),
        ((".learn.test",), "https://evillearn.test", "unlisted"),
        ((), "https://learn.test", "unlisted"),
        (("learn.test",), "https://learn.test:8443", "impossible"),
        (("learn.test", "8443"), "https://learn.test:99999", "impossible"),
        (("learn.test",), "http://learn.test", "impossible"),
        (("http://learn.localhost:8000",), "http://learn.localhost:8000", "open"),
        (("http://learn.localhost:8000",), "http://learn.localhost:8001", "impossible"),
    ],
)
def test_which_origins_are_answered(hosts: tuple[str, ...], origin: str, channel: str) -> None:
    assert Customize("CoCalc", hosts).channel(origin) == channel


def test_the_client_shows_no_key(sandbox: SandboxProcess) -> None:
    assert sandbox.admin_key not in repr(client())
