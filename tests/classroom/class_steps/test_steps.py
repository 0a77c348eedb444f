"""The staff's page of an assignment: who may see it, what it says, and what its buttons do."""

import html
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from classroom.class_steps import class_steps, progress
from classroom.engine.queue import step_start
from classroom.models import (
    Assignment,
    Batch,
    Course,
    Kind,
    Membership,
    Role,
    Submission,
    Transfer,
)
from embedding.models import CocalcState, Event
from tests.classroom import factories
from tests.conftest import HttpsClient

State = Transfer.State
FILES = [{"path": "a.ipynb", "size": 1, "sha256": "0" * 64}]


@pytest.fixture
def emmy(db: None) -> User:
    return factories.make_user("emmy", teacher=True, first_name="Emmy", last_name="Noether")


@pytest.fixture
def course(emmy: User) -> Course:
    return factories.make_course(emmy)


@pytest.fixture
def ada(course: Course) -> Membership:
    person = factories.make_user("ada", first_name="Ada", last_name="Lovelace")
    return factories.enrol(course, person)


@pytest.fixture
def assignment(course: Course, ada: Membership) -> Assignment:
    return factories.make_assignment(course, files=FILES, due=timezone.now() + timedelta(days=1))


@pytest.fixture
def people(course: Course, ada: Membership, emmy: User) -> dict[str, User | None]:
    """Everybody who might ask."""
    assistant = factories.make_user("assistant")
    factories.enrol(course, assistant, Role.ASSISTANT)
    removed = factories.make_user("removed")
    factories.enrol(course, removed, Role.TEACHER)
    Membership.objects.filter(user=removed).update(removed=timezone.now())
    other = factories.make_user("other", teacher=True)
    factories.make_course(other)
    return {
        "signed out": None,
        "stranger": factories.make_user("stranger"),
        "other teacher": other,
        "removed teacher": removed,
        "site admin": factories.make_user("root", is_staff=True, is_superuser=True),
        "student": ada.user,
        "assistant": assistant,
        "teacher": emmy,
    }


def page(course: Course, assignment: Assignment) -> str:
    return f"/courses/{course.pk}/assignments/{assignment.pk}/"


def press(user: User, assignment: Assignment, **fields: object) -> Any:
    address = f"{page(assignment.course, assignment)}step"
    return HttpsClient(user).post(address, fields, follow=True)


def text(response: Any) -> str:
    content: str = response.content.decode()
    return " ".join(content.split())


PAGES = {
    "assignment": ("get", "{page}", 200),
    "step": ("post", "{page}step", 302),
    "steps": ("get", "/courses/{course}/steps/", 200),
    "progress": ("get", "/courses/{course}/steps/{batch}/", 200),
    "retry": ("post", "/courses/{course}/steps/{batch}/retry", 302),
}


