"""Hand out, collect, return: what a teacher's button writes down for the workers.

1. A step is for some students: those still `missing` it, `all` it can be done for, or chosen ones.
   Only students who are in the course now take part; people who were removed do not.
2. Two teachers press at once, or a date fires while one presses: of one student and one step one
   transfer is under way at a time, so the second press joins the first. Where it adds nobody, it
   leads to the step that is under way. A choice to overwrite is not added to one that was not.
3. Overwriting what students have is a choice of its own, and always keeps a backup. Handing out
   without it brings what is missing, and leaves what the student has changed.
4. Handing out to all means: from now on everybody gets it, newcomers too, and those who come back.
   A section with a release of its own that lies ahead gets it then, unless it is asked for now.
5. Nothing is handed out before its files are ready. What was handed out stays collectable and
   returnable, whatever becomes of the files.
6. Collecting is for those who have it, returning for those whose work was collected and graded. Of
   chosen ones for whom it cannot be done the step says so, for each.
7. Before a student's own due time the work is not collected: it is then, on its own. A teacher may
   choose to collect it early all the same; what is submitted after that is collected again.
8. An assistant of some sections does all this for their students, and never for all at once.
9. Removed in the middle, student or assignment: what has not begun is cancelled; what is under way
   ends harmlessly, since a removed person's access is ended after it, in the same lane.
10. A handout is never collected and never returned.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Literal

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from classroom.assignments.assignments import blocked_reason
from classroom.class_steps.failures import last_failed
from classroom.engine.queue import step_start
from classroom.models import Assignment, Batch, Course, Kind, Membership, Role, Submission, Transfer
from classroom.pages.sections import seen
from classroom.rules.anonymity import in_order
from classroom.rules.renewal import UNCOLLECTED
from classroom.sections.dates import release_now
from classroom.sections.following import follow
from embedding.models import Event
from embedding.problems import Problem

Who = Literal["missing", "all"] | Iterable[int]
STEPS = (Kind.HAND_OUT, Kind.COLLECT, Kind.RETURN)

GRADED = Q(score__isnull=False) | (~Q(comment="") & Q(unfinished=False))
# Never collected, or submitted again since.
TO_COLLECT = Q(collected=None) | UNCOLLECTED
# Never returned, or graded or collected since.
NOT_AS_RETURNED = Q(returned=None) | Q(graded__gt=F("returned")) | Q(collected__gt=F("returned"))


def steps_of(assignment: Assignment) -> tuple[Kind, ...]:
    """Return the steps that there are for it."""
    return STEPS[:1] if assignment.handout else STEPS


def hand_out(
    assignment: Assignment,
    who: Who,
    *,
    actor: User,
    overwrite: bool = False,
    section: str = "",
    ahead: bool = False,
) -> Batch:
    """Hand out. Problem where its files are not ready, or where it is for nobody.

    Of all, or all that miss it, the sections whose own release lies ahead are left out, unless
    `ahead`: then their release is now.
    """
    _unblocked(assignment)
    with transaction.atomic():
        options = {"overwrite": True} if overwrite else {}
        if who not in ("missing", "all"):
            return _start(assignment, Kind.HAND_OUT, who, actor, options)
        if ahead:
            release_now(assignment, section=section, by=actor)
        # An assistant of some sections, and who looks at one, decides nothing for all others.
        if assignment.course.only_sections is None and not section:
            went_out(assignment, actor)
        return _start(assignment, Kind.HAND_OUT, who, actor, options, section)


def went_out(assignment: Assignment, by: User) -> None:
    """Write down that from now on everybody gets it."""
    if Assignment.objects.filter(pk=assignment.pk, out=None).update(out=timezone.now()):
        # Who has longer by a percentage has it from when it went out, where it had no release.
        follow(assignment.course, assignments=[assignment.pk], by=by)


def collect(
    assignment: Assignment, who: Who, *, actor: User, early: bool = False, section: str = ""
) -> Batch:
    """Collect; from those who still have time only if `early`: `still_working` are left out.

    Problem for a handout, or where it is for nobody.
    """
    options = {"early": True} if early else {}
    return _start(assignment, Kind.COLLECT, who, actor, options, section)


def still_working(assignment: Assignment, who: Who, section: str = "") -> list[Submission]:
    """Return the rows of those students who have it, and still have time."""
    rows = rows_of(assignment, section).filter(early(), handed_out__isnull=False)
    if who == "missing":
        rows = rows.filter(TO_COLLECT)
    elif who != "all":
        rows = rows.filter(student__in=set(who))
    return list(rows.select_related("student__user").order_by("due", "student__user__last_name"))


def early() -> Q:
    """Return the condition that a student's own due time is still to come."""
    return Q(due__gt=timezone.now())


