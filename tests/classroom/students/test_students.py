"""What a student sees of a course, and what nobody else does."""

import re
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from classroom.engine.queue import QUIET, URGENT, step_start, transfer_add
from classroom.models import (
    Assignment,
    Course,
    Extension,
    Kind,
    Membership,
    Role,
    Snapshot,
    Submission,
    Transfer,
)
from classroom.rules.counting import returned_set
from classroom.rules.deadlines import due_update
from embedding.cocalc.client import Client
from embedding.models import CocalcProject
from sandbox.process import SandboxProcess
from tests.classroom import factories
from tests.conftest import HttpsClient

State = Transfer.State
Policy = Assignment.LatePolicy
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)


@pytest.fixture
def course(db: None) -> Course:
    course = factories.make_course(factories.make_user("emmy", teacher=True))
    factories.enrol(course, factories.make_user("ada"))
    return course


@pytest.fixture
def ada(course: Course) -> Membership:
    return Membership.objects.get(course=course, user__username="ada")


@pytest.fixture
def browser(ada: Membership) -> HttpsClient:
    return HttpsClient(ada.user)


def out(course: Course, title: str = "Homework 1", **fields: Any) -> Assignment:
    """Out, and in everybody's project."""
    fields.setdefault("out", timezone.now())
    fields.setdefault("files", [{"path": "a.ipynb", "size": 4, "sha256": "0" * 64}])
    assignment = factories.make_assignment(course, title, **fields)
    Submission.objects.filter(assignment=assignment).update(handed_out=timezone.now())
    return assignment


def worked_on(course: Course, **fields: Any) -> Assignment:
    """Out, and opened by its students."""
    assignment = out(course, **fields)
    Submission.objects.filter(assignment=assignment).update(opened=timezone.now())
    return assignment


def there(member: Membership) -> str:
    """Let the student's project be there on CoCalc, as far as the site knows."""
    project_id = str(uuid.uuid4())
    CocalcProject.objects.filter(student_membership=member).update(project_id=project_id)
    return project_id


def text_of(html: str) -> str:
    words = " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())
    return re.sub(r" ([.,;])", r"\1", words)


def page(browser: HttpsClient, course: Course) -> str:
    answer = browser.get(f"/courses/{course.pk}/")
    assert answer.status_code == 200
    return str(answer.content.decode())


def card(browser: HttpsClient, assignment: Assignment) -> str:
    """The words of one assignment on the student's page; empty where it is not there."""
    html = page(browser, assignment.course)
    found = re.search(rf'<article [^>]*id="a{assignment.pk}".*?</article>', html, re.DOTALL)
    return text_of(found[0]) if found else ""


def address(assignment: Assignment, what: str) -> str:
    return f"/courses/{assignment.course_id}/assignments/{assignment.pk}/{what}"


def change(assignment: Assignment, **fields: Any) -> None:
    Submission.objects.filter(assignment=assignment).update(**fields)


# --- who may -------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["open", "submit"])
@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("teacher", 403),
        ("assistant", 403),
        ("stranger", 404),
        ("removed", 404),
        ("teacher of another course", 404),
        ("student of another course", 404),
        ("administrator", 404),
    ],
)
def test_only_the_course_s_students_open_and_submit(
    course: Course, what: str, who: str, status: int
) -> None:
    assignment = out(course)
    person = {
        "teacher": lambda: course.memberships.get(role=Role.TEACHER).user,
        "assistant": lambda: (
            factories.enrol(course, factories.make_user("asta"), Role.ASSISTANT).user
        ),
        "stranger": lambda: factories.make_user("sue"),
        "removed": lambda: (
            factories.enrol(course, factories.make_user("rita"), removed=timezone.now()).user
        ),
        "teacher of another course": lambda: (
            factories.make_course(factories.make_user("tom", teacher=True), "Other")
            .memberships.get()
            .user
        ),
        "student of another course": lambda: (
            factories.enrol(
                factories.make_course(factories.make_user("tom", teacher=True), "Other"),
                factories.make_user("otto"),
            ).user
        ),
        "administrator": lambda: factories.make_user("anna", is_staff=True, is_superuser=True),
    }[who]()
    browser = HttpsClient(person)
    answer = browser.post(address(assignment, what))
    assert answer.status_code == status
    if what == "open":
        assert browser.get(address(assignment, what)).status_code == status
    assert not Transfer.objects.exists()
    assert not Submission.objects.filter(opened__isnull=False).exists()


