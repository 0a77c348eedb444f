"""The profile: one's name, time zone and colours, and what follows from them on all pages."""

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.template import Context, Template
from django.utils import timezone
from django.utils.translation import get_language

from classroom.models import Membership, Profile, Submission, validate_time_zone
from classroom.pages.own_zone import own_zone, read_in
from classroom.today import profile_page
from classroom.today.zones import zones
from embedding.models import Event
from tests.classroom import factories
from tests.conftest import HttpsClient

pytestmark = pytest.mark.django_db

GIVEN = {
    "first_name": "Ada",
    "last_name": "King",
    "language": "",
    "time_zone": "",
    "color_scheme": "system",
}
BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")


@pytest.fixture
def ada() -> User:
    return factories.make_user("ada", first_name="Ada", last_name="King")


def save(user: User, /, **given: str) -> Any:
    return HttpsClient(user).post("/profile/", GIVEN | given)


class TestLanguage:
    def test_the_next_page_is_in_the_language_that_was_chosen(self, ada: User) -> None:
        browser = HttpsClient(ada)
        assert '<html lang="en"' in browser.get("/profile/").content.decode()
        answer = browser.post("/profile/", GIVEN | {"language": "de"}, follow=True)
        page = answer.content.decode()
        assert '<html lang="de"' in page
        assert '<option value="de" lang="de" selected>Deutsch</option>' in page
        assert '<option value="en" lang="en">English</option>' in page
        answer = browser.post("/profile/", GIVEN | {"language": ""}, follow=True)
        assert '<html lang="en"' in answer.content.decode()
        assert Profile.of(User.objects.get(pk=ada.pk)).language == ""

    def test_what_is_said_of_the_saving_is_in_it_too(
        self, ada: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(profile_page, "_", lambda text: f"{get_language()}: {text}")
        given = GIVEN | {"language": "de"}
        page = HttpsClient(ada).post("/profile/", given, follow=True).content.decode()
        assert "de: Saved." in page

    def test_one_that_the_site_does_not_have_is_refused(self, ada: User) -> None:
        assert save(ada, language="tlh").status_code == 200
        assert not Profile.objects.exists()


class TestName:
    def test_a_new_one_is_written_down_with_the_old(self, ada: User) -> None:
        assert save(ada, last_name=" Love\u200blace\u202e  ").status_code == 302
        ada.refresh_from_db()
        assert ada.get_full_name() == "Ada Lovelace"
        event = Event.objects.get(action="user.name_changed")
        assert (event.actor, event.target) == ("ada", "ada")
        assert event.detail == {"before": "Ada King", "after": "Ada Lovelace"}
        save(ada, last_name="Lovelace", color_scheme="dark")
        assert Event.objects.count() == 1

    @pytest.mark.parametrize(
        "name", ["https://evil.test", "ada@evil.test", "<b>", "evil.test/x", "x" * 81]
    )
    def test_what_is_no_name_is_refused_and_nothing_is_kept(self, ada: User, name: str) -> None:
        answer = save(ada, first_name=name, color_scheme="dark")
        assert answer.status_code == 200
        assert "Please fix the fields marked below." in answer.content.decode()
        assert not Profile.objects.exists()
        ada.refresh_from_db()
        assert ada.first_name == "Ada"
        assert "data-scheme" not in answer.content.decode(), "it is not dark yet"

    def test_nobody_else_s_and_nothing_else_is_changed(self, ada: User) -> None:
        other = factories.make_user("bob")
        save(ada, user=str(other.pk), username="root", is_staff="on", email="boss@x.test")
        ada.refresh_from_db()
        assert (ada.username, ada.is_staff, ada.email) == ("ada", False, "")
        assert [profile.user for profile in Profile.objects.all()] == [ada]

    def test_of_markup_nothing_is_left(self, ada: User) -> None:
        save(ada, last_name='" onclick=x')
        page = HttpsClient(ada).get("/profile/").content.decode()
        assert '" onclick' not in page


class TestColours:
    def test_the_page_says_them_at_once(self, ada: User) -> None:
        browser = HttpsClient(ada)
        assert "data-scheme" not in browser.get("/").content.decode()
        save(ada, color_scheme="dark")
        for path in ("/", "/profile/", "/projects/mine/", "/projects/mine/open/a.ipynb", "/no"):
            page = browser.get(path).content.decode()
            assert '<html lang="en" dir="ltr" data-scheme="dark">' in page, path
            assert '<meta name="color-scheme" content="dark">' in page
        save(ada, color_scheme="system")
        page = browser.get("/").content.decode()
        assert '<html lang="en" dir="ltr">' in page
        assert '<meta name="color-scheme" content="light dark">' in page
        assert "data-scheme" not in HttpsClient().get("/sign-in/").content.decode()

    def test_a_colour_that_is_none_is_refused(self, ada: User) -> None:
        assert save(ada, color_scheme='x" onload="y').status_code == 200
        assert not Profile.objects.exists()


class TestTimeZone:
    @pytest.mark.parametrize("zone", ["Mars/Base", "../../etc/passwd", "europe/rome", "EST5EDT"])
    def test_one_that_is_none_is_refused(self, ada: User, zone: str) -> None:
        answer = save(ada, time_zone=zone)
        assert answer.status_code == 200
        assert "Select a valid choice" in answer.content.decode()
        assert not Profile.objects.exists()

    def test_what_is_offered_are_places_as_browsers_name_them(self) -> None:
        offered = {name for _region, found in zones() for name, _city in found}
        assert {"Europe/Berlin", "Asia/Calcutta", "Asia/Kolkata", "UTC"} <= offered
        assert not {"Etc/GMT+5", "US/Eastern", "EST5EDT", "localtime"} & offered
        for name in offered:
            validate_time_zone(name)

    def test_one_of_the_list_is_kept_and_shown(self, ada: User) -> None:
        assert save(ada, time_zone="America/New_York").status_code == 302
        assert Profile.objects.get().time_zone == "America/New_York"
        page = HttpsClient(ada).get("/profile/").content.decode()
        assert re.search(r'<option value="America/New_York" selected>New York</option>', page)

    def test_course_times_are_shown_in_both(self, ada: User) -> None:
        course = factories.make_course(factories.make_user("emmy", teacher=True))
        factories.enrol(course, ada)
        due = datetime(2060, 11, 26, 22, 59, tzinfo=UTC)
        work = factories.make_assignment(course, due=due, out=timezone.now())
        Submission.objects.update(handed_out=timezone.now())
        pages = ["/", f"/courses/{course.pk}/"]
        shown = "Fri 26 Nov 2060, 23:59 CET</time>"
        for path in pages:
            page = HttpsClient(ada).get(path).content.decode()
            assert f'data-zone="Europe/Berlin">{shown}' in page, "the browser adds its own"
            assert "your time" not in page
        save(ada, time_zone="America/New_York")
        for path in pages:
            page = HttpsClient(ada).get(path).content.decode()
            assert f"{shown} <time" in page
            assert ">(17:59 your time)</time>" in page
            assert "data-zone" not in page
        # The same clock by another name: nothing is said twice.
        save(ada, time_zone="Europe/Rome")
        assert "your time" not in HttpsClient(ada).get(pages[0]).content.decode()
        # And for who teaches, at the head of the assignment.
        emmy = Membership.objects.get(course=course, role="teacher").user
        Profile.objects.create(user=emmy, time_zone="Asia/Tokyo")
        page = (
            HttpsClient(emmy).get(f"/courses/{course.pk}/assignments/{work.pk}/").content.decode()
        )
        assert ">(Sat 27 Nov, 07:59 your time)</time>" in page
        assert page.count("your time)</time>") == 1, "not in each line"
        assert page.count('title="Fri 26 Nov 2060, 23:59 CET (Sat 27 Nov, 07:59 your time)"') == 1

    @pytest.mark.parametrize(
        ("moment", "own"),
        [
            ("2026-10-24T12:00", "06:00"),  # both in summer time
            ("2026-10-26T12:00", "07:00"),  # Berlin has put its clocks back, New York not yet
            ("2026-11-02T12:00", "06:00"),
            ("2026-11-02T03:00", "Sun 1 Nov, 21:00"),
        ],
    )
    def test_what_differs_is_asked_at_that_moment(self, moment: str, own: str) -> None:
        at = datetime.fromisoformat(moment).replace(tzinfo=BERLIN)
        template = Template("{% load classroom %}{{ at|clock:zone }}")
        with read_in(NEW_YORK):
            said = template.render(Context({"at": at, "zone": BERLIN}))
        assert f"({own} your time)" in said

    def test_it_ends_with_the_request(self, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[Any] = []

        def look(*_: object) -> Iterator[None]:
            seen.append((own_zone(), timezone.get_current_timezone_name()))
            raise RuntimeError

        Profile.objects.create(user=ada, time_zone="Asia/Kolkata")
        monkeypatch.setattr("classroom.today.views.board_of", look)
        browser = HttpsClient(ada)
        browser.raise_request_exception = False
        assert browser.get("/").status_code == 500
        bob = HttpsClient(factories.make_user("bob"))
        bob.raise_request_exception = False
        bob.get("/")
        assert seen == [(ZoneInfo("Asia/Kolkata"), "Asia/Kolkata"), (None, "UTC")]
        assert own_zone() is None
        assert timezone.get_current_timezone_name() == "UTC"

    def test_readers_side_by_side_have_their_own(self) -> None:
        async def reads(zone: ZoneInfo | None) -> tuple[ZoneInfo | None, str]:
            with read_in(zone):
                await asyncio.sleep(0)
                return own_zone(), timezone.get_current_timezone_name()

        async def both() -> list[tuple[ZoneInfo | None, str]]:
            return [*await asyncio.gather(reads(BERLIN), reads(None), reads(NEW_YORK))]

        assert asyncio.run(both()) == [
            (BERLIN, "Europe/Berlin"),
            (None, "UTC"),
            (NEW_YORK, "America/New_York"),
        ]

    def test_the_administration_is_in_it_too(self, ada: User) -> None:
        User.objects.filter(pk=ada.pk).update(is_staff=True, is_superuser=True)
        Profile.objects.create(user=ada, time_zone="Asia/Kolkata")
        User.objects.filter(pk=ada.pk).update(date_joined=datetime(2026, 1, 1, 18, 31, tzinfo=UTC))
        page = HttpsClient(ada).get(f"/admin/auth/user/{ada.pk}/change/").content.decode()
        assert 'value="2026-01-02"' in page
        assert 'value="00:01:00"' in page


def test_a_profile_costs_no_query(ada: User, django_assert_num_queries: Any) -> None:
    browser = HttpsClient(ada)
    with django_assert_num_queries(3):  # the session, the user, and what is new
        browser.get("/password/")
    Profile.objects.create(user=ada, color_scheme="dark", time_zone="Asia/Tokyo")
    with django_assert_num_queries(3):
        assert b"dark" in browser.get("/password/").content


def test_the_name_in_the_bar_leads_there_and_from_there_one_comes_to_the_rest(ada: User) -> None:
    page = HttpsClient(ada).get("/").content.decode()
    assert re.search(r"<summary>Ada King</summary>\s*<div[^>]*>\s*<a href=\"/profile/\"", page)
    User.objects.filter(pk=ada.pk).update(email="ada@x.edu")
    profile = HttpsClient(ada).get("/profile/").content.decode()
    assert "ada@x.edu" in profile
    for path in ("/address/", "/password/"):
        assert f'href="{path}"' in profile
