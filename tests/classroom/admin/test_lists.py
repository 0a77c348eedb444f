"""The lists of what grows for ever: what they say, how they are narrowed, and by which index."""

import re
import time
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tasks_db.models import DBTaskResult, get_date_max

from classroom.class_steps.mending import CALLED_OFF
from classroom.models import Batch, Kind, Membership, Notice, Snapshot, Transfer
from embedding import capped
from tests.classroom import factories
from tests.conftest import HttpsClient

pytestmark = pytest.mark.django_db
State = Transfer.State
LIST = "/admin/classroom/transfer/"


@pytest.fixture
def boss() -> User:
    return factories.make_user("boss", is_staff=True, is_superuser=True)


@pytest.fixture
def ada() -> Membership:
    tess = factories.make_user("tess", last_name="Teacher", teacher=True)
    course = factories.make_course(tess, "Physics")
    ada = factories.enrol(course, factories.make_user("ada", last_name="Lovelace"))
    factories.make_assignment(course)
    return ada


def transfer(member: Membership, **fields: Any) -> Transfer:
    number = Transfer.objects.count()
    given = {"kind": Kind.COLLECT, "assignment": member.course.assignments.first()}
    return Transfer.objects.create(
        course=member.course, member=member, lane="x", key=f"x{number}", **(given | fields)
    )


def read(boss: User, address: str) -> str:
    """Return a page as it is read, its links kept."""
    answer = HttpsClient(boss).get(address)
    assert answer.status_code == 200, address
    return unescape(answer.content.decode())


def cells(page: str, name: str) -> list[str]:
    """Return what the cells of one column say, without tags."""
    found = re.findall(rf'class="field-{name}[^"]*">(.*?)</t[dh]>', page, re.DOTALL)
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in found]


def test_a_state_is_told_with_its_cause(boss: User, ada: Membership) -> None:
    now = timezone.now()
    for fields in (
        {"state": State.QUEUED},
        {
            "state": State.QUEUED,
            "not_before": now + timedelta(days=400),
            "error": "CoCalc is away.",
        },
        {"state": State.RUNNING, "started": now - timedelta(seconds=12)},
        {"state": State.DONE, "started": now - timedelta(minutes=9), "ended": now},
        {"state": State.FAILED, "error": "No such folder.", "error_code": "not_found"},
        {"state": State.FAILED, "error": "Called off.", "error_code": CALLED_OFF},
        {"state": State.CANCELLED, "error": "Nothing came.", "error_code": "skipped"},
        {"state": State.CANCELLED},
    ):
        transfer(ada, **fields)
    said = cells(read(boss, LIST), "state_said")[::-1]
    assert said[0] == "Queued"
    assert re.fullmatch(r"Waits until \w{3} \d+ \w{3} \d{4}, \d\d:\d\d CoCalc is away\.", said[1])
    assert said[2:] == [
        "Running",
        "Done",
        "Failed No such folder.",
        "Cancelled by an administrator Called off.",
        "Nothing to do Nothing came.",
        "Cancelled It was cancelled before it started.",
    ]
    lasted = cells(read(boss, LIST), "lasted")[::-1]
    assert re.fullmatch(r"1[2-9] seconds by now", lasted[2])
    assert lasted[3] == "9 minutes"


def test_rows_lead_to_what_they_are_about_and_back(boss: User, ada: Membership) -> None:
    course, homework = ada.course, ada.course.assignments.get()
    tess = User.objects.get(username="tess")
    step = Batch.objects.create(course=course, kind=Kind.COLLECT, assignment=homework, actor=tess)
    row = transfer(ada, batch=step)
    page = read(boss, LIST)
    for address in (
        f"/admin/classroom/course/{course.pk}/change/",
        f"/admin/classroom/assignment/{homework.pk}/change/",
        f"/admin/classroom/batch/{step.pk}/change/",
    ):
        assert f'href="{address}"' in page
        read(boss, address)
    assert re.search(rf'href="/admin/[^"]*{ada.user_id}/[^"]*">Lovelace', page)
    assert f'href="{LIST}?batch={step.pk}">1<' in read(boss, "/admin/classroom/batch/")
    assert "Homework 1" in read(boss, f"{LIST}{row.pk}/change/")
    step.actor = None
    step.save()
    assert cells(read(boss, "/admin/classroom/batch/"), "asked_by") == ["a date"]


