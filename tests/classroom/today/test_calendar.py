"""The calendar: what is in it, read again by the library, and who gets it."""

import io
import logging
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import icalendar
import pytest
from django.contrib.auth.models import User
from django.core import signing
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.translation import get_language

from classroom.assignments.extensions import extension_set
from classroom.models import Assignment, Course, Membership, Profile, Role, Submission
from classroom.today import calendar_feed
from classroom.today.calendar_feed import KEPT, calendar_of
from classroom.today.calendar_link import calendar_link, calendar_link_renew
from config.logs import NoLinks
from embedding.models import Event
from tests.classroom import factories
from tests.conftest import HttpsClient

pytestmark = pytest.mark.django_db

SITE = "https://learn.school.test"
DAY = timedelta(days=1)


@pytest.fixture
def emmy() -> User:
    return factories.make_user("emmy", teacher=True)


@pytest.fixture
def ada() -> User:
    return factories.make_user("ada")


@pytest.fixture
def course(emmy: User) -> Course:
    return factories.make_course(emmy, time_zone="America/New_York")


@pytest.fixture
def member(course: Course, ada: User) -> Membership:
    return factories.enrol(course, ada)


def out(course: Course, title: str = "Homework 1", **fields: Any) -> Assignment:
    assignment = factories.make_assignment(course, title, out=timezone.now(), **fields)
    Submission.objects.filter(assignment=assignment).update(handed_out=timezone.now())
    return assignment


def events(user: User, now: datetime | None = None) -> dict[str, Any]:
    """The user's calendar as a program reads it, by the titles."""
    read = icalendar.Calendar.from_ical(calendar_of(user, now))
    return {str(event["summary"]): event for event in read.walk("VEVENT")}


def address(user: User) -> str:
    calendar_link_renew(user)
    return calendar_link(Profile.objects.get(user=user)).removeprefix(SITE)


