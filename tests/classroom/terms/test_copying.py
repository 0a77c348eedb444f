"""A course made once more: what comes along, what stays, and the files from project to project."""

import re
import uuid
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from classroom.assignments import sources
from classroom.assignments.assignments import assignment_approve, blocked_reason, seen_of
from classroom.class_steps.pulse import pulse
from classroom.models import (
    Assignment,
    Course,
    KeptComment,
    Kind,
    Membership,
    Role,
    SectionDates,
    Submission,
    Transfer,
)
from classroom.terms import copying, plan
from embedding.cocalc.client import Client
from embedding.models import Event
from sandbox.process import SandboxProcess
from tests.classroom.factories import enrol, make_assignment, make_course, make_user, work_off
from tests.classroom.nbgrader.notebooks import answer, checks, code, content, notebook
from tests.conftest import HttpsClient

pytestmark = pytest.mark.django_db

Version = Assignment.Version
BERLIN = ZoneInfo("Europe/Berlin")
PLAIN = content(notebook(code("1 + 1")))
MARKED = content(
    notebook(answer("### BEGIN SOLUTION\nx = 4\n### END SOLUTION"), checks("assert x"))
)


@pytest.fixture
def prof(db: None) -> User:
    return make_user("prof", teacher=True)


@pytest.fixture
def earlier(prof: User) -> Course:
    return make_course(prof, term="Autumn 2025", description="About *waves*.", late_days=3)


@pytest.fixture
def teacher(prof: User) -> HttpsClient:
    return HttpsClient(prof)


def berlin(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BERLIN)  # type: ignore[arg-type, misc]


def copied(earlier: Course, prof: User, days: int | None = 364) -> Course:
    listed = copying.assignments_to_copy(earlier)
    lines = plan.lines_of(listed, days, earlier.zone)
    return copying.course_copy(
        earlier, lines, asked=uuid.uuid4(), title="Physics", term="Autumn 2026", by=prof
    )


def filled(earlier: Course, title: str, files: dict[str, bytes], prof: User) -> Assignment:
    """An assignment with files, approved as a teacher does it where that is needed."""
    made = make_assignment(earlier, title, version=Version.MISSING)
    sources.files_add(made, files, replace=False, by=prof)
    work_off()
    made.refresh_from_db()
    if made.version == Version.CHECK:
        assignment_approve(made, seen_of(made), by=prof)
    assert made.version == Version.READY
    return made


def only(course: Course) -> Assignment:
    return Assignment.objects.select_related("course__project").get(course=course)


# --- what comes along ---------------------------------------------------------------------


def test_what_was_decided_comes_along_and_what_is_peoples_stays(
    earlier: Course, prof: User
) -> None:
    now = timezone.now()
    homework = make_assignment(
        earlier,
        "Waves",
        version=Version.MISSING,
        instructions="Read.",
        points=10,
        weight=2,
        announced=True,
        release=now + timedelta(days=1),
        due=now + timedelta(days=8),
        look_until=now + timedelta(days=30),
        late_policy="until",
        late_until=now + timedelta(days=9),
        late_penalty="percent",
        late_amount=10,
        late_floor=50,
        tests="open",
        test_attempts=3,
        out=now,
    )
    make_assignment(earlier, "Gone", removed=now)
    ada = enrol(earlier, make_user("ada"))
    enrol(earlier, make_user("theo"), Role.ASSISTANT)
    SectionDates.objects.create(assignment=homework, section="A", due=now)
    Submission.objects.filter(student=ada).update(score=7, comment="Fine.")
    KeptComment.objects.create(course=earlier, text="Well done.", used=4)

    course = copied(earlier, prof)

    assert (course.title, course.term, course.time_zone) == ("Physics", "Autumn 2026", BERLIN.key)
    assert (course.description, course.late_days) == ("About *waves*.", 3)
    made = only(course)
    for name in ("title", "instructions", "points", "weight", "announced", "late_policy"):
        assert getattr(made, name) == getattr(homework, name)
    for name in ("late_penalty", "late_amount", "late_floor", "tests", "test_attempts"):
        assert getattr(made, name) == getattr(homework, name)
    for name in plan.MOMENTS:
        assert getattr(made, name) == plan.moved(getattr(homework, name), 364, BERLIN, BERLIN)
    assert made.out is None
    assert made.version == Version.MISSING
    member = Membership.objects.get(course=course)
    assert (member.user, member.role) == (prof, Role.TEACHER)
    assert [(kept.text, kept.used) for kept in course.kept_comments.all()] == [("Well done.", 0)]
    assert not Submission.objects.filter(assignment=made).exists()
    assert not SectionDates.objects.filter(assignment=made).exists()
    assert Event.objects.get(action="course.copied").detail["earlier"] == earlier.pk
    assert Assignment.objects.filter(course=earlier).count() == 2  # as it was