def test_signed_out_leads_to_signing_in(course: Course) -> None:
    assignment = out(course)
    nobody = HttpsClient()
    answer = nobody.get(address(assignment, "open"))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/")
    # What was pressed is not pressed by signing in: the way back is the page.
    answer = nobody.post(address(assignment, "submit"))
    page = f"/courses/{course.pk}/"
    assert answer["Location"] == f"/sign-in/?next={page}%3Funsent%3D{assignment.pk}"
    assert not Transfer.objects.exists()
    # And it says so.
    answer = HttpsClient(Membership.objects.get(user__username="ada").user).get(
        f"{page}?unsent={assignment.pk}"
    )
    words = text_of(answer.content.decode())
    assert "Not submitted. You were signed out when you pressed Submit." in words


def test_wrong_methods_and_addresses(course: Course, browser: HttpsClient) -> None:
    assignment = out(course)
    assert browser.get(address(assignment, "submit")).status_code == 405
    assert browser.put(address(assignment, "open")).status_code == 405
    assert browser.head(address(assignment, "open")).status_code == 405
    for what in ("open", "submit"):
        base = f"/courses/{course.pk}/assignments"
        assert browser.post(f"{base}/999999/{what}").status_code == 404
        assert browser.post(f"{base}/x/{what}").status_code == 404
        assert browser.post(f"/courses/999999/assignments/1/{what}").status_code == 404
    other = factories.make_course(factories.make_user("tom", teacher=True), "Other")
    theirs = out(other)
    for what in ("open", "submit"):
        answer = browser.post(f"/courses/{course.pk}/assignments/{theirs.pk}/{what}")
        assert answer.status_code == 404


def test_another_site_cannot_submit_for_somebody(course: Course, ada: Membership) -> None:
    forged = HttpsClient(ada.user, csrf=True)
    assert forged.post(address(out(course), "submit")).status_code == 403
    assert not Transfer.objects.exists()


def test_no_student_sees_another_s(course: Course, browser: HttpsClient) -> None:
    other = factories.enrol(course, factories.make_user("olga"))
    assignment = out(course, due=timezone.now() + DAY)
    row = factories.submission(assignment, other)
    row.score, row.comment = Decimal("7.25"), "only for Olga"
    row.submitted = timezone.now()
    row.save()
    returned_set(row, timezone.now())
    Snapshot.objects.create(
        submission=row, taken=timezone.now(), path="x", files=[{"path": "olgas.txt", "size": 1}]
    )
    Extension.objects.create(
        assignment=assignment, student=other, due=timezone.now() + 2 * DAY, reason="Olga is ill"
    )
    there(other)
    html = page(browser, course)
    for secret in ("7.25", "only for Olga", "olgas.txt", "Olga is ill", "olga"):
        assert secret not in html
    assert "Open" in card(browser, assignment)
    assert "7.25" in card(HttpsClient(other.user), assignment)


# --- what is there -------------------------------------------------------------------------


def test_an_empty_course_says_so(course: Course, browser: HttpsClient) -> None:
    assert "Nothing here yet" in page(browser, course)


@pytest.mark.parametrize("release", [None, timezone.now() - HOUR, timezone.now() + DAY])
def test_what_is_not_out_is_not_there(
    course: Course, browser: HttpsClient, release: datetime | None
) -> None:
    draft = factories.make_assignment(
        course,
        "Secret draft",
        instructions="hidden words",
        release=release,
        version=Assignment.Version.CHECK,
    )
    gone = out(course, "Removed one", removed=timezone.now())
    html = page(browser, course)
    for word in ("Secret draft", "hidden words", "Removed one"):
        assert word not in html
    for assignment in (draft, gone):
        assert browser.get(address(assignment, "open")).status_code == 404
        assert browser.post(address(assignment, "submit")).status_code == 404


