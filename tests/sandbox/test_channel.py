"""The kiosk's message channel, as recorded on a CoCalc of July 2024."""

import json
import uuid
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page

from sandbox.process import SandboxProcess
from tests.sandbox.conftest import HOSTS, Desk
from tests.sandbox.embed import COCALC, Embed
from tests.sandbox.support import Api, Person, until

pytestmark = pytest.mark.usefixtures("plain")


@pytest.fixture
def project(api: Api, desk: Desk) -> str:
    project_id = api.project(desk.person, title="Homework")
    api.run(project_id, "mkdir hw; echo '# Notes' > hw/notes.md; echo > hw/1.png")
    return project_id


ERRORS: list[tuple[Any, str]] = [
    ({"action": "close", "path": "hw/nb.ipynb"}, "Unknown action 'close'"),
    ({"foo": 1}, "Unknown action 'undefined'"),
    ({}, "Unknown action 'undefined'"),
    ([1], "Unknown action 'undefined'"),
    ({"action": {"a": 1}}, "Unknown action '[object Object]'"),
    (None, 'There is no payload "data"'),
    ("status", 'The payload "data" must be an object'),
    ('{"action":"status"}', 'The payload "data" must be an object'),
    (7, 'The payload "data" must be an object'),
    (
        {"action": "open", "project_id": "11111111-2222-4333-8444-555555555555"},
        "invalid path, it must be a string",
    ),
    (
        {"action": "open", "project_id": "11111111-2222-4333-8444-555555555555", "path": 5},
        "invalid path, it must be a string",
    ),
    ({"action": "open", "project_id": "nope", "path": "a.md"}, "invalid project_id='nope'"),
    ({"action": "open", "path": "a.md"}, "invalid project_id='undefined'"),
]


def test_errors_and_closing_nothing(embed: Embed) -> None:
    for message, expected in ERRORS:
        embed.forget()
        embed.send(message)
        assert embed.wait() == {"status": "error", "mesg": expected}
    embed.send({"action": "closeall"})
    assert embed.wait(status="done") == {"status": "done", "mesg": "all files are closed"}


def test_the_types_of_a_status(embed: Embed) -> None:
    connection = embed.status()["connection"]
    assert connection["quality"] == "good"
    assert connection["status"] == "connected"
    kind = (
        "Object.prototype.toString.call(got.findLast((m) => m.connection).connection.status_time)"
    )
    assert embed.page.evaluate(kind) == "[object Date]"
    assert embed.page.evaluate("got.every(({ origin }) => origin === 'https://cocalc.school.test')")


def test_opening_and_closing_files(embed: Embed, api: Api, project: str) -> None:
    about = {"action": "open", "project_id": project}
    embed.opened(project, "hw/notes.md")
    until(lambda: len(embed.logged()) == 2)
    first, second = embed.logged()
    assert first["event"] == {"event": "open", "action": "open", "filename": "hw/notes.md"}
    assert first["project_id"] == second["project_id"] == project
    assert first["id"] == second["id"]
    assert first["time"].endswith("Z")
    assert "time" not in second
    assert list(second["event"]) == ["time"]
    own = [m for m in embed.got() if m.get("action") == "open"]
    assert own == [
        {"status": "ack", **about, "path": "hw/notes.md"},
        {"status": "done", **about, "path": "hw/notes.md"},
    ]

    # Again: acknowledged and done, and no second entry in the log.
    embed.forget()
    embed.opened(project, "hw/notes.md")
    assert embed.got(status="ack", path="hw/notes.md")
    # What is not there is made.
    embed.opened(project, "hw/new.md")
    embed.opened(project, "no/dir/new.ipynb")
    until(lambda: [e["event"].get("filename") for e in embed.logged()].count("no/dir/new.ipynb"))
    assert "hw/notes.md" not in [entry["event"].get("filename") for entry in embed.logged()]
    assert api.run(project, "cat hw/new.md") == ""
    nbformat.validate(json.loads(api.run(project, "cat no/dir/new.ipynb")))

    # A folder is acknowledged and logged; with a slash not even that; the home stands in the list.
    for path in ("hw", "hw/", ""):
        embed.opened(project, path)
    until(lambda: "" in [entry["event"].get("filename") for entry in embed.logged()])
    assert "hw/" not in [entry["event"].get("filename") for entry in embed.logged()]
    embed.forget()
    assert embed.status()["open_files"] == {
        project: ["hw/notes.md", "hw/new.md", "no/dir/new.ipynb", ""]
    }

    embed.forget()
    embed.send({"action": "closeall"})
    embed.wait(status="done", mesg="all files are closed")
    embed.forget()
    assert embed.status()["open_files"] == {}


