"""The audit log in the administration: to read, to filter and to take away, never to change."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from embedding import event_admin
from embedding.models import Event
from tests.conftest import HttpsClient, Person

pytestmark = pytest.mark.django_db
LIST = "/admin/embedding/event/"


@pytest.fixture
def boss(person: Person) -> User:
    found = person("boss", is_staff=True, is_superuser=True)
    person("ada", first_name="Ada", last_name="Lovelace")
    Event._base_manager.all().delete()
    return found


@pytest.fixture
def events(boss: User) -> None:
    old = timezone.now() - timedelta(days=30)
    Event.log("file.downloaded", "Project", actor="emmy", whom="ada", path="hw1.ipynb")
    Event.log("file.deleted", "Project", actor="ada", place="course:12", path="old.md")
    Event.log("user.suspended", "max", actor="boss", whom="max")
    row = Event.log("file.moved", "Elsewhere", actor="max", path="=1+1", to="x")
    Event._base_manager.filter(pk=row.pk).update(at=old)


def shown(boss: User, query: str = "") -> str:
    answer = HttpsClient(boss).get(LIST + query)
    assert answer.status_code == 200
    return answer.content.decode().partition('id="result_list"')[2].partition("</table>")[0]


def exported(boss: User, query: str = "") -> list[dict[str, str]]:
    answer: Any = HttpsClient(boss).get(f"{LIST}export/{query}")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    text = answer.getvalue().decode()
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:])))


def test_events_read_as_sentences(boss: User, events: None) -> None:
    page = shown(boss)
    assert "emmy downloaded “hw1.ipynb” of Ada Lovelace from “Project”." in page
    assert "Ada Lovelace deleted “old.md” in “Project”." in page


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("?q=ada", 2),
        ("?q=ad", 0),
        ("?q=max", 2),
        ("?kind=files", 3),
        ("?kind=rights", 1),
        ("?kind=nonsense", 4),
        ("?place=course:12", 1),
        ("?place=12", 1),
        ("?place=13", 0),
        ("?from=TODAY", 3),
        ("?until=2026-01-01", 0),
        ("?from=2000-01-01&until=TODAY", 4),
        ("?from=99-99-99", 4),
        ("?kind=files&q=ada&from=TODAY", 2),
        ("?action=file.moved", 1),
    ],
)
def test_filters(boss: User, events: None, query: str, count: int) -> None:
    query = query.replace("TODAY", timezone.localdate().isoformat())
    assert shown(boss, query).count('class="field-said"') == count
    assert len(exported(boss, query)) == count


def test_the_export_is_an_event_and_runs_nothing(boss: User, events: None) -> None:
    rows = exported(boss, "?action=file.moved")
    assert [row["actor"] for row in rows] == ["max"]
    assert rows[0]["detail"] == '{"path": "=1+1", "to": "x"}'
    Event.log("file.moved", "=cmd()", actor="max", path="x", to="y")
    assert exported(boss, "?q=max")[0]["target"] == "'=cmd()"
    told = Event.objects.filter(action="events.exported").order_by("pk")
    assert [(each.actor, each.detail["filter"]) for each in told] == [
        ("boss", "action=file.moved"),
        ("boss", "q=max"),
    ]


def test_who_may_not(boss: User, person: Person, events: None) -> None:
    clerk, nobody = person("clerk", is_staff=True), person("nobody")
    for url in (LIST, f"{LIST}export/"):
        assert HttpsClient(clerk).get(url).status_code == 403
        assert HttpsClient(nobody).get(url).status_code == 302
        assert HttpsClient().get(url).status_code == 302
    clerk.user_permissions.add(Permission.objects.get(codename="view_event"))
    assert exported(User.objects.get(pk=clerk.pk))
    assert HttpsClient(boss).post(f"{LIST}export/").status_code == 405


def test_nothing_can_be_changed_or_deleted(boss: User, events: None) -> None:
    row = Event.objects.order_by("pk")[0]
    browser = HttpsClient(boss)
    assert browser.get(f"{LIST}{row.pk}/change/").status_code == 200
    for url in (f"{LIST}{row.pk}/change/", f"{LIST}{row.pk}/delete/", f"{LIST}add/"):
        assert browser.post(url, {"target": "x", "post": "yes"}).status_code == 403
    form = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    browser.post(LIST, form)
    assert Event.objects.filter(pk=row.pk, target="Project").exists()


def test_nothing_counts_or_sorts_all_of_it(boss: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_admin, "MOST", 100)
    Event.objects.bulk_create(Event.made("file.moved", str(n)) for n in range(250))
    browser = HttpsClient(boss)
    browser.get(LIST)
    with CaptureQueriesContext(connection) as queries:
        page = browser.get(LIST).content.decode()
    assert "100 events" in page
    of_events = [q["sql"] for q in queries.captured_queries if "embedding_event" in q["sql"]]
    assert all("LIMIT" in sql for sql in of_events if sql.startswith("SELECT"))
    assert not any("DISTINCT" in sql for sql in of_events)


def test_an_administrators_looks_are_events(boss: User) -> None:
    ada = User.objects.get(username="ada")
    browser = HttpsClient(boss)
    for _ in range(2):
        browser.get("/admin/auth/user/")
        browser.get(f"/admin/auth/user/{ada.pk}/change/")
    listed, seen = Event.objects.order_by("pk")
    assert (listed.action, listed.actor, listed.target) == ("admin.list_seen", "boss", "users")
    assert (seen.action, seen.actor, seen.whom) == ("admin.row_seen", "boss", "ada")
