"""Invitations: a link that lets one person in, once, with an account of their own."""

import csv
import io
import re
import smtplib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override
from django_tasks_db.models import DBTaskResult
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from classroom.models import Course, Invitation, Membership, Role
from classroom.people import invitations
from embedding.models import Event
from tests.classroom import factories
from tests.conftest import HttpsClient

pytestmark = pytest.mark.django_db

WORDS = {
    "username": "ada",
    "first_name": "Ada",
    "last_name": "King",
    "password1": "analytical engine",
    "password2": "analytical engine",
}


@pytest.fixture
def teacher() -> User:
    return factories.make_user("tess", teacher=True)


@pytest.fixture
def course(teacher: User) -> Course:
    return factories.make_course(teacher, "Physics", description="For insiders")


@pytest.fixture
def invitation(course: Course, teacher: User) -> Invitation:
    fresh = Invitation(
        course=course, email="ada@x.edu", first_name="Ada", last_name="Lovelace", number="7"
    )
    invitations.invite(course, [fresh], actor=teacher)
    return Invitation.objects.get()


def url(invitation: Invitation) -> str:
    return invitations.link(invitation).removeprefix("https://learn.school.test")


class TestNewAccount:
    def test_from_the_link_into_the_course(self, invitation: Invitation) -> None:
        browser = HttpsClient()
        page = browser.get(url(invitation)).content.decode()
        assert "Physics" in page
        assert 'value="Lovelace"' in page
        for unseen in ("For insiders", "tess", "ada@x.edu"):
            assert unseen not in page
        answer = browser.post(url(invitation), WORDS, follow=True)
        course = invitation.course
        assert answer.redirect_chain == [(reverse("classroom:course", args=[course.pk]), 302)]
        assert "Welcome" in answer.content.decode()
        user = User.objects.get(username="ada")
        assert (user.get_full_name(), user.email) == ("Ada King", "ada@x.edu")
        assert user.check_password("analytical engine")
        assert not user.is_staff
        member = Membership.objects.get(user=user)
        assert (member.role, member.number) == (Role.STUDENT, "7")
        assert member.project
        invitation.refresh_from_db()
        assert invitation.accepted_by == user
        assert Event.objects.filter(action="user.created_by_invitation", target="ada").exists()

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"password2": "other"}, "didn’t match"),
            ({"password1": "12345678", "password2": "12345678"}, "too common"),
            ({"username": "TESS"}, "This user name is taken."),
            ({"username": "a b"}, "A user name has letters"),
            ({"username": ""}, "Choose a user name."),
        ],
    )
    def test_what_is_wrong_is_said_and_the_rest_is_kept(
        self, invitation: Invitation, change: dict[str, str], words: str
    ) -> None:
        answer = HttpsClient().post(url(invitation), WORDS | change)
        page = answer.content.decode()
        assert answer.status_code == 200
        assert words in page
        assert 'value="King"' in page
        assert "analytical engine" not in page
        assert User.objects.count() == 1
        invitation.refresh_from_db()
        assert invitation.accepted is None

    def test_an_address_that_somebody_has_stays_theirs(self, invitation: Invitation) -> None:
        factories.make_user("first", email="ADA@x.edu")
        HttpsClient().post(url(invitation), WORDS)
        assert User.objects.get(username="ada").email == ""

    def test_nobody_makes_themselves_more_than_they_are(self, invitation: Invitation) -> None:
        extra = {"is_staff": "on", "is_superuser": "on", "email": "boss@x.edu", "role": "teacher"}
        HttpsClient().post(url(invitation), WORDS | extra)
        user = User.objects.get(username="ada")
        assert (user.is_staff, user.is_superuser, user.email) == (False, False, "ada@x.edu")
        assert Membership.objects.get(user=user).role == Role.STUDENT


