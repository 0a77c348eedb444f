"""The check of the connection in a real browser: link by link, and then in a frame."""

import json

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import Visitor
from tests.browser.school import School, until
from tests.browser.visit import Visit

pytestmark = pytest.mark.usefixtures("working")
LONG = 90_000  # ms, in which nothing is heard from a frame


@pytest.fixture
def boss(visitor: Visitor, school: School) -> Visit:
    """A superuser on the page of the check."""
    person = next(school.staff)
    school.change("UPDATE auth_user SET is_superuser = 1 WHERE id = ?", person.pk)
    visit = visitor(person, permissions=["clipboard-read", "clipboard-write"])
    visit.go("/admin/check/")
    return visit


def run(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Start the check").click()
    expect(visit.page.get_by_role("button", name="Copy as JSON")).to_be_visible(timeout=LONG)


def row(visit: Visit, name: str) -> Locator:
    attribute = "[data-frame]" if name == "browser" else f"[data-link='{name}']"
    return visit.page.locator(f"#chain > {attribute}")


def test_all_is_well(boss: Visit) -> None:
    # The worker has only just been started.
    until(lambda: boss.page.evaluate("async () => (await fetch('/readyz')).ok"))
    run(boss)
    for name in ("cocalc", "key", "account", "project", "files", "channel", "worker", "browser"):
        expect(row(boss, name)).to_have_attribute("data-state", "ok")
    expect(row(boss, "browser")).to_contain_text("The cookie held")
    expect(row(boss, "browser")).to_contain_text("The channel answered.")
    boss.page.get_by_role("button", name="Copy as JSON").click()
    told = json.loads(boss.page.evaluate("() => navigator.clipboard.readText()"))
    assert [link["name"] for link in told["links"]][-1] == "browser"
    assert "auth_token" not in json.dumps(told)
    # What was made is gone, and what was found can be found again.
    run(boss)
    expect(row(boss, "files")).to_have_attribute("data-state", "ok")


def test_messages_that_are_not_answered(boss: Visit, school: School) -> None:
    school.allow("elsewhere.test")
    run(boss)
    expect(row(boss, "channel")).to_have_attribute("data-state", "warning")
    expect(row(boss, "browser")).to_have_attribute("data-state", "warning")
    expect(row(boss, "browser")).to_contain_text("The channel did not answer.")


def test_a_frame_that_is_refused(boss: Visit, school: School) -> None:
    school.sandbox.quirks(refused_frames=True)
    run(boss)
    expect(row(boss, "framing")).to_have_attribute("data-state", "failed")
    expect(row(boss, "browser")).to_have_attribute("data-state", "failed")
    expect(row(boss, "browser")).to_contain_text("Nothing was heard from the frame.")


def test_a_cocalc_that_fails(boss: Visit, school: School) -> None:
    school.sandbox.quirks(api_html=True)
    run(boss)
    expect(row(boss, "cocalc")).to_have_attribute("data-state", "failed")
    expect(row(boss, "browser")).to_have_attribute("data-state", "skipped")
    expect(boss.page.locator("#sum")).to_contain_text("Failed: 1.")
