"""The open front page in a browser: it looks right, is refreshed, and says when it cannot be."""

import mimetypes
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.contrib.staticfiles import finders
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from administration.overview import checking
from administration.overview.counting import HOUR, count_hours
from classroom.engine import hearts
from classroom.models import WorkerHeart
from embedding.models import CocalcReading, CocalcState
from tests.administration.overview import rows
from tests.browser.looks import DESKTOP, FAINT, OVERFLOW, PHONE, Scheme
from tests.chromium import arguments, headless
from tests.conftest import HttpsClient, Person

SITE = "https://learn.school.test"
INDEX, NUMBERS = "/admin/", "/admin/overview/"


class Answers:
    """What the site answers: the page as it was, and its numbers as they came to be."""

    def __init__(self, index: str, numbers: str) -> None:
        self.pages = {INDEX: index, NUMBERS: numbers}
        self.status = 200
        self.asked = 0

    def __call__(self, route: Route) -> None:
        path = urlsplit(route.request.url).path
        if path == NUMBERS:
            self.asked += 1
        if path in self.pages:
            status = self.status if path == NUMBERS else 200
            route.fulfill(status=status, content_type="text/html", body=self.pages[path])
        elif path.startswith("/static/"):
            file = str(finders.find(path.removeprefix("/static/")))
            route.fulfill(path=Path(file), content_type=mimetypes.guess_type(file)[0])
        else:
            route.abort()


@pytest.fixture
def answers(person: Person, monkeypatch: pytest.MonkeyPatch) -> Answers:
    """The page with something in each card, and numbers of a moment later."""
    remark = checking.Remark("x.W001", "Something is set wrong.", "Set it right.", is_error=False)
    monkeypatch.setattr(checking, "_found", checking.Found([remark]))
    now = timezone.now()
    CocalcState.objects.create(
        pk=1, is_up=False, since=now - HOUR, looked=now, cause="outcome_unknown"
    )
    CocalcReading.objects.bulk_create(
        CocalcReading(at=now - timedelta(minutes=ago), ms=80, code="" if ago > 60 else "forbidden")
        for ago in range(600)
    )
    WorkerHeart.objects.create(host="one", pid=1, version="0.0.1", started=now, seen=now)
    its = rows.course()
    rows.sessions(now - HOUR, 3, "closed", ready=1_200)
    rows.sessions(now - HOUR, 2, "failed", "file_missing")
    rows.sessions(now - timedelta(minutes=1), 2, "opening")
    rows.transfers(its, now - HOUR, 3, state="failed", code="forbidden")
    rows.transfers(its, None, 2, "submit", "queued")
    count_hours(now)
    browser = HttpsClient(person("boss", is_staff=True, is_superuser=True))
    index = browser.get(INDEX).content.decode().replace('data-seconds="30"', 'data-seconds="0.3"')
    CocalcState.objects.update(is_up=True, cause="", answered=now)
    WorkerHeart.objects.update(version=hearts.version())
    return Answers(index, browser.get(NUMBERS).content.decode())


@pytest.fixture
def page(answers: Answers) -> Iterator[Page]:
    with headless(arguments({})) as browser:
        page = browser.new_page()
        page.route("**/*", answers)
        yield page


@pytest.mark.django_db
def test_newer_numbers_take_the_place_of_older_ones(page: Page, answers: Answers) -> None:
    answers.status = 503
    page.goto(SITE + INDEX)
    expect(page.locator(".state.bad")).to_contain_text("Has not answered since")
    expect(page.get_by_text("Could not be refreshed at")).to_contain_text("the site answered 503")
    page.get_by_text("As a table").click()
    answers.status = 200
    expect(page.get_by_text("Answers since")).to_be_visible()
    expect(page.locator(".state.bad")).to_have_count(0)
    expect(page.get_by_text("Could not be refreshed at")).to_have_count(0)
    expect(page.locator(".refreshed-at")).to_contain_text(":")
    # What was unfolded stays so, and the focus where it was.
    expect(page.locator(".plot table")).to_be_visible()
    expect(page.locator(".plot summary")).to_be_focused()


@pytest.mark.django_db
def test_who_was_signed_out_is_told(page: Page, answers: Answers) -> None:
    answers.pages[NUMBERS] = "<!doctype html><title>Sign in</title>"
    page.goto(SITE + INDEX)
    expect(page.get_by_text("you may have been signed out")).to_be_visible()
    expect(page.locator(".state.bad")).to_contain_text("Has not answered since")


@pytest.mark.django_db
def test_a_page_that_nobody_looks_at_asks_nothing(page: Page, answers: Answers) -> None:
    page.goto(SITE + INDEX)
    expect(page.get_by_text("Answers since")).to_be_visible()

    def look(state: str) -> None:
        page.evaluate(
            """(state) => {
              Object.defineProperty(document, "visibilityState", { value: state, writable: true });
              document.dispatchEvent(new Event("visibilitychange"));
            }""",
            state,
        )

    look("hidden")
    page.wait_for_timeout(300)  # one may be under way
    before = answers.asked
    page.wait_for_timeout(1_500)
    assert answers.asked == before
    look("visible")
    page.wait_for_timeout(1_000)
    assert answers.asked > before


@pytest.mark.django_db
def test_it_looks_right_on_a_desk_and_a_phone_by_day_and_by_night(
    page: Page, answers: Answers
) -> None:
    answers.status = 503
    page.goto(SITE + INDEX)
    expect(page.get_by_text("Could not be refreshed at")).to_be_visible()
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        assert page.evaluate(OVERFLOW) == []
        schemes: tuple[Scheme, ...] = ("light", "dark")
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme)
            page.wait_for_timeout(400)  # colours change slowly in the admin
            faint = page.evaluate(FAINT)
            # The site's name on top is Django's own.
            assert [each for each in faint if "Administration: " not in each] == []
