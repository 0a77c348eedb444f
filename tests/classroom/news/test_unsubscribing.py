"""Stopping mails from within a mail (RFC 8058), and what is refused there."""

import io
import logging
from typing import Any

import pytest
from django.core import signing

from classroom.models import Letter, MailChoice, Notice, Profile
from classroom.notices import unsubscribing
from classroom.notices.sending import Sender
from config.logs import NoLinks
from tests.classroom.notices.conftest import Class, office, room
from tests.classroom.notices.post_office import PostOffice
from tests.conftest import HttpsClient

__all__ = ["office", "room"]

When = MailChoice.When
ONE_CLICK = "List-Unsubscribe=One-Click"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def url(room: Class, office: PostOffice) -> str:
    """The address in a real mail's header."""
    room.tell(room.ada)
    room.letters()
    Sender().deliver()
    header = str(office.mails[0]["List-Unsubscribe"]).strip()
    assert header.startswith("<https://learn.school.test/")
    return header[1:-1].removeprefix("https://learn.school.test")


def nobody() -> HttpsClient:
    return HttpsClient(csrf=True)


def test_one_click_stops_all_and_may_be_repeated(room: Class, url: str, office: PostOffice) -> None:
    for _ in range(2):
        answer = nobody().post(url, ONE_CLICK, content_type=FORM)
        assert answer.status_code == 200  # no redirect: a mail program follows none
        assert "no-store" in answer["Cache-Control"]
        assert not answer.cookies
        assert [(row.user, row.when) for row in MailChoice.objects.all()] == [
            (room.ada.user, When.NEVER)
        ]
    form = {"List-Unsubscribe": "One-Click"}
    assert nobody().post(url, form).status_code == 200  # as multipart/form-data
    room.tell(room.ada)
    assert room.letters() == 0
    # What was written down before goes out to nobody either.
    Letter.objects.update(state=Letter.State.QUEUED)
    assert Sender().deliver() == 0
    assert len(office.mails) == 1


def test_the_page_speaks_the_language_of_the_mail(room: Class, url: str) -> None:
    assert '<html lang="en"' in nobody().get(url).content.decode()
    Profile.objects.create(user=room.ada.user, language="de")
    for answer in (nobody().get(url), nobody().post(url, ONE_CLICK, content_type=FORM)):
        assert '<html lang="de"' in answer.content.decode()


def test_looking_stops_nothing_and_asks(room: Class, url: str) -> None:
    for answer in (nobody().get(url), nobody().head(url)):
        assert answer.status_code == 200
    page = nobody().get(url).content.decode()
    assert "Stop all of these e-mails" in page
    assert "Stop only: Work came back" in page
    for text in ("ada", "Ada", "Physics", "Homework"):
        assert text not in page
    assert not MailChoice.objects.exists()


def test_one_kind_alone_can_be_stopped_and_all_turned_on_again(room: Class, url: str) -> None:
    page = nobody().post(url, {"kind": "returned"}).content.decode()
    assert "Work came back" in page
    choice = MailChoice.objects.get()
    assert (choice.when, choice.off) == (When.AT_ONCE, ["returned"])
    nobody().post(url, ONE_CLICK, content_type=FORM)
    assert "E-mails are off" in nobody().get(url).content.decode()
    client = HttpsClient(room.ada.user)
    client.post("/notices/mail", {"when": When.AT_ONCE, "kinds": ["returned", "handed_out"]})
    room.tell(room.ada)
    Letter.objects.all().delete()
    assert room.letters() == 1


def test_what_is_forged_or_of_another_address_stops_nothing(room: Class, url: str) -> None:
    signed = url.rstrip("/").rpartition("/")[2]
    payload, _, mac = signed.rpartition(":")
    others = signing.Signer(salt="classroom.address").sign_object([room.bob.user_id, "", []])
    forged = [
        signed[:-1] + ("A" if signed[-1] != "A" else "B"),
        f"{payload}x:{mac}",
        payload,
        others,
        "x",
    ]
    for wrong in forged:
        for answer in (
            nobody().get(f"/notices/unsubscribe/{wrong}/"),
            nobody().post(f"/notices/unsubscribe/{wrong}/", ONE_CLICK, content_type=FORM),
        ):
            assert answer.status_code == 404
            assert "This link does not work" in answer.content.decode()
    room.ada.user.email = "ada@new.edu"
    room.ada.user.save()
    assert nobody().post(url, ONE_CLICK, content_type=FORM).status_code == 404
    assert not MailChoice.objects.exists()


def test_the_address_of_one_does_not_name_them(room: Class, url: str) -> None:
    assert "ada" not in url
    assert unsubscribing.find(url.rstrip("/").rpartition("/")[2]).kinds == [Notice.Kind.RETURNED]


def test_it_is_in_no_log(room: Class, url: str, settings: Any) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(NoLinks())
    logger = logging.getLogger("django.request")
    logger.addHandler(handler)
    try:
        nobody().put(url)
        nobody().get(url[:-2] + "x/")
    finally:
        logger.removeHandler(handler)
    assert "/unsubscribe/…" in stream.getvalue()
    assert url[22:40] not in stream.getvalue()