def test_what_is_announced_shows_its_title_and_its_time_alone(
    course: Course, browser: HttpsClient
) -> None:
    release = datetime(2060, 3, 1, 8, 0, tzinfo=UTC)
    assignment = factories.make_assignment(
        course,
        "Coming soon",
        release=release,
        announced=True,
        due=release + DAY,
        points=10,
        instructions="veiled words",
        files=[{"path": "veiled.ipynb", "size": 1, "sha256": ""}],
    )
    assert (
        card(browser, assignment)
        == "Coming soon Not out yet Available from Mon 1 Mar 2060, 09:00 CET"
    )
    html = page(browser, course)
    for word in ("veiled", assignment.folder, "2 Mar", "10 points", address(assignment, "open")):
        assert word not in html
    assert browser.get(address(assignment, "open")).status_code == 404
    assert not Transfer.objects.filter(assignment=assignment).exists()


def test_handed_out_to_one_alone(course: Course, browser: HttpsClient, ada: Membership) -> None:
    other = factories.enrol(course, factories.make_user("olga"))
    assignment = factories.make_assignment(course)
    Submission.objects.filter(student=other).update(handed_out=timezone.now())
    assert card(browser, assignment) == ""
    assert "Open" in card(HttpsClient(other.user), assignment)


def test_each_state_has_its_words(course: Course, browser: HttpsClient) -> None:
    now = timezone.now()
    assignment = factories.make_assignment(course, out=now, due=now + DAY)
    assert "On its way" in card(browser, assignment)
    change(assignment, handed_out=now)
    assert "Open" in card(browser, assignment)
    assert "23 hours left" in card(browser, assignment)
    row = Submission.objects.get(assignment=assignment)
    snapshot = Snapshot.objects.create(
        submission=row, taken=now, path="x", files=[{"path": "a.ipynb", "size": 2048}]
    )
    change(assignment, submitted=now)
    words = card(browser, assignment)
    assert "Homework 1 Submitted Due" in words
    assert "1 file a.ipynb 2 KB" in words
    assert "Submit again" in words
    Snapshot.objects.filter(pk=snapshot.pk).update(late=True)
    Assignment.objects.update(due=now - HOUR, late_policy=Policy.ANY)
    due_update(assignment)
    assert "Submitted Late Due" in card(browser, assignment)
    assert "Submit again (late)" in card(browser, assignment)
    change(assignment, collected=now, collected_from="submitted", late=True)
    assert "Collected Late" in card(browser, assignment)
    change(assignment, returned=now)
    assert "Returned Late" in card(browser, assignment)
    assert "Returned without a score" in card(browser, assignment)


def test_closed_and_collected_from_the_folder(course: Course, browser: HttpsClient) -> None:
    assignment = out(course, due=timezone.now() - HOUR)
    words = card(browser, assignment)
    assert "Closed" in words
    assert "your folder as it was at the deadline counts" in words
    assert "Submit" not in words
    change(assignment, collected=timezone.now(), collected_from="folder")
    words = card(browser, assignment)
    assert "Collected" in words
    assert "your folder, because you did not submit" in words


def test_what_is_collected_early_can_be_worked_on_until_it_is_due(
    course: Course, browser: HttpsClient
) -> None:
    now = timezone.now()
    assignment = out(course, due=now + DAY)
    change(assignment, collected=now, collected_from="folder")
    assert "Submit" in card(browser, assignment)
    assert '<h2 id="past">' not in page(browser, course)
    assert '<h2 id="to-do">' in page(browser, course)


def test_late_work_that_is_taken_no_more_is_said_not_to_count(
    course: Course, browser: HttpsClient
) -> None:
    due = timezone.now() - HOUR
    assignment = out(course, due=due)
    row = Submission.objects.get(assignment=assignment)
    for at, late in ((due - HOUR, False), (due + TICK, True)):
        Snapshot.objects.create(submission=row, taken=at, late=late, path=str(at))
    change(assignment, submitted=due + TICK)
    words = card(browser, assignment)
    assert " · late · does not count · 0 files" in words
    assert "(this one counts)" in words