class TestOwnAccount:
    def test_it_is_asked_as_whom(self, invitation: Invitation) -> None:
        bob = factories.make_user("bob", first_name="Bob", email="bob@x.edu")
        browser = HttpsClient(bob)
        page = browser.get(url(invitation)).content.decode()
        assert "signed in as Bob (bob)" in page
        assert not Membership.objects.filter(user=bob).exists()
        assert "You have joined" in browser.post(url(invitation), follow=True).content.decode()
        assert Membership.objects.get(user=bob).number == "7"
        bob.refresh_from_db()
        assert bob.email == "bob@x.edu"
        assert User.objects.count() == 2

    def test_one_who_is_in_stays_what_they_are(self, invitation: Invitation, teacher: User) -> None:
        HttpsClient(teacher).post(url(invitation))
        assert Membership.objects.get(user=teacher).role == Role.TEACHER

    def test_one_who_was_removed_is_not_let_in(self, invitation: Invitation) -> None:
        bob = factories.enrol(invitation.course, factories.make_user("bob"))
        Membership.objects.filter(pk=bob.pk).update(removed=timezone.now())
        answer = HttpsClient(bob.user).post(url(invitation))
        assert answer.status_code == 403
        assert "Only its teachers" in answer.content.decode()
        invitation.refresh_from_db()
        assert invitation.accepted is None

    def test_an_invited_assistant(self, invitation: Invitation) -> None:
        Invitation.objects.update(role=Role.ASSISTANT)
        bob = factories.make_user("bob")
        HttpsClient(bob).post(url(invitation))
        assert Membership.objects.get(user=bob).role == Role.ASSISTANT


class TestWorthless:
    def ask(self, address: str) -> tuple[int, str]:
        user = User.objects.filter(username="stranger").first()
        browsers = HttpsClient(), HttpsClient(user or factories.make_user("stranger"))
        answers = [browser.get(address) for browser in browsers]
        answers += [browser.post(address, WORDS) for browser in browsers]
        assert len({answer.status_code for answer in answers}) == 1
        assert all("Physics" not in answer.content.decode() for answer in answers)
        assert not User.objects.filter(username="ada", last_name="King").exists()
        return answers[0].status_code, answers[0].content.decode()

    def test_used(self, invitation: Invitation) -> None:
        address = url(invitation)
        HttpsClient(factories.make_user("bob")).post(address)
        status, page = self.ask(address)
        assert status == 410
        assert "has already been used" in page

    def test_renewed(self, invitation: Invitation, teacher: User) -> None:
        old = url(invitation)
        invitations.renew(invitation, actor=teacher)
        assert self.ask(old)[0] == 404
        invitation.refresh_from_db()
        assert HttpsClient().get(url(invitation)).status_code == 200

    def test_cancelled(self, invitation: Invitation, teacher: User) -> None:
        old = url(invitation)
        invitations.cancel(invitation, actor=teacher)
        assert self.ask(old)[0] == 404

    def test_after_30_days(self, invitation: Invitation, teacher: User) -> None:
        created = timezone.now() - timedelta(days=30, minutes=-1)
        Invitation.objects.update(created=created)
        assert HttpsClient().get(url(invitation)).status_code == 200
        Invitation.objects.update(created=created - timedelta(minutes=2))
        status, page = self.ask(url(invitation))
        assert status == 410
        assert "has expired" in page
        shown = HttpsClient(teacher).get(reverse("classroom:people", args=[invitation.course.pk]))
        assert "Expired" in shown.content.decode()
        invitations.renew(invitation, actor=teacher)
        invitation.refresh_from_db()
        assert HttpsClient().get(url(invitation)).status_code == 200

    def test_forged(self, invitation: Invitation) -> None:
        good = url(invitation)
        for bad in (good[:-2] + "x/", "/invitations/x/", "/invitations/WzFd:x/"):
            assert self.ask(bad)[0] == 404
        other = Invitation.objects.create(course=invitation.course, email="b@x.edu")
        assert url(other) != good

    def test_other_methods(self, invitation: Invitation) -> None:
        assert HttpsClient().put(url(invitation)).status_code == 405