def test_nothing_goes_out_by_copying(earlier: Course, prof: User) -> None:
    past = timezone.now() - timedelta(days=20)
    files = [{"path": "a", "size": 1, "sha256": "0" * 64}]
    make_assignment(earlier, release=past, due=past + timedelta(days=7), files=files)
    course = copied(earlier, prof, days=14)
    made = only(course)
    assert made.release is None
    enrol(course, make_user("ada"))
    Assignment.objects.filter(pk=made.pk).update(version=Version.READY, files=files)
    pulse()
    assert not Transfer.objects.filter(kind=Kind.HAND_OUT).exists()


def test_the_same_form_sent_twice_makes_one_course(teacher: HttpsClient, earlier: Course) -> None:
    url = reverse("classroom:course-copy", args=[earlier.pk])
    data = {"title": "Physics", "term": "", "asked": uuid.uuid4(), "seen": "none"}
    first, second = (teacher.post(url, data)["Location"] for _ in range(2))
    assert first == second
    assert Course.objects.count() == 2


def test_anothers_course_is_not_reached_by_its_uid(teacher: HttpsClient, earlier: Course) -> None:
    foreign = make_course(make_user("other", teacher=True), "Secret")
    url = reverse("classroom:course-copy", args=[earlier.pk])
    data = {"title": "Physics", "term": "", "asked": foreign.uid, "seen": "none"}
    teacher.post(url, data)
    assert Course.objects.count() == 3
    assert Membership.objects.filter(course=foreign).count() == 1


# --- the page -----------------------------------------------------------------------------


def test_the_dates_are_seen_before_anything_is_made(teacher: HttpsClient, earlier: Course) -> None:
    make_assignment(earlier, "Waves", due=berlin(2025, 10, 20, 23, 59))
    url = reverse("classroom:course-copy", args=[earlier.pk])
    page = teacher.get(url)
    suggested = page.context["seen"]
    assert re.search("20 Oct(ober)? 2025", page.content.decode())
    data = {"title": "Physics", "term": "Next", "asked": uuid.uuid4(), "seen": suggested}

    page = teacher.post(url, {**data, "first": "2031-10-27"})  # not what was shown
    assert page.status_code == 200
    assert page.context["seen"] == "2031-10-27"
    assert "27 Oct" in page.content.decode()
    page = teacher.post(url, {**data, "first": "2031-10-28", "preview": "1", "seen": "2031-10-28"})
    assert page.status_code == 200
    assert Course.objects.count() == 1

    page = teacher.post(url, {**data, "first": "2031-10-29", "title": ""})
    assert page.context["seen"] == "2031-10-29"  # also beside a mistake

    page = teacher.post(url, {**data, "first": "2031-10-27", "seen": "2031-10-27"})
    made = Course.objects.get(title="Physics", term="Next")
    assert page["Location"] == reverse("classroom:course-copying", args=[made.pk])
    assert only(made).due == berlin(2031, 10, 27, 23, 59)


@pytest.mark.parametrize("first", ["2525-01-01", "0001-01-01", "9999-12-31", "soon"])
def test_a_day_that_cannot_be_meant_is_refused(
    teacher: HttpsClient, earlier: Course, first: str
) -> None:
    make_assignment(earlier, due=berlin(2025, 10, 20))
    url = reverse("classroom:course-copy", args=[earlier.pk])
    data = {"title": "Physics", "term": "", "asked": uuid.uuid4(), "seen": first, "first": first}
    page = teacher.post(url, data)
    assert page.status_code == 200
    assert page.context["form"].errors["first"]
    assert Course.objects.count() == 1


def test_an_archived_course_can_be_copied_and_stays_archived(
    teacher: HttpsClient, earlier: Course
) -> None:
    Course.objects.filter(pk=earlier.pk).update(archived=timezone.now())
    url = reverse("classroom:course-copy", args=[earlier.pk])
    data = {"title": "Again", "term": "", "asked": uuid.uuid4(), "seen": "none"}
    assert teacher.post(url, data).status_code == 302
    assert Course.objects.get(title="Again").archived is None
    earlier.refresh_from_db()
    assert earlier.archived is not None


def test_who_may_make_no_courses_copies_none(earlier: Course) -> None:
    helper = make_user("helper")
    enrol(earlier, helper, Role.TEACHER)
    url = reverse("classroom:course-copy", args=[earlier.pk])
    assert HttpsClient(helper).get(url).status_code == 403
    assert HttpsClient(helper).post(url, {"title": "Mine", "seen": "none"}).status_code == 403
    settings = HttpsClient(helper).get(reverse("classroom:course-settings", args=[earlier.pk]))
    assert url not in settings.content.decode()


