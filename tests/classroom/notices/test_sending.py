"""Mails over real SMTP: what they say, that none goes twice, and what a bad server does."""

import re
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from classroom.models import (
    Letter,
    MailChoice,
    Membership,
    Notice,
    Profile,
    Submission,
    UnprovenAddress,
)
from classroom.notices import sending
from classroom.notices.letters import gather
from classroom.notices.sending import Sender
from tests.classroom import factories
from tests.classroom.notices.conftest import LATER, Class
from tests.classroom.notices.post_office import PostOffice, silent_server

State = Letter.State


def states() -> list[tuple[str, int]]:
    return list(Letter.objects.order_by("pk").values_list("state", "attempts"))


class TestMails:
    def test_what_is_new_comes_in_one_mail_to_its_reader_alone(
        self, room: Class, office: PostOffice
    ) -> None:
        room.tell(room.ada, room.bob, kind=Notice.Kind.HANDED_OUT)
        room.tell(room.ada)
        assert gather() == 0  # in a moment, together with what comes until then
        assert room.letters() == 2
        assert room.letters() == 0
        assert Sender().deliver() == 2
        assert Sender().deliver() == 0
        assert [to for _, to in office.envelopes] == [["ada@x.edu"], ["bob@x.edu"]]
        mail = office.mails[0]
        assert mail["Subject"] == "Physics (Autumn): 2 new notices"
        assert mail["To"] == "ada@x.edu"
        assert mail["From"] == "noreply@learn.school.test"
        assert mail["Auto-Submitted"] == "auto-generated"
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        stop = mail["List-Unsubscribe"].strip()
        assert stop.startswith("<https://learn.school.test/notices/unsubscribe/")
        assert mail["Message-ID"].endswith("@learn.school.test>")
        text = mail.get_content()
        due = "It is due on"
        for line in ("Hello Ada,", "“Homework 1” was handed out", due, "returned to you"):
            assert line in text
        assert f"https://learn.school.test/courses/{room.course.pk}/#a{room.homework.pk}" in text
        assert stop.strip("<>") in text
        subject = office.mails[1]["Subject"].strip()
        assert subject == "Physics (Autumn): “Homework 1” was handed out"
        assert "returned" not in office.mails[1].get_content()

    def test_it_is_plain_text_with_nothing_escaped(self, room: Class, office: PostOffice) -> None:
        type(room.homework).objects.update(title="R&D <1>")
        room.ada.user.first_name = "Aoife O'Neil"
        room.ada.user.save()
        room.tell(room.ada)
        room.letters()
        Sender().deliver()
        text = office.mails[0].get_content()
        assert "Hello Aoife O'Neil," in text
        assert "“R&D <1>” was returned to you" in text

    def test_it_is_in_its_readers_language_and_time(self, room: Class, office: PostOffice) -> None:
        due = datetime(2060, 10, 26, 3, 0, tzinfo=UTC)
        Submission.objects.update(due=due)
        Profile.objects.create(user=room.ada.user, language="de", time_zone="America/New_York")
        room.tell(room.ada, room.bob, kind=Notice.Kind.EXTENSION)
        room.letters()
        Sender().deliver()
        german, english = (mail.get_content() for mail in office.mails)
        assert re.search(r"Di,? 26\.? Okt\. 2060, 05:00 CEST \(Mo,? 25\.? Okt\., 23:00 ", german)
        assert "It is due on Tue 26 Oct 2060, 05:00 CEST.\n" in english

    def test_no_score_and_no_comment_is_in_it(self, room: Class, office: PostOffice) -> None:
        work = room.work(room.ada)
        work.score = work.returned_score = 7.25
        work.comment = work.returned_comment = "well done"
        work.save()
        room.tell(room.ada)
        room.letters()
        Sender().deliver()
        text = office.mails[0].as_string()
        assert "7.25" not in text
        assert "well done" not in text

    def test_titles_and_names_make_no_headers_and_no_lines(
        self, room: Class, office: PostOffice
    ) -> None:
        evil = "Quiz\r\nBcc: eve@x.edu\r\n\r\nbody"
        type(room.homework).objects.update(title=evil)
        type(room.course).objects.update(title="C\nX-Evil: 1", term="")
        room.ada.user.first_name = "A\r\nTo: eve@x.edu"
        room.ada.user.save()
        room.tell(room.ada)
        room.tell(room.teacher, kind=Notice.Kind.LOOK_ASKED, member=room.ada)
        room.letters()
        assert Sender().deliver() == 2
        for mail in office.mails:
            assert mail["Bcc"] is None
            assert mail["X-Evil"] is None
            lines = mail.get_content().splitlines()
            assert not [line for line in lines if line.startswith(("Bcc", "To:", "body", "X-Evil"))]
        assert {to for _, tos in office.envelopes for to in tos} == {"ada@x.edu", "tina@x.edu"}

    def test_what_is_over_by_then_is_not_mailed(self, room: Class, office: PostOffice) -> None:
        work = room.work(room.ada)
        details = {"due": work.due and work.due.isoformat()}
        room.tell(room.ada, room.bob, kind=Notice.Kind.DUE_SOON, details=details)
        assert room.letters() == 2
        work.submitted = timezone.now()
        work.save()
        assert Sender().deliver() == 1
        assert [to for _, to in office.envelopes] == [["bob@x.edu"]]
        assert "due soon" in office.mails[0]["Subject"]
        assert states() == [(State.EMPTY, 1), (State.SENT, 1)]

    @pytest.mark.parametrize("change", ["read", "left", "removed", "inactive", "off", "never"])
    def test_what_is_not_to_be_told_any_more_is_not_mailed(
        self, room: Class, office: PostOffice, change: str
    ) -> None:
        room.tell(room.ada)
        room.letters()
        match change:
            case "read":
                Notice.objects.update(read=timezone.now())
            case "left":
                Membership.objects.filter(pk=room.ada.pk).update(removed=timezone.now())
            case "removed":
                type(room.homework).objects.update(removed=timezone.now())
            case "inactive":
                type(room.ada.user).objects.filter(pk=room.ada.user.pk).update(is_active=False)
            case "off":
                MailChoice.objects.create(user=room.ada.user, off=[Notice.Kind.RETURNED])
            case "never":
                MailChoice.objects.create(user=room.ada.user, when=MailChoice.When.NEVER)
        assert Sender().deliver() == 0
        assert states() == [(State.EMPTY, 1)]
        assert office.mails == []

    def test_one_mail_says_once_that_work_is_due(self, room: Class, office: PostOffice) -> None:
        work = room.work(room.ada)
        room.tell(room.ada, kind=Notice.Kind.HANDED_OUT)
        details = {"due": work.due and work.due.isoformat()}
        room.tell(room.ada, kind=Notice.Kind.DUE_SOON, details=details)
        room.letters()
        Sender().deliver()
        assert "was handed out" in office.mails[0]["Subject"]
        assert "due soon" not in office.mails[0].get_content()


