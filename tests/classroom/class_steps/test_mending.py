"""An administrator does transfers again, or calls them off: what is done, and what is left."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from classroom.class_steps import mending, pulse
from classroom.class_steps.failures import last_failed
from classroom.engine.holding import claim
from classroom.models import Assignment, Batch, Course, Kind, Membership, Submission, Transfer
from embedding.models import Event
from tests.classroom import factories
from tests.conftest import HttpsClient

pytestmark = pytest.mark.django_db
State = Transfer.State


@pytest.fixture
def boss() -> User:
    return factories.make_user("boss", is_staff=True, is_superuser=True)


@pytest.fixture
def ada() -> Membership:
    course = factories.make_course(factories.make_user("tess", teacher=True))
    ada = factories.enrol(course, factories.make_user("ada", last_name="Lovelace"))
    files = [{"path": "a.txt", "size": 1, "sha256": "0" * 64}]
    factories.make_assignment(course, out=timezone.now(), files=files, sources=files)
    return ada


def row(member: Membership, state: str, kind: Kind = Kind.HAND_OUT, **more: Any) -> Transfer:
    homework = Assignment.objects.get()
    of = None if kind in (Kind.PREPARE, Kind.EXPEL) else homework
    batch = Batch.objects.create(
        course=member.course, kind=kind, assignment=of, options=more.get("options", {})
    )
    key = Transfer.key_of(kind, f"c{member.course_id}", f"a{of.pk}" if of else "", f"m{member.pk}")
    return Transfer.objects.create(
        batch=batch,
        course=member.course,
        member=member,
        assignment=of,
        kind=kind,
        state=state,
        lane=Transfer.lane_of(member.course, member),
        key=key,
        **more,
    )


def retry(boss: User) -> mending.Mended:
    return mending.transfers_retry(Transfer.objects.all(), actor=boss)


def call_off(boss: User) -> mending.Mended:
    return mending.transfers_call_off(Transfer.objects.all(), actor=boss)


def test_what_failed_is_done_again_as_it_was_asked_for(boss: User, ada: Membership) -> None:
    failed = row(ada, State.FAILED, options={"overwrite": True}, error="It failed.")
    done = retry(boss)
    assert (done.done, dict(done.left)) == (1, {})
    fresh = Transfer.objects.exclude(pk=failed.pk).get()
    assert (fresh.state, fresh.kind, fresh.member) == (State.QUEUED, Kind.HAND_OUT, ada)
    assert fresh.options == {"overwrite": True}
    assert fresh.batch
    assert fresh.batch.actor == boss
    event = Event.objects.get(action="transfer.retried")
    assert event.actor == "boss"
    assert (event.detail["user"], event.detail["course"]) == ("ada", ada.course_id)
    again = retry(boss)  # pressed twice
    assert again.done == 0
    assert dict(again.left) == {"It was tried again since.": 1, "It has not ended yet.": 1}


def test_only_the_chosen_students_are_done_again(boss: User, ada: Membership) -> None:
    bob = factories.enrol(ada.course, factories.make_user("bob"))
    failed = row(ada, State.FAILED)
    other = row(bob, State.FAILED)
    Transfer.objects.filter(pk=other.pk).update(batch=failed.batch)
    chosen = Transfer.objects.filter(pk=failed.pk)
    assert mending.transfers_retry(chosen, actor=boss).done == 1
    assert Transfer.objects.get(state=State.QUEUED).member == ada


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Kind.SUBMIT, "Only the student can submit again."),
        (Kind.EXPEL, "The site ends somebody's access by itself, until it is done."),
        (Kind.TEST, "Tests run again when the student submits again."),
    ],
)
def test_what_is_not_an_administrators_to_do_is_left(
    boss: User, ada: Membership, kind: Kind, words: str
) -> None:
    row(ada, State.FAILED, kind)
    done = retry(boss)
    assert (done.done, dict(done.left)) == (0, {words: 1})
    assert Transfer.objects.count() == 1
    assert not Event.objects.filter(action__startswith="transfer.").exists()


def test_every_kind_is_mended_or_says_who_does_it() -> None:
    assert {*mending.MENDED} | {*mending._OTHERS} == {*Kind}
    assert not {*mending.MENDED} & {*mending._OTHERS}


def test_somebodys_place_is_prepared_again(boss: User, ada: Membership) -> None:
    row(ada, State.FAILED, Kind.PREPARE)
    assert retry(boss).done == 1
    assert Transfer.objects.filter(kind=Kind.PREPARE, state=State.QUEUED).count() == 1


def test_a_course_that_is_over_and_people_who_left_are_left(boss: User, ada: Membership) -> None:
    row(ada, State.FAILED)
    Membership.objects.filter(pk=ada.pk).update(removed=timezone.now())
    assert dict(retry(boss).left) == {"The person is no longer in the course.": 1}
    Course.objects.update(archived=timezone.now())
    assert dict(retry(boss).left) == {"The course is archived.": 1}
    assert Transfer.objects.count() == 1


def test_a_reason_of_the_step_itself_is_told(boss: User, ada: Membership) -> None:
    row(ada, State.FAILED)
    Assignment.objects.update(version=Assignment.Version.MISSING)
    done = retry(boss)
    assert done.done == 0
    [words] = done.left
    assert words.startswith("This cannot be handed out yet.")
    assert not Event.objects.filter(action__startswith="transfer.").exists()


def test_called_off_is_seen_by_the_teacher_and_begun_by_no_date(
    boss: User, ada: Membership
) -> None:
    waiting = row(ada, State.QUEUED)
    done = call_off(boss)
    assert (done.done, dict(done.left)) == (1, {})
    waiting.refresh_from_db()
    assert (waiting.state, waiting.error_code) == (State.FAILED, mending.CALLED_OFF)
    assert waiting.ended
    assert claim(5) == []
    assert Event.objects.get(action="transfer.called_off").detail["user"] == "ada"
    assert Submission.objects.get().handed_out is None
    pulse.pulse()
    assert not Transfer.objects.filter(state=State.QUEUED).exists()
    assert list(last_failed()) == [waiting]
    assert retry(boss).done == 1


def test_what_is_under_way_or_over_is_not_stopped(boss: User, ada: Membership) -> None:
    row(ada, State.RUNNING, holder="12345678123456781234567812345678")
    row(ada, State.DONE)
    row(ada, State.QUEUED, Kind.SUBMIT)
    row(ada, State.QUEUED, Kind.EXPEL)
    before = list(Transfer.objects.values_list("pk", "state", "holder"))
    done = call_off(boss)
    assert done.done == 0
    assert dict(done.left) == {
        "It is under way: to stop it halfway could leave half a copy.": 1,
        "It has already ended.": 1,
        "A student's submission is always taken in.": 1,
        "The site needs this itself, so it cannot be cancelled.": 1,
    }
    assert list(Transfer.objects.values_list("pk", "state", "holder")) == before


def test_a_worker_that_is_faster_keeps_it(
    boss: User, ada: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    row(ada, State.QUEUED)
    judge = mending._not_called_off

    def taken_meanwhile(one: Transfer) -> object:
        claim(1)
        return judge(one)

    monkeypatch.setattr(mending, "_not_called_off", taken_meanwhile)
    assert call_off(boss).done == 0
    assert Transfer.objects.get().state == State.RUNNING


def test_so_many_at_once(boss: User, ada: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mending, "MOST", 1)
    row(ada, State.QUEUED)
    row(ada, State.DONE, Kind.COLLECT)
    done = call_off(boss)
    assert done.done == 1
    assert dict(done.left) == {"That is too much at once. Do it again for the rest.": 1}


class TestInTheAdministration:
    def act(self, user: User, model: str, action: str, *keys: int) -> str:
        data = {"action": action, "_selected_action": keys}
        answer = HttpsClient(user).post(f"/admin/classroom/{model}/", data, follow=True)
        return str(answer.content.decode())

    def test_transfers(self, boss: User, ada: Membership) -> None:
        failed, waiting = row(ada, State.FAILED), row(ada, State.QUEUED, Kind.COLLECT)
        page = self.act(boss, "transfer", "call_off", failed.pk, waiting.pk)
        assert "1 transfer was cancelled. Its teachers see it as failed" in page
        assert "Left 1 as it was: It has already ended." in page
        page = self.act(boss, "transfer", "retry", failed.pk)
        assert "1 transfer is done again." in page

    def test_whole_steps(self, boss: User, ada: Membership) -> None:
        failed = row(ada, State.FAILED)
        page = self.act(boss, "batch", "retry", failed.batch_id or 0)
        assert "1 transfer is done again." in page
        fresh = Transfer.objects.get(state=State.QUEUED)
        page = self.act(boss, "batch", "call_off", failed.batch_id or 0, fresh.batch_id or 0)
        assert "1 transfer was cancelled" in page
        assert "Left 1 as it was: It has already ended." in page

    def test_who_may_only_look(self, ada: Membership) -> None:
        looker = factories.make_user("looker", is_staff=True)
        for name in ("view_transfer", "view_batch"):
            looker.user_permissions.add(Permission.objects.get(codename=name))
        failed = row(ada, State.FAILED)
        for model, key in (("transfer", failed.pk), ("batch", failed.batch_id or 0)):
            for action in ("retry", "call_off"):
                assert "is done again" not in self.act(looker, model, action, key)
            assert 'value="retry"' not in self.act(looker, model, "", key)
        assert Transfer.objects.count() == 1
        looker.user_permissions.add(Permission.objects.get(codename="change_transfer"))
        again = User.objects.get(pk=looker.pk)
        assert "is done again" in self.act(again, "transfer", "retry", failed.pk)
