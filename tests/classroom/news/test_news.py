"""The bell, the page behind it, and choosing what is mailed."""

import re
from typing import Any

import pytest
from django.db import DatabaseError
from django.urls import reverse
from django.utils import timezone

from classroom.models import MailChoice, Membership, Notice, Role, UnprovenAddress
from classroom.news.choosing import kinds_for
from classroom.news.views import OF_A_PAGE
from classroom.notices.reading import MOST_COUNTED
from tests.classroom import factories
from tests.classroom.notices.conftest import Class, room
from tests.conftest import HttpsClient

__all__ = ["room"]

Kind, When = Notice.Kind, MailChoice.When
PAGE, READ, MAIL = (
    reverse(f"classroom:{name}") for name in ("notices", "notices-read", "mail-choices")
)


def text_of(client: HttpsClient, url: str = PAGE) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return str(answer.content.decode())


def bell_of(page: str) -> tuple[str, str]:
    """What the bell is called, and the number on it."""
    bell = re.search(r'<a class="bell".*?</a>', page, re.DOTALL)
    assert bell
    name = re.search(r'aria-label="([^"]*)"', bell[0])
    number = re.search(r'class="bell-count"[^>]*>([^<]*)<', bell[0])
    return name[1] if name else "", number[1] if number else ""


