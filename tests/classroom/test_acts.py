"""Every act on another person's data is an event: every address of the site is asked for it.

An address is either named below as one that touches nobody else's data, with the reason, or a
teacher who asks it leaves an event that tells who did what to whose data. Whoever adds an address
adds it here, or has it write an event.
"""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from administration.urls import urlpatterns as of_administration
from classroom.engine.queue import transfer_add
from classroom.grading.matrix import work_seen
from classroom.models import Batch, Kind, Membership, Submission, Transfer
from classroom.rules.scoring import number
from embedding.models import Event
from embedding.services import sentences
from tests.classroom.permissions_world import World
from tests.classroom.test_permissions import (
    FORMS,
    OF_STUDENTS,
    PATTERNS,
    address,
    room,
    rows,
)
from tests.conftest import HttpsClient

__all__ = ("room",)

OWN = "one's own"
OF_THE_COURSE = "the course's settings and texts, which are nobody's work"
A_FORM = "a form, with names at most; what it does is asked by POST"
LEADS = "leads on to a page that leaves one"

NOTHING: dict[tuple[str, str], str] = {
    **dict.fromkeys(
        (
            *(("today", "GET"), ("profile", "GET"), ("calendar", "GET"), ("notices", "GET")),
            *(("notices-read", "POST"), ("mail-choices", "GET"), ("mail-choices", "POST")),
            *(("unsubscribe", "GET"), ("unsubscribe", "POST"), ("courses", "GET")),
            *(("profile", "POST"), ("calendar-renew", "POST")),
            *(("address", "GET"), ("address", "POST"), ("join", "GET"), ("join", "POST")),
            *(("invitation", "GET"), ("invitation", "POST")),
        ),
        OWN,
    ),
    **dict.fromkeys(
        (
            *(("course-new", "GET"), ("course-settings", "GET"), ("course-delete", "GET")),
            *(("course-copy", "GET"), ("course-copying", "GET"), ("assignments-use", "GET")),
            *(("course-delete", "POST"), ("assignments-use", "POST"), ("dates", "GET")),
            *(("dates", "POST"), ("assignment-new", "GET"), ("assignments-removed", "GET")),
            *(("assignment-edit", "GET"), ("assignment-edit", "POST")),
            *(("assignment-remove", "GET"), ("assignment-files", "GET")),
            *(("assignment-approve", "GET"), ("section-dates", "GET"), ("section-dates", "POST")),
            *(("assignment-copy-again", "POST"), ("assignment-approve", "POST")),
            *(("kept-comment-remove", "POST"), ("kept-comment-remove-hidden", "POST")),
        ),
        OF_THE_COURSE,
    ),
    ("course", "GET"): "numbers of the whole class",
    ("projects", "GET"): "how many there are",
    ("steps", "GET"): "what the staff has done; each step's page leaves an event",
    ("sections", "GET"): "names of sections, and how many are in each",
    ("people-import", "GET"): A_FORM,
    ("people-import", "POST"): "a look ahead; what it then does are events",
    ("people-add", "GET"): A_FORM,
    ("person-remove", "GET"): A_FORM,
    ("grades-import", "GET"): A_FORM,
    ("run", "GET"): A_FORM,
    ("run-assignment", "GET"): A_FORM,
    ("grade-first", "GET"): LEADS,
}
# What is not done in this world, so that nothing is to be told: each is tested where it is done.
NOT_DONE = {
    **dict.fromkeys(
        ("assignment-upload", "assignment-check", "assignment-file-remove"),
        "there is no CoCalc; test_sources.py",
    ),
    **dict.fromkeys(
        ("assignment-file-rename", "assignment-bring"), "there is no CoCalc; test_sources.py"
    ),
    "assignment-browse": "there is no CoCalc; below",
    "section-remove": "moves whoever is in it",
}


def events_of(client: HttpsClient, method: str, url: str, data: Any, **more: Any) -> Any:
    """Ask, and return the answer with the events that it left; everything is taken back."""
    with transaction.atomic():
        before = set(Event.objects.values_list("pk", flat=True))
        answer = getattr(client, method.lower())(url, data, **more)
        answer.getvalue()
        left = list(Event.objects.exclude(pk__in=before))
        transaction.set_rollback(True)
    return answer, left


def sound(event: Event, actor: str) -> bool:
    """Whether an event tells who, what, and whose: a person's, or a course's."""
    return (
        event.actor == actor
        and sentences.is_told(event.action)
        and bool(event.whom or event.place)
        and event.whom != actor
        and "…" not in sentences.sentence(event, {})
    )


def test_each_address_leaves_an_event_or_touches_nobodys_data(room: World) -> None:
    teacher, done = room.people["teacher"], what_does_it(room)
    wrong = []
    for name, method, expected in rows():
        if expected["teacher"] in ("403", "404", "405", "503") or name in OF_STUDENTS:
            continue
        data: Any = FORMS.get(name, {}) if method == "POST" else {}
        more = {}
        if (name, method) == ("grades-enter", "POST"):
            data, more = json.dumps(entries(room)), {"content_type": "application/json"}
        elif method == "POST":
            data = done.get(name, data)
        answer, left = events_of(
            HttpsClient(teacher), method, address(name, room.ids), data, **more
        )
        is_named = (name, method) in NOTHING
        told = [event for event in left if sound(event, "tess")]
        if name in NOT_DONE and not told:
            continue
        if answer.status_code not in (200, 302):
            wrong.append(f"{method} {name}: {answer.status_code}")
        elif is_named and method == "GET" and left:
            wrong.append(f"{method} {name} is named as touching nothing, and left {left}")
        elif not is_named and not told:
            wrong.append(f"{method} {name} left no event that tells all: {left}")
    assert not wrong, "\n".join(wrong)