class TestAccess:
    @pytest.mark.parametrize("name", PAGES)
    @pytest.mark.parametrize(
        ("who", "status"),
        [
            ("signed out", 302),
            ("stranger", 404),
            ("other teacher", 404),
            ("removed teacher", 404),
            ("site admin", 404),
            ("student", 403),
            ("assistant", 0),
            ("teacher", 0),
        ],
    )
    def test_who_may(
        self,
        course: Course,
        assignment: Assignment,
        people: dict[str, User | None],
        emmy: User,
        name: str,
        who: str,
        status: int,
    ) -> None:
        batch = class_steps.hand_out(assignment, "all", actor=emmy)
        before = Transfer.objects.count()
        method, address, fine = PAGES[name]
        url = address.format(page=page(course, assignment), course=course.pk, batch=batch.pk)
        browser = HttpsClient(people[who])
        fields = {"kind": "hand_out", "who": "all"} if method == "post" else {}
        response = getattr(browser, method)(url, fields)
        if (name, who) == ("assignment", "student"):
            assert response.status_code == 302
            assert response["Location"] == f"/courses/{course.pk}/"
            return
        assert response.status_code == (status or fine)
        if who == "signed out":
            assert response["Location"].startswith("/sign-in/")
        assert Transfer.objects.count() == before

    @pytest.mark.parametrize("name", PAGES)
    def test_wrong_method_and_bad_ids(
        self, course: Course, assignment: Assignment, emmy: User, name: str
    ) -> None:
        batch = class_steps.hand_out(assignment, "all", actor=emmy)
        method, address, _ = PAGES[name]
        browser = HttpsClient(emmy)
        url = address.format(page=page(course, assignment), course=course.pk, batch=batch.pk)
        wrong = browser.post if method == "get" else browser.get
        assert wrong(url).status_code == 405
        ask = getattr(browser, method)
        gone = address.format(page=page(course, assignment), course=99_999, batch=batch.pk)
        gone = gone.replace(f"/courses/{course.pk}/assignments", "/courses/99999/assignments")
        assert ask(gone).status_code == 404
        if name != "steps":
            other = factories.make_course(emmy, "Another")
            elsewhere = url.replace(f"/courses/{course.pk}/", f"/courses/{other.pk}/")
            assert ask(elsewhere, {"kind": "hand_out", "who": "all"}).status_code == 404

    def test_a_removed_assignment_is_not_there(
        self, course: Course, assignment: Assignment, emmy: User
    ) -> None:
        Assignment.objects.update(removed=timezone.now())
        assert HttpsClient(emmy).get(page(course, assignment)).status_code == 404

    def test_the_token_is_asked_for(
        self, course: Course, assignment: Assignment, emmy: User
    ) -> None:
        browser = HttpsClient(emmy, csrf=True)
        response = browser.post(f"{page(course, assignment)}step", {"kind": "hand_out"})
        assert response.status_code == 403

    @pytest.mark.parametrize(
        "fields",
        [
            {},
            {"kind": "prepare", "who": "all"},
            {"kind": "hand_out", "member": "x"},
            {"kind": "hand_out", "member": "9" * 40},
        ],
    )
    def test_what_no_form_sends_is_refused(
        self, assignment: Assignment, emmy: User, fields: dict[str, str]
    ) -> None:
        assert press(emmy, assignment, **fields).status_code == 404
        assert not Transfer.objects.exists()


