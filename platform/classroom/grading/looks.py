"""A teacher answers a student who asked for another look: the score stays, or was changed.

A score is changed as any score is. The answer then has the work returned, so that the student who
reads of a new score gets it.
"""

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.engine.queue import step_start
from classroom.models import Kind, Look, Notice, Submission, Transfer
from classroom.notices.telling import tell
from classroom.rules.acts import works_changed
from classroom.rules.looks import MOST, tidied
from classroom.steps.return_work import is_graded
from embedding.models import Event
from embedding.problems import Problem

Outcome = Look.Outcome


def answer(work: Submission, look: int, text: str, outcome: Outcome, *, by: User) -> Look:
    """Answer a request, tell the student, and have a changed score returned.

    Raises Problem with a sentence: `answered` where someone else was faster, `not_changed` and
    `changed` where the score does not fit the outcome, `returning` while the work is being
    returned (all 409), `too_long` (400), `missing` for a request that is not this work's (404).
    """
    text = tidied(text)
    if len(text) > MOST or "\0" in text:
        said = _(
            "The answer is too long. It has %(count)s characters; at most %(most)s are allowed."
        )
        raise Problem("too_long", said % {"most": MOST, "count": len(text)}, status=400)
    with transaction.atomic():
        # In this order everywhere: the work, then what was asked of it.
        row = Submission.objects.select_for_update(no_key=True).get(pk=work.pk)
        found = Look.objects.select_for_update(no_key=True).filter(pk=look, submission=row).first()
        if found is None:
            raise Problem("missing", _("This request was removed."), status=404)
        if found.answered:
            said = _("Someone else has already answered. Read that answer first.")
            raise Problem("answered", said, status=409)
        _fits(row, found, outcome)
        found.answer, found.outcome = text, outcome
        found.answered, found.answered_by = timezone.now(), by
        found.score_after = row.final
        found.save()
        if work.student.removed is None:
            _tell_student(work, found)
            if row.final != row.returned_score:
                _give_back(work, row, by)
        works_changed("course.look_answered", [work], by=by, outcome=str(outcome))
    return found


def _fits(row: Submission, look: Look, outcome: Outcome) -> None:
    is_changed = row.final != look.score_before
    if outcome == Outcome.KEPT and is_changed:
        said = _(
            "The score has changed since the student asked. Answer with the new score, or save the "
            "old score again first."
        )
        raise Problem("changed", said, status=409)
    if outcome == Outcome.CHANGED and not is_changed:
        said = _(
            "The score is still the same. Save the new score on the grading page first, then "
            "answer."
        )
        raise Problem("not_changed", said, status=409)
    if row.final != row.returned_score and _is_returning(row):
        # It may have read the score before that was changed, and would be joined.
        said = _("This work is being returned right now. Try again in a minute.")
        raise Problem("returning", said, status=409)


def _is_returning(row: Submission) -> bool:
    return Transfer.objects.filter(
        assignment=row.assignment_id,
        member=row.student_id,
        kind=Kind.RETURN,
        state=Transfer.State.RUNNING,
    ).exists()


def _tell_student(work: Submission, look: Look) -> None:
    tell(
        Notice.Kind.LOOK_ANSWERED,
        [work.student.user_id],
        course=work.assignment.course,
        key=f"look-answered:{look.pk}",
        assignment=work.assignment,
    )


def _give_back(work: Submission, row: Submission, by: User) -> None:
    course = work.assignment.course
    step_start(
        course,
        Kind.RETURN,
        [work.student],
        actor=by,
        assignment=work.assignment,
        options={} if is_graded(row) else {"ungraded": True},
    )
    Event.log(
        f"course.{Kind.RETURN}",
        str(work.assignment)[:300],
        actor=by.get_username(),
        whom=work.student.user.get_username(),
        course=course.pk,
        assignment=work.assignment.pk,
        students=1,
    )
