"""The pages of sections, as a teacher uses them; and an assistant of one section, everywhere."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from classroom.grading.matrix import work_seen
from classroom.models import (
    Accommodation,
    Batch,
    Extension,
    KeptComment,
    Kind,
    Look,
    Membership,
    Role,
    SectionAssistant,
    SectionDates,
    Snapshot,
    Submission,
    Transfer,
)
from classroom.pages.sections import seen_by
from classroom.people import roster
from classroom.sections.assistants import duties_set
from embedding.models import Member
from tests.classroom.factories import enrol, make_course, make_user, submission
from tests.classroom.sections.world import DUE, WEEK, Class, make_class
from tests.conftest import HttpsClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def group() -> Class:
    return make_class()


def text(answer: Any) -> str:
    content: bytes = answer.content
    return content.decode()


def said(answer: Any) -> list[str]:
    assert answer.status_code == 302, text(answer)
    page = HttpsClient()
    page.cookies = answer.client.cookies
    return [str(each) for each in page.get(answer["Location"]).context["messages"]]


def section_of(member: Membership) -> str:
    return Membership.objects.get(pk=member.pk).section


class TestPages:
    def test_students_are_moved_by_hand(self, group: Class) -> None:
        answer = group.post("section-move", member=[group.ann.pk, group.cy.pk], section="New one")
        assert said(answer) == ["2 students were moved to “New one”."]
        assert [section_of(each) for each in group.students] == ["New one", "B", "New one"]
        group.post("section-move", member=[group.ann.pk], section="")
        assert section_of(group.ann) == ""
        page = text(group.get("people", section="B"))
        assert "Bob Lee" in page
        assert "Ann Lee" not in page
        answer = group.post("section-move", section="B", back="role=student")
        assert answer["Location"].endswith("/people?role=student")

    def test_nobody_of_another_course_and_no_staff_is_moved(self, group: Class) -> None:
        other = make_class_of_another_course()
        for member in (other, group.theo.pk, 10**9, "x"):
            answer = group.post("section-move", member=[member], section="B")
            assert said(answer) == ["Choose students first."]

    def test_where_due_times_move_it_is_asked_first(self, group: Class) -> None:
        SectionDates.objects.create(assignment=group.work, section="B", due=DUE + WEEK)
        form: dict[str, Any] = {"member": [group.ann.pk], "section": "b"}
        asked = group.post("section-move", **form)
        page = text(asked)
        assert "1 due time would move." in page
        assert "Homework 1" in page
        assert "Fri 15 Mar 2030, 23:59 CET" in page
        assert section_of(group.ann) == "A"
        seen = asked.context["effect"].digest
        SectionDates.objects.update(due=DUE + 2 * WEEK)
        again = group.post("section-move", seen=seen, **form)
        assert again.status_code == 409
        assert "nothing was saved" in text(again)
        group.post("section-move", seen=again.context["effect"].digest, **form)
        assert section_of(group.ann) == "B"
        assert group.dues()[0] == DUE + 2 * WEEK

    def test_sections_are_renamed_and_removed(self, group: Class) -> None:
        assert said(group.post("section-rename", section="a", name="B")) == [
            "A section “B” already exists. Move the students there instead."
        ]
        assert said(group.post("section-rename", section="nix", name="C")) == [
            "This section does not exist any more."
        ]
        group.post("section-rename", section="a", name="  C  1 ")
        assert section_of(group.ann) == "C 1"
        group.post("section-remove", section="C 1")
        assert section_of(group.ann) == ""

    def test_dates_of_sections(self, group: Class) -> None:
        page = group.get("section-dates", group.work.pk)
        fields = {
            section.name: (a.html_name, b.html_name)
            for section, a, b in page.context["form"].rows()
        }
        assert list(fields) == ["A", "B"]
        release, due = fields["A"]
        sent: dict[str, Any] = {
            release: "2030-03-09T08:00",
            due: "",
            fields["B"][1]: "2030-03-31T02:15",
        }
        wrong = group.post("section-dates", group.work.pk, **sent)
        assert wrong.status_code == 400
        assert "The release must be earlier than the due time." in text(wrong)
        assert "On 31 March 2030 there is no 02:15" in text(wrong)
        sent |= {due: "2030-03-15T23:59", fields["B"][1]: ""}
        assert said(group.post("section-dates", group.work.pk, **sent)) == [
            "Saved. The due time of 1 student has changed."
        ]
        assert group.dues() == [DUE + WEEK, DUE, DUE]
        assert "Fri 15 Mar 2030, 23:59 CET" in text(group.get("assignment-edit", group.work.pk))

    def test_more_time_in_every_assignment(self, group: Class) -> None:
        form: dict[str, Any] = {"percent": "0", "days": "2", "hours": "0", "reason": "a secret"}
        asked = group.post("accommodation", group.ann.pk, **form)
        assert "1 due time would move." in text(asked)
        assert not Accommodation.objects.exists()
        seen = asked.context["effect"].digest
        answer = group.post("accommodation", group.ann.pk, seen=seen, **form)
        assert said(answer) == ["Ann Lee has more time from now on: +2 days."]
        assert group.dues()[0] == DUE + timedelta(days=2)
        assert "a secret" in text(group.get("accommodations"))
        page = text(group.get("extensions", group.work.pk))
        assert "+2 days" in page
        assert "a secret" not in text(group.get("course", by=group.ann.user))
        ended = group.post("accommodation", group.ann.pk, end="1", **form)
        assert "would be earlier than before" in text(ended)
        group.post(
            "accommodation", group.ann.pk, end="1", seen=ended.context["effect"].digest, **form
        )
        assert group.dues()[0] == DUE
        nothing = group.post("accommodation", group.ann.pk, percent="0", days="0", hours="0")
        assert nothing.status_code == 400

    def test_extensions_for_a_section_and_for_chosen_ones(self, group: Class) -> None:
        form: dict[str, Any] = {"how": "longer", "days": "1", "hours": "0", "reason": "Strike"}
        answer = group.post(
            "extensions", group.work.pk, section=["a"], student=[group.cy.pk], **form
        )
        assert said(answer) == ["Ann Lee, Cy Lee have more time now and can see it."]
        one = DUE + timedelta(days=1)
        assert group.dues() == [one, DUE, one]
        form = {"how": "until", "due": "2030-03-09T12:00", "reason": ""}
        answer = group.post("extensions", group.work.pk, section=["A", "B"], **form)
        assert said(answer)[0] == "Bob Lee has more time now and can see it."
        assert "Nothing changed for Ann Lee" in said(answer)[1] if len(said(answer)) > 1 else True
        assert Extension.objects.get(student=group.ann).reason == "Strike"
        for wrong in (
            {"how": "longer", "days": "0", "hours": "0", "section": "A"},
            {"how": "until", "due": "", "section": "A"},
            {"how": "longer", "days": "1"},
            {"how": "longer", "days": "1", "student": [10**9, group.theo.pk]},
        ):
            assert group.post("extensions", group.work.pk, **wrong).status_code == 400

    def test_several_students_of_an_address_are_ticked(self, group: Class) -> None:
        page = group.get("extensions", group.work.pk, student=[group.ann.pk, group.cy.pk])
        assert page.context["ticked"] == {group.ann.pk, group.cy.pk}
        assert text(page).count(" checked") == 3, "and one of two radio buttons"

    def test_a_list_moves_who_is_in_already_where_asked(self, group: Class) -> None:
        lines = "username,section\nann,B\nbob,b\ncy,\n"
        preview = group.post("people-import", text=lines)
        assert preview.context["moves"] == 1
        assert "Moves from section “A” to “B”" in text(preview)
        packed = preview.context["packed"]
        group.post("people-import", confirmed=packed)
        assert section_of(group.ann) == "A"
        group.post("people-import", confirmed=packed, moves="on")
        assert [section_of(each) for each in group.students] == ["B", "B", ""]

    def test_a_class_without_sections_sees_none_of_it(self, group: Class) -> None:
        Membership.objects.update(section="")
        for name, args in (("grades", ()), ("statistics", ()), ("assignment", (group.work.pk,))):
            assert 'name="section"' not in text(group.get(name, *args))
        assert "section-dates" not in text(group.get("assignment-edit", group.work.pk))

    def test_the_filter_is_everywhere(self, group: Class) -> None:
        for name, args in (("people", ()), ("grades", ()), ("assignment", (group.work.pk,))):
            page = text(group.get(name, *args, section="b"))
            assert '<option value="B" selected>' in page
            assert "Bob Lee" in page
            assert "Ann Lee" not in page
            others = text(group.get(name, *args, section="-"))
            assert "Cy Lee" in others
            assert "Bob Lee" not in others
        assert group.get("statistics", section="A").context["students"] == 1
        rows = list(
            csv.DictReader(io.StringIO(text(group.get("grades-csv", section="A")).strip("\ufeff")))
        )
        assert [row["Username"] for row in rows] == ["ann"]
        desk = group.get("grade", group.work.pk, group.ann.pk, section="A").context
        assert (desk["place"].count, desk["next"]) == (1, None)

    def test_a_step_is_for_the_section_that_is_shown(self, group: Class) -> None:
        group.post("step", group.work.pk, kind="hand_out", who="all", section="B")
        assert [each.member for each in Transfer.objects.filter(kind=Kind.HAND_OUT)] == [group.bob]
        group.work.refresh_from_db()
        assert group.work.out is None, "it is not out for everybody"
        group.post("run", command="true", timeout="9", who="all", section="a")
        assert [each.member for each in Transfer.objects.filter(kind=Kind.RUN)] == [group.ann]


def make_class_of_another_course() -> int:
    course = make_course(make_user("else", teacher=True), "Other")
    return enrol(course, make_user("outsider")).pk


class TestAssistantOfASection:
    """Theo looks after A: Ann is his, Bob and Cy are not."""

    @pytest.fixture
    def theirs(self, group: Class) -> Class:
        now = timezone.now()
        duties_set(group.theo, ["a"], by=group.teacher)
        Submission.objects.update(handed_out=now, collected=now, score=5, graded=now, late=True)
        for batch_kind in (Kind.COLLECT, Kind.RUN):
            batch = Batch.objects.create(
                course=group.course,
                kind=batch_kind,
                actor=group.teacher,
                assignment=group.work,
                options={"command": "ls", "timeout": 9, "scores": ""},
            )
            for student in group.students:
                Transfer.objects.create(
                    batch=batch,
                    course=group.course,
                    kind=batch_kind,
                    assignment=group.work,
                    member=student,
                    lane=Transfer.lane_of(group.course, student),
                    key=f"{batch_kind}:{student.pk}",
                    state=Transfer.State.FAILED,
                    error=f"failed for {student.user.username}",
                )
        return group

    def test_no_page_shows_others(self, theirs: Class) -> None:
        collect, run = Batch.objects.order_by("pk")
        by = theirs.theo.user
        pages: list[tuple[str, tuple[int, ...]]] = [
            ("people", ()),
            ("grades", ()),
            ("grades-csv", ()),
            ("assignment", (theirs.work.pk,)),
            ("run", ()),
            ("run-assignment", (theirs.work.pk,)),
            ("steps", ()),
            ("step-progress", (collect.pk,)),
            ("run-result", (run.pk,)),
        ]
        for name, args in pages:
            for query in ({}, {"section": "B"}, {"section": "-"}, {"role": "student"}):
                page = text(theirs.get(name, *args, by=by, **query))
                for word in ("Bob", "Cy Lee", "failed for bob"):
                    assert word not in page, (name, query)
            assert "Ann" in page or name == "steps", name
        assert theirs.get("statistics", by=by).context["students"] == 1
        assert theirs.get("course", by=by).context["student_count"] == 1
        [(_, numbers, _)] = theirs.get("course", by=by).context["lines"]
        assert numbers["collect_done"] == 1
        [line] = HttpsClient(by).get("/courses/").context["dashboard"].teaching
        assert line.waiting.students == 1

    def test_no_address_reaches_others(self, theirs: Class) -> None:
        by = theirs.theo.user
        run = Batch.objects.get(kind=Kind.RUN)
        of_bob = Transfer.objects.get(batch=run, member=theirs.bob)
        type(theirs.work).objects.update(marked=True)
        work = submission(theirs.work, theirs.bob)
        snapshot = Snapshot.objects.create(submission=work, taken=timezone.now(), path="bob")
        kept = KeptComment.objects.create(course=theirs.course, text="Well done.")
        look = Look.objects.create(submission=work, returned=timezone.now(), text="Look.")
        for answer in (
            theirs.get("submitted", theirs.work.pk, snapshot.pk, by=by),
            theirs.get("submitted-download", theirs.work.pk, snapshot.pk, by=by, file=0),
            theirs.get("submitted-zip", theirs.work.pk, snapshot.pk, by=by),
            theirs.post("waive", theirs.work.pk, theirs.bob.pk, by=by, waive="yes"),
            theirs.post(
                "look-answer", theirs.work.pk, theirs.bob.pk, by=by, outcome="kept", look=look.pk
            ),
            theirs.post("kept-comment-remove", theirs.work.pk, theirs.bob.pk, kept.pk, by=by),
            theirs.get("grade", theirs.work.pk, theirs.bob.pk, by=by),
            theirs.post("grade", theirs.work.pk, theirs.bob.pk, by=by, score="1", seen="0"),
            theirs.post("autograde-copy", theirs.work.pk, theirs.bob.pk, by=by),
            theirs.get("run-output", run.pk, of_bob.pk, by=by),
        ):
            assert answer.status_code == 403
            assert "not in any of your sections" in text(answer)
        work.refresh_from_db()
        assert work.score == 5
        assert work.waived is None
        typed = {"before": "5", "work": work_seen(work), "typed": "9"}
        entry = {"assignment": theirs.work.pk, "student": theirs.bob.pk, **typed}
        answer = HttpsClient(by).post(
            theirs.url("grades-enter"), {"entries": [entry]}, content_type="application/json"
        )
        assert "was removed" in answer.json()["cells"][0]["error"]
        assert submission(theirs.work, theirs.bob).score == 5
        of_ann = Transfer.objects.get(batch=run, member=theirs.ann)
        assert theirs.get("run-output", run.pk, of_ann.pk, by=by).status_code == 200
        assert theirs.get("grade", theirs.work.pk, theirs.ann.pk, by=by).status_code == 200

    def test_no_step_touches_others(self, theirs: Class) -> None:
        by = theirs.theo.user
        type(theirs.work).objects.update(marked=True)
        collect, run = Batch.objects.order_by("pk")
        everybody = [each.pk for each in theirs.students]
        Submission.objects.update(due=timezone.now() - WEEK)
        last = Transfer.objects.order_by("-pk").first()
        assert last
        for data in (
            {"kind": "hand_out", "who": "all", "ahead": "yes"},
            {"kind": "collect", "who": "chosen", "member": everybody},
            {"kind": "return", "who": "all", "section": "B"},
        ):
            theirs.post("step", theirs.work.pk, by=by, **data)
        theirs.post("step-retry", collect.pk, by=by)
        Transfer.objects.filter(pk__gt=last.pk).update(state=Transfer.State.DONE)
        batches = Batch.objects.count()
        theirs.post("step", theirs.work.pk, by=by, kind="collect", who="failed")
        assert Batch.objects.count() == batches, "of Ann it is done, and of others not theirs"
        run_form = {"command": "true", "timeout": "9"}
        theirs.post("run", by=by, who="all", **run_form)
        Transfer.objects.filter(pk__gt=last.pk).update(state=Transfer.State.DONE)
        refused = theirs.post("run", by=by, who="chosen", students=everybody, **run_form)
        assert refused.status_code == 400
        theirs.post("run-again", run.pk, by=by)
        Transfer.objects.filter(pk__gt=last.pk).update(state=Transfer.State.DONE)
        theirs.post("autograde", theirs.work.pk, by=by, who="all")
        fresh = Transfer.objects.filter(pk__gt=last.pk).exclude(kind=Kind.PREPARE)
        assert {each.member_id for each in fresh} == {theirs.ann.pk}
        assert len(fresh) >= 6
        theirs.work.refresh_from_db()
        assert theirs.work.out is None, "for everybody only a teacher hands it out"

    def test_no_list_of_grades_reaches_others(self, theirs: Class) -> None:
        page = theirs.post(
            "grades-import", by=theirs.theo.user, text="Username,Homework 1\nbob,9\nann,9\n"
        )
        plan = page.context["plan"]
        assert [each.submission.student for each in plan.changes] == [theirs.ann]
        assert "Your sections have no student" in text(page)

    def test_projects_follow(self, theirs: Class) -> None:
        def opened() -> set[str]:
            rows = Member.objects.filter(
                user=theirs.theo.user, project__student_membership__isnull=False
            )
            return {row.project.student_membership.user.username for row in rows}

        assert opened() == {"ann"}
        assert Member.objects.filter(
            user=theirs.theo.user, project=theirs.course.project
        ).exists(), "collected work lies there"
        ends = Transfer.objects.filter(kind=Kind.EXPEL, member=theirs.theo)
        assert ends.count() == 1
        assert ends.get().options == {"everywhere": True}
        theirs.post("section-move", member=[theirs.bob.pk], section="A")
        assert opened() == {"ann", "bob"}
        theirs.post("section-move", member=[theirs.ann.pk], section="")
        assert opened() == {"bob"}
        dan, eve = make_user("dan"), make_user("eve")
        for user, section in ((dan, "A"), (eve, "B")):
            roster.member_enrol(
                theirs.course, user, Role.STUDENT, section=section, actor=theirs.teacher
            )
        assert opened() == {"bob", "dan"}
        theirs.post("section-assistant", theirs.theo.pk)
        assert opened() == {"ann", "bob", "cy", "dan", "eve"}

    def test_a_section_that_nobody_is_in_shows_nobody(self, theirs: Class) -> None:
        theirs.post("section-remove", section="A")
        page = text(theirs.get("grades", by=theirs.theo.user))
        assert "Lee" not in page.replace("Theo", "")

    def test_many_courses_are_asked_for_at_once(
        self, theirs: Class, django_assert_num_queries: Any
    ) -> None:
        other = make_course(make_user("else", teacher=True), "Other")
        lou = enrol(other, make_user("lou"), section="a ")
        elsewhere = enrol(other, theirs.theo.user, Role.ASSISTANT)
        SectionAssistant.objects.create(membership=elsewhere, section="A")
        staff = list(Membership.objects.filter(user=theirs.theo.user).select_related("course"))
        with django_assert_num_queries(2):
            [mine] = seen_by(staff, "")
        students = Membership.objects.filter(mine, role=Role.STUDENT)
        assert set(students) == {theirs.ann, lou}

    def test_teachers_see_all_whatever_they_once_looked_after(self, theirs: Class) -> None:
        roster.role_set(theirs.theo, Role.TEACHER, actor=theirs.teacher)
        assert "Bob Lee" in text(theirs.get("grades", by=theirs.theo.user))
        assert Member.objects.filter(user=theirs.theo.user).count() == 4