class TestTeachers:
    def post(self, invitation: Invitation, name: str, teacher: User) -> str:
        address = reverse(f"classroom:{name}", args=[invitation.course.pk, invitation.pk])
        return HttpsClient(teacher).post(address, follow=True).content.decode()

    def test_renew_and_cancel(self, invitation: Invitation, teacher: User) -> None:
        assert url(invitation) in self.page(invitation, teacher)
        assert "Created a new link for" in self.post(invitation, "invitation-renew", teacher)
        assert url(invitation) not in self.page(invitation, teacher)
        assert "Took back the invitation for" in self.post(invitation, "invitation-cancel", teacher)
        assert not Invitation.objects.exists()

    def test_somebody_was_faster(self, invitation: Invitation, teacher: User) -> None:
        HttpsClient(factories.make_user("bob")).post(url(invitation))
        for name in ("invitation-renew", "invitation-cancel"):
            assert "has already used the invitation" in self.post(invitation, name, teacher)
        assert Invitation.objects.get().accepted

    def page(self, invitation: Invitation, teacher: User) -> str:
        address = reverse("classroom:people", args=[invitation.course.pk])
        return HttpsClient(teacher).get(address).content.decode()

    def test_invited_again_after_the_user_is_gone(
        self, invitation: Invitation, teacher: User
    ) -> None:
        bob = factories.make_user("bob")
        HttpsClient(bob).post(url(invitation))
        Membership.objects.filter(user=bob).delete()
        bob.delete()
        again = Invitation(course=invitation.course, email="ada@x.edu")
        invitations.invite(invitation.course, [again], actor=teacher)
        assert Invitation.objects.get().accepted is None


class TestHandingThemOut:
    def take(self, course: Course, teacher: User) -> list[list[str]]:
        address = reverse("classroom:invitation-links", args=[course.pk])
        answer = HttpsClient(teacher).post(address)
        assert "no-store" in answer["Cache-Control"]
        assert answer["Content-Disposition"] == 'attachment; filename="physics-invitations.csv"'
        text = answer.content.decode()
        assert text.startswith("\ufeff")
        return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))

    def test_names_and_links_as_csv(self, invitation: Invitation, teacher: User) -> None:
        course = invitation.course
        invitation.created = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
        invitation.save()
        Invitation.objects.create(course=course, email="+b@x.edu", first_name="=1+1", number="-7")
        old = timezone.now() - timedelta(days=31)
        Invitation.objects.create(course=course, email="c@x.edu", created=old)
        Invitation.objects.create(course=course, email="d@x.edu", accepted=timezone.now())
        head, plus, ada = self.take(course, teacher)
        assert head == ["Name", "E-mail address", "Number", "Role", "Link", "Valid until"]
        link = invitations.link(invitation)
        over = "Sun 27 Dec 2026, 10:30 CET"
        assert ada == ["Ada Lovelace", "ada@x.edu", "7", "Student", link, over]
        assert plus[:3] == ["'=1+1", "'+b@x.edu", "'-7"]
        event = Event.objects.get(action="course.invitation_links_taken")
        assert (event.actor, event.detail) == ("tess", {"course": course.pk, "links": 2})
        assert link not in str(event.detail)

    def test_without_any(self, course: Course, teacher: User) -> None:
        assert len(self.take(course, teacher)) == 1
        page = HttpsClient(teacher).get(reverse("classroom:people", args=[course.pk]))
        assert "Copy all" not in page.content.decode()

    def test_the_page_gives_the_lines_to_copy(self, invitation: Invitation, teacher: User) -> None:
        page = HttpsClient(teacher).get(reverse("classroom:people", args=[invitation.course_id]))
        text = page.content.decode()
        assert 'data-for="Ada Lovelace &lt;ada@x.edu&gt;"' in text
        assert "Copy all" in text
        assert "Download names and links" in text


class Unwilling(BaseEmailBackend):
    """A mail server that refuses one address, and does not know what to make of another."""

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        if "bad" in messages[0].to[0]:
            raise smtplib.SMTPRecipientsRefused({messages[0].to[0]: (550, b"secret words")})
        return 1


class Unreachable(BaseEmailBackend):
    def open(self) -> bool:
        raise ConnectionRefusedError("password@host")