# --- the files ----------------------------------------------------------------------------


def test_files_are_carried_to_the_new_courses_project(
    earlier: Course, prof: User, teacher: HttpsClient, cocalc: Client
) -> None:
    waves = filled(earlier, "Waves", {"a.ipynb": PLAIN, "data/b.csv": b"1,2"}, prof)
    cocalc.write_file(str(earlier.project.project_id), "collected/waves/ada/a.ipynb", b"hers")
    course = copied(earlier, prof)
    made = only(course)
    assert made.version == Version.COPYING
    assert "being copied" in blocked_reason(made)
    page = teacher.get(reverse("classroom:course-copying", args=[course.pk]))
    assert page.context["active"]

    work_off()

    made = only(course)
    assert made.version == Version.READY
    assert made.files == waves.files
    project = str(made.course.project.project_id)
    assert project != str(earlier.project.project_id)
    assert cocalc.read_file(project, f"{made.folder}/data/b.csv") == b"1,2"
    assert {entry.name for entry in cocalc.list_folder(project)} == {made.folder}
    page = teacher.get(reverse("classroom:course-copying", args=[course.pk]))
    assert (page.context["active"], page.context["arrived"]) == (False, 1)


def test_an_approval_comes_along_where_the_very_same_bytes_were_approved(
    earlier: Course, prof: User, cocalc: Client
) -> None:
    waves = filled(earlier, "Waves", {"hw.ipynb": MARKED, "data.csv": b"1"}, prof)
    course = copied(earlier, prof)
    work_off()
    made = only(course)
    assert made.version == Version.READY
    assert made.approved["sources"] == waves.approved["sources"]
    assert made.questions == waves.questions
    project = str(made.course.project.project_id)
    student = cocalc.read_file(project, f"{made.folder}/student/hw.ipynb")
    assert b"x = 4" not in student
    assert not Transfer.objects.filter(kind=Kind.VERSION, course=course).exists()


def test_what_was_changed_since_is_made_and_looked_at_anew(
    earlier: Course, prof: User, cocalc: Client
) -> None:
    filled(earlier, "Waves", {"hw.ipynb": MARKED}, prof)
    project = str(earlier.project.project_id)
    # In CoCalc itself somebody puts the solutions where the site's own student version was.
    cocalc.write_file(project, "waves/student/hw.ipynb", MARKED)
    course = copied(earlier, prof)
    work_off()
    made = only(course)
    assert made.version == Version.CHECK
    assert not made.approved
    mine = str(made.course.project.project_id)
    assert b"x = 4" not in cocalc.read_file(mine, f"{made.folder}/student/hw.ipynb")