class TestButtons:
    def test_hand_out_collect_and_return(
        self, assignment: Assignment, ada: Membership, emmy: User
    ) -> None:
        response = press(emmy, assignment, kind="hand_out", who="missing")
        assert "0 of 1 done · 1 left" in text(response)
        Transfer.objects.update(state=State.DONE)
        Submission.objects.update(handed_out=timezone.now())
        press(emmy, assignment, kind="collect", who="chosen", member=[ada.pk], early="yes")
        Transfer.objects.update(state=State.DONE)
        Submission.objects.update(collected=timezone.now(), score=Decimal(1))
        press(emmy, assignment, kind="return", who="all")
        kinds = list(Transfer.objects.order_by("pk").values_list("kind", flat=True))
        assert kinds == [Kind.HAND_OUT, Kind.COLLECT, Kind.RETURN]

    def test_when_all_has_ended_the_last_is_shown(
        self, assignment: Assignment, ada: Membership, emmy: User
    ) -> None:
        Submission.objects.update(handed_out=timezone.now())
        for kind in (Kind.HAND_OUT, Kind.COLLECT):
            press(emmy, assignment, kind=kind, who="all", early="yes")
            Transfer.objects.update(state=State.DONE, ended=timezone.now())
        shown = [batch.kind for batch in progress.shown_on(assignment)]
        assert shown == [Kind.COLLECT]

    def test_collecting_leaves_out_who_still_has_time_and_says_so(
        self, course: Course, assignment: Assignment, ada: Membership, emmy: User
    ) -> None:
        bob = factories.enrol(course, factories.make_user("bob"))
        hour = timedelta(hours=1)
        Submission.objects.update(handed_out=timezone.now(), due=timezone.now() - hour)
        Submission.objects.filter(student=ada).update(due=timezone.now() + hour)
        shown = text(HttpsClient(emmy).get(page(course, assignment)))
        assert "Leaves out 1 student who still has time." in shown
        assert "Collect from 1 student<" in shown
        assert "Collect early from 2 students<" in shown
        said = text(press(emmy, assignment, kind="collect", who="all"))
        assert "Left out, because they still have time: Ada Lovelace (until " in said
        assert "Their work is collected when it is due." in said
        assert [row.member for row in Transfer.objects.all()] == [bob]
        # Nor by choosing her, unless that is chosen, too.
        said = text(press(emmy, assignment, kind="collect", who="chosen", member=[ada.pk]))
        assert "Nothing was collected, because these students still have time." in said
        said = text(
            press(emmy, assignment, kind="collect", who="chosen", member=[ada.pk], early="yes")
        )
        assert "Left out" not in said
        row = Transfer.objects.get(member=ada)
        assert row.options == {"early": True}
        assert Event.objects.filter(action="course.collect", detail__early=True).exists()

    def test_with_no_due_time_nobody_is_left_out(
        self, course: Course, assignment: Assignment, ada: Membership, emmy: User
    ) -> None:
        Submission.objects.update(handed_out=timezone.now(), due=None)
        shown = text(HttpsClient(emmy).get(page(course, assignment)))
        assert "still ha" not in shown
        assert "Left out" not in text(press(emmy, assignment, kind="collect", who="missing"))
        assert Transfer.objects.get().member == ada

    def test_what_was_submitted_again_is_marked_found_and_missing(
        self, course: Course, assignment: Assignment, ada: Membership, emmy: User
    ) -> None:
        now, hour = timezone.now(), timedelta(hours=1)
        Submission.objects.update(handed_out=now - 3 * hour, due=now - hour)
        Submission.objects.update(collected=now - hour, submitted=now)
        shown = text(HttpsClient(emmy).get(f"{page(course, assignment)}?show=again"))
        assert '<span class="tag warn">Submitted again</span>' in shown
        assert "Collect from 1 student<" in shown
        press(emmy, assignment, kind="collect", who="missing")
        assert Transfer.objects.get().member == ada
        Submission.objects.update(collected=now + hour)
        shown = text(HttpsClient(emmy).get(f"{page(course, assignment)}?show=again"))
        assert "No student matches." in shown

    def test_from_a_grading_page_it_leads_back_there(
        self, assignment: Assignment, ada: Membership, emmy: User
    ) -> None:
        Submission.objects.update(handed_out=timezone.now())
        fields = {"kind": "collect", "who": "chosen", "member": [ada.pk], "early": "yes"}
        said = press(emmy, assignment, **fields, back_student=ada.pk)
        assert said.redirect_chain[-1][0] == f"{page(assignment.course, assignment)}grade/{ada.pk}"
        assert said.status_code == 200
        for wrong in ("x", "//evil.test", "9" * 30, "-1"):
            said = press(emmy, assignment, **fields, back_student=wrong)
            assert said.redirect_chain[-1][0] == page(assignment.course, assignment)

    def test_overwriting_takes_a_tick(
        self, assignment: Assignment, ada: Membership, emmy: User
    ) -> None:
        response = press(emmy, assignment, overwrite="yes", who="chosen", member=[ada.pk])
        assert "Nothing was overwritten" in text(response)
        assert not Transfer.objects.exists()
        press(emmy, assignment, overwrite="yes", who="chosen", member=[ada.pk], confirm="yes")
        assert Transfer.objects.get().options == {"overwrite": True}

    def test_a_tick_alone_overwrites_nothing(
        self, assignment: Assignment, ada: Membership, emmy: User
    ) -> None:
        press(emmy, assignment, kind="hand_out", who="all", confirm="yes")
        assert Transfer.objects.get().options == {}

    def test_returning_without_a_grade(
        self, assignment: Assignment, ada: Membership, emmy: User
    ) -> None:
        press(emmy, assignment, kind="return", member=[ada.pk], ungraded="yes")
        assert Transfer.objects.get().options == {"ungraded": True}

    def test_nobody_chosen_says_so(self, assignment: Assignment, emmy: User) -> None:
        assert "Choose students" in text(press(emmy, assignment, kind="hand_out", who="chosen"))

    def test_who_comes_second_is_told_who_was_first(
        self, assignment: Assignment, course: Course, emmy: User
    ) -> None:
        other = factories.make_user("max")
        factories.enrol(course, other, Role.TEACHER)
        press(emmy, assignment, kind="hand_out", who="all")
        response = press(other, assignment, kind="hand_out", who="all")
        assert "Emmy Noether has already started this" in text(response)
        assert Transfer.objects.count() == 1

    def test_what_is_blocked_has_no_button_and_no_way_around(
        self, course: Course, assignment: Assignment, emmy: User
    ) -> None:
        Assignment.objects.update(version=Assignment.Version.CHECK)
        shown = text(HttpsClient(emmy).get(page(course, assignment)))
        assert "approve it" in shown
        response = press(emmy, assignment, kind="hand_out", who="all")
        assert "cannot be handed out yet" in text(response)
        assert not Transfer.objects.exists()

    def test_it_leads_back_to_the_same_page_of_the_table(
        self, course: Course, assignment: Assignment, ada: Membership, emmy: User
    ) -> None:
        where = {"show": "not-out", "q": "//x", "sort": "-name", "page": "2"}
        response = press(emmy, assignment, kind="hand_out", member=ada.pk, **where)
        assert response.redirect_chain[-1][0] == (
            f"{page(course, assignment)}?show=not-out&q=%2F%2Fx&sort=-name&page=2"
        )
        nonsense = {"show": "//x", "sort": "x", "page": "x"}
        response = press(emmy, assignment, kind="hand_out", member=ada.pk, **nonsense)
        assert response.redirect_chain[-1][0] == page(course, assignment)


