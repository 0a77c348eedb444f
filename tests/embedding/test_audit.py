"""The chain of events: what was removed, changed or added past the site shows."""

import threading
from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, connections, transaction
from django.test import override_settings
from django.utils import timezone

from embedding.models import Event, EventChain
from embedding.services import audit

pytestmark = pytest.mark.django_db


def some(count: int = 10) -> list[Event]:
    """Sealed events."""
    for number in range(count):
        Event.log("file.moved", "Project", actor="emmy", user="ada", path=f"{number}.ipynb")
    audit.seal()
    return list(Event.objects.order_by("position"))


def raw(sql: str, *values: Any) -> None:
    """What somebody with the database, and without the key, does."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def texts() -> list[str]:
    return [found.text for found in audit.verify().findings]


def test_events_are_sealed_without_a_gap_and_hold() -> None:
    rows = some(audit.BATCH + 7)
    assert [row.position for row in rows] == list(range(1, audit.BATCH + 8))
    assert len({row.seal for row in rows}) == len(rows)
    assert audit.seal() == 0
    Event.log("file.moved", "later")
    report = audit.verify()  # which seals first
    assert (report.events, report.position, report.findings) == (len(rows) + 1, len(rows) + 1, ())
    assert report.seal == Event.objects.get(position=report.position).seal


def test_no_event_at_all_holds_too() -> None:
    assert audit.verify() == audit.Report(0, 0, "", ())


def test_an_event_cannot_be_changed_or_deleted() -> None:
    event, *_ = some(2)
    event.target = "other"
    everything = Event.objects.all()
    for act in (
        event.save,
        event.delete,
        everything.delete,
        lambda: everything.update(target="other"),
        lambda: everything.bulk_update([event], ["target"]),
        lambda: Event.objects.update_or_create({"target": "other"}, pk=event.pk),
        lambda: Event.objects.bulk_create(
            [event], update_conflicts=True, update_fields=["target"], unique_fields=["id"]
        ),
    ):
        with pytest.raises(TypeError):
            act()
    with pytest.raises(IntegrityError), transaction.atomic():
        Event(pk=event.pk, action="x", target="other").save()


def test_a_removed_event_shows() -> None:
    rows = some()
    raw("DELETE FROM embedding_event WHERE position IN (4, 5)")
    [text] = texts()
    assert text.startswith("Numbers 4 to 5 of the chain are missing, between ")
    assert str(timezone.localtime(rows[2].at).strftime("%Y-%m-%d %H:%M:%S")) in text


@pytest.mark.parametrize(
    ("gone", "said"),
    [("position > 8", "Numbers 9 to 10 "), ("position = 10", "Number 10 "), ("1 = 1", "1 to 10")],
)
def test_removed_newest_events_show(gone: str, said: str) -> None:
    some()
    raw(f"DELETE FROM embedding_event WHERE {gone}")
    assert said in texts()[0]
    assert "and the end." in texts()[0]


@pytest.mark.parametrize("column", ["actor", "action", "target", "whom", "place", "digest"])
def test_a_changed_event_shows(column: str) -> None:
    rows = some()
    raw(f"UPDATE embedding_event SET {column} = 'max' WHERE position = 3")
    found = audit.verify().findings
    assert {each.event for each in found} == {rows[2].pk}
    assert f"Event {rows[2].pk} (" in found[0].text


@pytest.mark.parametrize("column", ["at", "detail"])
def test_a_changed_time_or_detail_shows(column: str) -> None:
    rows = some()
    other = some(1)[0]
    raw(
        f"UPDATE embedding_event SET {column} = "
        f"(SELECT {column} FROM embedding_event WHERE id = %s) WHERE position = 3",
        other.pk,
    )
    if column == "detail":
        raw("""UPDATE embedding_event SET detail = '{"path": "x"}' WHERE position = 3""")
    assert [each.event for each in audit.verify().findings] == [rows[2].pk]


def test_changed_places_in_the_chain_show() -> None:
    some()
    raw("UPDATE embedding_event SET position = 99 WHERE position = 3")
    raw("UPDATE embedding_event SET position = 3 WHERE position = 7")
    raw("UPDATE embedding_event SET position = 7 WHERE position = 99")
    assert texts()


def test_an_added_event_shows_before_and_after_it_is_sealed() -> None:
    some()
    columns = "at, actor, action, target, whom, place, detail, digest, amended, seal"
    raw(
        f"INSERT INTO embedding_event ({columns}) SELECT at, 'max', action, target, whom, place,"
        " detail, digest, '', '' FROM embedding_event WHERE position = 1"
    )
    [text] = texts()
    assert text.endswith("was changed, or added, past the site.")


def test_the_row_of_the_chain_cannot_be_made_up() -> None:
    some()
    raw("DELETE FROM embedding_event WHERE position = 10")
    raw("UPDATE embedding_eventchain SET position = 9")
    assert texts() == [
        "The row that says where the chain of events ends was changed past the site."
    ]
    raw("DELETE FROM embedding_eventchain")
    assert texts() == ["The row that says where the chain of events ends is missing."]
    Event.log("file.moved", "next")
    with pytest.raises(audit.ChainBroken):
        audit.seal()


def test_an_end_that_was_noted_is_asked_for() -> None:
    some(3)
    was = audit.verify()
    chain = EventChain.objects.values().get()
    some(2)
    noted = audit.verify()
    assert audit.verify((was.position, was.seal)).findings == ()
    # The whole log is put back to how it was.
    raw("DELETE FROM embedding_event WHERE position > 3")
    EventChain.objects.update(**chain)
    assert audit.verify().findings == ()
    [found] = audit.verify((noted.position, noted.seal)).findings
    assert found.text == "Number 5 of the chain is not the one that was noted."


def test_the_chain_holds_after_a_new_key_and_not_with_a_strangers() -> None:
    some()
    old = "tests-only-" + "x" * 50
    with override_settings(SECRET_KEY="another-" + "y" * 50, SECRET_KEY_FALLBACKS=[old]):
        some(3)
        assert texts() == []
        audit.reseal("root")
    with override_settings(SECRET_KEY="another-" + "y" * 50):
        assert texts() == []
        assert Event.objects.get(action="events.resealed").actor == "root"
    assert texts()


def test_resealing_tells_what_was_found() -> None:
    some()
    raw("DELETE FROM embedding_event WHERE position = 4")
    audit.reseal("root")
    assert texts() == []
    [text] = Event.objects.get(action="events.resealed").detail["findings"]
    assert text.startswith("Number 4 of the chain is missing")


def test_old_events_are_pruned_and_the_chain_still_holds() -> None:
    some(audit.BATCH + 20)
    line = timezone.now()
    some(5)
    Event.log("file.moved", "not sealed")
    assert audit.prune(line) == audit.BATCH + 20
    assert Event.objects.count() == 6
    assert texts() == []
    assert audit.prune(line) == 0
    raw("DELETE FROM embedding_event WHERE position = %s", audit.BATCH + 21)
    assert "between the beginning and" in texts()[0]


def test_pruning_hides_nothing() -> None:
    some()
    raw("DELETE FROM embedding_event WHERE position = 4")
    with pytest.raises(audit.ChainBroken, match="Number 4 "):
        audit.prune(timezone.now() + timedelta(days=1))
    assert Event.objects.count() == 9


def test_a_person_gets_a_pseudonym_everywhere_and_the_chain_holds() -> None:
    Event.log("a.b", "Zoë Ångström in Physics", actor="zoe", user="emmy", path="zoe's/zoel.ipynb")
    Event.log("a.b", "zoe.smith", actor="emmy", user="zoe", who=["zoe", "Zoë Ångström", 3])
    audit.seal()
    Event.log("a.b", "zoe, Bob", actor="bob", address="zoe@school.test")
    Event.log("a.b", "Bob", actor="bob")
    said = audit.pseudonymise("zoe", "person-7", also=("Zoë Ångström", "zoe@school.test"))
    assert said == 3
    first, second, third, fourth, told = Event.objects.order_by("pk")
    assert (first.actor, first.target) == ("person-7", "person-7 in Physics")
    assert first.detail["path"] == "person-7's/zoel.ipynb"
    assert (second.whom, second.target) == ("person-7", "zoe.smith")
    assert second.detail == {"user": "person-7", "who": ["person-7", "person-7", 3]}
    assert (third.target, third.detail["address"]) == ("person-7, Bob", "person-7")
    assert not fourth.amended
    assert (told.action, told.whom, told.detail["events"]) == ("events.renamed", "person-7", 3)
    assert texts() == []
    audit.pseudonymise("person-7", "person-8")
    assert texts() == []


def test_a_pseudonym_cannot_be_imitated_nor_hides_what_was_changed() -> None:
    some(3)
    raw("UPDATE embedding_event SET target = 'Elsewhere of ada' WHERE position = 2")
    audit.pseudonymise("ada", "person-1")
    assert [found.position for found in audit.verify().findings] == [2]
    raw("UPDATE embedding_event SET whom = 'max' WHERE position = 1")
    assert [found.position for found in audit.verify().findings] == [1, 2]


def test_events_of_before_the_chain_get_their_place_in_it() -> None:
    Event.log("a.b", "x", user="ada", course=12)
    Event.log("a.b", "x", student=7)
    raw("UPDATE embedding_event SET whom = '', place = '', digest = ''")
    import_module("embedding.migrations.0009_event_digests").fill(
        apps, SimpleNamespace(connection=connection)
    )
    first, second = Event.objects.order_by("pk")
    assert (first.whom, first.place) == ("ada", "course:12")
    assert (second.whom, second.place) == ("", "")
    assert audit.verify() == audit.Report(2, 2, Event.objects.get(position=2).seal, ())


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_seal_at_once_make_one_chain() -> None:
    errors: list[BaseException] = []
    written = threading.Event()

    def work(act: Any) -> None:
        try:
            while not written.is_set():
                act()
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work, args=(audit.seal,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for number in range(200):
        Event.log("file.moved", str(number))
    written.set()
    for worker in workers:
        worker.join()
    assert errors == []
    report = audit.verify()
    assert (report.events, report.position, report.findings) == (200, 200, ())
