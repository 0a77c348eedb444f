"""Every page of the classroom in a browser: with data, with none, and with errors.

The site renders them first, and then a browser looks at each, with the site's own scripts and
styles, on a desktop and a phone, by day and by night. No page is left out: what may be seen stands
in the table of who may see what.
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
from playwright.sync_api import Page, Route

from tests.browser.looks import flaws
from tests.chromium import arguments, headless
from tests.classroom import factories
from tests.classroom.permissions_world import World
from tests.classroom.test_permissions import FORMS, address, room, rows
from tests.conftest import HttpsClient

__all__ = ["room"]

SITE = "https://learn.school.test"
Pages = dict[str, Any]


def _pages(room: World, who: str) -> Iterator[tuple[str, Any]]:
    """Each address that answers somebody with a page, and each form that was filled in badly."""
    client = HttpsClient(room.people[who])
    for name, method, expected in rows():
        url = address(name, room.ids)
        if method == "GET" and expected[who] in ("200", "503"):
            yield url, client.get(url)
        elif method == "POST" and who == "teacher":
            for data in FORMS.get(name), {}:
                if data is not None:
                    with transaction.atomic():
                        answer = client.post(url, data)
                        transaction.set_rollback(True)
                    yield f"{url}?posted={len(data)}", answer


def _around(room: World) -> Iterator[tuple[str, Any]]:
    """What stands around the classroom: the way in, one's own files, and what is not there."""
    nobody, student = HttpsClient(), HttpsClient(room.people["student"])
    for name in ("login", "password_reset", "password_reset_done", "password_reset_complete"):
        yield reverse(name), nobody.get(reverse(name))
    yield f"{reverse('login')}?posted", nobody.post(reverse("login"), {"username": "x"})
    mine = reverse("embedding:mine")
    for url in (
        *(reverse("password_change"), reverse("password_change_done"), "/nowhere/"),
        *(mine, f"{mine}trash/", f"{mine}open/a.ipynb", address("people", room.ids)),
    ):
        yield url, student.get(url)


def _empty(room: World) -> Iterator[tuple[str, Any]]:
    """A course in which nothing is, nor anybody, and people who have nothing yet."""
    teacher = factories.make_user("nina", teacher=True)
    course = factories.make_course(teacher, "New")
    client = HttpsClient(teacher)
    for name in EMPTY:
        ids = room.ids | {"course": course.pk}
        yield address(name, ids), client.get(address(name, ids))
    for name in ("today", "courses", "notices"):
        for who in ("stranger", "admin"):
            url = address(name, room.ids)
            yield f"{url}?of={who}", HttpsClient(room.people[who]).get(url)


EMPTY = (
    *("course", "course-settings", "dates", "people", "sections", "accommodations"),
    *("assignments-removed", "grades", "grades-enter", "statistics", "steps", "run", "today"),
)


def _html(found: Iterator[tuple[str, Any]]) -> Pages:
    return {
        url: answer
        for url, answer in found
        if answer.status_code in (200, 400, 403, 404, 409, 503)
        and answer["Content-Type"].startswith("text/html")
        and b"<!doctype html>" in answer.getvalue()[:100]
    }


@pytest.mark.parametrize("who", ["teacher", "assistant", "student", "classmate", "out", "empty", "around"])
def test_every_page_is_without_flaws(room: World, who: str) -> None:
    made = {"empty": _empty, "around": _around}
    pages = _html(made[who](room) if who in made else _pages(room, who))

    def answer(route: Route) -> None:
        url = urlsplit(route.request.url)
        path = url.path + (f"?{url.query}" if url.query else "")
        if path in pages:
            found = pages[path]
            headers = {key: value for key, value in found.items() if key != "Set-Cookie"}
            route.fulfill(status=found.status_code, headers=headers, body=found.getvalue())
        elif url.path.startswith("/static/") and (file := finders.find(url.path[8:])):
            kind, _ = mimetypes.guess_type(str(file))
            route.fulfill(path=Path(str(file)), content_type=kind or "application/octet-stream")
        else:
            route.abort()

    import time
    found = []
    t0=time.time();tt=0
    with headless(arguments({})) as browser:
        page = browser.new_page()
        page.route("**/*", answer)
        for url in pages:
            page.goto(SITE + url)
            t1=time.time()
            found += [f"{url}: {flaw}" for flaw in flaws(page)]
            tt+=time.time()-t1
    print(len(pages), time.time()-t0,tt)
    assert found == [], "\n".join(found)
