"""Extensions: more time for one student."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from classroom.assignments import extensions
from classroom.models import Assignment, Extension, Kind, Membership, Transfer
from embedding.models import Event
from tests.classroom.factories import enrol, make_assignment, make_course, make_user, submission
from tests.conftest import HttpsClient

pytestmark = pytest.mark.django_db

DUE = datetime(2030, 3, 8, 22, 59, tzinfo=UTC)
LATER = datetime(2030, 3, 15, 22, 59, tzinfo=UTC)


@pytest.fixture
def assignment() -> Assignment:
    course = make_course(make_user("prof", teacher=True))
    enrol(course, make_user("ann", first_name="Ann", last_name="Lee"))
    enrol(course, make_user("bob"))
    return make_assignment(course, due=DUE)


@pytest.fixture
def ann(assignment: Assignment) -> Membership:
    return Membership.objects.get(course=assignment.course, user__username="ann")


@pytest.fixture
def teacher(assignment: Assignment) -> HttpsClient:
    return HttpsClient(assignment.course.memberships.get(role="teacher").user)


def url(name: str, assignment: Assignment, *more: int) -> str:
    return reverse(f"classroom:{name}", args=[assignment.course.pk, assignment.pk, *more])


def give(teacher: HttpsClient, assignment: Assignment, student: Membership, **data: str) -> Any:
    form = {"due": "2030-03-15T23:59", "reason": "Was ill"} | data
    return teacher.post(url("extension", assignment, student.pk), form, follow=True)


def said(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def test_an_extension_is_given_changed_and_taken_back(
    teacher: HttpsClient, assignment: Assignment, ann: Membership
) -> None:
    page = teacher.get(url("extensions", assignment)).content.decode()
    assert "No one has extra time yet" in page
    chosen = teacher.get(url("extensions", assignment), {"student": ann.pk})
    assert chosen.headers["Location"] == url("extension", assignment, ann.pk)
    page = teacher.get(chosen.headers["Location"]).content.decode()
    assert 'value="2030-03-08T23:59"' in page

    assert said(give(teacher, assignment, ann)) == ["Ann Lee has more time now and can see it."]
    extension = Extension.objects.get()
    assert (extension.student, extension.due, extension.reason) == (ann, LATER, "Was ill")
    assert extension.granted_by is not None
    assert extension.granted_by.username == "prof"
    assert submission(assignment, ann).due == LATER
    bob = Membership.objects.get(user__username="bob")
    assert submission(assignment, bob).due == DUE
    page = teacher.get(url("extensions", assignment)).content.decode()
    assert "Fri 15 Mar 2030, 23:59 CET" in page
    assert "Was ill" in page

    give(teacher, assignment, ann, due="2030-03-20T12:00", reason="")
    assert submission(assignment, ann).due == datetime(2030, 3, 20, 11, tzinfo=UTC)
    response = teacher.post(url("extension-remove", assignment, ann.pk), follow=True)
    assert said(response) == ["Ann Lee has no extension any more."]
    assert submission(assignment, ann).due == DUE
    assert teacher.post(url("extension-remove", assignment, ann.pk)).status_code == 404
    events = list(Event.objects.filter(action__startswith="course.extension").order_by("pk"))
    assert [event.action.partition(".")[2] for event in events] == [
        "extension_given",
        "extension_given",
        "extension_removed",
    ]
    assert all(event.actor == "prof" for event in events)
    assert events[0].detail["student"] == "ann"


def test_only_who_has_the_files_is_told(
    teacher: HttpsClient, assignment: Assignment, ann: Membership
) -> None:
    give(teacher, assignment, ann)
    assert not Transfer.objects.exists()
    assignment.submissions.update(handed_out=timezone.now())
    give(teacher, assignment, ann, reason="Another reason")
    assert not Transfer.objects.exists(), "the time is the same"
    give(teacher, assignment, ann, due="2030-03-20T12:00")
    told = Transfer.objects.get()
    assert (told.kind, told.member, told.assignment) == (Kind.DUE_DATE, ann, assignment)


@pytest.mark.parametrize(
    ("due", "words"),
    [
        ("2030-03-08T23:59", "must be later than the one without"),
        ("2030-03-01T12:00", "must be later than the one without"),
        ("2030-03-31T02:15", "On 31 March 2030 there is no 02:15"),
        ("", "required"),
        ("tomorrow", "a date and a time"),
    ],
)
def test_a_time_that_is_no_extension_is_refused(
    teacher: HttpsClient, assignment: Assignment, ann: Membership, due: str, words: str
) -> None:
    response = give(teacher, assignment, ann, due=due)
    assert words in response.content.decode()
    assert "Was ill" in response.content.decode()
    assert not Extension.objects.exists()


def test_an_hour_that_comes_twice_is_said(
    teacher: HttpsClient, assignment: Assignment, ann: Membership
) -> None:
    response = give(teacher, assignment, ann, due="2030-10-27T02:30")
    assert Extension.objects.get().due == datetime(2030, 10, 27, 0, 30, tzinfo=UTC)
    assert "It is the earlier one, CEST." in said(response)[1]


@pytest.mark.parametrize("fields", [{"due": None}, {"handout": True}])
def test_there_must_be_something_to_extend(
    teacher: HttpsClient, assignment: Assignment, ann: Membership, fields: dict[str, Any]
) -> None:
    Assignment.objects.filter(pk=assignment.pk).update(**fields)
    response = give(teacher, assignment, ann)
    assert "no due time, so there is nothing to extend" in response.content.decode()
    assert not Extension.objects.exists()
    assignment.refresh_from_db()
    with pytest.raises(ValueError, match="no due time"):
        extensions.extension_set(assignment, ann, due=LATER, reason="", by=ann.user)


def test_a_moot_extension_is_marked(
    teacher: HttpsClient, assignment: Assignment, ann: Membership
) -> None:
    give(teacher, assignment, ann)
    assert "Not later than" not in teacher.get(url("extensions", assignment)).content.decode()
    Assignment.objects.filter(pk=assignment.pk).update(due=LATER)
    assert "Not later than" in teacher.get(url("extensions", assignment)).content.decode()


def test_a_reason_that_is_html_is_text(
    teacher: HttpsClient, assignment: Assignment, ann: Membership
) -> None:
    give(teacher, assignment, ann, reason="<script>alert(1)</script>")
    page = teacher.get(url("extensions", assignment)).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