class TestBell:
    def test_it_says_how_many_are_new_on_every_page(self, room: Class) -> None:
        client = HttpsClient(room.ada.user)
        courses = reverse("classroom:courses")
        assert bell_of(text_of(client, courses)) == ("Notices", "")
        room.tell(room.ada, room.bob)
        assert bell_of(text_of(client, courses)) == ("Notices: 1 new", "1")
        for number in range(MOST_COUNTED):
            room.tell(room.ada, key=str(number))
        assert bell_of(text_of(client, courses)) == ("Notices: 99+ new", "99+")
        assert bell_of(text_of(HttpsClient(room.bob.user), courses)) == ("Notices: 1 new", "1")

    def test_who_is_signed_out_has_none(self, db: None) -> None:
        assert 'class="bell"' not in text_of(HttpsClient(), reverse("login"))

    def test_a_page_comes_also_where_they_cannot_be_counted(
        self, room: Class, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(user: int) -> int:
            raise DatabaseError("away")

        monkeypatch.setattr("classroom.templatetags.news.unread_count", away)
        page = text_of(HttpsClient(room.ada.user), reverse("classroom:courses"))
        assert bell_of(page) == ("Notices", "")


class TestPage:
    def test_it_lists_one_s_own_the_newest_first_read_and_unread(self, room: Class) -> None:
        room.tell(room.ada, kind=Kind.HANDED_OUT)
        Notice.objects.update(read=timezone.now())
        room.tell(room.ada, kind=Kind.RETURNED)
        room.tell(room.bob, kind=Kind.EXTENSION)
        page = text_of(HttpsClient(room.ada.user))
        assert page.index("returned to you") < page.index("was handed out")
        assert page.count("news-unread") == 1
        assert "more time" not in page
        assert f'href="/courses/{room.course.pk}/#a{room.homework.pk}"' in page

    def test_looking_changes_nothing_and_its_script_says_what_was_seen(self, room: Class) -> None:
        for _ in range(OF_A_PAGE + 2):
            room.tell(room.ada)
        client = HttpsClient(room.ada.user, csrf=True)
        page = text_of(client)
        assert not Notice.objects.filter(read__isnull=False).exists()
        fields = dict(re.findall(r'name="(\w+)" value="([^"]+)"', page))
        answer = client.post(READ, fields)  # from another site
        assert answer.status_code == 403
        answer = client.post(READ, fields, headers={"origin": "https://learn.school.test"})
        assert answer.json() == {"unread": 2}
        assert "news-unread" not in text_of(client)
        assert text_of(client, f"{PAGE}?page=2").count("news-unread") == 2

    def test_all_are_read_by_a_button_and_nobody_else_s(self, room: Class) -> None:
        room.tell(room.ada, room.bob)
        client = HttpsClient(room.ada.user)
        theirs = Notice.objects.get(user=room.bob.user).pk
        client.post(READ, {"since": theirs, "upto": theirs})
        assert not Notice.objects.filter(read__isnull=False).exists()
        assert client.post(READ, {"since": "9" * 30, "upto": "x"})["Location"] == PAGE
        assert [row.user for row in Notice.objects.filter(read=None)] == [room.bob.user]
        assert "news-seen" not in text_of(client)

    def test_titles_and_names_are_no_markup(self, room: Class) -> None:
        type(room.homework).objects.update(title="<b>x</b>\n\u202egpj")
        room.ada.user.first_name = "<i>Ada"
        room.ada.user.save()
        room.tell(room.teacher, kind=Kind.LOOK_ASKED, member=room.ada)
        page = text_of(HttpsClient(room.teacher.user))
        assert "&lt;i&gt;Ada asks for another look at “&lt;b&gt;x&lt;/b&gt; gpj”" in page

    def test_with_none_it_says_so(self, room: Class) -> None:
        assert "Nothing new" in text_of(HttpsClient(room.ada.user))

    def test_a_page_costs_the_same_for_many_notices(
        self, room: Class, django_assert_max_num_queries: Any
    ) -> None:
        client = HttpsClient(room.ada.user)
        for _ in range(OF_A_PAGE):
            room.tell(room.ada)
        with django_assert_max_num_queries(6):  # session, user, count, page, works, bell
            text_of(client)


class TestChoices:
    @pytest.fixture(autouse=True)
    def _mails(self, settings: Any) -> None:
        settings.CLASSROOM = settings.CLASSROOM | {"MAIL": True}

    def test_what_is_chosen_is_kept_and_shown(self, room: Class) -> None:
        client = HttpsClient(room.ada.user)
        page = text_of(client, MAIL)
        assert "ada@x.edu" in page
        assert page.count("checked") == 1 + 6  # at once, and all kinds of a student
        assert not MailChoice.objects.exists()
        data = {"when": When.DAILY, "kinds": [Kind.RETURNED, Kind.DUE_SOON]}
        answer = client.post(MAIL, data, follow=True)
        assert "Saved." in answer.content.decode()
        choice = MailChoice.objects.get(user=room.ada.user)
        assert choice.when == When.DAILY
        off = {"handed_out", "extension", "submit_failed", "look_answered"}
        assert set(choice.off) == off
        assert text_of(client, MAIL).count("checked") == 3
        client.post(MAIL, {"when": When.AT_ONCE, "kinds": [kind.value for kind in Kind]})
        client.post(MAIL, {"when": When.NEVER})
        choice.refresh_from_db()
        assert (choice.when, len(choice.off)) == (When.NEVER, 6)
        assert MailChoice.objects.count() == 1

    @pytest.mark.parametrize("data", [{}, {"when": "x"}, {"when": "daily", "kinds": ["x"]}])
    def test_nonsense_changes_nothing(self, room: Class, data: dict[str, Any]) -> None:
        answer = HttpsClient(room.ada.user).post(MAIL, data or {"kinds": "returned"})
        # A student is not asked about what only teachers are told.
        staff = HttpsClient(room.ada.user).post(MAIL, {"when": "daily", "kinds": ["look_asked"]})
        assert answer.status_code == staff.status_code == 200
        assert 'role="alert"' in answer.content.decode()
        assert not MailChoice.objects.exists()

    def test_everybody_chooses_among_what_they_can_get(self, room: Class) -> None:
        assert set(kinds_for(room.teacher.user)) == set(Notice.OF_STAFF)
        assert set(kinds_for(room.ada.user)) == set(Kind) - set(Notice.OF_STAFF)
        MailChoice.objects.create(user=room.ada.user, off=[Kind.LOOK_ASKED, Kind.RETURNED])
        HttpsClient(room.ada.user).post(MAIL, {"when": "daily", "kinds": ["returned"]})
        assert "look_asked" in MailChoice.objects.get().off
        Membership.objects.filter(pk=room.bob.pk).update(role=Role.ASSISTANT)
        other = factories.make_course(room.teacher.user, "Chemistry")
        factories.enrol(other, room.bob.user)
        assert set(kinds_for(room.bob.user)) == set(Kind)

    def test_it_says_why_nothing_comes(self, room: Class, settings: Any) -> None:
        client = HttpsClient(room.ada.user)
        row = UnprovenAddress.objects.create(user=room.ada.user, email="ada@x.edu")
        assert "until you confirm" in text_of(client, MAIL)
        row.delete()
        room.ada.user.email = ""
        room.ada.user.save()
        assert "Your account has no e-mail address" in text_of(client, MAIL)
        settings.CLASSROOM = settings.CLASSROOM | {"MAIL": False}
        page = text_of(client, MAIL)
        assert "This site sends no e-mail" in page
        assert '<form method="post" class' not in page
