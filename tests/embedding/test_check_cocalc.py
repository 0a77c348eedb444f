"""`manage.py check_cocalc`: what an administrator is told of the connection."""

import uuid
from collections.abc import Iterator
from io import StringIO
from threading import Thread
from wsgiref.simple_server import make_server

import pytest
import requests
from django.core.management import CommandError, call_command
from pytest_django import Settings

from embedding.client import client
from embedding.cocalc.customize import Customize
from embedding.door import application
from embedding.models import KEPT
from sandbox.process import SandboxProcess
from tests.embedding.conftest import KEY, embedding_settings
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
    email = f"{uuid.uuid4()}@x.test"
    plain = client().create_account(email=email, first_name="A", last_name="B")
    settings.EMBEDDING = embedding_settings(sandbox, COCALC_API_KEY=sandbox.make_key(plain))
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
    monkeypatch.setattr(type(client()), "close_home", lambda *_: None)
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


@pytest.fixture(scope="module")
def conat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    data = tmp_path_factory.mktemp("conat")
    with SandboxProcess.start(
        data, admin_key=KEY, generation="conat", dns="cocalc.school.test"
    ) as sandbox:
        yield sandbox


def on_conat(conat: SandboxProcess, settings: Settings, **more: object) -> None:
    settings.EMBEDDING = embedding_settings(conat, COCALC_GENERATION="auto", **more)


def test_all_is_well_on_conat(conat: SandboxProcess, settings: Settings) -> None:
    on_conat(conat, settings)
    told = run()
    assert "CoCalc with the API “conat”" in told
    assert "since 2025-11-21" in told
    assert "/auth/impersonate" in told
    assert "✓ CoCalc's setting “dns” is cocalc.school.test." in told
    assert "and both sites are under one domain" in told
    assert conat.admin_key not in told


def test_an_address_that_conat_does_not_lead_to(conat: SandboxProcess, settings: Settings) -> None:
    on_conat(conat, settings, COCALC_URL="https://cocalc.elsewhere.test")
    told = run()
    assert "! CoCalc's setting “dns” is cocalc.school.test, but browsers find it at" in told
    assert "samesite_remember_me" in told


@pytest.fixture
def door() -> Iterator[str]:
    """The address of a web server that passes everything to the door."""
    with make_server("127.0.0.1", 0, application) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_door(conat: SandboxProcess, settings: Settings, door: str) -> None:
    on_conat(conat, settings, COCALC_URL=door, COCALC_DOOR="/.lectern/")
    told = run()
    assert f"✓ Browsers sign in at {door}/.lectern/" in told
    assert "dns" not in told


def test_a_door_that_leads_nowhere(conat: SandboxProcess, settings: Settings) -> None:
    """CoCalc's own page answers there, or nobody."""
    on_conat(conat, settings, COCALC_URL=conat.url, COCALC_DOOR="/.lectern/")
    assert "does not lead to this site (HTTP 404)" in run()
    on_conat(conat, settings, COCALC_URL="http://127.0.0.1:9", COCALC_DOOR="/.lectern/")
    assert "does not lead to this site (no answer: ConnectionError)" in run()


def test_an_organization_that_is_not_there(conat: SandboxProcess, settings: Settings) -> None:
    on_conat(conat, settings, COCALC_ORGANIZATION="nobodys")
    out = StringIO()
    with pytest.raises(CommandError, match="cannot be opened"):
        call_command("check_cocalc", stdout=out)
    assert "CoCalc has no organization “nobodys”" in out.getvalue()


def test_an_organization_that_is_there(conat: SandboxProcess, settings: Settings) -> None:
    made = requests.post(
        f"{conat.url}/api/conat/hub",
        json={"name": "org.create", "args": [{"name": "school"}]},
        headers={"Authorization": f"Bearer {conat.admin_key}"},
        timeout=30,
    )
    assert "error" not in made.text
    on_conat(conat, settings, COCALC_ORGANIZATION="school")
    told = run()
    assert "who may make accounts in “school” and sign them in" in told
    assert "is also a site admin's, which is not needed" in told


def test_a_wrong_key_on_conat(conat: SandboxProcess, settings: Settings) -> None:
    on_conat(conat, settings, COCALC_API_KEY="sk-" + "wrong" * 5)
    with pytest.raises(CommandError, match="does not accept this site's key") as raised:
        run()
    assert "wrongwrong" not in str(raised.value)