def give_back(
    assignment: Assignment, who: Who, *, actor: User, ungraded: bool = False, section: str = ""
) -> Batch:
    """Return. Problem for a handout, or where it is for nobody."""
    options = {"ungraded": True} if ungraded else {}
    return _start(assignment, Kind.RETURN, who, actor, options, section)


def rows_for(
    assignment: Assignment, kind: Kind, who: Literal["missing", "all"], section: str = ""
) -> QuerySet[Submission]:
    """Return the students' rows that a step is for, whether they still have time or not."""
    rows = rows_of(assignment, section)
    if kind == Kind.HAND_OUT:
        rows = rows.exclude(held_back())
        return rows.filter(handed_out=None) if who == "missing" else rows
    if kind == Kind.COLLECT:
        rows = rows.filter(handed_out__isnull=False)
        return rows.filter(TO_COLLECT) if who == "missing" else rows
    rows = rows.filter(GRADED, collected__isnull=False)
    return rows.filter(NOT_AS_RETURNED) if who == "missing" else rows


def held_back() -> Q:
    """Return the condition that it waits for the release of the student's own section."""
    return Q(release__gt=timezone.now(), handed_out=None)


def rows_of(assignment: Assignment, section: str = "") -> QuerySet[Submission]:
    """Return the rows of the students who are in the course now, and whom the reader sees."""
    return Submission.objects.filter(
        seen(assignment.course, "student__", section=section),
        assignment=assignment,
        student__removed=None,
        student__role=Role.STUDENT,
    )


def projects_step(course: Course, kind: Kind, *, actor: User) -> Batch:
    """Start or stop the projects of all students; Problem where there is nobody."""
    people = list(_active(course))
    if not people:
        raise Problem("nobody", _("There are no students yet."), status=409)
    return _told(step_start(course, kind, people, actor=actor), len(people), actor)


def retry_failed(batch: Batch, *, actor: User, only: Iterable[int] | None = None) -> Batch:
    """Do a step again for those for whom it failed, or for `only` some of them.

    Problem where that is nobody, or where it cannot be done now.
    """
    failed = Transfer.objects.filter(batch=batch, state=Transfer.State.FAILED)
    if only is not None:
        failed = failed.filter(member__in=only)
    members = list(_active(batch.course).filter(pk__in=failed.values("member")))
    if not members:
        raise _nobody_failed()
    if batch.assignment and batch.kind == Kind.COLLECT:
        members = _with_no_time_left(batch.assignment, members, batch.options)
    if batch.assignment and batch.kind == Kind.HAND_OUT:
        _unblocked(batch.assignment)
    fresh = step_start(
        batch.course,
        Kind(batch.kind),
        in_order(batch.assignment, members),
        actor=actor,
        assignment=batch.assignment,
        options=batch.options,
    )
    return _told(fresh, len(members), actor)


def try_again(assignment: Assignment, kind: Kind, *, actor: User) -> Batch:
    """Do a step again for those for whom it failed the last time, each as it was asked for.

    Problem where that is nobody.
    """
    if kind == Kind.HAND_OUT:
        _unblocked(assignment)
    asked: dict[str, list[Transfer]] = defaultdict(list)
    which = seen(assignment.course, "member__")
    for row in last_failed().filter(which, assignment=assignment, kind=kind):
        asked[json.dumps(row.options, sort_keys=True)].append(row)
    fresh: list[Batch] = []
    with transaction.atomic():
        for rows in asked.values():
            members = list(_active(assignment.course).filter(pk__in=[r.member_id for r in rows]))
            if kind == Kind.COLLECT:
                members = _with_no_time_left(assignment, members, rows[0].options)
            batch = step_start(
                assignment.course,
                kind,
                in_order(assignment, members),
                actor=actor,
                assignment=assignment,
                options=rows[0].options,
            )
            fresh.append(_told(batch, len(members), actor))
    if not fresh:
        raise _nobody_failed()
    return fresh[-1]


