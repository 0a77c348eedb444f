"""What each card says, by the rows there are."""

import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.contrib.auth.models import AnonymousUser, Permission, User
from pytest_django import Settings

from administration.models import HourCount
from administration.overview.accounts import accounts
from administration.overview.cocalc import cocalc
from administration.overview.counting import HOUR, count_hours
from administration.overview.endings import endings
from administration.overview.links import Links
from administration.overview.mail import mail
from administration.overview.people import people
from administration.overview.queue import queue
from administration.overview.recent import recent
from administration.overview.sessions import reached, sessions
from administration.overview.steps import steps
from administration.overview.workers import workers
from classroom.engine import hearts
from classroom.models import Kind, Letter, Transfer, WorkerHeart
from embedding.models import (
    CocalcAccount,
    CocalcProject,
    CocalcReading,
    CocalcState,
    EmbedSession,
    Ending,
    Event,
    Member,
)
from tests.administration.overview import rows
from tests.classroom import factories
from tests.conftest import HttpsClient, Person

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 2, 14, 30, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def boss(person: Person) -> User:
    return person("boss", is_staff=True, is_superuser=True)


@pytest.fixture
def links(boss: User) -> Links:
    return Links(boss)


def test_what_is_counted_and_what_came_since_add_up() -> None:
    rows.sessions(NOW - 3 * DAY, 5)
    rows.sessions(NOW - 3 * HOUR, 3, "failed", "busy")
    count_hours(NOW - MINUTE)
    rows.sessions(NOW - MINUTE / 2, 2, "preparing")
    found = recent(NOW)
    assert found.week.sessions == {("closed", ""): 5, ("failed", "busy"): 3, ("preparing", ""): 2}
    assert found.day.sessions == {("failed", "busy"): 3, ("preparing", ""): 2}
    assert (found.until, found.is_late, found.missing) == (NOW, False, 0)


def test_a_session_is_never_counted_twice() -> None:
    rows.sessions(NOW - 2 * MINUTE, 100)  # one each second: some before, some after
    count_hours(NOW - MINUTE)
    assert recent(NOW).day.sessions.total() == 100


def test_without_a_worker_for_long_it_says_until_when_the_numbers_are() -> None:
    rows.sessions(NOW - HOUR, 3)
    count_hours(NOW)
    rows.sessions(NOW + HOUR, 4)
    found = recent(NOW + 2 * DAY)
    assert (found.until, found.is_late) == (NOW, True)
    assert found.week.sessions.total() == 3
    assert found.day.sessions.total() == 0


def test_before_a_worker_has_counted_it_says_what_is_missing() -> None:
    rows.sessions(NOW - DAY, 3)
    rows.sessions(NOW - 10 * MINUTE, 4)
    found = recent(NOW)
    assert found.week.sessions.total() == 4
    assert (found.is_late, found.missing) == (False, 168)
    HourCount.objects.create(hour=NOW - DAY)  # somebody has begun
    assert recent(NOW).missing == 168


def test_sessions_by_result_and_cause(links: Links) -> None:
    rows.sessions(NOW - HOUR, 18, "closed", ready=1_000)
    rows.sessions(NOW - HOUR, 2, "closed", ready=9_900)
    rows.sessions(NOW - HOUR, 4, "failed", "file_missing")
    rows.sessions(NOW - 2 * DAY, 1, "lost", "something new")
    count_hours(NOW)
    found = sessions(recent(NOW), links)
    assert (found.day.value, found.week.value) == (24, 25)
    assert [(line.label, line.day.value, line.week.value) for line in found.results] == [
        ("Closed", 20, 20),
        ("Lost", 0, 1),
        ("Failed", 4, 4),
    ]
    assert [(line.label, line.day.value) for line in found.causes] == [
        ("The file was gone", 4),
        ("something new", 0),
    ]
    assert (found.median, found.most) == (1.25, 10.0)


def test_the_link_behind_a_number_leads_to_so_many_rows(boss: User, links: Links) -> None:
    now = datetime.now(UTC)
    rows.sessions(now - HOUR, 4, "failed", "file_missing")
    rows.sessions(now - HOUR, 7)
    rows.transfers(rows.course(), now - HOUR, 3, state="failed", code="forbidden")
    count_hours(now)
    lately = recent(now)
    (cause,) = sessions(lately, links).causes
    (why,) = steps(lately, links).causes
    for figure in (cause.day, cause.week, why.day, why.week):
        answer = HttpsClient(boss).get(figure.link)
        assert answer.status_code == 200
        assert answer.context["cl"].result_count == figure.value > 0


