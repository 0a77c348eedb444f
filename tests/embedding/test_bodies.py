"""A request that brings too much is refused by its length: nobody has read a byte of it."""

from typing import Any

import pytest
from django.test import RequestFactory
from django.test.client import ClientHandler
from pytest_django import Settings

from tests.classroom import factories
from tests.conftest import HttpsClient, Person

pytestmark = pytest.mark.django_db


class Unread:
    """A body of which nothing may be read."""

    def read(self, *_: object) -> bytes:
        raise AssertionError("The body was read.")

    readline = readlines = __iter__ = read


def post(browser: HttpsClient, path: str, length: int | None, **more: Any) -> tuple[int, str]:
    """Send a form that says it is so long; return the status and the page."""
    headers = {} if length is None else {"CONTENT_LENGTH": str(length)}
    environ = RequestFactory().post(path, b"", "multipart/form-data; boundary=x").environ
    environ |= {
        "wsgi.input": Unread(),
        "wsgi.url_scheme": "https",
        "HTTP_COOKIE": "; ".join(f"{m.key}={m.value}" for m in browser.cookies.values()),
        "SERVER_NAME": "learn.school.test",
        **headers,
        **more,
    }
    answer = ClientHandler(enforce_csrf_checks=False)(environ)
    return answer.status_code, answer.content.decode()  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", ["/sign-in/", "/projects/mine/upload", "/admin/login/", "/nope"])
@pytest.mark.parametrize("length", [100_001, 400_000_000])
def test_who_is_not_signed_in_sends_next_to_nothing(path: str, length: int) -> None:
    status, page = post(HttpsClient(), path, length)
    assert status == 401
    assert "You have been signed out" in page
    assert ("<html" in page) == ("upload" not in path)
    status, text = post(HttpsClient(), path, length, HTTP_ACCEPT="application/json")
    assert status == 401
    assert '"signed_out"' in text


def test_each_page_says_how_much_it_takes(person: Person) -> None:
    emmy = factories.make_user("emmy", teacher=True)
    course = factories.make_course(emmy)
    assignment = factories.make_assignment(course, "Homework")
    browser = HttpsClient(emmy)
    base = f"/courses/{course.pk}"
    for path, most in (
        ("/projects/mine/upload", "25 MB"),
        (f"{base}/assignments/{assignment.pk}/files/upload", "101 MB"),
        (f"{base}/people/import", "7 MB"),
        (f"{base}/grades/import", "7 MB"),
        ("/projects/mine/folder", "2.5 MB"),
        ("/nowhere", "2.5 MB"),
    ):
        size = float(most.split()[0])
        status, page = post(browser, path, round((size + 10) * 1_000_000))
        assert (status, path) == (413, path)
        assert f"You can send up to {most} at once" in page
        # Within the limit it is for the page to say what it makes of it.
        assert post(browser, path, round(size * 1_000_000))[0] not in (411, 413)


def test_without_a_length_nothing_is_taken(person: Person) -> None:
    browser = HttpsClient(person("ada"))
    status, page = post(browser, "/projects/mine/upload", None, HTTP_TRANSFER_ENCODING="chunked")
    assert status == 411
    assert "did not say how large" in page


def test_a_form_that_django_refuses_has_a_sentence(person: Person, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 10
    browser = HttpsClient(person("ada"))
    long = browser.post("/projects/mine/tab", {"path": "x" * 2_000})
    assert long.status_code == 413
    assert "too long for this site" in long.content.decode()
    many = browser.post("/projects/mine/tab", {f"{n}": "" for n in range(20)})
    assert many.status_code == 413
    assert "too many fields" in many.content.decode()