def test_overdue_and_still_taken(course: Course, browser: HttpsClient) -> None:
    now = timezone.now()
    assignment = out(course, due=now - HOUR, late_policy=Policy.UNTIL, late_until=now + DAY)
    words = card(browser, assignment)
    assert "In progress Late" in words
    assert "Late work is accepted until" in words
    assert "Submit (late)" in words


def test_a_handout_is_not_submitted(course: Course, browser: HttpsClient) -> None:
    handout = out(course, "Notes", handout=True)
    words = card(browser, handout)
    assert words == "Notes Handed out Open Notes"
    answer = browser.post(address(handout, "submit"))
    assert answer.status_code == 409
    assert "This is a handout. There is nothing to submit." in text_of(answer.content.decode())


def test_times_are_the_course_s_and_left_for_the_script(
    course: Course, browser: HttpsClient
) -> None:
    Course.objects.update(time_zone="Asia/Kolkata")
    out(course, due=datetime(2060, 11, 26, 18, 29, tzinfo=UTC))
    html = page(browser, course)
    assert (
        '<time datetime="2060-11-26T18:29:00+00:00" data-zone="Asia/Kolkata">'
        "Fri 26 Nov 2060, 23:59 IST</time>" in html
    )


def test_an_extension_shows_its_reason_and_the_others_time(
    course: Course, browser: HttpsClient, ada: Membership
) -> None:
    due = datetime(2060, 11, 26, 22, 59, tzinfo=UTC)
    assignment = out(course, due=due)
    Extension.objects.create(
        assignment=assignment, student=ada, due=due + 7 * DAY, reason="<b>ill</b>"
    )
    due_update(assignment)
    words = card(browser, assignment)
    assert "Due Fri 3 Dec 2060, 23:59 CET" in words
    assert "Everyone else’s deadline is Fri 26 Nov 2060, 23:59 CET. Reason:" in words
    assert "&lt;b&gt;ill&lt;/b&gt;" in page(browser, course)


def test_instructions_are_markdown_that_can_do_no_harm(
    course: Course, browser: HttpsClient
) -> None:
    out(course, "<i>T</i>", folder="t", instructions="**bold** <script>alert(1)</script>")
    html = page(browser, course)
    assert "<strong>bold</strong>" in html
    assert "alert(1)</script>" not in html
    assert "<i>T" not in html


# --- what was returned ---------------------------------------------------------------------


def test_a_score_is_seen_as_it_was_returned(
    course: Course, browser: HttpsClient, ada: Membership
) -> None:
    project = there(ada)
    assignment = out(course, points=Decimal(10))
    row = factories.submission(assignment, ada)
    row.collected = timezone.now()
    row.score, row.comment = Decimal("8.50"), "Well done.\nGo on."
    row.save()
    words = card(browser, assignment)
    assert "8.5" not in words
    assert "Well done" not in words
    returned_set(row, timezone.now())
    words = card(browser, assignment)
    assert "8.5 of 10 points" in words
    result = browser.get(f"/courses/{course.pk}/assignments/{assignment.pk}/returned")
    assert "Well done.\nGo on." in result.content.decode()
    assert f"/projects/{project}/files/graded-homework-1/" in result.content.decode()
    # The teacher changes both, and has not returned them yet.
    row.score, row.comment = Decimal("3.25"), "On second thoughts"
    row.save()
    assert "8.5 of 10 points" in card(browser, assignment)
    assert "3.25" not in page(browser, course)
    assert "second thoughts" not in page(browser, course)
    returned_set(row, timezone.now())
    assert "3.25 of 10 points" in card(browser, assignment)
    assert "8.5" not in card(browser, assignment)


