"""What late work costs, in words: the rule before, the cost as of now, and what was taken off."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from classroom.models import Assignment, Membership, Submission
from classroom.rules.penalties import (
    Rule,
    days_begun,
    deduction,
    has_rule,
    late_by,
    units_begun,
)
from classroom.rules.scoring import number, number_text

_MINUTE = timedelta(minutes=1)
# How late the work of an example is, by what its penalty is counted in.
EXAMPLES = {"hour": timedelta(hours=2, minutes=10), "day": timedelta(days=1, hours=2)}
_USUAL = Decimal(10)  # points of an example, where there are none


@dataclass(frozen=True, slots=True)
class Late:
    """How a score that counts came about, where its work was late; texts are for people."""

    late: timedelta | None  # None: nobody knows how late it was
    given: Decimal | None  # None: no score yet
    taken_off: Decimal | None  # None: nothing was
    final: Decimal | None
    covered: int  # late days
    waived: bool

    @property
    def before(self) -> str:
        """The score as it was given; empty: there is none yet."""
        return number_text(self.given)

    @property
    def penalty(self) -> str:
        """What was taken off; empty: nothing was."""
        return number_text(self.taken_off)

    @property
    def after(self) -> str:
        """The score that counts."""
        return number_text(self.final)

    @property
    def how_late(self) -> str:
        """How late, as in “1 day 2 h late”."""
        return _("%(time)s late") % {"time": late_text(self.late)} if self.late else _("late")

    @property
    def why(self) -> str:
        """Say in a sentence why no more is taken off; empty where nothing needs saying."""
        if self.waived:
            return _("The late penalty was waived.")
        if self.late is None:
            return _("We don’t know when it was submitted, so nothing is taken off for being late.")
        if self.covered:
            return ngettext(
                "It uses %(days)s late day.",
                "It uses %(days)s late days.",
                self.covered,
            ) % {"days": self.covered}
        return ""

    @property
    def sum(self) -> str:
        """How the score comes about: “10 − 2 (1 day 2 h late) = 8”, and why no more is taken."""
        words = {"before": self.before, "penalty": self.penalty, "after": self.after}
        words["late"] = self.how_late
        said = []
        if self.penalty:
            said.append(_("%(before)s − %(penalty)s (%(late)s) = %(after)s") % words)
        return ". ".join([*said, self.why]) if self.why else " ".join(said)

    def kept(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {
            "late": self.late.total_seconds() if self.late else None,
            "before": number(self.given),
            "penalty": number(self.taken_off),
            "after": number(self.final),
            "covered": self.covered,
            "waived": self.waived,
        }


def late_of(work: Submission) -> Late | None:
    """Return how the score came about; None where it is in time, or lateness costs nothing."""
    if not work.late or not has_rule(work.assignment):
        return None
    return Late(
        late=late_by(work),
        given=work.score,
        taken_off=work.penalty or None,
        final=work.final,
        covered=work.late_days,
        waived=work.waived is not None,
    )


def late_kept(kept: Mapping[str, Any] | None) -> Late | None:
    """Return what `Late.kept` gave; None for nothing."""
    if not kept:
        return None
    seconds = kept["late"]
    given, taken_off, final = (
        Decimal(kept[name]) if kept[name] else None for name in ("before", "penalty", "after")
    )
    return Late(
        late=None if seconds is None else timedelta(seconds=seconds),
        given=given,
        taken_off=taken_off,
        final=final,
        covered=kept["covered"],
        waived=kept["waived"],
    )


def late_text(late: timedelta) -> str:
    """Say how late: "1 day 2 h", "2 h 10 min", "35 min"; a minute at least."""
    minutes = max(1, -(-late // _MINUTE))
    days, minutes = divmod(minutes, 1440)
    hours, minutes = divmod(minutes, 60)
    parts = []
    if days:
        parts.append(ngettext("%(days)s day", "%(days)s days", days) % {"days": days})
    if hours:
        parts.append(_("%(hours)s h") % {"hours": hours})
    if minutes and not (days and hours):
        parts.append(_("%(minutes)s min") % {"minutes": minutes})
    return " ".join(parts)


def rule_text(assignment: Rule) -> str:
    """Say what late work costs; empty where it costs nothing."""
    if not has_rule(assignment):
        return ""
    by_day = assignment.late_per == Assignment.LateUnit.DAY
    amount = assignment.late_amount or Decimal()
    if assignment.late_penalty == Assignment.LatePenalty.PERCENT:
        text = (
            _("Late: −%(amount)s %% of the score for each day begun.")
            if by_day
            else _("Late: −%(amount)s %% of the score for each hour begun.")
        )
    else:
        text = (
            ngettext(
                "Late: −%(amount)s point for each day begun.",
                "Late: −%(amount)s points for each day begun.",
                1 if amount == 1 else 2,
            )
            if by_day
            else ngettext(
                "Late: −%(amount)s point for each hour begun.",
                "Late: −%(amount)s points for each hour begun.",
                1 if amount == 1 else 2,
            )
        )
    said = [text % {"amount": number_text(amount)}]
    if assignment.late_grace:
        said.append(
            ngettext(
                "The first minute does not count.",
                "The first %(minutes)s minutes do not count.",
                assignment.late_grace,
            )
            % {"minutes": assignment.late_grace}
        )
    if assignment.late_floor:
        said.append(
            _("At least %(floor)s %% of the score remains.") % {"floor": assignment.late_floor}
        )
    return " ".join(said)


@dataclass(frozen=True, slots=True)
class LateDays:
    """A student's late days in a course."""

    budget: int
    used: int

    @property
    def left(self) -> int:
        """How many are left."""
        return max(0, self.budget - self.used)

    @property
    def text(self) -> str:
        """Say how many are left: “2 of 3 late days left.”"""
        return ngettext(
            "%(left)s of %(budget)s late day left.",
            "%(left)s of %(budget)s late days left.",
            self.budget,
        ) % {"left": self.left, "budget": self.budget}