def test_no_page_of_a_transfer_shows_its_result(boss: User, ada: Membership) -> None:
    row = transfer(ada, kind=Kind.RUN, result={"stdout": "printed-by-ada"})
    for address in (LIST, f"{LIST}{row.pk}/change/"):
        assert "printed-by-ada" not in read(boss, address)


def test_filters(boss: User, ada: Membership) -> None:
    old = transfer(ada, state=State.FAILED, error_code="not_found")
    Transfer.objects.filter(pk=old.pk).update(created=timezone.now() - timedelta(days=3))
    other = factories.make_course(factories.make_user("toby"), "Chemistry")
    bob = factories.enrol(other, factories.make_user("bob", last_name="Babbage"))
    fresh = transfer(bob, kind=Kind.PREPARE, assignment=None, error_code="away")

    def shown(query: str) -> set[int]:
        return {int(pk) for pk in re.findall(r"/transfer/(\d+)/change/", read(boss, LIST + query))}

    for query, wanted in {
        "": {old, fresh},
        "?state__exact=failed": {old},
        "?kind__exact=prepare": {fresh},
        "?cause=away": {fresh},
        "?since=day": {fresh},
        "?since=week": {old, fresh},
        "?since=nonsense": {old, fresh},
        f"?course={ada.course_id}": {old},
        f"?course={ada.course_id}&since=day": set(),
        f"?person={bob.user_id}": {fresh},
        "?person=99999999": set(),
        "?person=ada": set(),
        f"?course={'9' * 30}": set(),
        "?batch=x": set(),
        "?q=babbage": {fresh},
        "?q=physics": {old},
        "?q=homework": {old},
        "?q=nobody": set(),
        "?q=%00": {old, fresh},
    }.items():
        assert shown(query) == {row.pk for row in wanted}, query
    page = read(boss, f"{LIST}?course={ada.course_id}&cause=not_found")
    assert "?cause=away" in page or "cause=away" in page
    assert 'name="cause" value="not_found"' in page  # the search for a course keeps it
    assert re.search(rf'<option value="{ada.course_id}" selected[^>]*>Physics', page)


def test_who_may_look_at_courses_finds_them_by_a_few_letters(boss: User, ada: Membership) -> None:
    address = (
        "/admin/autocomplete/?app_label=classroom&model_name=membership&field_name=course&term=phy"
    )
    found = HttpsClient(boss).get(address).json()["results"]
    assert [row["text"] for row in found] == ["Physics"]
    helper = factories.make_user("helper", is_staff=True)
    assert HttpsClient(helper).get(address).status_code == 403


def test_of_a_large_table_the_newest_rows_are_shown(
    boss: User, ada: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capped, "MOST", 60)
    rows = [
        Transfer(course=ada.course, member=ada, kind=Kind.COLLECT, lane="x", key=f"y{number}")
        for number in range(61)
    ]
    Transfer.objects.bulk_create(rows[:60])
    assert "60 transfers" in read(boss, LIST)
    Transfer.objects.bulk_create(rows[60:])
    page = read(boss, LIST)
    assert "More than 60. Only the newest 60 are shown" in page
    assert len(cells(page, "state_said")) == 50
    assert len(cells(read(boss, f"{LIST}?p=2"), "state_said")) == 10


def plans(boss: User, address: str) -> list[str]:
    """Return how SQLite answers each question of a page to the table that it lists."""
    with CaptureQueriesContext(connection) as queries:
        read(boss, address)
    table = re.findall(r"/classroom/(\w+)/", address)[0]
    found = []
    for query in queries.captured_queries:
        if f'FROM "classroom_{table}"' in query["sql"] or "RECURSIVE" in query["sql"]:
            with connection.cursor() as cursor:
                cursor.execute("EXPLAIN QUERY PLAN " + query["sql"])
                found += [str(row[3]) for row in cursor.fetchall()]
    assert found
    return found