def test_what_was_changed_while_it_was_returned_is_not_seen(
    course: Course, browser: HttpsClient, ada: Membership
) -> None:
    assignment = out(course)
    Submission.objects.update(score=5, comment="first")
    read_by_the_step = factories.submission(assignment, ada)
    Submission.objects.update(score=6, comment="second")
    returned_set(read_by_the_step, timezone.now())
    row = factories.submission(assignment, ada)
    assert (row.returned_score, row.returned_comment) == (Decimal(5), "first")
    assert (row.score, row.comment) == (Decimal(6), "second")
    result = browser.get(f"/courses/{course.pk}/assignments/{assignment.pk}/returned")
    assert "first" in result.content.decode()


def test_a_score_of_nothing_is_a_score(
    course: Course, browser: HttpsClient, ada: Membership
) -> None:
    assignment = out(course, points=Decimal("2.5"))
    Submission.objects.update(score=0)
    returned_set(factories.submission(assignment, ada), timezone.now())
    assert "0 of 2.5 points" in card(browser, assignment)


# --- order and size ------------------------------------------------------------------------


def test_what_is_due_next_comes_first(course: Course, browser: HttpsClient) -> None:
    now = timezone.now()
    out(course, "Past old", due=now - 3 * DAY)
    out(course, "Past new", due=now - 2 * DAY)
    out(course, "Never due")
    out(course, "In three", due=now + 3 * DAY)
    out(course, "In one", due=now + DAY)
    out(course, "Overdue", due=now - HOUR, late_policy=Policy.ANY)
    factories.make_assignment(
        course, "Coming", release=now + HOUR, due=now + 2 * HOUR, announced=True
    )
    out(course, "Notes", handout=True)
    titles = re.findall(r'<h3 id="title-\d+">([^<]+)</h3>', page(browser, course))
    assert titles == [
        *("Overdue", "In one", "In three", "Never due", "Coming"),
        "Notes",
        *("Past new", "Past old"),
    ]


def test_a_long_course_costs_no_more_queries(
    course: Course, browser: HttpsClient, ada: Membership
) -> None:
    costs = []
    page(browser, course)  # the first visit has the project prepared
    for number in range(30):
        assignment = out(course, f"Work {number}", due=timezone.now() + DAY)
        row = factories.submission(assignment, ada)
        for _ in range(3):
            Snapshot.objects.create(
                submission=row, taken=timezone.now(), path=str(uuid.uuid4()), files=[]
            )
        Transfer.objects.create(
            course=course,
            kind=Kind.SUBMIT,
            member=ada,
            assignment=assignment,
            state=State.FAILED,
            error="x",
        )
        if number in (1, 29):
            with CaptureQueriesContext(connection) as queries:
                page(browser, course)
            costs.append(len(queries))
    assert costs[0] == costs[1]
    assert costs[0] <= 15


# --- opening -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "place"),
    [
        (["a b.ipynb"], "open/homework-1/a%20b.ipynb"),
        (["inner/x.ipynb", "data.csv"], "open/homework-1/inner/x.ipynb"),
        (["a.ipynb", "b.ipynb"], "files/homework-1/"),
        (["data.csv"], "files/homework-1/"),
        ([], "files/homework-1/"),
    ],
)
def test_open_leads_to_the_only_notebook_or_to_the_folder(
    course: Course, browser: HttpsClient, ada: Membership, files: list[str], place: str
) -> None:
    project = there(ada)
    assignment = out(course, files=[{"path": path, "size": 1, "sha256": ""} for path in files])
    answer = browser.get(address(assignment, "open"))
    assert answer.status_code == 302
    assert answer["Location"] == f"/projects/{project}/{place}"
    assert browser.get(answer["Location"]).status_code == 200
    assert not Transfer.objects.exists()


def test_opened_is_the_first_time(course: Course, browser: HttpsClient, ada: Membership) -> None:
    there(ada)
    assignment = out(course)
    assert factories.submission(assignment, ada).opened is None
    browser.get(address(assignment, "open"))
    first = factories.submission(assignment, ada).opened
    assert first is not None
    browser.get(address(assignment, "open"))
    assert factories.submission(assignment, ada).opened == first