def what_does_it(room: World) -> dict[str, dict[str, Any]]:
    """Return forms that do something, where those of the table leave all as it is."""
    Batch.objects.filter(pk=room.ids["batch"]).update(options={"early": True})
    bob = Membership.objects.get(pk=room.ids["member"])
    transfer_add(room.course, Kind.PREPARE, bob)
    Membership.objects.filter(pk=bob.pk).update(prepared=None)
    Transfer.objects.filter(kind=Kind.PREPARE).update(state=Transfer.State.FAILED)
    Submission.objects.update(details={"copies": {"hw.ipynb": ["hw (1).ipynb"]}})
    return {
        "course-archived": {"archive": "yes"},
        "section-move": {"section": "Monday", "member": bob.pk, "confirm": "yes"},
        "step": {"kind": "collect", "who": "all", "early": "yes"},
        "waive": {"waive": "yes"},
        "autograde-copy-hidden": FORMS["autograde-copy"],
    }


def entries(room: World) -> dict[str, Any]:
    """Return what the page of the grades sends when a score is typed."""
    work = Submission.objects.get(student=room.ids["member"], assignment=room.ids["assignment"])
    entry = {
        "student": work.student_id,
        "assignment": work.assignment_id,
        "before": number(work.score),
        "work": work_seen(work),
        "typed": "7",
    }
    return {"entries": [entry]}


def test_what_is_named_is_an_address() -> None:
    asked = {(name, method) for name, method, expected in rows() if expected["teacher"] != "405"}
    assert not NOTHING.keys() - asked
    assert not NOT_DONE.keys() - PATTERNS.keys()


def test_every_page_of_the_administration_is_named() -> None:
    named = {str(getattr(pattern, "name", pattern)) for pattern in of_administration}
    assert named == set(ADMINISTRATION)


# Page of the administration: the test in which it leaves an event, or why it need not.
_NOBODY = "shows nobody's data: how the site is, and what connects it"
_PERSON = "tests/administration/people: each act is an event with actor and whom"
ADMINISTRATION: dict[str, str] = {
    "overview": "says who waits now, by name alone; it is read every half minute",
    **dict.fromkeys(("check", "check-link", "check-mail", "check-frame"), _NOBODY),
    **dict.fromkeys(("check-frame-signed-in", "check-frame-end"), _NOBODY),
    "key": "tests/administration/key: key.replaced, key.approved",
    "people": "tests/administration/people/test_access.py: admin.people_seen",
    "person": "tests/administration/people/test_access.py: admin.person_seen",
    **dict.fromkeys(("person-suspend", "person-reinstate", "person-sign-out"), _PERSON),
    **dict.fromkeys(("person-let-in", "person-prepare", "person-repair"), _PERSON),
    **dict.fromkeys(("person-export", "person-link", "person-unlink", "person-forget"), _PERSON),
    **dict.fromkeys(("person-account-anew", "person-project-anew"), _PERSON),
    "course-look": "tests/administration/looking: course.looked_into",
    "course-look-stop": "tests/administration/looking: course.look_ended",
    "users-import": "tests/administration/users: user.made, user.changed, users.listed",
    "users-links": "tests/administration/users: user.link_taken",
}


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("submitted", "course.work_seen"),
        ("submitted-download", "course.work_downloaded"),
        ("submitted-zip", "course.work_downloaded"),
    ],
)
def test_submitted_work_of_another(
    room: World, monkeypatch: pytest.MonkeyPatch, name: str, action: str
) -> None:
    from classroom.students import submitted_files

    monkeypatch.setattr(submitted_files, "file_content", lambda *_: b"1")
    monkeypatch.setattr(submitted_files, "files_taken", lambda *_: [])
    url = address(name, room.ids)
    _answer, left = events_of(HttpsClient(room.people["teacher"]), "GET", url, {})
    assert [(each.action, each.whom) for each in left] == [(action, "bob")]
    assert sound(left[0], "tess")
    _answer, left = events_of(HttpsClient(room.people["classmate"]), "GET", url, {})
    assert left == [], "one's own"


def test_the_same_look_within_minutes_is_one_event(room: World) -> None:
    client = HttpsClient(room.people["teacher"])
    url = address("grade", room.ids)
    for _ in range(3):
        assert client.get(url).status_code == 200
    seen = Event.objects.filter(action="course.grading_seen")
    assert seen.get().whom == "bob"
    HttpsClient(room.people["assistant"]).get(url)
    assert seen.count() == 2, "somebody else's look is another one"
    Event._base_manager.update(at=timezone.now() - timedelta(minutes=11))
    client.get(url)
    assert seen.count() == 3, "later it is another one"
    client.get(address("grades-csv", room.ids))
    client.get(address("grades-csv", room.ids))
    assert Event.objects.filter(action="course.grades_exported").count() == 2


def test_what_a_browser_loads_ahead_says_so(room: World) -> None:
    client = HttpsClient(room.people["teacher"])
    client.get(address("grade", room.ids), headers={"Sec-Purpose": "prefetch"})
    client.get(address("grade", room.ids))
    ahead, looked = Event.objects.filter(action="course.grading_seen").order_by("pk")
    assert (ahead.detail["ahead"], looked.detail.get("ahead")) == (True, None)


def test_a_refusal_leaves_nothing(room: World) -> None:
    for who in ("stranger", "student", "other"):
        for name in ("grade", "grades", "grades-csv", "people", "run-output", "submitted"):
            HttpsClient(room.people[who]).get(address(name, room.ids))
    assert not Event.objects.filter(action__contains="_seen").exists()
    assert not Event.objects.filter(action__in=("course.grades_exported", "course.work_seen"))