@pytest.mark.parametrize(
    "address",
    [
        *(LIST + query for query in ("", "?state__exact=done", "?kind__exact=run", "?since=day")),
        *(LIST + query for query in ("?cause=away", "?course=1", "?person=1", "?batch=1")),
        *("/admin/classroom/batch/", "/admin/classroom/batch/?kind__exact=run"),
        "/admin/classroom/batch/?course=1",
        *("/admin/classroom/snapshot/", "/admin/classroom/snapshot/?late__exact=1"),
        *("/admin/classroom/submission/", "/admin/classroom/submission/?late__exact=1"),
        *("/admin/classroom/notice/", "/admin/classroom/notice/?kind__exact=returned"),
        *("/admin/classroom/letter/", "/admin/classroom/letter/?state__exact=sent"),
    ],
)
def test_no_list_reads_or_sorts_a_whole_table(boss: User, ada: Membership, address: str) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("the plans are SQLite's")
    transfer(ada)
    for step in plans(boss, address):
        # By course and person it may sort: what one course or one person has.
        narrow = "course=" in address or "person=" in address or "batch=" in address
        assert narrow or "TEMP B-TREE" not in step, step
        # A scan in the order of the list ends with the page's last row.
        assert not (narrow and step.startswith("SCAN classroom_")), step


def test_a_list_of_very_many_rows_is_quick(boss: User, ada: Membership) -> None:
    """A hundred thousand here: what reads all of them would take ten times as long."""
    rows = (
        Transfer(
            course=ada.course,
            member=ada,
            kind=Kind.COLLECT,
            state=State.DONE if number % 1000 else State.FAILED,
            error_code="" if number % 1000 else "away",
            lane="x",
            key=f"z{number}",
        )
        for number in range(100_000)
    )
    Transfer.objects.bulk_create(rows, batch_size=2000)
    browser = HttpsClient(boss)
    browser.get(LIST)
    for query in ("", "?state__exact=done", "?cause=away", "?since=hour", "?p=150"):
        began = time.perf_counter()
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(LIST + query).status_code == 200
        spent = sum(float(one["time"]) for one in queries.captured_queries)
        assert spent < 0.25, (query, spent, time.perf_counter() - began)


class TestTasks:
    LIST = "/admin/django_tasks_database/dbtaskresult/"

    def task(self, **fields: Any) -> Any:
        given: dict[str, Any] = {
            "args_kwargs": {"args": [], "kwargs": {}},
            "task_path": "classroom.people.resetting.mail_reset",
            "backend_name": "default",
            "run_after": get_date_max(),
            "exception_class_path": "",
            "traceback": "",
        }
        return DBTaskResult.objects.create(**(given | fields))

    def test_what_waits_and_what_failed(self, boss: User) -> None:
        now = timezone.now()
        self.task(run_after=now + timedelta(hours=2))
        failed = self.task(
            status="FAILED",
            started_at=now - timedelta(seconds=5),
            finished_at=now,
            exception_class_path="smtplib.SMTPException",
            traceback="Traceback <here>",
        )
        page = read(boss, self.LIST)
        assert set(cells(page, "what")) == {"mail reset"}
        assert set(cells(page, "state")) == {"Queued", "Failed"}
        assert "SMTPException" in cells(page, "error")
        assert "5 seconds" in cells(page, "lasted")
        assert set(cells(read(boss, f"{self.LIST}?state=FAILED"), "state")) == {"Failed"}
        answer = HttpsClient(boss).get(f"{self.LIST}{failed.pk}/change/")
        assert "Traceback &lt;here&gt;" in answer.content.decode()
        assert 'name="_save"' not in answer.content.decode()
        assert HttpsClient(boss).post(f"{self.LIST}{failed.pk}/delete/").status_code == 403

    def test_it_is_for_administrators(self) -> None:
        assert HttpsClient().get(self.LIST).status_code == 302
        helper = factories.make_user("helper", is_staff=True)
        assert HttpsClient(helper).get(self.LIST).status_code == 403


def test_snapshots_and_notices_say_whose_they_are(boss: User, ada: Membership) -> None:
    homework = ada.course.assignments.get()
    work = factories.submission(homework, ada)
    Snapshot.objects.create(
        submission=work, taken=timezone.now(), path="x", files=[{"path": "a", "size": 2048}]
    )
    Notice.objects.create(user=ada.user, kind="returned", course=ada.course, assignment=homework)
    page = read(boss, f"/admin/classroom/snapshot/?submission={work.pk}")
    [place] = cells(page, "place")
    assert re.sub(r"\s+", " ", place) == "Physics › Homework 1 › Lovelace"  # noqa: RUF001
    assert cells(page, "count") == ["1"]
    assert read(boss, "/admin/classroom/submission/").count(f"?submission={work.pk}") == 1
    [place] = cells(read(boss, f"/admin/classroom/notice/?person={ada.user_id}"), "place")
    assert place == "Physics › Homework 1"  # noqa: RUF001