class TestEvents:
    @pytest.mark.parametrize(
        ("due", "shown"),
        [
            # Before and after New York puts its clocks back, and in the hour that comes twice.
            ("2026-10-31T23:59", "2026-11-01T03:59"),
            ("2026-11-01T23:59", "2026-11-02T04:59"),
            ("2026-11-01T01:30", "2026-11-01T05:30"),
            ("2027-03-14T03:00", "2027-03-14T07:00"),
        ],
    )
    def test_a_due_time_is_right_in_any_zone(
        self, course: Course, member: Membership, ada: User, due: str, shown: str
    ) -> None:
        moment = datetime.fromisoformat(due).replace(tzinfo=course.zone)
        work = out(course, due=moment)
        event = events(ada, moment)["Homework 1 (Physics)"]
        start = event["dtstart"].dt
        assert start == datetime.fromisoformat(shown).replace(tzinfo=UTC)
        assert start.astimezone(course.zone).isoformat()[:16] == due
        assert f"DTSTART:{start:%Y%m%dT%H%M%SZ}\r\n".encode() in calendar_of(ada, moment)
        assert event["url"] == f"{SITE}/courses/{course.pk}/#a{work.pk}"
        assert str(event["transp"]) == "TRANSPARENT"

    def test_an_extension_moves_it_and_it_stays_the_same_event(
        self, course: Course, member: Membership, ada: User, emmy: User
    ) -> None:
        now = timezone.now().replace(microsecond=0)
        work = out(course, due=now + DAY)
        before = events(ada, now)["Homework 1 (Physics)"]
        extension_set(work, member, due=now + 5 * DAY, reason="", by=emmy)
        after = events(ada, now + timedelta(minutes=1))["Homework 1 (Physics)"]
        assert after["dtstart"].dt == now + 5 * DAY
        assert before["uid"] == after["uid"]
        assert before["dtstamp"].dt < after["dtstamp"].dt
        staff = events(emmy, now)["Homework 1 (Physics)"]
        assert staff["dtstart"].dt == now + DAY, "everybody's"
        assert staff["uid"] != after["uid"]
        assert staff["url"] == f"{SITE}/courses/{course.pk}/assignments/{work.pk}/"

    def test_what_was_submitted_stays_with_a_tick(
        self, course: Course, member: Membership, ada: User
    ) -> None:
        now = timezone.now()
        out(course, due=now - DAY)
        out(course, "Long ago", due=now - KEPT - DAY)
        Submission.objects.update(submitted=now)
        assert [*events(ada)] == ["✓ Homework 1 (Physics)"]
        Submission.objects.update(submitted=None, collected=now)
        assert [*events(ada)] == ["Homework 1 (Physics)"]

    def test_what_is_not_out_is_not_in_it(
        self, course: Course, member: Membership, ada: User, emmy: User
    ) -> None:
        soon = timezone.now() + DAY
        factories.make_assignment(course, "Draft", due=soon)
        factories.make_assignment(course, "Announced", due=soon, release=soon)
        out(course, "Removed", due=soon, removed=timezone.now())
        out(course, "Handout", due=soon, handout=True)
        out(course, "Never due")
        assert events(ada) == {}
        assert {*events(emmy)} == {"Draft (Physics)", "Announced (Physics)"}

    def test_of_all_courses_by_the_role_there_and_of_no_other(
        self, course: Course, member: Membership, ada: User
    ) -> None:
        soon = timezone.now() + DAY
        out(course, due=soon)
        helped = factories.make_course(factories.make_user("olga"), "Maths")
        factories.enrol(helped, ada, Role.ASSISTANT)
        factories.make_assignment(helped, "Sheet", due=soon)
        elsewhere = factories.make_course(factories.make_user("otto"), "Elsewhere")
        out(elsewhere, "Other", due=soon)
        assert {*events(ada)} == {"Homework 1 (Physics)", "Sheet (Maths)"}
        Membership.objects.filter(user=ada).update(removed=timezone.now())
        assert events(ada) == {}

    def test_programs_of_all_makers_take_it(
        self, course: Course, member: Membership, ada: User
    ) -> None:
        title = "Ünïts; a, b\nBEGIN:VALARM" + "é" * 90
        out(course, title, due=timezone.now() + DAY)
        text = calendar_of(ada)
        lines = text.split(b"\r\n")
        assert lines[-1] == b""
        assert b"\n" not in b"".join(lines), "lines end with both"
        assert max(map(len, lines)) <= 75, "in bytes"
        head = icalendar.Calendar.from_ical(text)
        assert head.walk("VALARM") == []
        (event,) = head.walk("VEVENT")
        assert str(event["summary"]) == f"{title} (Physics)"
        assert str(head["version"]) == "2.0"
        assert b"REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n" in text
        assert b"X-PUBLISHED-TTL:PT1H\r\n" in text
        assert head["method"] == "PUBLISH"

    def test_it_is_in_its_owner_s_language(
        self, ada: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Profile.objects.create(user=ada, language="de")
        found: list[str | None] = []

        def taught(*_given: Any) -> tuple[()]:
            found.append(get_language())
            return ()

        monkeypatch.setattr(calendar_feed, "_taught", taught)
        calendar_of(ada)
        assert (found, get_language()) == (["de"], "en")

    def test_many_courses_cost_as_much_as_one(self, ada: User) -> None:
        costs = []
        for number in range(4):
            for role in (Role.STUDENT, Role.ASSISTANT):
                one = factories.make_course(factories.make_user(f"t{number}{role}"), f"C{number}")
                factories.enrol(one, ada, role)
                out(one, due=timezone.now() + DAY)
            who = User.objects.select_related("profile").get(pk=ada.pk)  # as an address leads to
            with CaptureQueriesContext(connection) as queries:
                calendar_of(who)
            costs.append(len(queries))
        assert len(set(costs)) == 1
        assert costs[0] <= 5


class TestAddress:
    def test_whoever_has_it_reads_it_without_signing_in(
        self, course: Course, member: Membership, ada: User
    ) -> None:
        out(course, due=timezone.now() + DAY)
        answer = HttpsClient().get(address(ada))
        assert answer.status_code == 200
        assert answer["Content-Type"] == "text/calendar; charset=utf-8"
        assert "private" in answer["Cache-Control"]
        assert answer["Referrer-Policy"] == "no-referrer"
        assert b"Homework 1 (Physics)" in answer.content
        assert not answer.cookies

    def test_there_is_none_until_it_is_asked_for(self, ada: User) -> None:
        browser = HttpsClient(ada)
        page = browser.get("/profile/").content.decode()
        assert "/calendar/" not in page.replace("/profile/calendar", "")
        assert not Profile.objects.exists()
        made = browser.post("/profile/calendar", follow=True).content.decode()
        link = calendar_link(Profile.objects.get(user=ada))
        assert f'value="{link}"' in made
        assert f'href="webcal{link.removeprefix("https")}"' in made

    def test_a_new_one_makes_the_old_one_worthless(self, ada: User) -> None:
        old = address(ada)
        HttpsClient(ada).post("/profile/calendar")
        assert HttpsClient().get(old).status_code == 404
        new = calendar_link(Profile.objects.get(user=ada)).removeprefix(SITE)
        assert HttpsClient().get(new).status_code == 200
        assert old not in str(list(Event.objects.values()))

    def test_nobody_makes_one_of_another(self, ada: User, emmy: User) -> None:
        mine = address(ada)
        address(emmy)
        theirs = Profile.objects.get(user=emmy)
        assert theirs.calendar
        salt = "classroom.calendar"
        forged = [
            mine.replace(mine[12:16], "AAAA"),
            mine[:-5] + ".ics",
            "/calendar/x.ics",
            "/calendar/" + "x" * 3000 + ".ics",
            # Signed for something else on this site, as an invitation is.
            _signed("classroom.invitation", [ada.pk, str(uuid4().hex)]),
            _signed(salt, [ada.pk, theirs.calendar.hex]),
            _signed(salt, [emmy.pk, Profile.objects.get(user=ada).calendar.hex]),  # type: ignore[union-attr]
        ]
        for path in forged:
            assert HttpsClient().get(path).status_code == 404, path

    def test_who_is_switched_off_has_none(self, ada: User) -> None:
        path = address(ada)
        User.objects.filter(pk=ada.pk).update(is_active=False)
        assert HttpsClient().get(path).status_code == 404

    def test_no_log_holds_it(self, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
        out_, path = io.StringIO(), address(ada)
        handler = logging.StreamHandler(out_)
        handler.addFilter(NoLinks())
        root = logging.getLogger()
        root.addHandler(handler)
        try:
            calendar_link_renew(ada)
            HttpsClient().get(path)
            HttpsClient().post(path)
            monkeypatch.setattr(
                "classroom.today.calendar_page.calendar_of", lambda _: 1 / 0, raising=True
            )
            browser = HttpsClient()
            browser.raise_request_exception = False
            new = calendar_link(Profile.objects.get(user=ada)).removeprefix(SITE)
            assert browser.get(new).status_code == 500
        finally:
            root.removeHandler(handler)
        written = out_.getvalue()
        assert written.count("/calendar/…") >= 3
        for secret in (path, new):
            assert secret.partition(".")[0][10:] not in written
            assert secret.rpartition(".")[0].rpartition(".")[2] not in written


def _signed(salt: str, value: list[Any]) -> str:
    return f"/calendar/{signing.Signer(salt=salt, sep='.').sign_object(value)}.ics"
