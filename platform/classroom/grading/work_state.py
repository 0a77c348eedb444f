"""Where each work stands, for whoever grades: as words, and as a condition of the database."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from classroom.models import Submission, final_of
from classroom.rules.looks import waits
from classroom.rules.renewal import is_new, news

# What people look for, as the filter names it.
STATES = {
    "to-grade": gettext_lazy("To grade"),
    "again": gettext_lazy("New work since collected or graded"),
    "held": gettext_lazy("Look at it by hand"),
    "look": gettext_lazy("Asked for another look"),
    "missing": gettext_lazy("Missing"),
    "late": gettext_lazy("Late"),
    "submitted": gettext_lazy("Submitted, not collected"),
    "graded": gettext_lazy("Graded, not returned"),
    "returned": gettext_lazy("Returned"),
}


class Work(NamedTuple):
    """What the matrix needs of a submission, and no more: there are thousands on a page."""

    student_id: int
    assignment_id: int
    due: datetime | None
    handed_out: datetime | None
    opened: datetime | None
    submitted: datetime | None
    collected: datetime | None
    renewed: datetime | None
    late: bool
    returned: datetime | None
    score: Decimal | None
    penalty: Decimal
    graded: datetime | None
    unfinished: bool
    held: str
    asks: bool  # whether the student waits for another look

    @property
    def final(self) -> Decimal | None:
        """The score that counts."""
        return final_of(self.score, self.penalty)


def state_query(state: str) -> Q:
    """Return the condition on a submission for one of STATES; the same as `state_of`.

    Late work, and work that a student asks another look at, is found whatever its state.
    """
    graded = Q(graded__isnull=False)
    returned = Q(returned__isnull=False, returned__gte=F("graded"))
    held = ~Q(held="") & Q(score=None)
    match state:
        case "late":
            return Q(late=True)
        case "look":
            return Q(waits())
        case "again":
            return is_new()
        case "held":
            return held & is_new(False)
        case "to-grade":
            waiting = Q(returned=None) | Q(unfinished=True)
            found = waiting & Q(collected__isnull=False, graded=None)
        case "missing":
            found = Q(
                handed_out__isnull=False, due__lt=timezone.now(), submitted=None, collected=None
            ) & Q(graded=None, returned=None)
        case "submitted":
            found = Q(submitted__isnull=False, collected=None, graded=None, returned=None)
        case "graded":
            found = graded & ~returned
        case _:
            found = returned | Q(returned__isnull=False, graded=None, unfinished=False)
    return found & ~held & is_new(False)


def state_of(work: Submission | Work, now: datetime) -> tuple[str, str]:
    """Return where a work stands: a short name, and words."""
    if new := news(work):
        return "again", new
    if work.held and work.score is None:
        return "held", _("Look at it by hand")
    if work.graded:
        if work.returned and work.returned >= work.graded:
            return "returned", _("Returned")
        return "graded", _("Graded, not returned")
    if work.returned and not work.unfinished:
        return "returned", _("Returned")
    if work.collected:
        return "to-grade", _("To grade")
    if work.submitted:
        return "submitted", _("Submitted")
    if work.handed_out is None:
        return "not-out", _("Not handed out")
    if work.due and work.due < now:
        return "missing", _("Missing")
    if work.opened:
        return "opened", _("Opened")
    return "out", _("Handed out")