def test_how_long_until_so_many_were_ready() -> None:
    assert reached(Counter(), 0.5) is None
    assert reached(Counter({3: 1}), 0.5) == 1.0
    assert reached(Counter({0: 50, 7: 45, 39: 5}), 0.5) == 0.25
    assert reached(Counter({0: 50, 7: 45, 39: 5}), 0.95) == 2.0
    assert reached(Counter({0: 50, 7: 45, 39: 5}), 0.96) == 10.0


def test_class_steps_by_kind_and_cause(links: Links) -> None:
    course = rows.course()
    rows.transfers(course, NOW - HOUR, 5)
    rows.transfers(course, NOW - HOUR, 2, state="failed", code="forbidden")
    rows.transfers(course, NOW - 3 * DAY, 4, Kind.SUBMIT, "failed", "database")
    rows.transfers(course, NOW - 3 * DAY, 1, Kind.SUBMIT, "cancelled", "moot")
    count_hours(NOW)
    found = steps(recent(NOW), links)
    assert [kind.label for kind in found.kinds] == ["Submit", "Collect"]
    submit, collect = found.kinds
    assert (collect.day.done.value, collect.day.failed.value) == (5, 2)
    assert (submit.day.failed.value, submit.week.failed.value) == (0, 4)
    assert (found.total.week.cancelled.value, found.total.day.cancelled.value) == (1, 0)
    assert [(why.label, why.kind, why.week.value) for why in found.causes] == [
        ("The database could not be reached", "Submit", 4),
        ("CoCalc did not let this site do it", "Collect", 2),
    ]


def test_the_queue_and_who_waited_longest(links: Links) -> None:
    course = rows.course()
    rows.transfers(course, None, 3, state="queued")
    rows.transfers(course, None, 1, Kind.RETURN, "running")
    rows.transfers(course, NOW, 9, Kind.RETURN)
    Transfer.objects.filter(state="queued").update(created=NOW - 5 * MINUTE)
    first = Transfer.objects.filter(state="queued").latest("pk")
    Transfer.objects.filter(pk=first.pk).update(created=NOW - 9 * MINUTE, not_before=NOW + MINUTE)
    found = queue(NOW, links)
    assert (found.total.queued.value, found.total.running.value) == (3, 1)
    assert (found.total.oldest, found.total.later) == (NOW - 9 * MINUTE, 1)
    assert [(kind.label, kind.queued.value, kind.running.value) for kind in found.kinds] == [
        ("Collect", 3, 0),
        ("Return", 0, 1),
    ]
    assert found.kinds[1].oldest is None


def test_who_waits_for_a_notebook_and_for_which_step(links: Links, person: Person) -> None:
    emmy = person("emmy")
    project = CocalcProject.objects.create(slot="mine", title="Mine")
    member = Member.objects.create(user=emmy, project=project)
    (row,) = rows.sessions(NOW - MINUTE, 1, "preparing")
    rows.sessions(NOW - HOUR, 1, "preparing")  # has gone away
    rows.sessions(NOW - MINUTE, 1, "failed")

    def step() -> str:
        EmbedSession.objects.filter(pk=row.pk).update(user=emmy, project=project)
        (one,) = people(NOW, links).notebooks
        assert (one.name, one.what, one.since) == ("emmy", "a.ipynb", NOW - MINUTE)
        return one.step

    assert step() == "the account is made"
    CocalcAccount.objects.create(user=emmy, email="a@x.test", account_id=uuid.uuid4())
    assert step() == "the project is made"
    CocalcProject.objects.update(project_id=uuid.uuid4())
    assert step() == "the person is let into the project"
    Member.objects.filter(pk=member.pk).update(added=NOW)
    assert step() == "the project starts"
    EmbedSession.objects.filter(pk=row.pk).update(state="opening")
    assert step() == "the editor loads"
    assert people(NOW, links).opening == 1


def test_whose_submission_is_on_its_way(links: Links) -> None:
    course = rows.course()
    student = factories.enrol(course, factories.make_user("emmy"))
    (submit,) = rows.transfers(course, None, 1, Kind.SUBMIT, "queued")
    Transfer.objects.filter(pk=submit.pk).update(
        member=student, assignment=factories.make_assignment(course)
    )
    (one,) = people(NOW, links).submits
    assert (one.name, one.what, one.step) == ("emmy", "Homework 1", "Queued")
    assert queue(NOW, links).submits == 1


