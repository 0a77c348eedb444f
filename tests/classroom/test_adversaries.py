"""People who mean harm: what they name things, put into forms and addresses, and leave in folders.

What a class step makes of links and of projects that lie is with the tests of each step.
"""

import io
import logging
import re
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from classroom.carrying.outgoing import Load, put
from classroom.engine.queue import transfer_add
from classroom.models import Batch, Invitation, Kind, Membership, Role, Submission, Transfer
from classroom.people import invitations
from classroom.rules.scoring import grade_set
from embedding.client import service_identity
from embedding.cocalc.client import Client
from embedding.cocalc.errors import Forbidden
from embedding.models import Member
from embedding.services import mapping, preparation
from tests.classroom import factories, gradebook
from tests.classroom.gradebook import Class
from tests.conftest import HttpsClient

SCRIPT = "<script>alert(1)</script>"
NAMES = (
    *(SCRIPT, '" onfocus="alert(1)', "{{ 7|add:7 }}", "a\nb.ipynb", "-rf", "$(id);`id`.ipynb"),
    *("x" * 250 + ".ipynb", "\u202etxt.ipynb", "\ufffd.ipynb", "../up.ipynb", "//x.ipynb", "?#%2e"),
)


@pytest.fixture
def room(db: None) -> Class:
    return gradebook.make_class()


def test_a_students_names_are_text_on_every_page(room: Class) -> None:
    for project in (room.course.project, room.ada.project):
        assert project
        project.project_id = uuid4()
        project.save()
    room.ada.user.first_name, room.ada.user.last_name = SCRIPT, NAMES[1]
    room.ada.user.save()
    room.ada.number = SCRIPT
    room.ada.save()
    now = timezone.now()
    room.assignment.out = now
    room.assignment.save()
    work = room.collected(submitted=now, returned=now, returned_comment=SCRIPT, comment=SCRIPT)
    grade_set(work, score=None, comment=SCRIPT, by=room.teacher, how="command")
    files = [{"path": name, "size": 1, "sha256": ""} for name in NAMES]
    work.snapshots.create(taken=now, path="submitted/x", files=files)
    work.details = {"cells": {SCRIPT: [1.0, 2.0]}, "score": 1, "max": 2, "notes": [SCRIPT]}
    work.save()
    batch = Batch.objects.create(
        course=room.course, kind=Kind.RUN, assignment=room.assignment, options={"command": SCRIPT}
    )
    for kind, state, result in (
        (Kind.COLLECT, Transfer.State.DONE, {"files": list(NAMES)}),
        (Kind.RUN, Transfer.State.DONE, {"exit_code": 1, "stdout": SCRIPT, "stderr": NAMES[1]}),
        (Kind.SUBMIT, Transfer.State.FAILED, {}),
    ):
        Transfer.objects.create(
            batch=batch if kind == Kind.RUN else None,
            course=room.course,
            kind=kind,
            assignment=room.assignment,
            member=room.ada,
            lane=kind,
            key=kind,
            state=state,
            result=result,
            error=SCRIPT,
        )
    staff = [
        *(room.grade_url(), f"{room.grade_url()}?file={NAMES[0]}", f"{room.base}/statistics"),
        *(f"{room.base}/people", f"{room.base}/grades", f"{room.base}/run", f"{room.base}/steps/"),
        *(f"{room.base}/runs/{batch.pk}/", f"{room.base}/steps/{batch.pk}/"),
        f"{room.base}/assignments/{room.assignment.pk}/",
    ]
    for user, urls in ((room.teacher, staff), (room.ada.user, [f"{room.base}/", "/courses/"])):
        for url in urls:
            answer = HttpsClient(user).get(url)
            assert answer.status_code == 200, url
            page = answer.content.decode()
            assert SCRIPT not in page, url
            assert NAMES[1] not in page, url