def test_a_status_overtakes_the_open_before_it(embed: Embed, project: str) -> None:
    for path in ("hw/1.png", "hw/notes.md"):
        embed.page.evaluate(
            "([id, path]) => send({ action: 'open', project_id: id, path })", [project, path]
        )
    embed.send({"action": "status"})
    embed.wait(status="done", path="hw/1.png")
    embed.wait(status="done", path="hw/notes.md")


def test_a_status_in_the_same_breath_shows_the_old_list(embed: Embed, project: str) -> None:
    embed.page.evaluate(
        """(id) => {
             send({ action: "open", project_id: id, path: "hw/1.png" });
             send({ action: "status" });
           }""",
        project,
    )
    embed.wait(status="done", path="hw/1.png")
    answers = [m for m in embed.got() if "connection" in m or m.get("status") == "ack"]
    assert answers[0]["open_files"] == {}
    assert answers[1]["status"] == "ack"


def asks_in(embed: Embed) -> Locator:
    dialog = embed.page.frame_locator("iframe").get_by_role("dialog")
    dialog.get_by_text("You must start the project").wait_for()
    return dialog


def test_projects_of_others_look_like_stopped_ones(
    embed: Embed, api: Api, project: str, stranger: Person
) -> None:
    """Acknowledged, listed and asked about, and the log says nothing: nothing is open."""
    for foreign in (api.project(stranger), str(uuid.uuid4())):
        embed.forget()
        embed.open(foreign, "a.md")
        embed.wait(status="ack", project_id=foreign, path="a.md")
        dialog = asks_in(embed)
        assert embed.status()["open_files"] == {foreign: ["a.md"]}
        dialog.get_by_role("button", name="Cancel").click()
        embed.wait(status="done", project_id=foreign, path="a.md")
        embed.forget()
        assert embed.status()["open_files"] == {}
        assert embed.logged() == []


def test_silence_about_projects_of_others(
    embed: Embed, sandbox: SandboxProcess, api: Api, project: str, stranger: Person
) -> None:
    """As on the other build observed."""
    sandbox.quirks(silent_to_strangers=True)
    foreign = api.project(stranger)
    for project_id in (foreign, str(uuid.uuid4())):
        embed.open(project_id, "a.md")
    embed.opened(project, "hw/1.png")
    assert {m["project_id"] for m in embed.got(action="open")} == {project}
    assert {entry["project_id"] for entry in embed.logged()} <= {project}
    assert list(embed.status()["open_files"]) == [project]


def test_before_the_reload_an_open_is_lost(
    sandbox: SandboxProcess, chromium: Browser, api: Api, desk: Desk, project: str
) -> None:
    sandbox.quirks(slow_boot=3)
    with Embed(chromium) as embed:
        embed.load(token=api.token(desk.person.account_id))
        assert embed.status()["connection"]["status"] == "connecting"
        embed.open(project, "hw/1.png")
        sandbox.reset_quirks()
        embed.ready()
        assert embed.loads == 2
        embed.forget()
        assert embed.status()["open_files"] == {}
        assert not embed.got(action="open")
        embed.opened(project, "hw/1.png")


@pytest.mark.parametrize("token", ["x" * 24, ""])
def test_connected_is_not_signed_in(chromium: Browser, project: str, token: str) -> None:
    with Embed(chromium) as embed:
        embed.load(token=token)
        embed.says("Nobody is signed in here")
        embed.open(project, "hw/1.png")
        assert embed.status()["connection"]["status"] == "connected"
        assert not embed.got(action="open")
        assert embed.loads == 1
        assert "auth_token" not in embed.frame.url


def test_where_the_cookie_is_refused_too(
    sandbox: SandboxProcess, chromium: Browser, api: Api, desk: Desk, project: str
) -> None:
    sandbox.quirks(cookie_refused=True)
    with Embed(chromium) as embed:
        embed.load(f"/projects/{project}/files/hw/1.png", api.token(desk.person.account_id))
        embed.loaded(2)
        embed.says("Nobody is signed in here")
        asks_in(embed)
        embed.open(project, "hw/notes.md")
        embed.wait(status="ack", path="hw/notes.md")
        status = embed.status()
        assert status["connection"]["status"] == "connected"
        assert status["open_files"] == {project: ["hw/1.png", "hw/notes.md"]}
        assert not embed.got(action="open", status="done")
        assert embed.logged() == []


