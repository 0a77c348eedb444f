"""`manage.py check_cocalc`: what an administrator is told of the connection."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from threading import Thread
from wsgiref.simple_server import make_server

import pytest
import requests
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from pytest_django import Settings

from embedding.client import client
from embedding.cocalc.client import Client
from embedding.cocalc.customize import Customize, customize
from embedding.door import application
from embedding.models import KEPT, CheckAccount, CheckProject, CocalcAccount, CocalcProject, Event
from embedding.services.checking import chain, own
from embedding.services.checking.links import Again, Finding, World
from sandbox.process import SandboxProcess
from tests.embedding.conftest import KEY, embedding_settings
from tests.embedding.helpers import set_hosts

pytestmark = pytest.mark.django_db

OK, WARNING, FAILED, SKIPPED = "ok", "warning", "failed", "skipped"
# What a server tells of CoCalc without any name that is known in the tests.
OF_COCALC = ("cocalc", "key", "sign-in", "account", "project", "files", "homes")


@pytest.fixture(autouse=True)
def hosts_are_as_new(sandbox_process: SandboxProcess) -> Iterator[None]:
    """Other tests find a CoCalc that answers no site's messages."""
    yield
    set_hosts(sandbox_process, "")


class Told:
    """What the command has told a program, by links."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.all = json.loads(text)
        self._links = {link["name"]: link for link in self.all["links"]}

    def state(self, link: str) -> str:
        return str(self._links[link]["state"])

    def words(self, link: str) -> str:
        """All that was said of a link."""
        found = self._links[link]["findings"]
        return " ".join(f"{each['seen']} {each['means']} {each['do']}" for each in found)

    def names(self) -> list[str]:
        return list(self._links)


def run(*only: str) -> Told:
    """Run the command, as a program does: it fails if, and only if, a link did."""
    out = StringIO()
    arguments = ["--json", *(["--only", *only] if only else [])]
    lost = False
    try:
        call_command("check_cocalc", *arguments, stdout=out)
    except CommandError:
        lost = True
    told = Told(out.getvalue())
    assert lost == any(link["state"] == FAILED for link in told.all["links"])
    assert told.all["ok"] is not lost
    return told


def shown(*only: str) -> str:
    """Return what a person is shown, and the error's text."""
    out = StringIO()
    try:
        call_command("check_cocalc", *(["--only", *only] if only else []), stdout=out)
    except CommandError as error:
        return f"{out.getvalue()}\n{error}"
    return out.getvalue()


def test_all_is_well(sandbox: SandboxProcess) -> None:
    set_hosts(sandbox, "learn.school.test")
    told = run(*OF_COCALC, "channel", "domain")
    assert {told.state(name) for name in told.names()} <= {OK, WARNING}
    assert {told.state(name) for name in (*OF_COCALC, "channel", "domain")} == {OK}
    assert sandbox.admin_key not in told.text
    assert "both under school.test" in told.words("domain")


def test_a_person_is_told_the_same(sandbox: SandboxProcess) -> None:
    told = shown("key")
    assert "  ✓ The key is" in told
    assert "The key (" in told
    sandbox.quirks(api_html=True)
    told = shown("key")
    assert "  ✗ “" in told
    assert "  – Not tried, because of: Which CoCalc it is." in told
    assert "These links do not hold: cocalc." in told


def test_what_is_made_is_used_again(sandbox: SandboxProcess, cocalc: Client) -> None:
    run("files")
    account, project = CheckAccount.objects.get(), CheckProject.objects.get()
    before = sandbox.calls()["counts"]
    assert run("files").state("files") == OK
    assert CheckAccount.objects.get().account_id == account.account_id
    assert CheckProject.objects.get().project_id == project.project_id
    made = sandbox.calls()["counts"]
    assert made.get("create_account", 0) == before.get("create_account", 0)
    assert cocalc.list_folder(str(project.project_id)) == []
    assert not User.objects.exists()
    assert not CocalcAccount.objects.exists()
    assert not CocalcProject.objects.exists()