class TestPage:
    def test_it_is_safe_with_any_name(
        self, course: Course, assignment: Assignment, ada: Membership, emmy: User
    ) -> None:
        User.objects.filter(pk=ada.user.pk).update(first_name="<script>", last_name="'\"&")
        Transfer.objects.all().delete()
        press(emmy, assignment, kind="hand_out", who="all")
        Transfer.objects.update(state=State.FAILED, error="<b>bold</b>", ended=timezone.now())
        shown = text(HttpsClient(emmy).get(page(course, assignment)))
        assert "<script>" not in shown.replace("<script type", "").replace("<script src", "")
        assert "<b>bold" not in shown
        assert "style=" not in shown

    def test_errors_are_said_beside_the_student_and_by_cause(
        self, course: Course, assignment: Assignment, emmy: User
    ) -> None:
        factories.enrol(course, factories.make_user("grace", first_name="Grace"))
        press(emmy, assignment, kind="hand_out", who="all")
        Transfer.objects.update(state=State.FAILED, error="No space left.", ended=timezone.now())
        shown = text(HttpsClient(emmy).get(page(course, assignment)))
        assert '<span class="tag bad">2 failed</span> No space left.' in shown
        assert shown.count('<p class="step-error">No space left.</p>') == 2
        assert "Hand out failed: No space left." in shown
        assert ">Try again for 2 students</button>" in shown

    def test_an_extension_shows_as_the_students_own(
        self, course: Course, assignment: Assignment, ada: Membership, emmy: User
    ) -> None:
        shown = text(HttpsClient(emmy).get(page(course, assignment)))
        assert 'class="tag warn" title' not in shown
        Submission.objects.update(due=timezone.now() + timedelta(days=30))
        shown = text(HttpsClient(emmy).get(page(course, assignment)))
        assert 'class="tag warn" title' in shown

    @pytest.mark.parametrize(
        ("show", "fields", "seen"),
        [
            ("not-out", {"handed_out": timezone.now()}, False),
            ("not-out", {}, True),
            ("late", {"late": True}, True),
            ("late", {}, False),
            ("not-collected", {"handed_out": timezone.now()}, True),
            ("not-graded", {"collected": timezone.now(), "score": Decimal(1)}, False),
            ("not-returned", {"collected": timezone.now()}, True),
            ("nonsense", {}, True),
        ],
    )
    def test_filters(
        self,
        course: Course,
        assignment: Assignment,
        emmy: User,
        show: str,
        fields: dict[str, object],
        seen: bool,
    ) -> None:
        Submission.objects.update(**fields)
        shown = text(HttpsClient(emmy).get(page(course, assignment), {"show": show}))
        assert ("Ada Lovelace" in shown) is seen

    def test_the_failed_are_those_whose_last_try_failed(
        self, course: Course, assignment: Assignment, emmy: User
    ) -> None:
        press(emmy, assignment, kind="hand_out", who="all")
        Transfer.objects.update(state=State.FAILED, error="x")
        browser = HttpsClient(emmy)
        failed = {"show": "failed"}
        assert "Lovelace" in text(browser.get(page(course, assignment), failed))
        batch = class_steps.retry_failed(Batch.objects.get(), actor=emmy)
        batch.transfers.update(state=State.DONE)
        assert "Lovelace" not in text(browser.get(page(course, assignment), failed))

    @pytest.mark.parametrize(
        ("sort", "names"),
        [
            ("", ["Ada Lovelace", "Bob Zuse"]),
            ("-name", ["Bob Zuse", "Ada Lovelace"]),
            ("score", ["Bob Zuse", "Ada Lovelace"]),
            ("-score", ["Ada Lovelace", "Bob Zuse"]),
            ("due", ["Bob Zuse", "Ada Lovelace"]),  # who has none comes last either way
            ("-due", ["Bob Zuse", "Ada Lovelace"]),
            ("nonsense", ["Ada Lovelace", "Bob Zuse"]),
        ],
    )
    def test_columns_sort(
        self,
        course: Course,
        assignment: Assignment,
        ada: Membership,
        emmy: User,
        sort: str,
        names: list[str],
    ) -> None:
        factories.enrol(course, factories.make_user("bob", first_name="Bob", last_name="Zuse"))
        Submission.objects.filter(student=ada).update(score=9, due=None)
        Submission.objects.exclude(student=ada).update(score=2)
        shown = text(HttpsClient(emmy).get(page(course, assignment), {"sort": sort}))
        assert sorted(names, key=shown.index) == names

    def test_a_search_finds_by_name_and_number(
        self, course: Course, assignment: Assignment, emmy: User
    ) -> None:
        factories.enrol(course, factories.make_user("bob", first_name="Bob"), number="4711")
        for words, seen in (("love", "Ada"), ("ada LOVE", "Ada"), ("471", "Bob"), ("x", "")):
            shown = text(HttpsClient(emmy).get(page(course, assignment), {"q": words}))
            found = [name for name in ("Ada", "Bob") if f'aria-label="{name}' in shown]
            assert found == ([seen] if seen else []), words

    def test_all_of_a_list_are_chosen_on_whatever_page(
        self, course: Course, assignment: Assignment, ada: Membership, emmy: User
    ) -> None:
        for n in range(101):
            user = User.objects.create(username=f"s{n}", first_name="Stu", last_name=f"N{n:03}")
            factories.enrol(course, user)
        press(emmy, assignment, kind="hand_out", who="chosen", every="yes", q="stu", page="2")
        assert Transfer.objects.count() == 101
        assert not Transfer.objects.filter(member=ada).exists()

    def test_more_time_is_given_on_the_page_of_extensions(
        self, course: Course, assignment: Assignment, ada: Membership, emmy: User
    ) -> None:
        bob = factories.enrol(course, factories.make_user("bob"))
        for members in ([ada.pk, bob.pk], [ada.pk]):
            fields = {"kind": "extend", "who": "chosen", "member": members}
            answer = HttpsClient(emmy).post(f"{page(course, assignment)}step", fields)
            query = "&".join(f"student={pk}" for pk in members)
            assert answer["Location"] == f"{page(course, assignment)}extensions/?{query}"
        assert not Transfer.objects.exists()

    def test_a_handout_has_one_step(self, course: Course, ada: Membership, emmy: User) -> None:
        handout = factories.make_assignment(course, "Slides", handout=True, files=FILES)
        shown = text(HttpsClient(emmy).get(page(course, handout)))
        assert "Hand out" in shown
        assert "Collect" not in shown

    def test_without_students_it_says_what_to_do(self, course: Course, emmy: User) -> None:
        bare = factories.make_assignment(course, "Bare", files=FILES)
        # Whoever is in the course has a row; take the only one out.
        Membership.objects.filter(role=Role.STUDENT).update(removed=timezone.now())
        shown = text(HttpsClient(emmy).get(page(course, bare)))
        assert "There are no students in this course yet." in shown
        assert f'class="button primary" href="/courses/{course.pk}/people"' in shown

    def test_a_script_is_told_how_far_the_class_is(
        self, course: Course, assignment: Assignment, ada: Membership, emmy: User
    ) -> None:
        browser = HttpsClient(emmy)

        def look() -> str:
            url = page(course, assignment)
            return text(browser.get(url, {"part": "standing"}, headers={"HX-Request": "true"}))

        shown = look()
        assert "<html" not in shown
        assert "step-table" not in shown
        assert "Of 1 student, 0 has it" in shown
        assert "every 20s" in shown
        # A date has begun a step: it is there, and looks again by itself.
        step_start(course, Kind.HAND_OUT, [ada], actor=None, assignment=assignment)
        shown = look()
        assert "every 20s" not in shown
        assert "every 1s" in shown

    def test_queries_stay_as_they_are_for_many_students(
        self, course: Course, assignment: Assignment, emmy: User
    ) -> None:
        browser = HttpsClient(emmy)
        with CaptureQueriesContext(
            connection,
        ) as few:
            browser.get(page(course, assignment))
        for n in range(120):
            factories.enrol(course, User.objects.create(username=f"s{n}", last_name=f"N{n:03}"))
        class_steps.hand_out(assignment, "all", actor=emmy)
        with CaptureQueriesContext(connection) as many:
            shown = text(browser.get(page(course, assignment)))
        # The step under way takes three more: its counts, its causes, and whether CoCalc answers.
        assert len(many) <= len(few) + 3
        assert shown.count('name="member"') == 100
        assert "N119" in text(browser.get(page(course, assignment), {"page": "2"}))


