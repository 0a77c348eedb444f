"""An address that came by an invitation's link: whose it is, nobody knows until it is proven."""

import importlib
import re
import smtplib
from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from classroom.models import Course, Invitation, Membership, UnprovenAddress
from classroom.people import invitations, proving
from classroom.people.roster_file import line_of
from classroom.people.roster_import import Outcome, judge, roster_apply
from embedding.models import Event
from tests.classroom import factories
from tests.conftest import HttpsClient

pytestmark = pytest.mark.django_db

ADA = "ada@x.edu"
PAGE = "/address/"


@pytest.fixture
def teacher() -> User:
    return factories.make_user("tess", teacher=True)


@pytest.fixture
def course(teacher: User) -> Course:
    return factories.make_course(teacher, "Physics")


@pytest.fixture
def other_course() -> Course:
    return factories.make_course(factories.make_user("olga", teacher=True), "Chemistry")


@pytest.fixture
def mails(settings: Settings) -> None:
    settings.CLASSROOM = {"MAIL": True}


def taken(course: Course, username: str, email: str = ADA) -> HttpsClient:
    """Take a new invitation's link with a new account: whoever has the link can."""
    row = Invitation.objects.create(course=course, email=email)
    browser = HttpsClient()
    words = {"username": username, "first_name": "Ada", "last_name": "King"}
    secret = {"password1": "analytical engine", "password2": "analytical engine"}
    answer = browser.post(invitations.link(row).removeprefix(SITE), words | secret)
    assert answer.status_code == 302
    return browser


SITE = "https://learn.school.test"


def said(course: Course, who: str, **given: str) -> tuple[str, str]:
    (one,) = judge(course, [line_of(who, **given)])
    return str(one.outcome), f"{one.said} {one.more}"


class TestLists:
    def test_no_list_of_another_course_matches_by_it(
        self, course: Course, other_course: Course
    ) -> None:
        """Mallory opened the link that was meant for Ada."""
        taken(course, "mallory")
        assert User.objects.get(username="mallory").email == ADA
        outcome, words = said(other_course, ADA)
        assert outcome == Outcome.NEW
        assert "never confirmed it" in words
        assert "mallory" not in words
        teacher = User.objects.get(username="olga")
        roster_apply(other_course, [line_of(ADA)], actor=teacher)
        assert not Membership.objects.filter(user__username="mallory", course=other_course).exists()
        assert Invitation.objects.filter(course=other_course, email=ADA).exists()
        assert said(other_course, ADA)[0] == Outcome.ALREADY  # nobody is invited twice

    def test_one_who_is_in_the_other_course_already_is_named(
        self, course: Course, other_course: Course
    ) -> None:
        taken(course, "mallory")
        factories.enrol(other_course, User.objects.get(username="mallory"))
        outcome, words = said(other_course, ADA)
        assert outcome == Outcome.NEW
        assert "Ada King (mallory) in this course has this address too" in words

    def test_the_list_of_the_same_course_again(self, course: Course) -> None:
        """That teacher handed the link out: whoever took it is whom they meant."""
        taken(course, "ada")
        assert said(course, ADA)[0] == Outcome.ALREADY

    def test_who_took_anothers_place_and_was_removed(self, course: Course, teacher: User) -> None:
        """They do not come back by the list that names the other, who is invited at last."""
        impostor = taken(course, "mallory")
        Membership.objects.filter(user__username="mallory").update(removed=timezone.now())
        outcome, words = said(course, ADA)
        assert outcome == Outcome.NEW
        assert "Ada King (mallory), who used the last invitation, was removed" in words
        roster_apply(course, [line_of(ADA)], actor=teacher)
        row = Invitation.objects.get()
        assert row.accepted is None
        link = invitations.link(row).removeprefix(SITE)
        assert impostor.post(link).status_code == 403
        browser = HttpsClient(factories.make_user("ada"))
        assert browser.post(link).status_code == 302
        here = Membership.objects.filter(course=course, removed=None).exclude(user=teacher)
        assert [str(member.user) for member in here] == ["ada"]
        assert said(course, "mallory")[0] == Outcome.BACK  # by the name, as ever

    def test_of_one_person_it_is_said_as_well(self, course: Course, other_course: Course) -> None:
        taken(course, "mallory")
        olga = HttpsClient(User.objects.get(username="olga"))
        address = reverse("classroom:people-add", args=[other_course.pk])
        page = olga.post(address, {"who": ADA, "role": "student"}, follow=True).content.decode()
        assert "Invited ada@x.edu (Student). The link is below. An account has" in page

    def test_by_the_user_name_as_ever(self, course: Course, other_course: Course) -> None:
        taken(course, "ada")
        assert said(other_course, "ada", email=ADA)[0] == Outcome.KNOWN
        # An address that somebody merely has is no reason to doubt another's user name.
        factories.make_user("grace")
        assert said(other_course, "grace", email=ADA)[0] == Outcome.KNOWN

    def test_the_real_owner_gets_in_with_an_account_of_their_own(
        self, course: Course, other_course: Course, mails: None
    ) -> None:
        taken(course, "mallory")
        browser = taken(other_course, "ada")
        ada = User.objects.get(username="ada")
        assert ada.email == ADA
        proof = proving.link(UnprovenAddress.objects.get(user=ada)).removeprefix(SITE)
        browser.post(proof)
        outcome, words = said(factories.make_course(factories.make_user("t")), ADA)
        assert (outcome, "(ada)" in words) == (Outcome.KNOWN, True)
        mallory = User.objects.get(username="mallory")
        assert mallory.email == ""
        assert not UnprovenAddress.objects.exists()
        taken_back = Event.objects.get(action="user.address_taken_back")
        assert taken_back.target == "mallory"

    def test_another_address_from_an_administrator_is_proven(
        self, course: Course, other_course: Course
    ) -> None:
        taken(course, "ada")
        User.objects.filter(username="ada").update(email="ADA@x.edu")
        assert said(other_course, ADA)[0] == Outcome.NEW  # the same, in capital letters
        User.objects.filter(username="ada").update(email="king@x.edu")
        assert said(other_course, "king@x.edu")[0] == Outcome.KNOWN