def test_accounts_against_the_limit(links: Links, settings: Settings, person: Person) -> None:
    for ago in (1, 29, 31, 23 * 60, 25 * 60):
        event = Event.log("account.created", "x")
        Event._base_manager.filter(pk=event.pk).update(at=NOW - ago * MINUTE)
    CocalcAccount.objects.create(user=person("emmy"), email="a@x.test", account_id=uuid.uuid4())
    CocalcAccount.objects.create(user=person("lise"), email="b@x.test")
    found = accounts(NOW, links)
    assert (found.half_hour.value, found.day.value) == (2, 4)
    assert (found.total.value, found.waiting) == (1, 1)
    assert (found.limit, found.share, found.is_used_up) == (150, 130, False)
    settings.CLASSROOM = {"ACCOUNTS_PER_HALF_HOUR": 2}
    assert accounts(NOW, links).is_used_up
    settings.EMBEDDING = settings.EMBEDDING | {"COCALC_GENERATION": "conat"}
    found = accounts(NOW, links)
    assert (found.limit, found.share, found.is_used_up) == (None, None, False)


def test_mails_that_wait_and_that_failed(links: Links, person: Person) -> None:
    emmy = person("emmy")
    for state, ago in [("queued", 2), ("sending", 1), ("failed", 3), ("failed", 200)]:
        Letter.objects.create(user=emmy, state=state, not_before=NOW, created=NOW - ago * HOUR)
    Letter.objects.create(user=emmy, state="sent", not_before=NOW)
    found = mail(NOW, links)
    assert (found.waiting.value, found.oldest) == (2, NOW - 2 * HOUR)
    assert (found.failed.value, found.unknown.value) == (1, 0)


def test_endings_name_the_project_they_wait_for(links: Links) -> None:
    project = CocalcProject.objects.create(slot="gone", title="Physics")
    for name, done, waits_for in [("emmy", None, project), ("ada", NOW, None)]:
        Ending.objects.create(
            account_id=uuid.uuid4(), username=name, asked=NOW, done=done, waits_for=waits_for
        )
    found = endings(links)
    assert found.total.value == 1
    assert [(row.username, row.waits_for) for row in found.first] == [("emmy", project)]


def test_workers_of_another_version() -> None:
    for version, ago in [(hearts.version(), 0), ("0.0.1", 1), ("0.0.1", 3600)]:
        seen = NOW - timedelta(seconds=ago)
        WorkerHeart.objects.create(host="one", pid=1, version=version, started=NOW, seen=seen)
    found = workers(NOW)
    assert len(found.alive) == 2
    assert [one.version for one in found.others] == ["0.0.1"]
    assert workers(NOW + HOUR).last_seen == NOW


def test_cocalc_is_read_and_not_asked(links: Links, settings: Settings) -> None:
    assert cocalc(NOW, links).now.state == "unknown"
    CocalcState.objects.create(
        pk=1, is_up=False, since=NOW - HOUR, looked=NOW, cause="cannot_connect"
    )
    CocalcReading.objects.create(at=NOW - MINUTE, ms=3000, code="cannot_connect")
    CocalcReading.objects.create(at=NOW - 2 * MINUTE, ms=40)
    CocalcReading.objects.create(at=NOW - 2 * DAY, ms=900)
    found = cocalc(NOW, links)
    assert found.now.is_down
    assert found.cause == "CoCalc could not be reached"
    assert (found.plot.total, found.plot.failed, found.plot.slowest) == (2, 1, 40)


def test_links_are_for_who_may_follow_them(person: Person) -> None:
    helper = person("helper", is_staff=True)
    helper.user_permissions.add(Permission.objects.get(codename="view_transfer"))
    links = Links(helper)
    address = urlsplit(links.rows(Transfer, state__exact="failed", ended__gte=NOW))
    assert address.path == "/admin/classroom/transfer/"
    assert dict(parse_qsl(address.query)) == {
        "state__exact": "failed",
        "ended__gte": "2026-11-02 14:30:00+0000",
    }
    assert links.rows(EmbedSession, state__exact="failed") == ""
    assert Links(AnonymousUser()).rows(Transfer) == ""
    assert links.page("no-such-page") == ""
