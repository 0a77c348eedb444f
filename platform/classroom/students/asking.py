"""A student asks for another look at returned work."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from classroom.models import Assignment, Look, Notice, Submission
from classroom.notices.telling import staff_ids, tell
from classroom.rules.looks import MOST, looks_of, takes_requests, tidied
from embedding.problems import Problem


@dataclass(frozen=True, slots=True)
class Asking:
    """What there is to ask about a returned work, and what was asked already."""

    submission: Submission
    waiting: Look | None  # the request that nobody has answered yet
    answered: Sequence[Look]  # newest first
    is_open: bool  # whether requests are taken now

    @property
    def until(self) -> datetime | None:
        """Until when one may ask."""
        return self.submission.assignment.look_until

    @property
    def was_used(self) -> bool:
        """Whether this return was asked about, and that was answered."""
        return any(look.returned == self.submission.returned for look in self.answered)

    @property
    def may(self) -> bool:
        """Whether the student may ask now."""
        return self.is_open and self.waiting is None and not self.was_used

    @property
    def answers(self) -> list[tuple[Look, bool]]:
        """What was answered, each with whether a new score is still on its way."""
        return [(look, self._is_on_its_way(look)) for look in self.answered]

    def _is_on_its_way(self, look: Look) -> bool:
        """Whether the score that a look has changed was not returned yet."""
        returned = self.submission.returned
        return (
            look.outcome == Look.Outcome.CHANGED
            and look.answered is not None
            and (returned is None or returned < look.answered)
            and look.score_after != self.submission.returned_score
        )


def asking_of(submission: Submission, at: datetime) -> Asking:
    """Return what a student may ask at a moment about a work that was returned."""
    looks = looks_of(submission)
    is_open = takes_requests(submission.assignment, at)
    return Asking(submission, looks.waiting, looks.answered, is_open)


def ask(submission: Submission, text: str, *, seen: str, at: datetime) -> Look:
    """Ask, and tell the course's staff. `seen` is the return that the student looked at, as ISO.

    Raises Problem with a sentence: for no text or too long a one (status 400); where it is too
    late, was asked already or was returned anew (status 409).
    """
    text = tidied(text)
    if not text:
        raise Problem("empty", _("Write what your teacher should look at."), status=400)
    if len(text) > MOST or "\0" in text:
        said = _("Your text has %(count)s characters. It can have at most %(most)s.")
        raise Problem("too_long", said % {"most": MOST, "count": len(text)}, status=400)
    with transaction.atomic():
        # Whoever comes second sees what the first has asked; a deadline counts as it is now.
        row = Submission.objects.select_for_update(no_key=True).get(pk=submission.pk)
        row.assignment = Assignment.objects.select_related("course").get(pk=row.assignment_id)
        look = Look.objects.create(
            submission=row,
            returned=_return_asked_about(asking_of(row, at), seen),
            text=text,
            score_before=row.returned_score,
        )
        course = row.assignment.course
        tell(
            Notice.Kind.LOOK_ASKED,
            staff_ids(course, submission.student),
            course=course,
            key=f"look-asked:{look.pk}",
            assignment=row.assignment,
            member=submission.student,
        )
    return look


def _return_asked_about(asking: Asking, seen: str) -> datetime:
    if asking.waiting:
        said = _("You have already asked. Your teacher has not answered yet.")
        raise Problem("asked", said, status=409)
    returned = asking.submission.returned
    if returned is None or returned.isoformat() != seen:
        said = _(
            "Your teacher returned your work again while you were writing. Look at the new result "
            "first. Then send your text if you still want to."
        )
        raise Problem("returned_again", said, status=409)
    if asking.was_used:
        said = _("You have already asked about this result.")
        raise Problem("asked", said, status=409)
    if not asking.is_open:
        said = _(
            "It is too late to ask for another look here. If you want to send your text to your "
            "teacher in another way, copy it."
        )
        raise Problem("over", said, status=409)
    return returned