class TestProgress:
    def test_while_cocalc_is_down_it_says_since_when_it_waits(
        self, course: Course, assignment: Assignment, emmy: User, ada: Membership
    ) -> None:
        browser = HttpsClient(emmy)
        batch = step_start(course, Kind.HAND_OUT, [ada], actor=emmy, assignment=assignment)
        url = reverse("classroom:step-progress", args=(course.pk, batch.pk))
        now = timezone.now()
        clock = timezone.localtime(now, course.zone).strftime("%H:%M")
        waits = f"CoCalc has not answered since {clock}. This step waits"
        assert waits not in text(browser.get(url))
        CocalcState.objects.create(pk=1, is_up=False, since=now, looked=now)
        whole = text(browser.get(url))
        assert waits in whole
        assert "Files cannot be opened or submitted until it is back." in whole
        live = text(browser.get(url, headers={"HX-Request": "true"}))
        assert waits in live
        # It is no worker that is missing.
        Batch.objects.update(created=now - timedelta(minutes=1))
        assert "worker is not running" not in text(browser.get(url))
        CocalcState.objects.update(is_up=True, since=now, answered=now)
        assert waits not in text(browser.get(url, headers={"HX-Request": "true"}))

    @pytest.fixture
    def batch(self, course: Course, assignment: Assignment, emmy: User) -> Batch:
        for n in range(4):
            factories.enrol(course, factories.make_user(f"s{n}"))
        return class_steps.hand_out(assignment, "all", actor=emmy)

    def live(self, batch: Batch, user: User | None, **query: str) -> Any:
        return HttpsClient(user).get(
            f"/courses/{batch.course_id}/steps/{batch.pk}/", query, headers={"HX-Request": "true"}
        )

    def test_it_asks_again_until_it_has_ended(self, batch: Batch, emmy: User) -> None:
        shown = text(self.live(batch, emmy))
        assert 'hx-trigger="every 1s"' in shown
        assert "<html" not in shown
        now = timezone.now()
        first, *rest = batch.transfers.order_by("pk")
        Transfer.objects.filter(pk=first.pk).update(
            state=State.FAILED, error="Why.", started=now - timedelta(seconds=5), ended=now
        )
        Transfer.objects.filter(pk__in=[row.pk for row in rest[:3]]).update(
            state=State.DONE, started=now - timedelta(seconds=5), ended=now
        )
        shown = text(self.live(batch, emmy, said="0"))
        assert "3 of 5 done" in shown
        assert "1 failed" in shown
        assert "1 left" in shown
        assert "a few seconds left" in shown
        assert "Hand out: 4 of 5." in shown
        assert "Hand out: " not in text(self.live(batch, emmy, said="8"))
        Transfer.objects.filter(pk=rest[3].pk).update(state=State.DONE, ended=now)
        shown = text(self.live(batch, emmy, said="8"))
        assert "every 1s" not in shown
        assert "ended: 4 of 5 done. 1 failed" in shown
        assert ">Try again for 1 student</button>" in shown

    def test_what_it_took_is_from_the_press_to_the_last_end(self, batch: Batch, emmy: User) -> None:
        pressed = timezone.now() - timedelta(hours=1)
        Batch.objects.update(created=pressed)
        rows = list(batch.transfers.all())
        for number, row in enumerate(rows):
            # Each waited 40 s and failed once: `started` is the second attempt's.
            began = pressed + timedelta(seconds=60 + number)
            ended_at = began + timedelta(seconds=2)
            Transfer.objects.filter(pk=row.pk).update(
                state=State.DONE, attempts=2, started=began, ended=ended_at
            )
        assert "5 of 5 done · took 66 seconds" in text(self.live(batch, emmy))
        Transfer.objects.filter(pk=rows[0].pk).update(state=State.QUEUED, ended=None)
        assert "took" not in text(self.live(batch, emmy))

    def test_it_brings_the_tables_cells(self, batch: Batch, ada: Membership, emmy: User) -> None:
        Transfer.objects.filter(member=ada).update(state=State.RUNNING)
        shown = text(self.live(batch, emmy, table="yes", page="1"))
        cell = f'<div id="cell-hand_out-{ada.pk}" hx-swap-oob="true" class="step-cell">'
        assert f'{cell}<span class="tag">under way</span>' in shown
        assert "cell-" not in text(self.live(batch, emmy))

    def test_signed_out_the_page_is_loaded_anew(self, batch: Batch) -> None:
        response = self.live(batch, None)
        assert response.status_code == 200
        assert response["HX-Refresh"] == "true"
        assert response.content == b""

    def test_it_is_never_kept(self, batch: Batch, emmy: User) -> None:
        assert "no-store" in self.live(batch, emmy)["Cache-Control"]

    def test_the_page_of_its_own_lists_each_with_its_error(
        self, batch: Batch, ada: Membership, emmy: User
    ) -> None:
        Transfer.objects.filter(member=ada).update(
            state=State.FAILED, error="Why.", detail="for administrators"
        )
        url = f"/courses/{batch.course_id}/steps/{batch.pk}/"
        shown = text(HttpsClient(emmy).get(url))
        assert shown.index(">Ada Lovelace<") < shown.index(">s0<")
        assert "Why." in shown
        assert "for administrators" not in shown

    def test_retry_leads_on(self, batch: Batch, ada: Membership, emmy: User) -> None:
        Transfer.objects.update(state=State.DONE)
        Transfer.objects.filter(member=ada).update(state=State.FAILED)
        url = f"/courses/{batch.course_id}/steps/{batch.pk}/retry"
        response = HttpsClient(emmy).post(url, {"from": "step"})
        again = Batch.objects.exclude(pk=batch.pk).get()
        assert response["Location"] == f"/courses/{batch.course_id}/steps/{again.pk}/"
        assert again.transfers.get().member == ada
        response = HttpsClient(emmy).post(
            f"/courses/{batch.course_id}/steps/{again.pk}/retry", follow=True
        )
        assert "nothing to try again" in text(response)

    def test_where_nobody_works_it_says_so(self, batch: Batch, emmy: User) -> None:
        assert "worker is not running" not in text(self.live(batch, emmy))
        Batch.objects.update(created=timezone.now() - timedelta(minutes=1))
        assert "worker is not running" in text(self.live(batch, emmy))

    def test_what_was_done_is_listed(self, batch: Batch, emmy: User) -> None:
        shown = text(HttpsClient(emmy).get(f"/courses/{batch.course_id}/steps/"))
        assert "Hand out" in shown
        assert "0 of 5 done" in shown


def test_what_stayed_as_the_student_changed_it_is_shown_beside_them(
    assignment: Assignment, ada: Membership, emmy: User
) -> None:
    bob = factories.enrol(assignment.course, factories.make_user("bob"))
    batch = class_steps.hand_out(assignment, "all", actor=emmy)
    files = [f"{name}<b>.txt" for name in "abcde"]
    Transfer.objects.filter(batch=batch).update(state=State.DONE, ended=timezone.now())
    Transfer.objects.filter(member=ada).update(result={"changed": files, "of": 30})
    Transfer.objects.filter(member=bob).update(result={"changed": files[:1], "of": 1})
    teacher = HttpsClient(emmy)
    for url in (
        f"/courses/{assignment.course_id}/assignments/{assignment.pk}/",
        f"/courses/{assignment.course_id}/steps/{batch.pk}/",
    ):
        page = html.unescape(teacher.get(url).content.decode())
        assert (
            "The student changed “a<b>.txt”, “b<b>.txt”, “c<b>.txt” and 27 more, so they stayed"
            in page
        )
        assert "The student changed “a<b>.txt”, so it stayed as it was." in page
    Transfer.objects.update(result={})
    assert "Stayed as" not in teacher.get(url).content.decode()