def test_what_a_program_printed_is_no_page(room: Class) -> None:
    batch = Batch.objects.create(course=room.course, kind=Kind.RUN)
    row = Transfer.objects.create(
        batch=batch,
        course=room.course,
        kind=Kind.RUN,
        member=room.ada,
        lane="x",
        key="x",
        state=Transfer.State.DONE,
        result={"stdout": SCRIPT},
    )
    answer = HttpsClient(room.teacher).get(f"{room.base}/runs/{batch.pk}/{row.pk}")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_markdown_of_a_teacher_runs_nothing(room: Class) -> None:
    evil = (
        f"{SCRIPT}\n\n[a](javascript:alert(1)) [b](data:text/html,x) ![c](https://x.test/c.png)\n\n"
        '<img src=x onerror="alert(1)"><a href="//x" hx-get="/x" style="x">d</a>'
    )
    room.assignment.instructions = evil
    room.assignment.out = timezone.now()
    room.assignment.save()
    room.course.description = evil
    room.course.save()
    page = HttpsClient(room.ada.user).get(f"{room.base}/").content.decode()
    for bad in (SCRIPT, 'href="javascript:', 'href="data:', "<img src=x", "c.png"):
        assert bad not in page, bad
    assert not re.search(r"<[^>]* (hx-get=.?/x|style=)", page)


STRANGE = ("9" * 40, "-1", "\u00b2", "\x00", "a" * 3000, "' OR 1=1 --", "\ud7ff\ufffe")


def test_no_strange_query_breaks_a_page(room: Class) -> None:
    keys = ("page", "show", "sort", "state", "q", "file", "role", "said", "student", "assignment")
    pages = [
        *(f"{room.base}/{page}" for page in ("", "people", "grades", "steps/", "statistics")),
        *(f"{room.base}/assignments/{room.assignment.pk}/{page}" for page in ("", "extensions/")),
        *(room.grade_url(), f"{room.base}/assignments/new", f"{room.base}/grades.csv"),
    ]
    client = HttpsClient(room.teacher)
    for value in STRANGE:
        for url in pages:
            given = dict.fromkeys(keys, value)
            status = client.get(url, given).status_code
            assert status in (200, 302, 404), (url, value)


def test_no_strange_form_breaks_a_page(room: Class) -> None:
    one = f"{room.base}/assignments/{room.assignment.pk}"
    forms: dict[str, tuple[str, ...]] = {
        f"{one}/step": ("who", "member", "back_page", "back_show"),
        room.grade_url(): ("score", "comment", "seen"),
        f"{room.base}/people/add": ("who", "role", "number", "first_name"),
        f"{room.base}/people/import": ("text", "confirmed"),
        f"{room.base}/people/prepare": ("member", "back"),
        f"{room.base}/people/{room.bob.pk}/role": ("role", "back"),
        f"{room.base}/grades/import": ("text", "kept", "digest"),
        f"{room.base}/run": ("command", "timeout", "who", "students"),
        f"{room.base}/assignments/new": ("title", "points", "due", "from", "handout"),
        f"{one}/edit": ("title", "points", "due", "release", "weight", "late_until"),
        f"{one}/extensions/{room.ada.pk}": ("due", "reason"),
        f"{one}/remove": ("title",),
    }
    client = HttpsClient(room.teacher)
    for url, fields in forms.items():
        for field in fields:
            for value in STRANGE:
                given = {"kind": "collect"} | {field: value}
                status = client.post(url, given).status_code
                assert status in (200, 302, 400, 404), (url, field, value)


