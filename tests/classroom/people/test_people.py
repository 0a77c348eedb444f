"""The pages about a course's people: what they show, what they change, and for whom."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from classroom.models import Invitation, Kind, Membership, Role, Transfer
from embedding.models import EmbedSession, Event, Member
from tests.classroom import factories
from tests.conftest import HttpsClient

pytestmark = pytest.mark.django_db


class School:
    """A course with everybody who may come to its pages."""

    def __init__(self) -> None:
        self.teacher = factories.make_user("tess", teacher=True, first_name="Tess")
        self.course = factories.make_course(self.teacher)
        helper = factories.make_user("helper")
        self.assistant = factories.enrol(self.course, helper, Role.ASSISTANT)
        self.student = factories.enrol(
            self.course, factories.make_user("ada", first_name="Ada", last_name="Lovelace")
        )
        self.invitation = Invitation.objects.create(course=self.course, email="new@x.edu")
        self.boss = factories.make_user("boss", is_staff=True, is_superuser=True)
        other = factories.make_user("other", teacher=True)
        self.other_course = factories.make_course(other, "Other")
        gone = factories.enrol(self.course, factories.make_user("gone"))
        gone.removed = timezone.now()
        gone.save()
        self.gone = gone
        self.browsers = {
            "signed out": HttpsClient(),
            "stranger": HttpsClient(factories.make_user("stranger")),
            "removed": HttpsClient(gone.user),
            "student": HttpsClient(self.student.user),
            "assistant": HttpsClient(helper),
            "teacher": HttpsClient(self.teacher),
            "other teacher": HttpsClient(other),
            "administrator": HttpsClient(self.boss),
        }

    def url(self, name: str, *more: object) -> str:
        return reverse(f"classroom:{name}", args=[self.course.pk, *more])

    def page(self, name: str = "people", who: str = "teacher", query: str = "") -> str:
        answer = self.browsers[who].get(self.url(name) + query)
        assert answer.status_code == 200
        return answer.content.decode()

    def post(self, url: str, data: dict[str, Any] | None = None, who: str = "teacher") -> str:
        answer = self.browsers[who].post(url, data or {}, follow=True)
        assert answer.status_code == 200, answer.status_code
        return answer.content.decode()


@pytest.fixture
def school() -> School:
    return School()


STRANGERS = {"stranger": 404, "removed": 404, "other teacher": 404, "administrator": 404}
STAFF = {"signed out": 302, "student": 403, "assistant": 200, "teacher": 200, **STRANGERS}
TEACHERS = {**STAFF, "assistant": 403}
MEMBERS = {**STAFF, "student": 200}

# (url name, further argument, method, who gets what)
MATRIX: list[tuple[str, str, str, dict[str, int]]] = [
    ("course", "", "get", MEMBERS),
    ("course", "", "post", dict.fromkeys(STAFF, 405)),
    ("course-settings", "", "get", TEACHERS),
    ("course-settings", "", "post", TEACHERS),
    ("course-settings", "", "put", dict.fromkeys(STAFF, 405)),
    ("people", "", "get", STAFF),
    ("people", "", "post", dict.fromkeys(STAFF, 405)),
    ("people-add", "", "get", TEACHERS),
    ("people-add", "", "post", TEACHERS),
    ("people-add", "", "delete", dict.fromkeys(STAFF, 405)),
    ("people-import", "", "get", TEACHERS),
    ("people-import", "", "post", TEACHERS),
    ("people-import", "", "put", dict.fromkeys(STAFF, 405)),
    ("people-prepare", "", "get", dict.fromkeys(STAFF, 405)),
    ("people-prepare", "", "post", {**STAFF, "assistant": 302, "teacher": 302}),
    ("person-remove", "student", "get", TEACHERS),
    ("person-remove", "student", "post", {**TEACHERS, "teacher": 302}),
    ("person-remove", "student", "put", dict.fromkeys(STAFF, 405)),
    ("person-restore", "student", "get", dict.fromkeys(STAFF, 405)),
    ("person-restore", "student", "post", {**TEACHERS, "teacher": 302}),
    ("person-role", "student", "get", dict.fromkeys(STAFF, 405)),
    ("person-role", "student", "post", {**TEACHERS, "teacher": 302}),
    ("join-link", "", "get", dict.fromkeys(STAFF, 405)),
    ("join-link", "", "post", {**TEACHERS, "teacher": 302}),
    ("invitation-links", "", "get", dict.fromkeys(STAFF, 405)),
    ("invitation-links", "", "post", TEACHERS),
    ("invitation-renew", "invitation", "get", dict.fromkeys(STAFF, 405)),
    ("invitation-renew", "invitation", "post", {**TEACHERS, "teacher": 302}),
    ("invitation-cancel", "invitation", "get", dict.fromkeys(STAFF, 405)),
    ("invitation-cancel", "invitation", "post", {**TEACHERS, "teacher": 302}),
]


@pytest.mark.parametrize(
    ("name", "more", "method", "answers"), MATRIX, ids=[f"{m[0]} {m[2]}" for m in MATRIX]
)
def test_who_may_what(
    school: School, name: str, more: str, method: str, answers: dict[str, int]
) -> None:
    url = school.url(name, *([getattr(school, more).pk] if more else []))
    order = sorted(answers, key=lambda who: who in ("teacher", "student"))  # those who change last
    found = {who: getattr(school.browsers[who], method)(url).status_code for who in order}
    assert found == answers
    if method == "post" and name.startswith("person"):
        answer = school.browsers["signed out"].post(url)
        assert "/sign-in/" in answer["Location"]


@pytest.mark.parametrize("name", sorted({name for name, _, _, _ in MATRIX}))
def test_what_is_not_there(school: School, name: str) -> None:
    """Nothing of another course's is reached through one's own, and no bad id is a fault."""
    post = name in ("people-prepare", "join-link") or name.startswith(("person-r", "invitation"))
    browser = school.browsers["teacher"]
    ask: Callable[..., Any] = browser.post if post else browser.get
    if name.startswith("person-"):
        theirs = Membership.objects.get(course=school.other_course)
        assert ask(school.url(name, theirs.pk)).status_code == 404
        assert ask(school.url(name, 999_999)).status_code == 404
    elif name in ("invitation-renew", "invitation-cancel"):
        row = Invitation.objects.create(course=school.other_course, email="x@x.edu")
        assert ask(school.url(name, row.pk)).status_code == 404
        assert Invitation.objects.filter(pk=row.pk, nonce=row.nonce).exists()
    else:
        for course in (school.other_course.pk, 999_999):
            assert ask(reverse(f"classroom:{name}", args=[course])).status_code == 404


class TestList:
    def test_what_it_shows(self, school: School) -> None:
        factories.make_user("eve", first_name="<b>Eve</b>", email="eve@x.edu")
        eve = factories.enrol(school.course, User.objects.get(username="eve"), number="4711")
        EmbedSession.objects.create(user=eve.user, username="eve", project=eve.project, path="a")
        Membership.objects.filter(pk=eve.pk).update(prepared=timezone.now())
        page = school.page()
        assert "&lt;b&gt;Eve" in page
        assert "<b>Eve" not in page
        assert "4711" in page
        assert "eve@x.edu" in page
        assert "just now" in page
        assert "Being prepared" in page
        assert "2 students · 2 teachers and assistants · 1 removed" in page
        assert ">gone<" not in page

    def test_sections_are_shown_where_there_are_any(self, school: School) -> None:
        assert "Section</th>" not in school.page()
        Membership.objects.filter(pk=school.student.pk).update(section="Lab B")
        page = school.page(query="?q=lab b")
        assert 'data-label="Section">Lab B' in page
        assert "helper" not in page

    def test_filters(self, school: School) -> None:
        def names(query: str) -> list[str]:
            found = re.findall(r'people-name">([^<]+)<', school.page(query=query))
            return [name for name in found if name.strip()]

        Membership.objects.filter(pk=school.student.pk).update(number="4711")
        assert names("?q=love ADA") == ["Ada Lovelace"]
        assert names("?q=4711") == ["Ada Lovelace"]
        assert names("?q=nobody") == []
        assert names("?role=assistant") == ["helper"]
        assert names("?role=removed") == ["gone"]
        assert names("?role=nonsense&page=99") == ["Tess", "helper", "Ada Lovelace"]
        assert names("?state=ready") == []
        assert len(names("?state=coming")) == 3
        assert names("?q=" + "x" * 300) == ["Tess", "helper", "Ada Lovelace"]

    def test_what_failed_says_why_and_is_tried_again(self, school: School) -> None:
        Transfer.objects.create(
            course=school.course,
            kind=Kind.PREPARE,
            member=school.student,
            lane="x",
            key="x",
            state="failed",
            error="CoCalc refused the key.",
        )
        page = school.page(query="?state=failed")
        assert "CoCalc refused the key." in page
        assert "Could not prepare the CoCalc account or project of 1 person" in page
        assert "Ada Lovelace" in page
        url = school.url("people-prepare")
        data = {"member": school.student.pk, "back": "state=failed"}
        answer = school.browsers["assistant"].post(url, data)
        assert answer["Location"] == school.url("people") + "?state=failed"
        row = Transfer.objects.get(member=school.student, state="queued")
        assert (row.kind, row.priority) == (Kind.PREPARE, 0)
        school.post(url, data)  # it does not fail any more, so nothing is added
        assert Transfer.objects.filter(member=school.student, state="queued").count() == 1
        school.post(url, {"member": "x"})

    def test_it_costs_the_same_however_many(self, school: School) -> None:
        browser, url = school.browsers["teacher"], school.url("people")
        browser.get(url)  # the first look is an event
        costs = []
        for more in (3, 40):
            for number in range(more):
                factories.enrol(school.course, factories.make_user(f"s{more}-{number}"))
                Invitation.objects.create(course=school.course, email=f"i{more}-{number}@x.edu")
            with CaptureQueriesContext(connection) as queries:
                assert browser.get(url).status_code == 200
            costs.append(len(queries))
        assert costs[0] == costs[1]

    def test_links_are_the_teachers(self, school: School) -> None:
        school.post(school.url("join-link"))
        school.course.refresh_from_db()
        for secret in (str(school.course.join_code), "/invitations/", "Add a list"):
            assert secret in school.page()
            assert secret not in school.page(who="assistant")

    def test_pages(self, school: School) -> None:
        users = User.objects.bulk_create(User(username=f"s{n:03}") for n in range(120))
        Membership.objects.bulk_create(
            Membership(course=school.course, user=user, role=Role.STUDENT) for user in users
        )
        first = school.page(query="?role=student")
        assert "1 to 100 of 121" in first
        assert "role=student&amp;page=2" in first
        assert "101 to 121 of 121" in school.page(query="?role=student&page=2")


class TestAdding:
    def add(self, school: School, **fields: str) -> str:
        return school.post(school.url("people-add"), {"role": "student", **fields})

    def test_a_user_by_name_or_address(self, school: School) -> None:
        factories.make_user("bob", email="Bob@x.edu")
        factories.make_user("eve", first_name="Eve")
        assert "Added bob (Student)" in self.add(school, who=" bob@X.edu ", number="7")
        assert "Added Eve (Assistant)" in self.add(school, who="eve", role="assistant")
        bob = Membership.objects.get(user__username="bob")
        assert (bob.role, bob.number) == (Role.STUDENT, "7")
        assert bob.project
        assert Membership.objects.get(user__username="eve").role == Role.ASSISTANT

    def test_staff_is_let_in_by_name_alone(self, school: School) -> None:
        factories.make_user("mallory", email="prof@x.edu")
        assert "Enter the user name" in self.add(school, who="prof@x.edu", role="teacher")
        assert not Membership.objects.filter(user__username="mallory").exists()

    def test_somebody_new_is_invited(self, school: School) -> None:
        page = self.add(school, who="prof@x.edu", role="teacher", first_name="Pro")
        assert "Invited prof@x.edu (Teacher)" in page
        row = Invitation.objects.get(email="prof@x.edu")
        assert (row.role, row.first_name) == (Role.TEACHER, "Pro")

    @pytest.mark.parametrize(
        ("who", "words"),
        [
            ("nobody", "No account “nobody” exists"),
            ("not@an@address", "not an e-mail address"),
            ("ada", "Already in the course (Student)"),
            ("new@x.edu", "Already invited"),
            ("", "required"),
            ("\u200b", "is missing"),
        ],
    )
    def test_what_is_wrong_is_said_beside_the_field(
        self, school: School, who: str, words: str
    ) -> None:
        before = Membership.objects.count(), Invitation.objects.count()
        page = self.add(school, who=who, last_name="Kept")
        assert words in page
        assert 'value="Kept"' in page
        assert (Membership.objects.count(), Invitation.objects.count()) == before


class TestImport:
    TEXT = "username,email\nbob,\nada,\ngone,\n,fresh@x.edu\nnobody,\n"

    def preview(self, school: School, **data: Any) -> str:
        factories.make_user("bob", first_name="Bob")
        return school.post(school.url("people-import"), data)

    def confirm(self, school: School, page: str) -> str:
        found = re.search(r'name="confirmed" value="([^"]+)"', page)
        assert found
        return school.post(school.url("people-import"), {"confirmed": found[1]})

    def test_nothing_is_written_until_it_is_confirmed(self, school: School) -> None:
        page = self.preview(school, text=self.TEXT)
        for words in (
            "New: 1",
            "Joins: 1",
            "Comes back: 1",
            "No change: 1",
            "Problem: 1",
            "as Bob (bob)",
        ):
            assert words in page
        assert not Membership.objects.filter(user__username="bob").exists()
        done = self.confirm(school, page)
        assert "Added 2 students. Created 1 invitation." in done
        there = Membership.objects.filter(course=school.course, removed=None, role=Role.STUDENT)
        assert set(there.values_list("user__username", flat=True)) == {"ada", "bob", "gone"}
        assert Invitation.objects.filter(email="fresh@x.edu").exists()
        again = self.confirm(school, page)
        assert "Nothing changed." in again

    def test_a_file(self, school: School) -> None:
        content = "Name;E-Mail;Login\nMüller, Bob;;bob\n".encode("cp1252")
        page = self.preview(school, file=SimpleUploadedFile("list.csv", content))
        assert "Bob Müller" in page
        assert "Joins: 1" in page

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            ({}, "This list is empty"),
            ({"text": "ada", "file": SimpleUploadedFile("a", b"bob")}, "not both"),
            ({"file": SimpleUploadedFile("a.xlsx", b"PK\x03\x04...")}, "workbook"),
            ({"file": SimpleUploadedFile("a.csv", b"")}, "This list is empty"),
            ({"file": SimpleUploadedFile("a.csv", b"x" * (2 * 1024**2 + 1))}, "larger than 2 MB"),
            ({"confirmed": "forged"}, "preview is too old"),
        ],
    )
    def test_what_cannot_be_read(self, school: School, data: dict[str, Any], words: str) -> None:
        assert words in self.preview(school, **data)
        assert Invitation.objects.count() == 1

    def test_a_list_of_nobody(self, school: School) -> None:
        page = self.preview(school, text="nobody\nada")
        assert "This list has no one to add" in page
        assert 'class="primary"' not in page

    def test_another_courses_preview_is_refused(self, school: School) -> None:
        page = self.preview(school, text="bob")
        found = re.search(r'name="confirmed" value="([^"]+)"', page)
        assert found
        url = reverse("classroom:people-import", args=[school.other_course.pk])
        answer = school.browsers["other teacher"].post(url, {"confirmed": found[1]})
        assert "preview is too old" in answer.content.decode()
        assert not Membership.objects.filter(user__username="bob").exists()


class TestOut:
    def test_removed_and_restored(self, school: School) -> None:
        ada, browser = school.student, school.browsers["student"]
        assert browser.get(school.url("course")).status_code == 200
        url = school.url("person-remove", ada.pk)
        asked = school.browsers["teacher"].get(url).content.decode()
        assert "All work, scores and comments are kept" in asked
        assert Membership.objects.get(pk=ada.pk).removed is None
        assert "Removed Ada Lovelace from the course" in school.post(url)
        assert browser.get(school.url("course")).status_code == 404
        assert not Member.objects.filter(user=ada.user).exists()
        assert "Add again" in school.page(query="?role=removed")
        school.post(url)  # a second time changes nothing
        assert Event.objects.filter(action="course.member_removed").count() == 1
        back = school.post(school.url("person-restore", ada.pk), {"back": "role=removed"})
        assert "is back in the course" in back
        assert browser.get(school.url("course")).status_code == 200

    def test_the_last_teacher(self, school: School) -> None:
        alone = Membership.objects.get(user=school.teacher)
        answer = school.browsers["teacher"].post(school.url("person-remove", alone.pk))
        assert answer.status_code == 409
        assert "Tess is the only teacher" in answer.content.decode()
        page = school.post(school.url("person-role", alone.pk), {"role": "student"})
        assert "Tess is the only teacher" in page

    def test_a_teacher_who_leaves(self, school: School) -> None:
        url = school.url("person-role", school.assistant.pk)
        assert "Changed the role of helper to “Teacher”" in school.post(url, {"role": "teacher"})
        mine = Membership.objects.get(user=school.teacher)
        answer = school.browsers["teacher"].post(school.url("person-remove", mine.pk))
        assert answer["Location"] == reverse("classroom:courses")
        assert school.browsers["teacher"].get(school.url("people")).status_code == 404

    @pytest.mark.parametrize("role", ["", "owner", "Teacher"])
    def test_no_such_role(self, school: School, role: str) -> None:
        url = school.url("person-role", school.student.pk)
        assert "This role does not exist" in school.post(url, {"role": role})
        school.student.refresh_from_db()
        assert school.student.role == Role.STUDENT

    def test_the_way_back_stays_on_this_page(self, school: School) -> None:
        url = school.url("person-role", school.student.pk)
        for back in ("q=a&role=student", "//evil.test", "x=1\r\nSet-Cookie: a=b", "%0d%0a"):
            answer = school.browsers["teacher"].post(url, {"role": "student", "back": back})
            assert answer["Location"].startswith(school.url("people"))
            assert "\n" not in answer["Location"]


def test_forms_are_safe_from_other_sites(school: School) -> None:
    browser = HttpsClient(school.teacher, csrf=True)
    assert browser.post(school.url("person-remove", school.student.pk)).status_code == 403
    assert Membership.objects.get(pk=school.student.pk).removed is None