def test_a_file_of_an_earlier_check_is_removed(sandbox: SandboxProcess, cocalc: Client) -> None:
    run("files")
    project = str(CheckProject.objects.get().project_id)
    cocalc.write_file(project, "check-cut-off.txt", b"x")
    cocalc.write_file(project, "mine.txt", b"x")
    run("files")
    assert [entry.name for entry in cocalc.list_folder(project)] == ["mine.txt"]
    cocalc.remove(project, "mine.txt")


def test_a_project_that_was_deleted_there(sandbox: SandboxProcess, cocalc: Client) -> None:
    run("files")
    project = str(CheckProject.objects.get().project_id)
    cocalc.delete_project(project)
    assert run("files").state("files") == OK
    assert not cocalc.get_project(project).deleted


def test_a_place_that_is_gone_is_made_anew(sandbox: SandboxProcess, cocalc: Client) -> None:
    """As after the site was connected to another CoCalc."""
    run("files")
    account, project = uuid.uuid4(), uuid.uuid4()
    address = f"{uuid.uuid4()}@accounts.school.test"
    CheckAccount.objects.update(account_id=account, email=address)
    CheckProject.objects.update(project_id=project)
    assert run("files").state("files") == OK
    assert CheckAccount.objects.get().account_id != account
    assert CheckProject.objects.get().project_id != project


