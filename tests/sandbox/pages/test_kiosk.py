"""The kiosk of conat in a browser: signed in by two cookies, and what it tells of files."""

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, expect

from sandbox.process import SandboxProcess
from tests.sandbox.embed import COCALC, Embed
from tests.sandbox.support import Api, Person, until


def sign_in(api: Api, context: BrowserContext, person: Person) -> None:
    """By the real page, in a tab; its script goes on to the site's address."""
    page = context.new_page()
    page.goto(f"{COCALC}/auth/impersonate?auth_token={api.token(person.account_id)}")
    page.wait_for_url(re.compile(r"/projects|/settings"))
    page.close()


@pytest.fixture
def context(chromium: Browser, api: Api, person: Person) -> Iterator[BrowserContext]:
    with chromium.new_context(ignore_https_errors=True) as context:
        sign_in(api, context, person)
        yield context


@pytest.fixture
def embed(chromium: Browser, context: BrowserContext) -> Iterator[Embed]:
    with Embed(chromium, context=context) as embed:
        embed.load()
        embed.ready()
        yield embed


def drop(context: BrowserContext, name: str) -> None:
    context.clear_cookies(name=name)


def dialog(embed: Embed) -> Locator:
    found = embed.page.frame_locator("iframe").get_by_role("dialog")
    found.get_by_text("Start this project?").wait_for()
    return found


def events(embed: Embed) -> list[Any]:
    return [entry["event"].get("event") for entry in embed.logged()]


def test_the_cookies_in_a_browser(context: BrowserContext, person: Person) -> None:
    cookies = {cookie["name"]: cookie for cookie in context.cookies(COCALC)}
    own, session = cookies["account_id"], cookies["remember_me"]
    assert own["value"] == person.account_id
    assert (own["httpOnly"], own["secure"]) == (False, False)
    assert (session["httpOnly"], session["secure"]) == (True, True)
    assert session["sameSite"] == "Strict"


def test_a_same_site_frame_is_signed_in_and_a_cross_site_one_is_not(
    chromium: Browser, embed: Embed, context: BrowserContext, project: str
) -> None:
    embed.opened(project, "hw/notes.md")
    with Embed(chromium, "https://sub.wild.test/", context) as other:
        other.load()
        other.says("You must sign in.")


def test_an_opening_is_told_at_its_start_and_proven_by_the_second_message(
    embed: Embed, project: str, api: Api
) -> None:
    embed.opened(project, "hw/notes.md")
    until(lambda: len(embed.logged()) == 2)
    first, second = embed.logged()
    assert first["event"] == {"event": "open", "action": "open", "filename": "hw/notes.md"}
    assert list(second["event"]) == ["time"]
    assert first["id"] == second["id"]
    told = [
        message["status"] if "status" in message else next(iter(logged(message)["event"]))
        for message in embed.got()
    ]
    # Before the reply that it is open.
    assert told.index("ack") < told.index("event") < told.index("done")
    # What is missing is made without a word.
    embed.opened(project, "no/dir/new.md")
    assert api.run(project, "cat no/dir/new.md") == ""


