"""Students' own times: by section, by an accommodation, by an extension; and what follows."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from classroom.assignments import extensions
from classroom.class_steps import class_steps, pulse
from classroom.models import (
    Accommodation,
    Batch,
    Extension,
    Kind,
    Notice,
    Role,
    SectionDates,
    Submission,
    Transfer,
)
from classroom.people import roster
from classroom.rules.counting import counting
from classroom.sections.accommodations import Longer, accommodation_set
from classroom.sections.asking import ask_or_do
from classroom.sections.dates import Dates, section_dates_set
from classroom.sections.members import section_move, section_remove, section_rename
from classroom.students.standing import course_standings
from tests.classroom.factories import enrol, make_assignment, make_user, submission
from tests.classroom.sections.world import DUE, WEEK, Class, make_class

pytestmark = pytest.mark.django_db


@pytest.fixture
def group() -> Class:
    return make_class()


def dates(group: Class, **given: Dates) -> None:
    section_dates_set(group.work, given, by=group.teacher)


def longer(group: Class, *args: int, student: str = "ann") -> None:
    member = getattr(group, student)
    accommodation_set(group.course, member, Longer(*args), reason="", by=group.teacher)


def test_a_sections_due_time_is_its_students(group: Class) -> None:
    dates(group, a=Dates(due=DUE + WEEK))
    assert group.dues() == [DUE + WEEK, DUE, DUE]
    dates(group, B=Dates(due=DUE - WEEK))
    assert group.dues() == [DUE + WEEK, DUE - WEEK, DUE], "an earlier one, too"
    dates(group, A=Dates())
    assert group.dues() == [DUE, DUE - WEEK, DUE]
    assert SectionDates.objects.count() == 1


def test_names_are_the_same_in_other_blanks_and_capitals(group: Class) -> None:
    section_move(group.course, [group.cy], " Übung  1 ", by=group.teacher)
    dates(group, **{"übung 1": Dates(due=DUE + WEEK)})
    assert group.dues()[2] == DUE + WEEK
    group.cy.refresh_from_db()
    assert group.cy.section == "Übung 1"
    section_move(group.course, [group.ann], "ÜBUNG 1", by=group.teacher)
    group.ann.refresh_from_db()
    assert group.ann.section == "Übung 1", "written as the course writes it"


def test_a_section_has_a_due_time_where_everybody_has_none(group: Class) -> None:
    type(group.work).objects.update(due=None)
    dates(group, A=Dates(due=DUE))
    assert group.dues() == [DUE, None, None]


def test_the_latest_of_all_counts(group: Class) -> None:
    dates(group, A=Dates(due=DUE + WEEK))
    longer(group, 0, 2)
    assert group.dues()[0] == DUE + WEEK + timedelta(days=2)
    with pytest.raises(ValueError, match="must be later than"):
        extensions.extension_set(group.work, group.ann, due=DUE + WEEK, reason="", by=group.teacher)
    own = DUE + 2 * WEEK
    extensions.extension_set(group.work, group.ann, due=own, reason="", by=group.teacher)
    assert group.dues()[0] == own
    more = own + timedelta(days=2)
    dates(group, A=Dates(due=more))
    assert group.dues()[0] == more + timedelta(days=2), "never a disadvantage"


def test_half_as_long_again_counts_from_the_sections_release(group: Class) -> None:
    dates(group, A=Dates(release=DUE - timedelta(days=10)))
    longer(group, 50)
    assert group.dues()[0] == DUE + timedelta(days=5)
    dates(group, A=Dates(release=DUE - timedelta(days=4)))
    assert group.dues()[0] == DUE + timedelta(days=2)


def test_it_counts_from_when_it_went_out_where_there_is_no_release(group: Class) -> None:
    type(group.work).objects.update(created=DUE - timedelta(days=2999))
    longer(group, 100)
    before = group.dues()[0]
    class_steps.hand_out(group.work, "all", actor=group.teacher)
    group.work.refresh_from_db()
    assert group.work.out is not None
    wanted = DUE + (DUE - group.work.out)
    after = group.dues()[0]
    assert before is not None
    assert after is not None
    assert wanted <= after < wanted + timedelta(minutes=1)
    assert after < before


def test_an_accommodation_is_for_what_is_still_to_come(group: Class) -> None:
    now = timezone.now()
    over = make_assignment(group.course, "Over", due=now - timedelta(days=3))
    just_over = make_assignment(group.course, "Just over", due=now - timedelta(days=1))
    longer(group, 0, 2)
    later = make_assignment(group.course, "Later", due=DUE)
    two = timedelta(days=2)
    assert submission(over, group.ann).due == over.due
    assert just_over.due is not None
    assert submission(just_over, group.ann).due == just_over.due + two
    assert submission(later, group.ann).due == DUE + two
    assert submission(later, group.bob).due == DUE


def test_what_was_over_when_an_accommodation_ended_stays(group: Class) -> None:
    now = timezone.now()
    over = make_assignment(group.course, "Over", due=now - timedelta(days=9))
    Accommodation.objects.create(student=group.ann, days=2, since=now - timedelta(days=30))
    section_move(group.course, [group.ann], "C", by=group.teacher)
    assert over.due is not None
    lengthened = over.due + timedelta(days=2)
    assert submission(over, group.ann).due == lengthened
    assert group.dues()[0] == DUE + timedelta(days=2)
    longer(group)
    assert submission(over, group.ann).due == lengthened
    assert group.dues()[0] == DUE
    assert Accommodation.objects.get().ended is not None


def test_moving_to_another_section_moves_the_due_time_and_no_work_becomes_late(
    group: Class,
) -> None:
    soon = timezone.now() - timedelta(days=1)
    dates(group, B=Dates(due=soon))
    row = submission(group.work, group.ann)
    taken = soon + timedelta(hours=1)  # before A's due time, after B's
    row.snapshots.create(taken=taken, finished=taken, path="x", late=False)
    section_move(group.course, [group.ann], "B", by=group.teacher)
    row.refresh_from_db()
    assert row.due == soon
    assert not row.late
    counts = counting(row)
    assert counts is not None
    assert not counts.late


def test_what_would_change_is_said_and_not_done(group: Class) -> None:
    dates(group, B=Dates(due=DUE + WEEK))
    Submission.objects.update(handed_out=timezone.now())
    Transfer.objects.all().delete()

    def move() -> object:
        return section_move(group.course, [group.ann, group.cy], "B", by=group.teacher)

    effect = ask_or_do(move, "")  # type: ignore[arg-type]
    assert effect is not None
    assert effect.count == 2
    assert [(each.title, count) for each, count in effect.titles] == [("Homework 1", 2)]
    assert group.dues() == [DUE, DUE + WEEK, DUE]
    assert not Transfer.objects.exists()
    assert ask_or_do(move, effect.digest) is None  # type: ignore[arg-type]
    assert group.dues() == [DUE + WEEK] * 3
    assert set(Transfer.objects.values_list("kind", flat=True)) == {Kind.DUE_DATE}


def test_a_renamed_section_keeps_its_dates_and_a_removed_one_loses_them(group: Class) -> None:
    dates(group, A=Dates(due=DUE + WEEK))
    group.theo.section_duties.create(section="a")
    section_rename(group.course, "A", "Monday", by=group.teacher)
    group.ann.refresh_from_db()
    assert group.ann.section == "Monday"
    assert group.theo.section_duties.get().section == "Monday"
    section_move(group.course, [group.cy], "monday", by=group.teacher)
    assert group.dues() == [DUE + WEEK, DUE, DUE + WEEK]
    section_remove(group.course, "Monday", by=group.teacher)
    assert group.dues() == [DUE] * 3
    assert not SectionDates.objects.exists()
    assert group.theo.section_duties.exists(), "else he would see everybody"


def test_extensions_for_several_at_once(group: Class) -> None:
    dates(group, B=Dates(due=DUE + WEEK))
    given = extensions.extensions_give(
        group.work,
        group.students,
        extensions.until(DUE + timedelta(days=2)),
        reason="Fire alarm",
        by=group.teacher,
    )
    assert [each.pk for each in given.later] == [group.ann.pk, group.cy.pk]
    assert list(given.unchanged) == [group.bob]
    assert Extension.objects.count() == 2, "none that gives nothing"
    assert group.dues() == [DUE + timedelta(days=2), DUE + WEEK, DUE + timedelta(days=2)]
    more = extensions.longer_by(group.course, days=1, hours=2)
    extensions.extensions_give(group.work, group.students, more, reason="", by=group.teacher)
    one = timedelta(days=1, hours=2)
    assert group.dues() == [
        DUE + timedelta(days=2) + one,
        DUE + WEEK + one,
        DUE + timedelta(days=2) + one,
    ]


def test_who_gets_more_time_is_told_once_and_not_of_what_is_not_out(group: Class) -> None:
    hidden = make_assignment(group.course, "Hidden", due=DUE)
    longer(group, 0, 2)
    assert not Notice.objects.exists()
    Submission.objects.filter(assignment=group.work).update(handed_out=timezone.now())
    longer(group, 0, 3)
    longer(group, 0, 3)
    notice = Notice.objects.get()
    assert (notice.user, notice.kind) == (group.ann.user, Notice.Kind.EXTENSION)
    assert notice.assignment == group.work
    more = extensions.longer_by(group.course, days=1, hours=0)
    extensions.extensions_give(hidden, [group.bob], more, reason="", by=group.teacher)
    assert not Notice.objects.filter(user=group.bob.user).exists()


def test_a_sections_later_due_time_is_told_to_its_students_and_no_other_is(group: Class) -> None:
    def told() -> list[tuple[str, str]]:
        rows = Notice.objects.filter(kind=Notice.Kind.EXTENSION).order_by("pk")
        return [(row.user.username, row.details["due"]) for row in rows]

    dates(group, B=Dates(due=DUE + WEEK))
    assert not told(), "it is not out"
    Submission.objects.filter(assignment=group.work).update(handed_out=timezone.now())
    dates(group, A=Dates(due=DUE + WEEK), B=Dates(due=DUE - WEEK))
    expected = [("ann", (DUE + WEEK).isoformat())]
    assert told() == expected, "and of an earlier one nobody hears"
    section_move(group.course, [group.cy], "A", by=group.teacher)
    section_move(group.course, [group.ann], "", by=group.teacher)
    expected.append(("cy", (DUE + WEEK).isoformat()))
    assert told() == expected
    type(group.work).objects.update(due=None)
    dates(group, A=Dates(), B=Dates())
    dates(group, A=Dates(due=DUE + WEEK))
    assert told() == expected, "who had no due time has not got more time"
    type(group.course).objects.update(archived=timezone.now())
    group.work.refresh_from_db()
    dates(group, A=Dates(due=DUE + 2 * WEEK))
    assert told() == expected, "nor is anything told of an archived course"


class TestRelease:
    """Each section is handed it at its own release, once."""

    def handed_to(self) -> list[list[str]]:
        return [
            sorted(batch.transfers.values_list("member__user__username", flat=True))
            for batch in Batch.objects.filter(kind=Kind.HAND_OUT).order_by("pk")
        ]

    def test_a_section_gets_it_at_its_own_time(self, group: Class) -> None:
        now = timezone.now()
        type(group.work).objects.update(release=now + timedelta(hours=2))
        dates(
            group,
            A=Dates(release=now + timedelta(hours=1)),
            B=Dates(release=now + timedelta(hours=3)),
        )
        for hours in (0.5, 1, 1.5, 2, 2.5, 3, 4):
            pulse.release(now + timedelta(hours=hours))
            for transfer in Transfer.objects.filter(state=Transfer.State.QUEUED):
                Submission.objects.filter(student=transfer.member).update(handed_out=now)
            Transfer.objects.update(state=Transfer.State.DONE)
            group.work.refresh_from_db()
            assert bool(group.work.out) == (hours >= 2)
        assert self.handed_to() == [["ann"], ["cy"], ["bob"]]

    def test_newcomers_get_what_is_out_for_their_section(self, group: Class) -> None:
        now = timezone.now()
        dates(group, A=Dates(release=now - timedelta(hours=1)))
        pulse.release(now)
        dan = make_user("dan")
        roster.member_enrol(group.course, dan, Role.STUDENT, section="a", actor=group.teacher)
        eve = make_user("eve")
        roster.member_enrol(group.course, eve, Role.STUDENT, actor=group.teacher)
        pulse.release(now)
        assert self.handed_to() == [["ann"], ["dan"]]

    def test_handing_out_to_all_leaves_out_who_waits_unless_asked(self, group: Class) -> None:
        dates(group, B=Dates(release=timezone.now() + WEEK))
        class_steps.hand_out(group.work, "all", actor=group.teacher)
        pulse.release(timezone.now())
        assert self.handed_to() == [["ann", "cy"]]
        Transfer.objects.update(state=Transfer.State.DONE)
        class_steps.hand_out(group.work, "missing", actor=group.teacher, section="b", ahead=True)
        assert self.handed_to()[1] == ["bob"]
        assert submission(group.work, group.bob).release is not None
        released = SectionDates.objects.get().release
        assert released is not None
        assert released <= timezone.now()

    def test_a_student_sees_the_own_sections_release(self, group: Class) -> None:
        type(group.work).objects.update(out=timezone.now())
        coming = timezone.now() + WEEK
        dates(group, B=Dates(release=coming))
        assert not course_standings(group.bob).to_do, "it is out, but not for Bob's section"
        type(group.work).objects.update(announced=True)
        [bobs] = course_standings(group.bob).to_do
        assert not bobs.is_out
        assert bobs.release == coming
        [anns] = course_standings(group.ann).to_do
        assert anns.is_out


def test_due_in_one_section_and_not_in_the_other_each_is_collected_once(group: Class) -> None:
    now = timezone.now()
    type(group.work).objects.update(due=now + timedelta(hours=2))
    dates(group, A=Dates(due=now + timedelta(hours=1)))
    Submission.objects.update(handed_out=now)
    collected = []
    for hours in (0.5, 1.5, 2.5, 3):
        at = now + timedelta(hours=hours)
        pulse.collect_due(at)
        fresh = Transfer.objects.filter(kind=Kind.COLLECT, state=Transfer.State.QUEUED)
        collected.append(sorted(fresh.values_list("member__user__username", flat=True)))
        for row in Submission.objects.filter(student__in=fresh.values("member")):
            Submission.objects.filter(pk=row.pk).update(collected=at, collected_for=row.due)
        fresh.update(state=Transfer.State.DONE)
    assert collected == [[], ["ann"], ["bob", "cy"], []]


def test_a_deleted_assignment_takes_its_dates_along(group: Class) -> None:
    dates(group, A=Dates(due=DUE + WEEK))
    longer(group, 50)
    group.work.delete()
    assert not SectionDates.objects.exists()
    assert Accommodation.objects.exists()


def test_a_large_class_costs_a_bounded_number_of_queries(group: Class) -> None:
    """What grows with the assignments grows with nothing else."""
    for number in range(10):
        make_assignment(group.course, f"Work {number}", due=DUE + timedelta(days=number))

    def cost(count: int) -> int:
        students = [
            enrol(group.course, make_user(f"s{count}-{at}"), section="C") for at in range(count)
        ]
        with CaptureQueriesContext(connection) as queries:
            section_move(group.course, students, f"D{count}", by=group.teacher)
            longer(group, 50, count)
        return len(queries)

    assert cost(2) == cost(30)