def test_a_project_that_starts_slowly_is_waited_for(
    sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("project")
    project = str(CheckProject.objects.get().project_id)
    client().stop_project(project)
    monkeypatch.setattr(own, "_PATIENCE", 0.01)
    sandbox.quirks(start_seconds=1.5)
    told = run("project")
    assert told.state("project") == OK
    assert "runs" in told.words("project") or "started in" in told.words("project")


def test_a_project_that_never_starts_is_given_up(
    sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("project")
    client().stop_project(str(CheckProject.objects.get().project_id))
    monkeypatch.setattr(own, "_PATIENCE", 0.01)
    slow = replace(chain.links()[0], name="slow", look=_never, seconds=1.2)
    chain.register(slow)
    try:
        told = run("slow")
    finally:
        chain._more.pop("slow")
    assert told.state("slow") == FAILED
    assert "It still goes on: it starts." in told.words("slow")


def _never(_world: World) -> list[Finding]:
    raise Again("it starts")


def test_all_links_together_have_an_end(sandbox: SandboxProcess) -> None:
    outcomes = list(chain.run_all(["key"], total=0))
    assert {outcome.state for outcome in outcomes} == {SKIPPED}
    assert "the time for the whole check is over" in outcomes[0].findings[0].seen


def test_a_link_that_breaks_says_so_and_the_others_go_on(sandbox: SandboxProcess) -> None:
    def broken(_world: World) -> list[Finding]:
        raise ZeroDivisionError("secret words")

    chain.register(replace(chain.links()[0], name="broken", look=broken))
    try:
        told = run("broken", "cocalc")
    finally:
        chain._more.pop("broken")
    assert (told.state("broken"), told.state("cocalc")) == (FAILED, OK)
    assert "ZeroDivisionError" in told.words("broken")
    assert "secret words" not in told.text


def test_this_site_is_not_known_there(sandbox: SandboxProcess) -> None:
    set_hosts(sandbox, "other.test")
    told = run("channel")
    assert told.state("channel") == WARNING
    assert "Add learn.school.test to CoCalc's setting" in told.words("channel")
    assert "It answers: other.test." in told.words("channel")


@pytest.mark.parametrize("answer", ["y", "n", ""])
def test_the_site_is_added_where_somebody_says_so(
    sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    """On API v1; elsewhere whoever runs CoCalc has to."""
    set_hosts(sandbox, "other.test")
    monkeypatch.setattr("sys.stdin", StringIO(f"{answer}\n"))
    told = StringIO()
    call_command("check_cocalc", "--only", "channel", "--fix", stdout=StringIO(), stderr=told)
    done = answer == "y" and sandbox.generation == "v1"
    hosts = ("other.test", "learn.school.test") if done else ("other.test",)
    assert customize(sandbox.url).iframe_comm_hosts == hosts
    assert Event.objects.filter(action="cocalc.hosts_set").exists() == done
    if sandbox.generation == "v1":
        assert "Add learn.school.test to CoCalc's setting" in told.getvalue()
    else:
        assert "nothing that --fix can do" in told.getvalue()


@pytest.mark.parametrize("site", ["https://learn.school.test:8443", "http://learn.school.test"])
def test_a_site_that_no_entry_can_name_is_not_told_to_add_one(
    sandbox: SandboxProcess, settings: Settings, site: str
) -> None:
    set_hosts(sandbox, "learn.school.test")
    settings.SITE_URL = site
    told = run("channel")
    assert told.state("channel") == WARNING
    words = told.words("channel")
    assert f"CoCalc does not answer messages of {site}" in words
    assert "only sites on https and port 443" in words
    assert "at https://learn.school.test." in words
    assert "Add" not in words


def test_a_key_that_is_no_admins(sandbox: SandboxProcess, settings: Settings) -> None:
    email = f"{uuid.uuid4()}@x.test"
    plain = client().create_account(email=email, first_name="A", last_name="B")
    settings.EMBEDDING = embedding_settings(sandbox, COCALC_API_KEY=sandbox.make_key(plain))
    told = run("files")
    assert told.state("key") == FAILED
    assert "Notebooks cannot be opened" in told.words("key")
    assert told.state("files") == SKIPPED
    assert not CheckAccount.objects.exists()


def test_a_wrong_key(sandbox: SandboxProcess, settings: Settings) -> None:
    settings.EMBEDDING = embedding_settings(sandbox, COCALC_API_KEY="sk_" + "wrong" * 5)
    told = run("key")
    assert "does not accept this site's key" in told.words("key")
    assert "wrongwrong" not in told.text


def test_no_cocalc(sandbox: SandboxProcess, settings: Settings) -> None:
    settings.EMBEDDING = embedding_settings(sandbox, COCALC_API_URL="http://127.0.0.1:9")
    told = run("key")
    assert told.state("tcp") == FAILED
    assert "Connection refused" in told.words("tcp")
    assert [told.state(name) for name in ("cocalc", "key")] == [SKIPPED, SKIPPED]


def test_a_name_that_browsers_alone_may_know_is_a_warning(sandbox: SandboxProcess) -> None:
    told = run("name")
    assert told.state("name") == WARNING
    assert "cocalc.school.test has no address here" in told.words("name")
    assert "127.0.0.1 has the address 127.0.0.1." in told.words("name")


def test_users_who_sign_in_themselves(sandbox: SandboxProcess, settings: Settings) -> None:
    given = embedding_settings(sandbox, COCALC_SIGN_IN="own", COCALC_API_KEY="")
    settings.EMBEDDING = given
    told = run()
    assert told.state("cocalc") == OK
    assert {told.state(name) for name in OF_COCALC[1:]} == {SKIPPED}
    assert "sign in to CoCalc themselves" in told.words("account")


def test_a_frame_that_is_refused(sandbox: SandboxProcess) -> None:
    told = run("framing")
    assert told.state("framing") == OK
    sandbox.quirks(refused_frames=True)
    told = run("framing")
    assert told.state("framing") == FAILED
    assert "sends “" in told.words("framing")


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
    told = run("homes")
    assert "No other project can read the files of" in told.words("homes")
    assert "could be read until now" in told.words("homes")

    def mode(project: str) -> str:
        return client().exec(project, "stat", ["-c", "%a", "."]).stdout.strip()

    assert client().project_state(stopped) == "opened"
    assert [mode(foreign), mode(ours)] == ["755", "700"]
    assert "could be read until now" not in run("homes").words("homes")
    client().exec(ours, "chmod", ["755", "."])
    monkeypatch.setattr(type(client()), "close_home", lambda *_: None)
    told = run("homes")
    assert told.state("homes") == FAILED
    assert "Other projects can read the files of 1 of" in told.words("homes")
    assert "the hidden tests of a course" in told.words("homes")


def test_another_server(sandbox: SandboxProcess) -> None:
    sandbox.quirks(api_html=True)
    told = run("cocalc")
    assert told.state("cocalc") == FAILED
    assert "not CoCalc" in told.words("cocalc") or "not known" in told.words("cocalc")


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
    told = run(*OF_COCALC, "domain")
    assert {told.state(name) for name in (*OF_COCALC, "domain")} == {OK}
    assert "CoCalc with the API “conat”" in told.words("cocalc")
    assert "since 2025-11-21" in told.words("cocalc")
    assert "/auth/impersonate" in told.words("sign-in")
    assert "CoCalc's setting “dns” is cocalc.school.test." in told.words("sign-in")
    assert "The sign-in token was ended" in told.words("account") or "own" in told.words("account")
    assert conat.admin_key not in told.text


def test_an_address_that_conat_does_not_lead_to(conat: SandboxProcess, settings: Settings) -> None:
    on_conat(conat, settings, COCALC_URL="https://cocalc.elsewhere.test")
    told = run("sign-in", "domain")
    assert told.state("sign-in") == WARNING
    words = told.words("sign-in")
    assert "CoCalc's setting “dns” is cocalc.school.test, but browsers find it at" in words
    assert told.state("domain") == FAILED
    assert "samesite_remember_me" in told.words("domain")


def test_a_door_needs_no_common_domain(conat: SandboxProcess, settings: Settings) -> None:
    address = "https://cocalc.elsewhere.test"
    on_conat(conat, settings, COCALC_URL=address, COCALC_DOOR="/.lectern/")
    assert run("domain").state("domain") == OK


@pytest.fixture
def door() -> Iterator[str]:
    """The address of a web server that passes everything to the door."""
    with make_server("127.0.0.1", 0, application) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_door(conat: SandboxProcess, settings: Settings, door: str) -> None:
    on_conat(conat, settings, COCALC_URL=door, COCALC_DOOR="/.lectern/")
    told = run("sign-in")
    assert f"Browsers sign in at {door}/.lectern/" in told.words("sign-in")
    assert told.state("sign-in") == OK
    assert "dns" not in told.words("sign-in")


def test_a_door_that_leads_nowhere(conat: SandboxProcess, settings: Settings) -> None:
    """CoCalc's own page answers there, or nobody."""
    on_conat(conat, settings, COCALC_URL=conat.url, COCALC_DOOR="/.lectern/")
    assert "does not lead to this site (HTTP 404)" in run("sign-in").words("sign-in")
    on_conat(conat, settings, COCALC_URL="http://127.0.0.1:9", COCALC_DOOR="/.lectern/")
    told = run("sign-in")
    assert "does not lead to this site (no answer: ConnectionError)" in told.words("sign-in")


def test_an_organization_that_is_not_there(conat: SandboxProcess, settings: Settings) -> None:
    on_conat(conat, settings, COCALC_ORGANIZATION="nobodys")
    told = run("account")
    assert told.state("key") == FAILED
    assert "CoCalc has no organization “nobodys”" in told.words("key")
    assert told.state("account") == SKIPPED


def test_an_organization_that_is_there(conat: SandboxProcess, settings: Settings) -> None:
    made = requests.post(
        f"{conat.url}/api/conat/hub",
        json={"name": "org.create", "args": [{"name": "school"}]},
        headers={"Authorization": f"Bearer {conat.admin_key}"},
        timeout=30,
    )
    assert "error" not in made.text
    on_conat(conat, settings, COCALC_ORGANIZATION="school")
    told = run("files")
    assert "who may make accounts in “school” and sign them in" in told.words("key")
    assert "is also a site admin's, which is not needed" in told.words("key")
    assert told.state("files") == OK


def test_a_wrong_key_on_conat(conat: SandboxProcess, settings: Settings) -> None:
    on_conat(conat, settings, COCALC_API_KEY="sk-" + "wrong" * 5)
    told = run("key")
    assert "does not accept this site's key" in told.words("key")
    assert "wrongwrong" not in told.text