def test_forms_reach_nobody_of_another_course(room: Class) -> None:
    """Chosen members, lines of lists, and courses to copy from: all are looked up in the course."""
    outsider = factories.enrol(room.other, factories.make_user("olga"))
    theirs = factories.make_assignment(room.other, points=10)
    factories.enrol(room.other, room.teacher, Role.ASSISTANT)
    one = f"{room.base}/assignments/{room.assignment.pk}"
    before = Transfer.objects.count()
    for user in (room.teacher, room.assistant):
        client = HttpsClient(user)
        for kind in ("hand_out", "collect", "return"):
            client.post(f"{one}/step", {"kind": kind, "member": [outsider.pk]})
        for url in (f"{room.base}/run", f"{one}/run"):
            form = {"command": "id", "timeout": 9, "who": "chosen", "students": [outsider.pk]}
            assert client.post(url, form).status_code == 400
        client.post(f"{room.base}/people/prepare", {"member": outsider.pk})
        preview = client.post(f"{room.base}/grades/import", {"text": "Username,Homework 1\nolga,9"})
        assert "This course has no student" in preview.content.decode()
    assert Transfer.objects.count() == before
    # An assistant there, a teacher here: nothing of theirs is copied.
    client = HttpsClient(room.teacher)
    assert client.get(f"{room.base}/assignments/new?from={theirs.pk}").status_code == 404
    assert client.post(f"{one}/files/bring", {"from": theirs.pk}).status_code == 404


@pytest.mark.parametrize("evil", ["//evil.test", "https://evil.test/", "\\\\evil.test", "x=1#//e"])
def test_nothing_leads_to_another_site(room: Class, evil: str) -> None:
    client = HttpsClient(room.teacher)
    one = f"{room.base}/assignments/{room.assignment.pk}"
    for url, form in (
        (f"{one}/step", {"kind": "collect", "who": "all", "back_show": evil, "back_page": evil}),
        (f"{room.base}/people/prepare", {"back": evil}),
        (f"{room.base}/people/{room.bob.pk}/role", {"role": "student", "back": evil}),
        (f"{room.grade_url()}?next={evil}&state={evil}", {"score": "1", "seen": "0", "next": evil}),
    ):
        answer = client.post(url, form)
        assert answer.status_code == 302, url
        assert answer["Location"].startswith("/courses/"), url
    form = {"username": "tess", "password": "notebook", "next": evil}
    where = HttpsClient().post("/sign-in/", form)["Location"]
    assert "evil" not in where


def test_a_browser_that_loads_ahead_opens_nothing(room: Class) -> None:
    room.assignment.out = timezone.now()
    room.assignment.save()
    client = HttpsClient(room.ada.user)
    url = f"{room.base}/assignments/{room.assignment.pk}/open"
    ahead = {"Sec-Purpose": "prefetch;prerender"}
    assert client.get(url, headers=ahead).status_code == 403
    assert client.get(f"{room.base}/", headers=ahead).status_code == 200
    assert not Transfer.objects.exists()
    assert room.work().opened is None


# Ways in.


def invited(room: Class, role: Role = Role.STUDENT) -> Invitation:
    return Invitation.objects.create(course=room.course, email="new@school.test", role=role)


def path_of(invitation: Invitation) -> str:
    return "/" + invitations.link(invitation).split("/", 3)[3]


ACCOUNT = {
    "username": "newton",
    "first_name": "Isaac\r\nThis student is Bob",
    "last_name": "\u202eNewton\u200b",
    "password1": "an-apple-a-day",
    "password2": "an-apple-a-day",
}


def test_an_invitation_taken_starts_a_new_session(room: Class) -> None:
    """Whoever has planted a session in somebody's browser is not signed in with them."""
    client = HttpsClient()
    client.get("/sign-in/")
    session = client.session
    session["planted"] = "yes"
    session.save()
    before = session.session_key
    path = path_of(invited(room))
    assert client.post(path, ACCOUNT).status_code == 302
    assert client.session.session_key != before
    assert not User.objects.filter(username="newton", is_staff=True).exists()


def test_a_name_holds_nothing_that_cannot_be_seen(room: Class) -> None:
    client = HttpsClient()
    assert client.post(path_of(invited(room)), ACCOUNT).status_code == 302
    user = User.objects.get(username="newton")
    assert user.get_full_name() == "Isaac This student is Bob Newton"


