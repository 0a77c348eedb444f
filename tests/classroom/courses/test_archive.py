"""A course that is archived: read by its people, changed by nobody, out of sight."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from classroom import urls
from classroom.class_steps.pulse import pulse
from classroom.courses.courses import course_archive, course_bring_back
from classroom.courses.dashboard import dashboard_of
from classroom.engine.queue import transfer_add
from classroom.models import Course, Kind, Submission, Transfer
from classroom.people import invitations
from classroom.today.board import board_of
from embedding.models import Event
from embedding.problems import Problem
from tests.classroom import factories
from tests.classroom.permissions_world import World, make_world
from tests.conftest import HttpsClient

State = Transfer.State
# To bring it back, to make another of it, and to delete it.
TAKEN = ("course-archived", "course-copy", "course-delete")


@pytest.fixture
def room(db: None) -> World:
    world = make_world()
    course_archive(world.course, actor=world.course.memberships.get(role="teacher").user)
    world.course.refresh_from_db()
    return world


def posts(room: World) -> list[tuple[str, str]]:
    """Every address of the course to which something can be sent."""
    found = []
    for pattern in urls.urlpatterns:
        name, wanted = str(pattern.name), pattern.pattern.converters
        if name not in TAKEN and "course" in wanted:
            ids = {key: room.ids[key] for key in wanted}
            found.append((name, reverse(f"classroom:{name}", kwargs=ids)))
    return found


@pytest.mark.parametrize("who", ["teacher", "assistant", "student"])
def test_whatever_is_sent_is_refused_in_a_sentence(room: World, who: str) -> None:
    client = HttpsClient(room.people[who])
    refused = set()
    for name, url in posts(room):
        before = (Transfer.objects.count(), Event.objects.count())
        answer = client.post(url, {"kind": "hand_out", "who": "all"})
        assert answer.status_code in (403, 405), (name, answer.status_code)
        if "This course is archived" in answer.content.decode():
            refused.add(name)
        assert (Transfer.objects.count(), Event.objects.count()) == before, name
        # Reading goes on.
        assert client.get(url).status_code != 500, name
    # Not all take posts, and a student is refused some of them for being one.
    assert {"submit", "step", "grade", "dates", "course-settings", "people-add"} <= refused
    told = client.post(
        reverse("classroom:submit", args=[room.ids["course"], room.ids["assignment"]]),
        headers={"Accept": "application/json"},
    )
    assert told.json()["error"]["code"] == "archived"


def test_a_stranger_is_told_nothing_of_it(room: World) -> None:
    url = reverse("classroom:step", args=[room.ids["course"], room.ids["assignment"]])
    assert HttpsClient(room.people["stranger"]).post(url).status_code == 404


def test_it_is_out_of_sight_and_can_be_brought_back(room: World) -> None:
    page = reverse("classroom:course-archived", args=[room.ids["course"]])
    for who in ("teacher", "student"):
        user = room.people[who]
        assert user
        found = dashboard_of(user)
        assert (found.teaching, found.studying) == ([], [])
        board = board_of(user)
        assert not board.studies
        assert not board.teaches
        assert [line.course for line in found.archived] == [room.course]
        shown = HttpsClient(user).get(reverse("classroom:courses")).content.decode()
        assert "1 archived course" in shown
    assert HttpsClient(room.people["assistant"]).post(page).status_code == 403
    HttpsClient(room.people["teacher"]).post(page, {"archive": "no"})
    assert Course.objects.filter(pk=room.course.pk, archived=None).exists()
    HttpsClient(room.people["teacher"]).post(page, {"archive": "yes"})
    assert not Course.objects.filter(pk=room.course.pk, archived=None).exists()
    actions = Event.objects.filter(action__startswith="course.").values_list("action", flat=True)
    assert {"course.archived", "course.brought_back"} <= set(actions)


def test_nobody_joins_it(room: World) -> None:
    stranger = HttpsClient(room.people["stranger"])
    url = reverse("classroom:join", args=[room.ids["code"]])
    for answer in (stranger.get(url), stranger.post(url)):
        assert answer.status_code == 404
    with pytest.raises(Problem, match="nobody can join it any more"):
        invitations.find(room.ids["signed"])
    url = reverse("classroom:invitation", args=[room.ids["signed"]])
    assert stranger.post(url).status_code == 410


@pytest.mark.django_db
def test_dates_do_nothing_and_what_waits_does_not_begin() -> None:
    teacher = factories.make_user("tess", teacher=True)
    course = factories.make_course(teacher, join_code=uuid4())
    student = factories.enrol(course, factories.make_user("ada"))
    now = timezone.now()
    work = factories.make_assignment(
        course,
        release=now - timedelta(hours=2),
        due=now - timedelta(hours=1),
        files=[{"path": "a.ipynb", "size": 1, "sha256": "0" * 64}],
    )
    waiting = transfer_add(course, Kind.HAND_OUT, student, assignment=work)
    submitted = transfer_add(course, Kind.SUBMIT, student, assignment=work)
    course_archive(course, actor=teacher)
    waiting.refresh_from_db()
    submitted.refresh_from_db()
    assert (waiting.state, submitted.state) == (State.CANCELLED, State.QUEUED)
    pulse()
    Submission.objects.update(handed_out=now - timedelta(hours=2))
    pulse()
    assert Transfer.objects.count() == 2
    course_bring_back(Course.objects.get(pk=course.pk), actor=teacher)
    pulse()
    assert Transfer.objects.filter(kind=Kind.COLLECT).count() == 1