def logged(message: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = message["payload"]["project_log"]
    return entry


def test_a_deep_link(embed: Embed, project: str) -> None:
    embed.load(f"/projects/{project}/files/hw/notes.md")
    until(lambda: len(embed.logged()) == 2)
    assert embed.status()["open_files"] == {project: ["hw/notes.md"]}


def test_a_stopped_project_opens_an_editor_that_asks_when_used(
    embed: Embed, sandbox: SandboxProcess, api: Api, project: str
) -> None:
    sandbox.stop_project(project)
    embed.opened(project, "hw/notes.md")
    assert embed.status()["open_files"] == {project: ["hw/notes.md"]}
    # Told, and not proven.
    assert events(embed) == ["open"]
    kiosk = embed.page.frame_locator("iframe")
    kiosk.get_by_role("button", name="Save").click()
    dialog(embed).get_by_role("button", name="OK").click()
    expect(kiosk.frame_locator("iframe").locator("body")).to_contain_text("Notes")
    until(lambda: events(embed) == ["open", "project_start_requested", "project_started", None])
    assert embed.logged()[0]["id"] == embed.logged()[3]["id"]
    assert api.state(project) == "running"


def test_an_editor_without_its_project_finds_it_once_it_runs(
    embed: Embed, sandbox: SandboxProcess, api: Api, project: str
) -> None:
    sandbox.stop_project(project)
    embed.opened(project, "hw/notes.md")
    api.run(project, "true")
    until(lambda: events(embed) == ["open", None])


@pytest.mark.parametrize("answer", ["OK", "Cancel"])
def test_a_deep_link_into_a_stopped_project_asks_first(
    embed: Embed, sandbox: SandboxProcess, api: Api, project: str, answer: str
) -> None:
    sandbox.stop_project(project)
    embed.load(f"/projects/{project}/files/hw/notes.md")
    dialog(embed).get_by_role("button", name=answer).click()
    if answer == "OK":
        until(lambda: events(embed)[-2:] == ["open", None])
        assert api.state(project) == "running"
    else:
        assert embed.status()["open_files"] == {}
        assert embed.logged() == []
        assert api.state(project) == "opened"


def test_projects_of_others_are_listed_and_never_opened(
    embed: Embed, api: Api, stranger: Person
) -> None:
    for foreign in (api.project(stranger), str(uuid.uuid4())):
        embed.opened(foreign, "a.md")
        assert foreign in embed.status()["open_files"]
    assert embed.logged() == []


def test_a_site_admin_is_no_member(
    chromium: Browser, sandbox: SandboxProcess, api: Api, student: Person
) -> None:
    own = Api(sandbox, student.key, api.session)
    project_id = own.project()
    own.run(project_id, "echo > 1.png")
    admin = Person(sandbox.admin_account_id, "", "")
    with chromium.new_context(ignore_https_errors=True) as context:
        sign_in(api, context, admin)
        with Embed(chromium, context=context) as embed:
            embed.load()
            embed.ready()
            embed.opened(project_id, "1.png")
            embed.page.frame_locator("iframe").get_by_role("button", name="Save").wait_for()
            assert embed.logged() == []


def test_without_a_session_it_says_so_and_goes_off(
    chromium: Browser, context: BrowserContext, project: str
) -> None:
    drop(context, "remember_me")
    with Embed(chromium, context=context) as embed:
        embed.load(f"/projects/{project}/files/hw/notes.md")
        embed.says("You must sign in.")
        embed.open(project, "hw/notes.md")
        statuses: list[str] = []

        def gone() -> bool:
            statuses.append(embed.status()["connection"]["status"])
            return statuses[-1] == "disconnected"

        until(gone)
        assert not embed.got(action="open")
        assert embed.logged() == []


def test_without_the_readable_cookie_it_hangs(
    chromium: Browser, context: BrowserContext, project: str
) -> None:
    drop(context, "account_id")
    with Embed(chromium, context=context) as embed:
        embed.load(f"/projects/{project}/files/hw/notes.md")
        until(lambda: embed.status()["connection"]["status"] == "connected")
        embed.open(project, "hw/notes.md")
        embed.page.wait_for_timeout(1000)
        assert embed.status()["connection"]["status"] == "connected"
        assert embed.page.frame_locator("iframe").locator("#said").inner_text() == ""
        assert not embed.got(action="open")
        assert embed.logged() == []


def test_cookies_of_two_people_are_put_right(
    chromium: Browser, context: BrowserContext, person: Person, stranger: Person, project: str
) -> None:
    context.add_cookies(
        [{"name": "account_id", "value": stranger.account_id, "url": COCALC, "secure": False}]
    )
    with Embed(chromium, context=context) as embed:
        embed.load()
        embed.ready()
        assert embed.loads == 2
        embed.opened(project, "hw/notes.md")
    cookies = {cookie["name"]: cookie["value"] for cookie in context.cookies(COCALC)}
    assert cookies["account_id"] == person.account_id


def test_another_token_replaces_the_session(
    chromium: Browser, api: Api, context: BrowserContext, stranger: Person, project: str
) -> None:
    sign_in(api, context, stranger)
    with Embed(chromium, context=context) as embed:
        embed.load()
        embed.ready()
        embed.opened(project, "hw/notes.md")
        assert embed.logged() == []


def test_where_the_cookie_is_refused(
    sandbox: SandboxProcess, chromium: Browser, api: Api, person: Person
) -> None:
    sandbox.quirks(cookie_refused=True)
    with chromium.new_context(ignore_https_errors=True) as context:
        sign_in(api, context, person)
        assert context.cookies(COCALC) == []
        with Embed(chromium, context=context) as embed:
            embed.load()
            embed.says("You must sign in.")