@pytest.mark.parametrize("header", [{"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}])
def test_loading_in_advance_opens_nothing(
    course: Course, browser: HttpsClient, ada: Membership, header: dict[str, str]
) -> None:
    there(ada)
    assignment = out(course)
    on_its_way = factories.make_assignment(course, "Two", out=timezone.now())
    for each in (assignment, on_its_way):
        assert browser.get(address(each, "open"), headers=header).status_code == 403
    assert factories.submission(assignment, ada).opened is None
    assert not Transfer.objects.exists()


def test_waiting_goes_on_by_itself_and_comes_next(
    course: Course, browser: HttpsClient, ada: Membership
) -> None:
    assignment = factories.make_assignment(course, out=timezone.now())
    row = step_start(course, Kind.HAND_OUT, [ada], actor=None, assignment=assignment)
    quiet = row.transfers.get()
    Transfer.objects.update(priority=QUIET)
    answer = browser.get(address(assignment, "open"))
    assert answer.status_code == 200
    html = answer.content.decode()
    assert "Your project for this course is being prepared" in html
    assert '<noscript><meta http-equiv="refresh"' in html
    assert "data-live" in html
    assert Transfer.objects.get() == quiet
    assert Transfer.objects.get().priority == URGENT
    there(ada)
    Transfer.objects.update(state=State.RUNNING)
    assert (
        "being copied into your project"
        in browser.get(address(assignment, "open")).content.decode()
    )
    Transfer.objects.update(state=State.QUEUED, error="CoCalc cannot be reached.")
    html = browser.get(address(assignment, "open")).content.decode()
    assert "CoCalc cannot be reached. This site tries again by itself." in html
    assert factories.submission(assignment, ada).opened is None


def test_waiting_for_files_that_are_not_ready_starts_nothing(
    course: Course, browser: HttpsClient
) -> None:
    assignment = factories.make_assignment(
        course,
        release=timezone.now() - HOUR,
        announced=True,
        version=Assignment.Version.CHECK,
    )
    answer = browser.get(address(assignment, "open"))
    assert "Your teacher is still preparing the files" in answer.content.decode()
    assert not Transfer.objects.exists()


def test_what_failed_is_said_and_tried_again_when_asked(
    course: Course, browser: HttpsClient, ada: Membership
) -> None:
    assignment = factories.make_assignment(course, out=timezone.now())
    failed = transfer_add(course, Kind.HAND_OUT, ada, assignment=assignment)
    Transfer.objects.update(state=State.FAILED, error="The disk is full.", detail="internal")
    html = browser.get(address(assignment, "open")).content.decode()
    assert "The disk is full." in html
    assert "Try again" in html
    assert "internal" not in html
    assert 'http-equiv="refresh"' not in html
    assert Transfer.objects.count() == 1
    answer = browser.post(address(assignment, "open"))
    assert answer["Location"] == address(assignment, "open")
    again = Transfer.objects.exclude(pk=failed.pk).get()
    assert (again.state, again.priority) == (State.QUEUED, URGENT)


# --- submitting, by the button -------------------------------------------------------------


@pytest.fixture
def on_cocalc(cocalc: Client, transactional_db: None, course: Course, ada: Membership) -> str:
    """Everything is there; returns Ada's project."""
    factories.on_cocalc(course)
    project = str(CocalcProject.objects.get(student_membership=ada).project_id)
    cocalc.write_file(project, "homework-1/a.ipynb", b"work")
    return project


def test_submit_says_what_was_taken_and_when(
    on_cocalc: str, course: Course, browser: HttpsClient
) -> None:
    assignment = worked_on(course, due=timezone.now() + DAY)
    answer = browser.post(address(assignment, "submit"), follow=True)
    assert answer.redirect_chain == [(f"/courses/{course.pk}/#a{assignment.pk}", 302)]
    words = text_of(answer.content.decode())
    assert re.search(
        r"“Homework 1” was submitted: 1 file, 4 bytes, .*20\d\d, \d\d:\d\d CES?T\.", words
    )
    assert "a.ipynb 4 bytes" in card(browser, assignment)
    browser.post(address(assignment, "submit"))
    assert "Earlier submissions:" in card(browser, assignment)


def test_late_and_closed_are_said_plainly(
    on_cocalc: str, course: Course, browser: HttpsClient
) -> None:
    late = worked_on(course, due=timezone.now() - HOUR, late_policy=Policy.ANY)
    answer = browser.post(address(late, "submit"), follow=True)
    assert "“Homework 1” was submitted late:" in text_of(answer.content.decode())
    Assignment.objects.update(late_policy=Policy.CLOSED)
    answer = browser.post(address(late, "submit"))
    assert answer.status_code == 409
    words = text_of(answer.content.decode())
    assert "Not submitted" in words
    assert "You could submit until" in words
    assert "Your last submission counts." in words
    assert Snapshot.objects.count() == 1


def test_failing_shows_the_cause_until_it_succeeds(
    on_cocalc: str, sandbox: SandboxProcess, course: Course, browser: HttpsClient
) -> None:
    assignment = worked_on(course)
    sandbox.quirks(fail_events=["project_exec"])
    answer = browser.post(address(assignment, "submit"), follow=True)
    assert answer.status_code == 200
    words = card(browser, assignment)
    assert "Not submitted" in words
    assert "CoCalc" in words
    assert "Try again" in words
    sandbox.reset_quirks()
    browser.post(address(assignment, "submit"))
    words = card(browser, assignment)
    assert "Not submitted" not in words
    assert "Submitted" in words


def failed(assignment: Assignment, student: Membership, **fields: Any) -> Transfer:
    """A submit of a minute ago that failed."""
    pressed = timezone.now() - timedelta(minutes=1)
    fields = {"state": State.FAILED, "error_code": "x", "error": "The disk is full."} | fields
    return Transfer.objects.create(
        course=assignment.course,
        kind=Kind.SUBMIT,
        member=student,
        assignment=assignment,
        options={"at": pressed.isoformat()},
        **fields,
    )


SHOW = "It is too late to submit again. Show this message to your teacher."


@pytest.mark.parametrize(
    ("state", "taken"),
    [
        ("In progress", True),
        ("Submitted", True),
        ("Closed", False),
        ("Collected", False),
        ("Collected", True),
        ("Returned", False),
    ],
)
@pytest.mark.parametrize("end", [State.FAILED, State.CANCELLED])
def test_a_failed_submit_is_told_in_every_state(
    course: Course, browser: HttpsClient, ada: Membership, state: str, taken: bool, end: State
) -> None:
    """Also above the notebook, and where an older receipt is shown."""
    now, project = timezone.now(), there(ada)
    assignment = out(course, due=now + (DAY if taken else -HOUR))
    if state != "In progress":
        Snapshot.objects.create(
            submission=factories.submission(assignment, ada), taken=now - DAY, path="x"
        )
    if state != "Closed":
        change(assignment, submitted=now - DAY if state != "In progress" else None)
    change(assignment, collected=now if state in ("Collected", "Returned") else None)
    change(assignment, returned=now if state == "Returned" else None)
    row = failed(assignment, ada, state=end)
    words = card(browser, assignment)
    assert f"Homework 1 {state} Submitting failed" in words
    assert re.search(r"Not submitted \(.*\d\d:\d\d CES?T\)\. The disk is full\.", words)
    assert (SHOW in words, "Try again" in words) == (not taken, taken)
    notebook = browser.get(f"/projects/{project}/open/homework-1/a.ipynb").content.decode()
    told = re.search(r'<p id="told".*?</p>', notebook)
    assert told
    assert "The disk is full." in text_of(told[0])
    assert (SHOW in text_of(told[0])) is not taken
    # What came of it all the same, or after it, is no failure.
    pressed = datetime.fromisoformat(row.options["at"])
    Snapshot.objects.create(
        submission=factories.submission(assignment, ada), taken=pressed, path="y"
    )
    assert "Not submitted" not in card(browser, assignment)


def test_what_is_refused_because_nothing_changed_is_no_failure(
    course: Course, browser: HttpsClient, ada: Membership
) -> None:
    assignment = out(course)
    failed(assignment, ada, error_code="unchanged", error="Nothing has changed.")
    words = card(browser, assignment)
    assert "Nothing has changed." in words
    assert "Submitting failed" not in words
    assert "Try again" not in words


def test_late_instead_of_in_time_is_asked_about(
    cocalc: Client, on_cocalc: str, course: Course, browser: HttpsClient, ada: Membership
) -> None:
    """By a page, whose button says which one is given up; a script is told what to ask."""
    assignment = worked_on(course, due=timezone.now() + DAY, late_policy=Policy.ANY)
    submit = address(assignment, "submit")
    browser.post(submit)
    in_time = Snapshot.objects.get()
    assert not in_time.late
    Assignment.objects.update(due=timezone.now())
    due_update(assignment)
    question = (
        r"Your submission of \d\d:\d\d was on time\. If you submit late, it no longer counts\."
    )

    answer = browser.post(submit)
    assert answer.status_code == 409
    assert "Nothing has changed since your submission of" in text_of(answer.content.decode())
    cocalc.write_file(on_cocalc, "homework-1/a.ipynb", b"better work")
    for _ in range(2):  # a double press asks twice
        answer = browser.post(submit)
        assert answer.status_code == 409
        words = text_of(answer.content.decode())
        assert re.search(question, words)
        assert re.search(r"Keep the submission of \d\d:\d\d Submit late", words)
    said = browser.post(submit, headers={"Accept": "application/json"})
    error = said.json()["error"]
    assert (said.status_code, error["code"]) == (409, "would_lose_on_time")
    assert re.fullmatch(question, error["message"])
    assert error["question"]["answer"] == {"instead_of": in_time.pk}
    for wrong in ("", "x", "0", "9" * 30, str(in_time.pk + 1)):
        assert browser.post(submit, {"instead_of": wrong}).status_code == 409
    assert Snapshot.objects.get() == in_time

    fields = dict(re.findall(r'name="(instead_of|how)" value="(\w+)"', answer.content.decode()))
    answer = browser.post(submit, fields, follow=True)
    assert "“Homework 1” was submitted late:" in text_of(answer.content.decode())
    words = card(browser, assignment)
    assert " · late · 1 file" in words
    assert "does not count" not in words
    assert "this one counts" not in words


def test_a_script_learns_what_became_of_it(
    course: Course, browser: HttpsClient, ada: Membership
) -> None:
    assignment = out(course)
    where = address(assignment, "submitting")

    def ask() -> tuple[int, dict[str, Any]]:
        answer = browser.get(where, headers={"Accept": "application/json"})
        body: dict[str, Any] = answer.json() if answer["Content-Type"].endswith("json") else {}
        if "error" in body:
            assert body["error"].pop("requestId") == answer["X-Request-ID"]
        return answer.status_code, body

    assert browser.get(where)["Location"] == f"/courses/{course.pk}/#a{assignment.pk}"
    assert ask()[0] == 404
    row = failed(assignment, ada, state=State.RUNNING)
    assert ask()[0] == 202
    Transfer.objects.update(state=State.FAILED)
    assert ask() == (
        409,
        {"error": {"code": "x", "message": "The disk is full.", "recoverable": False}},
    )
    # Never an older receipt in its place.
    now = timezone.now()
    Snapshot.objects.create(
        submission=factories.submission(assignment, ada), taken=now - DAY, path="x", files=[]
    )
    assert ask()[0] == 409
    Transfer.objects.filter(pk=row.pk).update(state=State.DONE)
    assert ask()[1]["title"] == "Submitted: 0 files"


def test_under_way_is_shown_and_watched(
    course: Course, browser: HttpsClient, ada: Membership
) -> None:
    assignment = out(course)
    transfer_add(
        course, Kind.SUBMIT, ada, assignment=assignment, options={"at": str(timezone.now())}
    )
    assert "Being submitted" in card(browser, assignment)
    assert f'id="a{assignment.pk}"' in page(browser, course)
    assert "data-live" in page(browser, course)
    assert 'type="submit"' not in card(browser, assignment)
    Transfer.objects.update(state=State.DONE)
    assert "data-live" not in page(browser, course)