def late_days_of(student: Membership) -> LateDays | None:
    """Return a student's late days, less those that collected work has used; None: no budget."""
    if not student.course.late_days:
        return None
    used = Submission.objects.filter(student=student).aggregate(used=Sum("late_days"))["used"]
    return LateDays(student.course.late_days, used or 0)


def cost_text(submission: Submission, now: datetime, late_days: LateDays | None) -> str:
    """Say what it costs to submit late now; empty where that is nothing, or not late.

    Late days that the same work has used already pay for it again.
    """
    assignment = submission.assignment
    if submission.due is None or now <= submission.due or not has_rule(assignment):
        return ""
    late = now - submission.due
    left = late_days.left + submission.late_days if late_days else 0
    days = min(days_begun(assignment, late), left)
    units = units_begun(assignment, late, days)
    said = [_("If you submit now, it is %(time)s late.") % {"time": late_text(late)}]
    if days:
        said.append(
            ngettext(
                "That uses %(days)s of your late days.",
                "That uses %(days)s of your late days.",
                days,
            )
            % {"days": days}
        )
    if not units:
        said.append(_("No points are taken off."))
    elif assignment.late_penalty == Assignment.LatePenalty.PERCENT:
        off = min(units * (assignment.late_amount or 0), 100 - assignment.late_floor)
        said.append(_("%(off)s %% of the score is taken off.") % {"off": number_text(off)})
    else:
        off = units * (assignment.late_amount or Decimal())
        said.append(
            ngettext(
                "%(off)s point is taken off.", "%(off)s points are taken off.", 1 if off == 1 else 2
            )
            % {"off": number_text(off)}
        )
    return " ".join(said)


def example_text(assignment: Assignment) -> str:
    """Say what the rule does to full points, as an example; empty where there is no rule."""
    if not has_rule(assignment):
        return ""
    points = assignment.points or _USUAL
    late = EXAMPLES[assignment.late_per]
    after = points - deduction(assignment, points, late)
    return example_sentence(number_text(points), late_text(late), number_text(after))


def example_sentence(points: str, time: str, after: str) -> str:
    """Say what becomes of full points."""
    return _("%(points)s of %(points)s points, submitted %(time)s late, become %(after)s.") % {
        "points": points,
        "time": time,
        "after": after,
    }