def test_more_is_not_taken_from_the_form_than_it_asks_for(room: Class) -> None:
    more = {"is_staff": "on", "is_superuser": "on", "email": "dean@school.test", "role": "teacher"}
    assert HttpsClient().post(path_of(invited(room)), ACCOUNT | more).status_code == 302
    user = User.objects.get(username="newton")
    assert not user.is_staff
    assert not user.is_superuser
    assert user.email == "new@school.test"
    assert Membership.objects.get(user=user).role == Role.STUDENT


def test_a_link_that_was_tampered_with_or_used_lets_nobody_in(room: Class) -> None:
    mine, other = invited(room), Invitation.objects.create(course=room.other, email="b@school.test")
    path = path_of(mine)
    signed = path.split("/")[2]
    head, _, signature = signed.partition(":")
    bad = [
        *(signed[:-1], signed + "x", head, f":{signature}", signed.upper(), "x" * 3000),
        f"{path_of(other).split('/')[2].partition(':')[0]}:{signature}",
    ]
    for guess in bad:
        for client in (HttpsClient(), HttpsClient(room.stranger)):
            answer = client.post(reverse("classroom:invitation", args=[guess]), ACCOUNT)
            assert answer.status_code == 404, guess
    thief = HttpsClient(room.stranger)
    assert thief.post(path).status_code == 302
    for client in (HttpsClient(), HttpsClient(room.other_teacher), thief):
        assert client.post(path, ACCOUNT).status_code == 410
    assert not User.objects.filter(username="newton").exists()


def test_links_that_let_in_go_to_no_other_site_and_into_no_cache(room: Class) -> None:
    room.course.join_code = uuid4()
    room.course.save()
    for path in (path_of(invited(room)), reverse("classroom:join", args=[room.course.join_code])):
        for client in (HttpsClient(), HttpsClient(room.stranger)):
            answer = client.get(path)
            assert answer["Referrer-Policy"] == "same-origin"
            assert "no-store" in answer["Cache-Control"]
            assert "frame-ancestors 'none'" in answer.get("Content-Security-Policy", "")


def test_a_link_that_lets_in_is_in_no_log(room: Class) -> None:
    written = io.StringIO()
    [console] = [
        handler
        for handler in logging.getLogger().handlers
        if isinstance(handler, logging.StreamHandler) and handler.filters
    ]
    stream = console.setStream(written)
    try:
        signed = path_of(invited(room)).split("/")[2]
        code = uuid4()
        HttpsClient(csrf=True).post(f"/invitations/{signed}/", ACCOUNT)
        HttpsClient(room.stranger).get(f"/join/{code}/")
        HttpsClient(room.stranger).get("/invitations/none/")
    finally:
        if stream:
            console.setStream(stream)
    log = written.getvalue()
    assert log.count("/invitations/…") == 2
    assert log.count("/join/…") == 1
    for secret in (signed, str(code)):
        assert secret not in log


def test_a_removed_student_comes_back_by_no_link(room: Class) -> None:
    room.course.join_code = uuid4()
    room.course.save()
    gradebook.removed(room.ada)
    client = HttpsClient(room.ada.user)
    path = path_of(invited(room, Role.TEACHER))
    for url in (path, reverse("classroom:join", args=[room.course.join_code])):
        assert client.post(url).status_code == 403
    room.ada.refresh_from_db()
    assert room.ada.removed
    assert room.ada.role == Role.STUDENT


def test_nobody_climbs_by_joining_again(room: Class) -> None:
    """An invitation as teacher, or a join link, leaves those who are in what they are."""
    room.course.join_code = uuid4()
    room.course.save()
    client = HttpsClient(room.assistant)
    client.post(path_of(invited(room, Role.TEACHER)))
    client.post(reverse("classroom:join", args=[room.course.join_code]))
    member = Membership.objects.get(course=room.course, user=room.assistant)
    assert member.role == Role.ASSISTANT