class TestWhoGetsMail:
    def test_nobody_whose_address_is_not_known_to_be_theirs(
        self, room: Class, office: PostOffice
    ) -> None:
        UnprovenAddress.objects.create(user=room.ada.user, email="ada@x.edu")
        room.bob.user.email = ""
        room.bob.user.save()
        room.tell(room.ada, room.bob)
        assert room.letters() == 0
        UnprovenAddress.objects.all().delete()
        assert room.letters() == 0  # what was long ago does not follow

    def test_nobody_where_the_site_has_no_mail_server(self, room: Class) -> None:
        room.tell(room.ada)
        assert not Notice.objects.filter(to_mail=True).exists()
        assert room.letters() == 0


class TestBadServers:
    @pytest.fixture
    def letter(self, room: Class, office: PostOffice) -> Letter:
        room.tell(room.ada)
        room.letters()
        return Letter.objects.get()

    @staticmethod
    def again() -> Letter:
        """Move on to the next attempt."""
        Letter.objects.update(not_before=timezone.now())
        Sender().deliver()
        return Letter.objects.get()

    @pytest.mark.parametrize("where", ["recipient", "text"])
    def test_refused_for_now_is_tried_again_with_growing_pauses_up_to_a_limit(
        self, letter: Letter, office: PostOffice, where: str
    ) -> None:
        setattr(office, where, "451 4.7.1 Greylisted, secret words")
        pauses = []
        for attempt in range(1, len(sending.PAUSES) + 1):
            letter = self.again()
            assert (letter.state, letter.attempts) == (State.QUEUED, attempt)
            pauses.append(letter.not_before - letter.changed)
        assert pauses == sorted(set(pauses))
        assert Sender().deliver() == 0  # not before it is time
        letter = self.again()
        assert letter.state == State.FAILED
        assert letter.error == "The mail server refused it (451)."
        assert office.mails == []

    def test_taken_at_the_second_attempt_it_came_once(
        self, letter: Letter, office: PostOffice
    ) -> None:
        office.recipient = "450 later"
        self.again()
        office.recipient = ""
        assert self.again().state == State.SENT
        assert self.again().attempts == 2
        assert len(office.mails) == 1

    @pytest.mark.parametrize("where", ["recipient", "text"])
    def test_refused_for_good_is_the_end_of_that_letter_alone(
        self, room: Class, letter: Letter, office: PostOffice, where: str
    ) -> None:
        setattr(office, where, "550 no such user, secret words")
        letter = self.again()
        assert (letter.state, letter.error) == (State.FAILED, "The mail server refused it (550).")
        setattr(office, where, "")
        room.tell(room.bob)
        room.letters()
        assert Sender().deliver() == 1
        assert [to for _, to in office.envelopes] == [["bob@x.edu"]]

    def test_dead_after_the_text_came_it_is_not_sent_again(
        self, room: Class, letter: Letter, office: PostOffice
    ) -> None:
        office.dies = True
        letter = self.again()
        assert (letter.state, letter.error) == (
            State.UNKNOWN,
            "The connection broke while this was being sent.",
        )
        office.dies = False
        self.again()
        assert len(office.mails) == 1

    def test_a_site_that_may_send_nothing_keeps_its_letters(
        self, letter: Letter, office: PostOffice
    ) -> None:
        office.sender = "550 not from you"
        letter = self.again()
        assert (letter.state, letter.attempts) == (State.QUEUED, 0)
        assert letter.error == "The mail server cannot be reached, or it does not accept mail."
        office.sender = ""
        assert self.again().state == State.SENT

    def test_a_silent_server_is_given_up_and_asked_more_rarely(
        self, letter: Letter, settings: Any, monkeypatch: pytest.MonkeyPatch, office: PostOffice
    ) -> None:
        monkeypatch.setattr(sending, "SECONDS", 0.2)
        good = settings.EMAIL_HOST, settings.EMAIL_PORT
        sender = Sender()
        with silent_server(settings):
            assert sender.deliver() == 0
        letter.refresh_from_db()
        assert (letter.state, letter.attempts) == (State.QUEUED, 0)
        settings.EMAIL_HOST, settings.EMAIL_PORT = good
        assert sender.deliver() == 0  # it is not asked again at once
        assert Sender().deliver() == 1
        assert len(office.mails) == 1

    def test_what_waited_for_days_and_what_a_dead_worker_held_ends(
        self, room: Class, letter: Letter, office: PostOffice
    ) -> None:
        Letter.objects.update(state=State.SENDING, changed=timezone.now() - timedelta(minutes=11))
        assert self.again().state == State.UNKNOWN
        days = timezone.now() - timedelta(days=4)
        Letter.objects.update(state=State.QUEUED, created=days)
        assert self.again().state == State.FAILED
        assert office.mails == []


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_each_mail_once(office: PostOffice, settings: Any) -> None:
    """They gather and send side by side, from the same start, as processes would."""
    teacher = factories.make_user("tina")
    course = factories.make_course(teacher)
    users = [factories.make_user(f"s{n}", email=f"s{n}@x.edu") for n in range(12)]
    for user in users:
        factories.enrol(course, user)
    Notice.objects.bulk_create(
        Notice(user=user, kind=Notice.Kind.RETURNED, course=course, key="1", to_mail=True)
        for user in users
    )
    start = threading.Barrier(3)
    faults: list[Exception] = []

    def work() -> None:
        try:
            start.wait()
            gather(timezone.now() + LATER)
            start.wait()
            Letter.objects.update(not_before=timezone.now() - LATER)
            start.wait()
            Sender().deliver()
        except Exception as fault:
            faults.append(fault)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert faults == []
    assert Letter.objects.count() == 12
    assert sorted(to for _, tos in office.envelopes for to in tos) == sorted(
        user.email for user in users
    )