def _nobody_failed() -> Problem:
    return Problem("nobody", _("There is nothing to try again."), status=409)


def _unblocked(assignment: Assignment) -> None:
    if reason := blocked_reason(assignment):
        words = _("This cannot be handed out yet. %(why)s") % {"why": reason}
        raise Problem("blocked", words, status=409)


def _start(
    assignment: Assignment,
    kind: Kind,
    who: Who,
    actor: User,
    options: dict[str, bool],
    section: str = "",
) -> Batch:
    if kind not in steps_of(assignment):
        words = (
            _("A handout is not collected: students keep it.")
            if kind == Kind.COLLECT
            else _("A handout is not returned: students keep it.")
        )
        raise Problem("handout", words, status=409)
    if who == "missing" or who == "all":
        chosen = rows_for(assignment, kind, who, section).values("student")
        members = _active(assignment.course).filter(pk__in=chosen)
    else:
        members = _active(assignment.course).filter(pk__in=set(who))
    people = list(members)
    if not people:
        raise Problem("nobody", str(_NOBODY[kind]), status=409)
    if kind == Kind.COLLECT:
        people = _with_no_time_left(assignment, people, options)
    batch = step_start(
        assignment.course, kind, people, actor=actor, assignment=assignment, options=options
    )
    return _told(batch, len(people), actor)


def _with_no_time_left(
    assignment: Assignment, people: list[Membership], options: dict[str, bool]
) -> list[Membership]:
    """Leave out who still has time; Problem where nobody is left."""
    if options.get("early"):
        return people
    working = {row.student_id for row in still_working(assignment, [each.pk for each in people])}
    left = [each for each in people if each.pk not in working]
    if not left:
        raise Problem(
            "early",
            _(
                "Nothing was collected, because these students still have time. Their work is "
                "collected when it is due. You can also collect it early."
            ),
            status=409,
        )
    return left


_NOBODY = {
    Kind.HAND_OUT: gettext_lazy("Nothing was handed out. Choose students, or add some first."),
    Kind.COLLECT: gettext_lazy(
        "Nothing was collected, because none of these students has the assignment."
    ),
    Kind.RETURN: gettext_lazy("Nothing was returned, because no work is collected and graded."),
}


def _told(batch: Batch, students: int, actor: User) -> Batch:
    """Write down who started it, unless it is another's that was joined; return that one."""
    joined = _joined(batch)
    if joined == batch:
        options = {
            name: batch.options[name]
            for name in ("overwrite", "ungraded", "early", "autograde")
            if batch.options.get(name)
        }
        Event.log(
            f"course.{batch.kind}",
            str(batch.assignment or batch.course)[:300],
            actor=actor.get_username(),
            course=batch.course_id,
            assignment=batch.assignment_id,
            students=students,
            **options,
        )
    return joined


def _active(course: Course) -> QuerySet[Membership]:
    rows = Membership.objects.filter(seen(course), course=course, role=Role.STUDENT, removed=None)
    return rows.order_by("user__last_name", "user__first_name", "user__username")


def _joined(batch: Batch) -> Batch:
    """Return the batch, or the one under way that left nothing for it to do."""
    if batch.transfers.exists():
        return batch
    under_way = (
        Batch.objects.filter(
            course=batch.course_id,
            kind=batch.kind,
            assignment=batch.assignment_id,
            transfers__state__in=Transfer.ACTIVE,
        )
        .exclude(pk=batch.pk)
        .order_by("-pk")
        .first()
    )
    if under_way is None:
        return batch
    batch.delete()
    return under_way