class TestMail:
    @pytest.fixture(autouse=True)
    def mail_server(self, settings: Settings) -> None:
        settings.CLASSROOM = {"MAIL": True}

    def invite(
        self,
        course: Course,
        capture: DjangoCaptureOnCommitCallbacks,
        *emails: str,
    ) -> list[Any]:
        teacher = User.objects.get(username="tess")
        with capture(execute=True):
            rows = [Invitation(course=course, email=email) for email in emails]
            invitations.invite(course, rows, actor=teacher)
        return [
            row.args_kwargs["args"]
            for row in DBTaskResult.objects.filter(task_path__endswith="invitations.mail")
        ]

    def test_a_worker_mails_what_was_written_down(
        self, course: Course, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        course.title, course.term = "Physics & <Maths>", "Autumn"
        course.save()
        enqueued = self.invite(course, django_capture_on_commit_callbacks, "ada@x.edu")
        assert mail.outbox == []
        row = Invitation.objects.get()
        assert enqueued == [[[row.pk], "en"]]
        assert invitations.mail.call([row.pk]) == 1
        sent = mail.outbox[0]
        assert sent.to == ["ada@x.edu"]
        assert sent.from_email == "noreply@learn.school.test"
        assert sent.subject == "Your invitation to “Physics & <Maths> (Autumn)”"
        assert "“Physics & <Maths> (Autumn)”" in sent.body
        found = re.search(r"^https://\S+$", str(sent.body), re.MULTILINE)
        assert found
        assert found[0] == invitations.link(row)
        row.refresh_from_db()
        assert row.sent
        assert invitations.mail.call([row.pk]) == 0  # the task may come twice
        assert len(mail.outbox) == 1

    def test_in_the_language_of_whoever_invites(
        self, course: Course, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        with override("de"):
            enqueued = self.invite(course, django_capture_on_commit_callbacks, "ada@x.edu")
        assert enqueued == [[[Invitation.objects.get().pk], "de"]]

    def test_a_class_is_mailed_in_parts(
        self, course: Course, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        emails = [f"s{number}@x.edu" for number in range(50)]
        parts = self.invite(course, django_capture_on_commit_callbacks, *emails)
        assert sorted(len(part[0]) for part in parts) == [10, 20, 20]

    def test_a_refusal_is_shown_and_loses_nothing(
        self, course: Course, settings: Settings, teacher: User
    ) -> None:
        settings.EMAIL_BACKEND = f"{__name__}.Unwilling"
        rows = [Invitation(course=course, email=email) for email in ("bad@x.edu", "good@x.edu")]
        invitations.invite(course, rows, actor=teacher)
        keys = list(Invitation.objects.order_by("pk").values_list("pk", flat=True))
        assert invitations.mail.call(keys) == 1
        bad, good = Invitation.objects.order_by("pk")
        assert (bad.sent, good.mail_error) == (None, "")
        assert good.sent
        page = HttpsClient(teacher).get(reverse("classroom:people", args=[course.pk]))
        assert "Not sent: the mail server refused it." in page.content.decode()
        assert "secret words" not in page.content.decode()
        assert HttpsClient().get(url(bad)).status_code == 200

    def test_a_server_that_is_away(self, course: Course, settings: Settings, teacher: User) -> None:
        settings.EMAIL_BACKEND = f"{__name__}.Unreachable"
        rows = [Invitation(course=course, email=f"s{number}@x.edu") for number in range(3)]
        invitations.invite(course, rows, actor=teacher)
        assert invitations.mail.call([row.pk for row in Invitation.objects.all()]) == 0
        errors = set(Invitation.objects.values_list("mail_error", flat=True))
        assert errors == {"unreachable"}
        invitations.renew(Invitation.objects.all()[0], actor=teacher)
        assert Invitation.objects.filter(mail_error="").count() == 1

    def test_a_title_of_several_lines_breaks_no_header(self, course: Course, teacher: User) -> None:
        Course.objects.update(title="Physics\nBcc: all@x.edu")
        course.refresh_from_db()
        invitations.invite(course, [Invitation(course=course, email="a@x.edu")], actor=teacher)
        assert invitations.mail.call([Invitation.objects.get().pk]) == 1
        assert mail.outbox[0].subject == "Your invitation to “Physics Bcc: all@x.edu”"


def test_without_a_mail_server_nothing_is_mailed(
    course: Course,
    teacher: User,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        invitations.invite(course, [Invitation(course=course, email="a@x.edu")], actor=teacher)
    assert not DBTaskResult.objects.exists()
    page = HttpsClient(teacher).get(reverse("classroom:people", args=[course.pk]))
    assert "This site sends no e-mail" in page.content.decode()
