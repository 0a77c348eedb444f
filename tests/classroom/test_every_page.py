"""Every page in a browser: with data, with none, and with errors, as each of its people sees it.

The site renders them all first, and then a browser looks at each, with the site's own scripts and
styles, on a desktop and a phone, by day and by night. No address of the classroom is left out:
which answer with a page stands in the table of who may see what.

They are in a made-up language, which shows in the same visit what is not translated, what has no
room for longer words, and what stands wrong where one writes from right to left.
"""

import mimetypes
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.staticfiles import finders
from django.db import transaction
from django.urls import reverse
from django.utils.translation import trans_real
from playwright.sync_api import Route
from pytest_django.fixtures import Settings

from tests import stretched
from tests.browser.looks import flaws
from tests.chromium import arguments, headless
from tests.classroom import factories
from tests.classroom.permissions_world import World
from tests.classroom.test_permissions import FORMS, address, room, rows
from tests.conftest import HttpsClient

__all__ = ["room"]

SITE = "https://learn.school.test"
PAGES = (200, 400, 403, 404, 409, 503)
EMPTY = (
    *("course", "course-settings", "dates", "people", "sections", "accommodations"),
    *("assignments-removed", "grades", "grades-enter", "statistics", "steps", "run", "today"),
)
Found = Iterator[tuple[str, Any]]


def _of(room: World, who: str) -> Found:
    """Each address that answers somebody with a page; for the teacher, each form's answer too."""
    client = HttpsClient(room.people[who])
    for name, method, expected in rows():
        url = address(name, room.ids)
        if method == "GET" and expected[who] in ("200", "503"):
            yield url, client.get(url)
        elif method == "POST" and who == "teacher":
            # As it is filled in well, which may lead to a look at what would be; and with nothing.
            for data in ([FORMS[name]] if name in FORMS else []) + [{}]:
                with transaction.atomic():
                    answer = client.post(url, data)
                    transaction.set_rollback(True)
                yield url, answer


def _empty(room: World) -> Found:
    """A course in which nothing is, nor anybody, and people who have nothing yet."""
    teacher = factories.make_user("nina", teacher=True)
    ids = room.ids | {"course": factories.make_course(teacher, "New").pk}
    for name in EMPTY:
        yield address(name, ids), HttpsClient(teacher).get(address(name, ids))
    for who in ("stranger", "admin"):
        for name in ("today", "courses", "notices"):
            url = address(name, room.ids)
            yield url, HttpsClient(room.people[who]).get(url)


def _around(room: World) -> Found:
    """What stands around the classroom: the way in, one's own files, and what is not there."""
    nobody, student = HttpsClient(), HttpsClient(room.people["student"])
    for name in ("login", "password_reset", "password_reset_done", "password_reset_complete"):
        yield reverse(name), nobody.get(reverse(name))
    yield reverse("login"), nobody.post(reverse("login"), {"username": "x"})
    mine = reverse("embedding:mine")
    for url in (
        *(reverse("password_change"), reverse("password_change_done"), "/nowhere/"),
        *(mine, f"{mine}trash/", f"{mine}open/a.ipynb", address("people", room.ids)),
    ):
        yield url, student.get(url)


def _pages(room: World) -> dict[str, Any]:
    """All of them, by an address for each; of those that are built alike, one."""
    built: set[bytes] = set()
    pages: dict[str, Any] = {}
    found = [(who, _of(room, who)) for who in ("teacher", "assistant", "student", "classmate")]
    found += [("nobody", _of(room, "out")), ("empty", _empty(room)), ("around", _around(room))]
    for who, answers in found:
        for url, answer in answers:
            body = answer.getvalue()
            if answer.status_code not in PAGES or not body.startswith(b"<!doctype html>"):
                continue
            build = re.sub(rb'="[^"]*"|>[^<]*', b"", body)
            if build not in built:
                built.add(build)
                pages[f"{url}?{who}={len(pages)}"] = answer
    return pages


@pytest.fixture
def made_up(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The site speaks the made-up language to whoever has chosen none."""
    settings.LANGUAGES = [*settings.LANGUAGES, (stretched.CODE, "Made up")]
    settings.LANGUAGE_CODE = stretched.CODE
    made_up = stretched.Stretched(stretched.CODE)
    monkeypatch.setitem(vars(trans_real)["_translations"], stretched.CODE, made_up)


def test_every_page_is_without_flaws_in_any_language(room: World, made_up: None) -> None:
    pages = _pages(room)
    # "nobody" stands in a list of people that is uploaded.
    data = stretched.data_words() | stretched.words_in(FORMS) | {"nobody"}

    def answer(route: Route) -> None:
        url = urlsplit(route.request.url)
        if found := pages.get(f"{url.path}?{url.query}"):
            headers = {name: value for name, value in found.items() if name != "Set-Cookie"}
            route.fulfill(status=found.status_code, headers=headers, body=found.getvalue())
        elif url.path.startswith("/static/"):
            file = str(finders.find(url.path.removeprefix("/static/")))
            route.fulfill(path=Path(file), content_type=mimetypes.guess_type(file)[0])
        elif "/words/" in url.path:
            route.fulfill(body=stretched.SCRIPT, content_type="text/javascript")
        else:
            route.abort()  # nobody is there whom a script could ask

    flawed = []
    with headless(arguments({})) as browser:
        page = browser.new_page()
        page.route("**/*", answer)
        for url in pages:
            page.goto(SITE + url)
            found = [*flaws(page), *stretched.not_translated(page, data)]
            flawed += [f"{url}: {flaw}" for flaw in found]
    assert len(pages) > 90
    assert flawed == [], "\n".join(flawed)
