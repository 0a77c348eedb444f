"""`manage.py check_events`."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from embedding.models import Event
from embedding.services import audit

pytestmark = pytest.mark.django_db


def run(*args: str) -> str:
    out = io.StringIO()
    call_command("check_events", *args, stdout=out, stderr=out)
    return out.getvalue()


@pytest.fixture
def events() -> None:
    for number in range(5):
        Event.log("file.moved", str(number))
    audit.seal()


def remove(position: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM embedding_event WHERE position = %s", [position])


def test_all_is_well(events: None) -> None:
    said = run()
    assert "5 events were looked at." in said
    assert "Nothing was removed" in said
    end = said.partition("ends with ")[2].split()[0]
    Event.log("file.moved", "next")
    assert "Nothing was removed" in run("--noted", end)
    report = json.loads(run("--json"))
    assert (report["events"], report["position"], report["broken"]) == (6, 6, False)


def test_a_removed_event_is_named_and_the_command_fails(events: None) -> None:
    remove(3)
    out = io.StringIO()
    with pytest.raises(CommandError, match="was changed past the site"):
        call_command("check_events", stdout=out, stderr=out)
    assert "Number 3 of the chain is missing" in out.getvalue()
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command("check_events", "--json", stdout=out)
    assert json.loads(out.getvalue())["findings"][0]["position"] == 3


def test_an_end_that_is_not_there_any_more(events: None) -> None:
    with pytest.raises(CommandError, match="was changed"):
        run("--noted", f"5:{'0' * 64}")
    with pytest.raises(CommandError, match="looks like"):
        run("--noted", "nonsense")


def test_sealed_anew_it_holds_again(events: None) -> None:
    remove(3)
    assert "Number 3" in run("--reseal")
    assert "Nothing was removed" in run()