def test_a_token_can_be_used_again_and_replaces_a_session(
    chromium: Browser, api: Api, desk: Desk, stranger: Person, project: str
) -> None:
    token = api.token(desk.person.account_id)
    with Embed(chromium) as first:
        first.load(token=token)
        first.ready()
        cookies = first.page.context.cookies()
        [cookie] = [c for c in cookies if c["name"] == "remember_me"]
        assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "None")
        assert cookie["path"] == "/"
        with Embed(chromium, context=first.context) as second:
            second.load(token=api.token(stranger.account_id))
            second.ready()
        # The same browser is the other one now: nothing opens of the first one's project.
        first.load()
        first.ready()
        first.open(project, "hw/1.png")
        asks_in(first)
        first.load(token=token)
        first.loaded(4)
        first.ready()
        assert not first.logged()
        assert not first.got(status="done", action="open")
        first.opened(project, "hw/1.png")


def test_a_deep_link_shows_its_file(chromium: Browser, api: Api, desk: Desk, project: str) -> None:
    with Embed(chromium) as embed:
        embed.load(f"/projects/{project}/files/hw/notes.md", api.token(desk.person.account_id))
        until(lambda: len(embed.logged()) == 2)
        assert embed.logged()[0]["event"]["filename"] == "hw/notes.md"
        assert embed.status()["open_files"] == {project: ["hw/notes.md"]}
        assert not embed.got(action="open")
        assert embed.frame.url == f"{COCALC}/projects/{project}/files/hw/notes.md?fullscreen=kiosk"


def test_a_deep_link_into_somebody_elses_project_shows_nothing(
    sandbox: SandboxProcess, chromium: Browser, api: Api, desk: Desk, stranger: Person
) -> None:
    sandbox.quirks(silent_to_strangers=True)
    foreign = api.project(stranger)
    with Embed(chromium) as embed:
        embed.load(f"/projects/{foreign}/files/1.txt", api.token(desk.person.account_id))
        embed.loaded(2)
        # There is none either while the page is loaded anew.
        embed.page.frame_locator("iframe").locator("#banner[hidden]").wait_for(state="attached")
        assert embed.status()["open_files"] == {}
        assert embed.logged() == []


def test_a_dead_channel_still_tells_the_log(
    sandbox: SandboxProcess, chromium: Browser, api: Api, desk: Desk, project: str
) -> None:
    sandbox.quirks(dead_channel=True)
    with Embed(chromium) as embed:
        embed.load(f"/projects/{project}/files/hw/1.png", api.token(desk.person.account_id))
        until(lambda: len(embed.logged()) == 2)
        embed.send({"action": "status"})
        embed.send({"action": "open", "project_id": project, "path": "hw/notes.md"})
        embed.page.wait_for_timeout(500)
        assert not [m for m in embed.got() if "status" in m]


def test_admins_who_only_look_are_not_logged(
    sandbox: SandboxProcess, chromium: Browser, api: Api, student: Person
) -> None:
    own = Api(sandbox, student.key, api.session)
    project_id = own.project()
    own.run(project_id, "echo > 1.png")
    with Embed(chromium) as embed:
        embed.load(token=api.token(sandbox.admin_account_id))
        embed.ready()
        embed.opened(project_id, "1.png")
        inner = embed.page.frame_locator("iframe").frame_locator("iframe")
        inner.locator("img").wait_for(state="attached")
        embed.page.wait_for_timeout(500)
        assert embed.logged() == []


@pytest.mark.parametrize("answer", ["OK", "Cancel"])
def test_a_stopped_project_asks(
    embed: Embed, sandbox: SandboxProcess, api: Api, project: str, answer: str
) -> None:
    sandbox.stop_project(project)
    embed.open(project, "hw/1.png")
    embed.wait(status="ack", path="hw/1.png")
    dialog = embed.page.frame_locator("iframe").get_by_role("dialog")
    dialog.get_by_text("You must start the project 'Homework' before you can open").wait_for()
    assert embed.status()["open_files"] == {project: ["hw/1.png"]}
    assert not embed.got(status="done", action="open")
    dialog.get_by_role("button", name=answer).click()
    embed.wait(status="done", action="open", path="hw/1.png")
    embed.forget()
    if answer == "OK":
        assert embed.status()["open_files"] == {project: ["hw/1.png"]}
        assert api.state(project) == "running"
    else:
        assert embed.status()["open_files"] == {}
        assert api.state(project) == "opened"