class TestProof:
    @pytest.fixture
    def ada(self, course: Course, mails: None) -> HttpsClient:
        return taken(course, "ada")

    def proof(self, username: str = "ada") -> str:
        row = UnprovenAddress.objects.get(user__username=username)
        return proving.link(row).removeprefix(SITE)

    def test_from_the_invitation_to_the_proof(
        self,
        course: Course,
        mails: None,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            browser = taken(course, "ada")
        task = DBTaskResult.objects.get(task_path__endswith="proving.mail_proof")
        row = UnprovenAddress.objects.get()
        assert task.args_kwargs["args"] == [row.pk]  # and no link
        assert proving.mail_proof.call(row.pk)
        (sent,) = mail.outbox
        assert sent.to == [ADA]
        assert "“ada”" in sent.body
        found = re.search(r"^https://\S+$", str(sent.body), re.MULTILINE)
        assert found
        address = found[0].removeprefix(SITE)

        page = browser.get(address)
        assert ADA in page.content.decode()
        assert "no-store" in page["Cache-Control"]
        browser.head(address)
        assert UnprovenAddress.objects.exists()  # a mail's links are opened by scanners too
        assert "Your address is confirmed" in browser.post(address, follow=True).content.decode()
        assert not UnprovenAddress.objects.exists()
        assert Event.objects.get(action="user.address_proven").detail == {"by": "mail"}
        for answer in (browser.get(address), browser.post(address)):  # once
            assert answer.status_code == 404
            assert "has been used" in answer.content.decode()

    def test_nobody_else_proves_by_it(self, ada: HttpsClient, other_course: Course) -> None:
        """Not Ada herself either, for the account of the one who opened her invitation."""
        proof = self.proof()
        owner = HttpsClient(factories.make_user("owner", email="owner@x.edu"))
        for answer in (owner.get(proof), owner.post(proof)):
            assert answer.status_code == 403
            assert ADA not in answer.content.decode()
        twin = taken(other_course, "twin")
        assert twin.post(proof).status_code == 403
        signed_out = HttpsClient()
        for answer in (signed_out.get(proof), signed_out.post(proof)):
            assert answer["Location"].startswith(reverse("login"))
        assert UnprovenAddress.objects.count() == 2

    def test_guessed_and_forged(self, ada: HttpsClient, course: Course) -> None:
        good = self.proof()
        invitation = invitations.link(Invitation.objects.get()).rstrip("/").rpartition("/")[2]
        for bad in (good[:-3] + "xx/", f"{PAGE}x/", f"{PAGE}{invitation}/", f"{PAGE}WzEsIiJd:x/"):
            assert ada.get(bad).status_code == 404
            assert ada.post(bad).status_code == 404
        assert UnprovenAddress.objects.exists()

    def test_for_a_day_and_until_the_next(self, ada: HttpsClient) -> None:
        old = self.proof()
        UnprovenAddress.objects.update(asked=F("asked") - timedelta(hours=23))
        new = self.proof()
        assert ada.get(old).status_code == 404
        assert ada.get(new).status_code == 200
        UnprovenAddress.objects.update(asked=F("asked") - timedelta(hours=2))
        answer = ada.post(self.proof())
        assert answer.status_code == 410
        assert "has expired" in answer.content.decode()

    def test_of_an_address_that_was_changed_since(self, ada: HttpsClient) -> None:
        proof = self.proof()
        User.objects.filter(username="ada").update(email="king@x.edu")
        assert ada.post(proof).status_code == 404

    def test_nobody_is_flooded_with_mails(
        self,
        ada: HttpsClient,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        with django_capture_on_commit_callbacks() as asked:
            for _ in range(3):
                page = ada.post(PAGE, follow=True).content.decode()
        assert "We sent you an e-mail within the last hour" in page
        assert "Send me an e-mail" not in page
        assert not asked
        UnprovenAddress.objects.update(asked=F("asked") - timedelta(minutes=61))
        assert "Send me an e-mail" in ada.get(PAGE).content.decode()
        with django_capture_on_commit_callbacks() as asked:
            assert "sending an e-mail to ada@x.edu" in ada.post(PAGE, follow=True).content.decode()
        assert len(asked) == 1

    def test_a_mail_that_was_not_taken_is_said_and_asked_for_again(
        self, ada: HttpsClient, settings: Settings
    ) -> None:
        settings.EMAIL_BACKEND = f"{__name__}.Unwilling"
        assert not proving.mail_proof.call(UnprovenAddress.objects.get().pk)
        page = ada.get(PAGE).content.decode()
        assert "did not accept the last e-mail" in page
        assert "secret words" not in page
        assert "Send me an e-mail" in page


class Unwilling(BaseEmailBackend):
    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        raise smtplib.SMTPRecipientsRefused({ADA: (550, b"secret words")})


class TestPages:
    def test_without_a_mail_server(self, course: Course) -> None:
        browser = taken(course, "ada")
        welcome = browser.get(reverse("classroom:course", args=[course.pk])).content.decode()
        assert "Your e-mail address ada@x.edu is not confirmed" in welcome
        page = browser.get(PAGE).content.decode()
        assert "Not confirmed" in page
        assert "administrator can mark" in page
        assert "<strong>ada</strong>" in page
        browser.post(PAGE)
        assert UnprovenAddress.objects.get().asked is None

    def test_those_who_have_nothing_to_prove(self) -> None:
        page = HttpsClient(factories.make_user("a", email="a@x.edu")).get(PAGE).content.decode()
        assert "Teachers can add you to a course by this address" in page
        page = HttpsClient(factories.make_user("b")).get(PAGE).content.decode()
        assert "Your account has no e-mail address" in page

    def test_teachers_see_it(self, course: Course, teacher: User) -> None:
        taken(course, "ada")
        address = reverse("classroom:people", args=[course.pk])
        page = HttpsClient(teacher).get(address).content.decode()
        assert ">Not confirmed</span></td>" in page
        User.objects.filter(username="ada").update(email="king@x.edu")
        assert "Not confirmed" not in HttpsClient(teacher).get(address).content.decode()

    def test_an_administrator_sees_and_settles_it(
        self, course: Course, other_course: Course
    ) -> None:
        taken(course, "ada")
        ada = User.objects.get(username="ada")
        boss = factories.make_user("boss", is_staff=True, is_superuser=True)
        browser, users = HttpsClient(boss), "/admin/auth/user/"
        rows = browser.get(users).context["cl"].queryset
        assert {str(row): row.unproven for row in rows}["ada"]
        assert "icon-no" in browser.get(f"{users}?q=ada").content.decode()
        asked = {"action": "mark_proven", "_selected_action": [ada.pk, boss.pk]}
        done = browser.post(users, asked, follow=True).content.decode()
        assert "Marked the address ada@x.edu of “ada” as confirmed" in done
        assert said(other_course, ADA)[0] == Outcome.KNOWN
        event = Event.objects.get(action="user.address_proven")
        assert (event.actor, event.target) == ("boss", "ada")


def test_addresses_from_before_are_marked(course: Course) -> None:
    """Of users whose account an invitation made, and who have its address still."""
    now = timezone.now()
    for name, email, joined in (
        ("new", "new@x.edu", now),
        ("moved", "elsewhere@x.edu", now),
        ("long", "long@x.edu", now - timedelta(days=3)),
    ):
        user = factories.make_user(name, email=email.upper(), date_joined=joined)
        invited = f"{name}@x.edu"
        Invitation.objects.create(course=course, email=invited, accepted=now, accepted_by=user)
    importlib.import_module("classroom.migrations.0008_unproven_address").mark(apps, None)
    marked = UnprovenAddress.objects.values_list("user__username", "email")
    assert list(marked) == [("new", "new@x.edu")]