def test_who_was_switched_off_or_deleted_leaves_pages_whole(room: Class) -> None:
    work = room.collected()
    grade_set(work, score=None, comment="by somebody", by=room.assistant, how="page")
    Batch.objects.create(
        course=room.course, kind=Kind.COLLECT, assignment=room.assignment, actor=room.assistant
    )
    signed_in = HttpsClient(room.bob.user)
    room.bob.user.is_active = False
    room.bob.user.save()
    assert signed_in.get(f"{room.base}/").status_code == 302
    room.assistant.delete()
    client = HttpsClient(room.teacher)
    for page in ("people", "grades", "steps/", f"assignments/{room.assignment.pk}/"):
        assert client.get(f"{room.base}/{page}").status_code == 200, page
    assert client.get(room.grade_url()).status_code == 200


def test_a_course_is_not_left_to_a_teacher_who_was_switched_off(room: Class) -> None:
    gone = factories.make_user("gone", is_active=False)
    factories.enrol(room.course, gone, Role.TEACHER)
    mine = Membership.objects.get(course=room.course, user=room.teacher)
    client = HttpsClient(room.teacher)
    assert client.post(f"{room.base}/people/{mine.pk}/remove").status_code == 409
    client.post(f"{room.base}/people/{mine.pk}/role", {"role": "student"})
    mine.refresh_from_db()
    assert mine.is_teacher


def test_what_a_date_started_is_shown_on_every_page(room: Class) -> None:
    """Nobody has pressed the button: neither a name nor a fault stands there."""
    batch = Batch.objects.create(
        course=room.course, kind=Kind.COLLECT, assignment=room.assignment, actor=None
    )
    Transfer.objects.create(
        batch=batch,
        course=room.course,
        kind=Kind.COLLECT,
        assignment=room.assignment,
        member=room.ada,
        lane="x",
        key="x",
    )
    client = HttpsClient(room.teacher)
    for page in ("steps/", f"steps/{batch.pk}/", f"assignments/{room.assignment.pk}/"):
        answer = client.get(f"{room.base}/{page}")
        assert answer.status_code == 200, page
        assert "automatically" in answer.content.decode().lower(), page


# In folders.


def test_a_folder_where_a_file_of_ours_belongs_is_kept_beside_it(cocalc: Client) -> None:
    project = cocalc.create_project(title="Ada", description="")
    for _ in range(2):
        script = "mkdir -p hw/GRADE.md; echo precious > hw/GRADE.md/mine"
        cocalc.exec(project, script, bash=True)
        put(project, "hw", Load([]), how="keep", texts={"GRADE.md": "10 of 10\n"})
        assert cocalc.read_file(project, "hw/GRADE.md") == b"10 of 10\n"
        cocalc.remove(project, "hw/GRADE.md")
    kept = sorted(entry.name for entry in cocalc.list_folder(project, "hw"))
    assert kept == ["GRADE.md (folder 2)", "GRADE.md (folder)"]
    assert cocalc.read_file(project, "hw/GRADE.md (folder)/mine") == b"precious\n"


def test_a_student_who_throws_everybody_out_is_collected_from_all_the_same(
    cocalc: Client, db: None
) -> None:
    """The service account owns the project and stays; a teacher is let in again on opening."""
    course = factories.make_course(factories.make_user("emmy", teacher=True))
    ada = factories.enrol(course, factories.make_user("ada"))
    factories.on_cocalc(course)
    assignment = factories.make_assignment(course)
    Submission.objects.update(handed_out=timezone.now())
    assert ada.project
    ada.project.refresh_from_db()
    project = str(ada.project.project_id)
    cocalc.write_file(project, "homework-1/a.ipynb", b"work")
    teacher = Member.objects.get(project=ada.project, user__username="emmy")
    account = mapping.account_row(teacher.user)
    cocalc.remove_member(project, str(account.account_id))
    with pytest.raises(Forbidden):
        cocalc.remove_member(project, service_identity().account_id)
    row = transfer_add(course, Kind.COLLECT, ada, assignment=assignment)
    factories.work_off()
    row.refresh_from_db()
    assert row.state == Transfer.State.DONE
    preparation.prepare(account, teacher, again=True)
    [found] = cocalc.find_projects(description=ada.project.description)
    assert str(account.account_id) in found.members