def test_the_log_of_a_start(embed: Embed, sandbox: SandboxProcess, project: str) -> None:
    sandbox.stop_project(project)
    embed.open(project, "hw/1.png")
    embed.page.frame_locator("iframe").get_by_role("button", name="OK").click()
    until(lambda: len(embed.logged()) == 4)
    events = [entry["event"].get("event") for entry in embed.logged()]
    assert events == ["project_start_requested", "project_started", "open", None]
    started = embed.logged()[1]["event"]
    assert (started["kind"], started["upgraded"]) == ("free", False)


def test_a_deep_link_into_a_stopped_project_lists_the_file_while_it_asks(
    sandbox: SandboxProcess, chromium: Browser, api: Api, desk: Desk, project: str
) -> None:
    sandbox.quirks(stopped_dialog=True)
    with Embed(chromium) as embed:
        embed.load(f"/projects/{project}/files/hw/1.png", api.token(desk.person.account_id))
        ok = embed.page.frame_locator("iframe").get_by_role("button", name="OK")
        ok.wait_for()
        assert embed.status()["open_files"] == {project: ["hw/1.png"]}
        ok.click()
        until(lambda: [entry["event"].get("event") for entry in embed.logged()].count("open"))


def test_a_lost_server_and_its_return(
    embed: Embed, sandbox: SandboxProcess, api: Api, project: str
) -> None:
    embed.opened(project, "hw/1.png")
    embed.page.route("**/hub/hello", lambda route: route.abort())
    until(lambda: embed.status()["connection"]["status"] == "disconnected")
    status = embed.status()
    assert status["connection"]["quality"] == "good"
    assert status["open_files"] == {project: ["hw/1.png"]}
    # As if it had been restarted, with its projects stopped.
    sandbox.stop_project(project)
    embed.page.unroute("**/hub/hello")
    until(lambda: embed.status()["connection"]["status"] == "connected")
    assert embed.status()["connection"]["ping"] > 0
    kiosk = embed.page.frame_locator("iframe")
    kiosk.get_by_role("button", name="Start project").click()
    until(lambda: api.state(project) == "running")
    kiosk.frame_locator("iframe").locator("img").wait_for(state="attached")


def test_a_project_that_stops_under_an_open_file_changes_no_message(
    embed: Embed, sandbox: SandboxProcess, api: Api, project: str
) -> None:
    embed.opened(project, "hw/1.png")
    until(lambda: len(embed.logged()) == 2)
    before = embed.status()
    sandbox.stop_project(project)
    button = embed.page.frame_locator("iframe").get_by_role("button", name="Start project")
    button.wait_for()
    embed.forget()
    after = embed.status()
    assert after["open_files"] == before["open_files"] == {project: ["hw/1.png"]}
    assert after["connection"]["status"] == "connected"
    assert after["connection"]["status_time"] == before["connection"]["status_time"]
    # Started by anybody, it works again.
    api.run(project, "true")
    button.wait_for(state="hidden")
    assert embed.logged() == []


@pytest.mark.parametrize(
    ("parent", "answered"),
    [
        ("https://learn.school.test/", True),
        ("https://sub.wild.test/", True),
        ("http://learn.school.test/", False),
        ("https://learn.school.test:8443/", False),
        ("https://xlearn.school.test/", False),
        ("https://other.test/", False),
    ],
)
def test_who_is_answered(chromium: Browser, desk: Desk, parent: str, answered: bool) -> None:
    with Embed(chromium, parent, desk.context) as embed:
        embed.load()
        # Who is signed in depends on the browser's way with cookies of third parties.
        embed.says("^(Ready|Nobody)")
        embed.send({"action": "status"})
        if answered:
            embed.wait(status="done")
        else:
            embed.page.wait_for_timeout(500)
            assert embed.got() == []


def test_the_rule_of_origins(chromium: Browser) -> None:
    mine = "http://learn.lectern.localhost:8000"  # as `--development-origins` has it
    hosts = [*HOSTS.split(", "), mine]
    with chromium.new_context(ignore_https_errors=True) as context:
        page: Page = context.new_page()
        page.goto(f"{COCALC}/customize")
        rule = """async ([origin, hosts]) =>
            (await import("/static/kiosk/channel.js")).isAllowed(origin, hosts)"""
        for origin, allowed in {
            "https://learn.school.test": True,
            "https://wild.test": True,
            "https://a.b.wild.test": True,
            "https://awild.test": False,
            "https://learn.school.test.evil.test": False,
            "null": False,
            "": False,
            mine: True,
            "http://learn.lectern.localhost:8001": False,
            "http://localhost:8000": False,
            "http://127.0.0.1:8000": False,
            "http://learn.school.test": False,
            "https://localhost": False,
        }.items():
            assert page.evaluate(rule, [origin, hosts]) is allowed, origin