def test_a_worker_that_died_after_the_files_came_is_made_good(
    earlier: Course, prof: User, cocalc: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(earlier, "Waves", {"a.ipynb": PLAIN}, prof)
    course = copied(earlier, prof)

    def dies(*_: Any) -> None:
        raise TimeoutError

    with monkeypatch.context() as patch:
        patch.setattr("classroom.terms.bringing._settle", dies)
        work_off()
    made = only(course)
    assert made.version == Version.COPYING
    assert copying.copy_again(made)
    work_off()
    assert only(course).version == Version.READY


def test_a_failure_is_told_and_tried_again(
    earlier: Course, prof: User, teacher: HttpsClient, cocalc: Client
) -> None:
    filled(earlier, "Waves", {"a.ipynb": PLAIN}, prof)
    project = str(earlier.project.project_id)
    cocalc.move(project, "waves", "elsewhere")
    course = copied(earlier, prof)
    work_off()
    made = only(course)
    assert made.version == Version.COPYING
    for name, args in (
        ("course-copying", [course.pk]),
        ("assignment-files", [course.pk, made.pk]),
    ):
        page = teacher.get(reverse(f"classroom:{name}", args=args)).content.decode()
        assert "There is no folder “waves”" in page
        assert reverse("classroom:assignment-copy-again", args=[course.pk, made.pk]) in page
    cocalc.move(project, "elsewhere", "waves")
    teacher.post(reverse("classroom:assignment-copy-again", args=[course.pk, made.pk]))
    work_off()
    assert only(course).version == Version.READY


def test_cocalc_that_is_away_is_waited_for(
    earlier: Course, prof: User, sandbox: SandboxProcess, cocalc: Client
) -> None:
    filled(earlier, "Waves", {"a.ipynb": PLAIN}, prof)
    course = copied(earlier, prof)
    sandbox.quirks(lost_replies=["project_exec"])
    work_off()
    row = Transfer.objects.get(kind=Kind.BRING)
    assert (row.state, only(course).version) == (Transfer.State.QUEUED, Version.COPYING)
    sandbox.reset_quirks()
    Transfer.objects.update(not_before=None)
    work_off()
    assert only(course).version == Version.READY


@pytest.mark.parametrize("name", ["assignment-check", "assignment-approve"])
def test_what_is_on_its_way_is_not_settled_by_a_look(
    earlier: Course, prof: User, teacher: HttpsClient, cocalc: Client, name: str
) -> None:
    filled(earlier, "Waves", {"a.ipynb": PLAIN}, prof)
    course = copied(earlier, prof)
    url = reverse(f"classroom:{name}", args=[course.pk, only(course).pk])
    done = teacher.post(url, {"seen": ""}, follow=True)
    said = [str(message) for message in done.context["messages"]]
    assert said == ["The files are still being copied."]
    work_off()
    assert only(course).version == Version.READY


def test_files_that_a_teacher_added_meanwhile_stay(
    earlier: Course, prof: User, cocalc: Client
) -> None:
    filled(earlier, "Waves", {"a.ipynb": PLAIN}, prof)
    course = copied(earlier, prof)
    made = only(course)
    sources.files_add(made, {"mine.txt": b"mine"}, replace=False, by=prof)
    work_off()
    made = only(course)
    assert (made.version, [file["path"] for file in made.files]) == (Version.READY, ["mine.txt"])


def test_a_folder_of_that_name_is_never_written_over(
    earlier: Course, prof: User, teacher: HttpsClient, cocalc: Client
) -> None:
    filled(earlier, "Waves", {"a.ipynb": PLAIN}, prof)
    course = make_course(prof, "Next")
    filled(course, "Other", {"b": b"b"}, prof)
    project = str(course.project.project_id)
    cocalc.write_file(project, "waves/precious.txt", b"precious")
    copying.assignments_copy(
        course, plan.lines_of(copying.assignments_to_copy(earlier), None, BERLIN), by=prof
    )
    work_off()
    made = Assignment.objects.get(course=course, title="Waves")
    assert made.version == Version.COPYING
    assert cocalc.read_file(project, "waves/precious.txt") == b"precious"
    page = teacher.get(reverse("classroom:course-copying", args=[course.pk])).content.decode()
    assert "already has a folder “waves”" in page


# --- single assignments -------------------------------------------------------------------


def test_chosen_assignments_are_made_in_free_folders(
    earlier: Course, prof: User, teacher: HttpsClient
) -> None:
    waves = make_assignment(earlier, "Waves", folder="waves", due=berlin(2025, 10, 20, 12))
    heat = make_assignment(earlier, "Heat", folder="heat", handout=True)
    course = make_course(prof, "Next")
    make_assignment(course, "Waves", folder="waves")
    url = reverse("classroom:assignments-use", args=[course.pk])
    assert waves.title in teacher.get(url).content.decode()
    data = {"from": earlier.pk, "first": "", "seen": "none"}
    assert teacher.post(url, data).status_code == 200  # none is chosen
    assert Assignment.objects.filter(course=course).count() == 1
    done = teacher.post(url, {**data, "assignment": [waves.pk]})
    assert done["Location"] == reverse("classroom:course-copying", args=[course.pk])
    made = Assignment.objects.filter(course=course).latest("pk")
    assert (made.title, made.folder, made.due) == ("Waves", "waves-2", None)
    assert not Assignment.objects.filter(course=course, title=heat.title).exists()


def test_another_teachers_assignments_are_not_to_be_had(prof: User, teacher: HttpsClient) -> None:
    course = make_course(prof, "Next")
    foreign = make_course(make_user("other", teacher=True), "Secret")
    enrol(foreign, prof, Role.ASSISTANT)
    secret = make_assignment(foreign, "Secret")
    mine = make_course(prof, "Before")
    make_assignment(mine, "Waves")
    url = reverse("classroom:assignments-use", args=[course.pk])
    assert "Secret" not in teacher.get(url).content.decode()
    for given in (foreign.pk, "x", 10**30):
        assert teacher.get(url, {"from": given}).status_code == 404
        assert teacher.post(url, {"from": given}).status_code == 404
    data = {"from": mine.pk, "assignment": [secret.pk], "seen": "none"}
    assert teacher.post(url, data).status_code == 200
    assert not Assignment.objects.filter(course=course).exists()


def test_without_an_earlier_course_the_page_says_so(prof: User, teacher: HttpsClient) -> None:
    course = make_course(prof, "First")
    page = teacher.get(reverse("classroom:assignments-use", args=[course.pk]))
    assert "You have no such course yet" in page.content.decode()
