"""Making, changing, removing and restoring assignments, and who may."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from classroom.assignments import assignments
from classroom.engine import queue
from classroom.models import Assignment, Course, Kind, Membership, Role, Transfer
from embedding.models import Event
from tests.classroom import factories
from tests.classroom.factories import enrol, make_assignment, make_course, make_user
from tests.conftest import HttpsClient

pytestmark = pytest.mark.django_db

Version = Assignment.Version


@dataclass
class School:
    """A course with one of each."""

    course: Course
    teacher: User
    assistant: User
    student: Membership
    assignment: Assignment

    @property
    def client(self) -> HttpsClient:
        return HttpsClient(self.teacher)

    def url(self, name: str, *more: int) -> str:
        return reverse(f"classroom:{name}", args=[self.course.pk, *more])

    def of(self, name: str, *more: int) -> str:
        return self.url(name, self.assignment.pk, *more)


@pytest.fixture
def school() -> School:
    teacher, assistant = make_user("prof", teacher=True), make_user("assistant")
    course = make_course(teacher)
    enrol(course, assistant, Role.ASSISTANT)
    student = enrol(course, make_user("ann", first_name="Ann", last_name="Lee"))
    return School(course, teacher, assistant, student, make_assignment(course))


def said(response: Any) -> str:
    return " | ".join(str(message) for message in response.context["messages"])


FORM = {
    "title": "Loops & lists",
    "handout": "no",
    "instructions": "Do **all** of it.",
    "points": "10",
    "weight": "",
    "release": "2030-03-01T08:00",
    "due": "2030-03-08T23:59",
    "late_policy": "closed",
    "late_until": "",
}


def posted(school: School, **changes: str) -> Any:
    return school.client.post(school.url("assignment-new"), FORM | changes)


def errors(response: Any) -> dict[str, list[str]]:
    assert response.status_code == 200
    found: dict[str, list[str]] = response.context["form"].errors
    return found


# --- making -------------------------------------------------------------------------------


def test_an_assignment_is_made_with_its_dates_in_the_courses_zone(school: School) -> None:
    response = school.client.post(school.url("assignment-new"), FORM, follow=True)
    made = Assignment.objects.get(title="Loops & lists")
    assert response.redirect_chain == [(school.url("assignment-files", made.pk), 302)]
    assert made.folder == "loops-lists"
    assert made.release == datetime(2030, 3, 1, 7, tzinfo=UTC)
    assert made.due == datetime(2030, 3, 8, 22, 59, tzinfo=UTC)
    assert not made.handout
    assert made.points == 10
    assert made.weight is None
    assert made.version == Version.MISSING
    assert made.submissions.count() == 1
    assert Event.objects.filter(action="course.assignment_created", actor="prof").exists()


def test_a_handout_keeps_no_more_than_its_release(school: School) -> None:
    posted(school, handout="yes", due="nonsense", late_policy="until", points="-3")
    made = Assignment.objects.get(title="Loops & lists")
    assert made.handout
    assert (made.due, made.points, made.late_policy) == (None, None, "closed")
    assert made.release is not None


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"title": " "}, "title", "required"),
        ({"title": "x" * 201}, "title", "at most 200"),
        ({"handout": "perhaps"}, "handout", "valid choice"),
        ({"points": "-1"}, "points", "greater than or equal"),
        ({"due": "soon"}, "due", "a date and a time"),
        ({"due": "2030-03-31T02:30"}, "due", "On 31 March 2030 there is no 02:30"),
        ({"release": "2030-03-31T02:00"}, "release", "clocks go forward"),
        ({"due": "2030-02-28T08:00"}, "due", "later than the release"),
        ({"due": "2030-03-01T08:00"}, "due", "later than the release"),
        ({"late_policy": "until"}, "late_until", "until when"),
        ({"late_policy": "until", "late_until": "2030-03-08T23:59"}, "late_until", "later than"),
        ({"late_policy": "until", "due": ""}, "due", "Enter a due time"),
        ({"late_policy": "until", "late_until": "never"}, "late_until", "a date and a time"),
        ({"late_policy": "sometimes"}, "late_policy", "valid choice"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    school: School, changes: dict[str, str], field: str, words: str
) -> None:
    response = posted(school, **changes)
    assert words in str(errors(response)[field])
    assert Assignment.objects.count() == 1
    typed = next((text for text in changes.values() if text.strip()), "")
    assert typed in response.content.decode()


def test_a_last_moment_is_kept_only_with_its_policy(school: School) -> None:
    posted(school, late_until="2030-03-10T12:00")
    assert Assignment.objects.get(title="Loops & lists").late_until is None
    posted(school, title="B", late_policy="until", late_until="2030-03-10T12:00")
    assert Assignment.objects.get(title="B").late_until == datetime(2030, 3, 10, 11, tzinfo=UTC)


def test_until_when_students_may_ask_is_kept_and_a_handout_has_none(school: School) -> None:
    posted(school, look_until="2030-04-10T12:00")
    made = Assignment.objects.get(title="Loops & lists")
    assert made.look_until == datetime(2030, 4, 10, 10, tzinfo=UTC)
    school.client.post(school.url("assignment-edit", made.pk), FORM | {"look_until": ""})
    assert Assignment.objects.get(pk=made.pk).look_until is None
    posted(school, title="Slides", handout="yes", look_until="nonsense")
    assert Assignment.objects.get(title="Slides").look_until is None


def test_an_hour_that_comes_twice_is_the_first_and_said_so(school: School) -> None:
    response = school.client.post(
        school.url("assignment-new"), FORM | {"due": "2030-10-27T02:30"}, follow=True
    )
    made = Assignment.objects.get(title="Loops & lists")
    assert made.due == datetime(2030, 10, 27, 0, 30, tzinfo=UTC)
    note = "so 02:30 comes twice. It is the earlier one, CEST."
    assert note in said(response)
    page = school.client.get(school.url("assignment-edit", made.pk))
    assert note in page.content.decode()


def test_a_stored_moment_stays_when_its_text_does(school: School) -> None:
    later = datetime(2030, 10, 27, 1, 30, 15, tzinfo=UTC)  # the second 02:30 of that night
    Assignment.objects.filter(pk=school.assignment.pk).update(due=later)
    page = school.client.get(school.of("assignment-edit"))
    assert "It is the later one, CET." in page.content.decode()
    changes = {"due": "2030-10-27T02:30", "release": ""}
    school.client.post(school.of("assignment-edit"), FORM | changes)
    school.assignment.refresh_from_db()
    assert school.assignment.title == "Loops & lists"
    assert school.assignment.due == later


def test_dates_in_the_past_are_only_warned_of(school: School) -> None:
    response = school.client.post(
        school.url("assignment-new"),
        FORM | {"release": "2020-01-01T00:00", "due": "2020-01-02T00:00"},
        follow=True,
    )
    assert Assignment.objects.filter(title="Loops & lists").exists()
    assert "The due time has passed" in said(response)
    assert "The release time has passed" in said(response)


def test_a_preview_saves_nothing_and_keeps_what_was_typed(school: School) -> None:
    response = posted(school, preview="1", instructions="*so* <script>alert(1)</script>")
    page = response.content.decode()
    assert "<em>so</em>" in page
    assert "<script>alert" not in page
    assert 'value="Loops &amp; lists"' in page
    assert Assignment.objects.count() == 1


def test_a_folders_name_is_the_courses_own_and_never_a_reserved_one(school: School) -> None:
    names = [
        assignments.assignment_create(
            school.course, Assignment(title=title), by=school.teacher
        ).folder
        for title in ("Homework 1", "Homework 1!", "Collected", "Graded homework 1", "Übung", "…")
    ]
    assert names == [
        "homework-1-2",
        "homework-1-3",
        "collected-1",
        "work-graded-homework-1",
        "ubung",
        "assignment",
    ]


def test_a_removed_assignment_keeps_its_folders_name(school: School) -> None:
    assignments.assignment_remove(school.assignment, by=school.teacher)
    assert assignments.free_folder(school.course, "Homework 1") == "homework-1-2"


def test_an_assignment_of_an_earlier_course_is_taken_over(school: School) -> None:
    earlier = make_course(school.teacher, "Physics before")
    model = make_assignment(earlier, "Waves", instructions="Read *this*.", points=7)
    url = school.url("assignment-new")
    page = school.client.get(url, {"from": model.pk}).content.decode()
    assert 'value="Waves"' in page
    assert "Read *this*." in page
    response = school.client.post(url, FORM | {"from": str(model.pk)})
    assert response.status_code == 302


def test_only_ones_own_courses_are_taken_over(school: School) -> None:
    other = make_course(make_user("other", teacher=True), "Secret course")
    enrol(other, school.teacher, Role.ASSISTANT)
    model = make_assignment(other, "Secret")
    url = school.url("assignment-new")
    assert "Secret" not in school.client.get(url).content.decode()
    assert school.client.get(url, {"from": model.pk}).status_code == 404
    assert school.client.post(url, FORM | {"from": str(model.pk)}).status_code == 404
    assert school.client.get(url, {"from": "x'"}).status_code == 404


# --- changing -----------------------------------------------------------------------------


def changed(school: School, **changes: str) -> Any:
    return school.client.post(school.of("assignment-edit"), FORM | changes, follow=True)


def test_a_changed_due_time_reaches_those_who_have_it(school: School) -> None:
    bob = enrol(school.course, make_user("bob"))
    factories.submission(school.assignment, school.student)
    school.assignment.submissions.filter(student=school.student).update(handed_out=timezone.now())
    response = changed(school)
    due = datetime(2030, 3, 8, 22, 59, tzinfo=UTC)
    assert factories.submission(school.assignment, school.student).due == due
    assert factories.submission(school.assignment, bob).due == due
    told = Transfer.objects.filter(kind=Kind.DUE_DATE)
    assert [transfer.member for transfer in told] == [school.student]
    assert "into the project of 1 student" in said(response)
    event = Event.objects.get(action="course.due_changed")
    assert (event.actor, event.detail["due"]) == ("prof", due.isoformat())


def test_the_same_due_time_tells_nobody(school: School) -> None:
    changed(school)
    Transfer.objects.all().delete()
    school.assignment.submissions.update(handed_out=timezone.now())
    changed(school, title="Another title")
    assert not Transfer.objects.exists()
    school.assignment.refresh_from_db()
    assert (school.assignment.title, school.assignment.folder) == ("Another title", "homework-1")


def test_what_is_out_stays_what_it_is(school: School) -> None:
    Assignment.objects.filter(pk=school.assignment.pk).update(out=timezone.now())
    school.assignment.submissions.update(handed_out=timezone.now())
    changed(school, handout="yes")
    school.assignment.refresh_from_db()
    assert not school.assignment.handout
    assert school.assignment.due is not None


def test_what_is_out_with_a_release_date_can_be_changed(school: School) -> None:
    """Its date is shown and sent by no browser: it stays as it is."""
    release = timezone.now() - timedelta(days=3)
    Assignment.objects.filter(pk=school.assignment.pk).update(out=release, release=release)
    fields = {name: value for name, value in FORM.items() if name != "release"}
    url = school.of("assignment-edit")
    school.client.post(url, fields | {"title": "Another title", "announced": "on"})
    school.assignment.refresh_from_db()
    assert (school.assignment.title, school.assignment.release) == ("Another title", release)
    assert not school.assignment.announced  # nothing to announce any more


def test_what_is_announced_is_said_by_the_teacher(school: School) -> None:
    changed(school)
    school.assignment.refresh_from_db()
    assert not school.assignment.announced
    changed(school, announced="on")
    school.assignment.refresh_from_db()
    assert school.assignment.announced


def test_a_later_due_time_makes_extensions_moot_and_says_so(school: School) -> None:
    soon = datetime(2030, 3, 5, tzinfo=UTC)
    school.assignment.extensions.create(student=school.student, due=soon)
    assert "The extension for Ann Lee gives no extra time any more" in said(changed(school))


# --- removing -----------------------------------------------------------------------------


def test_an_assignment_is_removed_by_its_title_and_restored(school: School) -> None:
    queued = queue.transfer_add(school.course, Kind.VERSION, assignment=school.assignment)
    url = school.of("assignment-remove")
    response = school.client.post(url, {"title": "another"})
    assert "which is “Homework 1”" in response.content.decode()
    response = school.client.post(url, {"title": " homework 1 "})
    assert response.headers["Location"] == school.url("assignments-removed")
    school.assignment.refresh_from_db()
    queued.refresh_from_db()
    assert school.assignment.removed is not None
    assert queued.state == Transfer.State.CANCELLED
    assert school.client.get(url).status_code == 404

    bob = enrol(school.course, make_user("bob"))
    page = school.client.get(school.url("assignments-removed")).content.decode()
    assert "Homework 1" in page
    restore = school.of("assignment-restore")
    assert school.client.post(restore).headers["Location"] == school.of("assignment")
    assert Assignment.objects.get(pk=school.assignment.pk).removed is None
    assert factories.submission(school.assignment, bob)
    assert school.client.post(restore).status_code == 404
    actions = Event.objects.values_list("action", flat=True)
    assert {"course.assignment_removed", "course.assignment_restored"} <= set(actions)


def test_nothing_removed_is_said(school: School) -> None:
    page = school.client.get(school.url("assignments-removed")).content.decode()
    assert "Nothing was removed" in page


# --- whether it can go out ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"version": Version.MISSING}, "no files"),
        ({"version": Version.MAKING}, "being made"),
        ({"version": Version.CHECK}, "First decide whether students may get them"),
        ({"version": Version.CHECK, "version_report": {"made_of": ""}}, "approve"),
        ({"version": Version.FAILED, "version_error": "Cell 3 is odd."}, "Cell 3 is odd."),
        ({"version": Version.READY, "files": []}, "no files"),
        ({"removed": datetime(2026, 1, 1, tzinfo=UTC)}, "removed"),
    ],
)
def test_why_it_cannot_be_handed_out(school: School, fields: dict[str, object], words: str) -> None:
    school.assignment.files = [{"path": "a", "size": 1, "sha256": "0" * 64}]
    assert assignments.blocked_reason(school.assignment) == ""
    for name, value in fields.items():
        setattr(school.assignment, name, value)
    assert words in assignments.blocked_reason(school.assignment)


# --- who may ------------------------------------------------------------------------------

PAGES = [
    "assignment-new",
    "assignments-removed",
    "assignment-edit",
    "assignment-remove",
    "assignment-browse",
    "assignment-approve",
    "extensions",
    "extension",
]
ACTIONS = [
    "assignment-restore",
    "assignment-upload",
    "assignment-bring",
    "assignment-check",
    "assignment-file-remove",
    "extension-remove",
]
BOTH = [
    "assignment-new",
    "assignment-edit",
    "assignment-remove",
    "assignment-browse",
    "assignment-approve",
    "extensions",
    "extension",
]


def address(school: School, name: str) -> str:
    args = [school.course.pk]
    if name not in ("assignment-new", "assignments-removed"):
        args.append(school.assignment.pk)
    if name in ("extension", "extension-remove"):
        args.append(school.student.pk)
    return reverse(f"classroom:{name}", args=args)


Who = Callable[[School], User | None]


def removed_teacher(school: School) -> User:
    user = make_user("gone", teacher=True)
    enrol(school.course, user, Role.TEACHER, removed=timezone.now())
    return user


def other_teacher(school: School) -> User:
    user = make_user("other", teacher=True)
    make_course(user, "Chemistry")
    return user


WHO: list[tuple[str, Who, int]] = [
    ("signed out", lambda school: None, 302),
    ("stranger", lambda school: make_user("stranger"), 404),
    ("removed", removed_teacher, 404),
    ("other course's teacher", other_teacher, 404),
    ("administrator", lambda school: make_user("root", is_staff=True, is_superuser=True), 404),
    ("student", lambda school: school.student.user, 403),
    ("assistant", lambda school: school.assistant, 403),
]


@pytest.mark.parametrize(("who", "status"), [w[1:] for w in WHO], ids=[w[0] for w in WHO])
def test_nobody_but_a_teacher_of_the_course_may(school: School, who: Who, status: int) -> None:
    client = HttpsClient(who(school))
    calls = [(name, client.get) for name in PAGES] + [(name, client.post) for name in ACTIONS]
    calls += [(name, client.post) for name in BOTH]
    for name, call in calls:
        response = call(address(school, name))
        assert response.status_code == status, name
        if status == 302:
            assert response.headers["Location"].startswith(reverse("login")), name
    school.assignment.refresh_from_db()
    assert school.assignment.removed is None


@pytest.mark.parametrize(("who", "status"), [w[1:] for w in WHO], ids=[w[0] for w in WHO])
def test_assistants_see_the_files_and_cannot_change_them(
    school: School, who: Who, status: int
) -> None:
    user = who(school)
    response = HttpsClient(user).get(school.of("assignment-files"))
    if user == school.assistant:
        assert response.status_code == 200
        assert "<button" not in response.content.decode().partition("<main")[2]
        assert "Upload" in school.client.get(school.of("assignment-files")).content.decode()
    else:
        assert response.status_code == status


def test_wrong_methods_are_refused(school: School) -> None:
    assert school.client.post(school.of("assignment-files")).status_code == 405
    for name in ACTIONS:
        assert school.client.get(address(school, name)).status_code == 405, name
    for name in PAGES:
        call = school.client.put if name in BOTH else school.client.post
        assert call(address(school, name)).status_code == 405, name


def test_another_courses_assignment_or_student_is_not_found(school: School) -> None:
    other = make_course(school.teacher, "Chemistry")
    assignment = make_assignment(other)
    student = enrol(other, make_user("eve"))
    for name in PAGES[2:-1] + BOTH[1:-1]:
        url = reverse(f"classroom:{name}", args=[school.course.pk, assignment.pk])
        assert school.client.get(url).status_code == 404, name
    for member in (student.pk, 10**9, Membership.objects.get(user=school.assistant).pk):
        assert school.client.get(school.of("extension", member)).status_code == 404
        assert school.client.post(school.of("extension", member)).status_code == 404
        assert school.client.post(school.of("extension-remove", member)).status_code == 404
    assert school.client.get(school.of("extensions"), {"student": member}).status_code == 404
    assert school.client.get(school.url("assignment-edit", 10**9)).status_code == 404


def test_a_form_from_elsewhere_is_refused(school: School) -> None:
    client = HttpsClient(school.teacher, csrf=True)
    assert client.post(school.of("assignment-remove"), {"title": "Homework 1"}).status_code == 403


def test_the_pages_of_a_teacher_are_shown(school: School) -> None:
    for name in PAGES:
        response = school.client.get(address(school, name))
        assert response.status_code in (200, 302), name
