"""For whom a step failed the last time it was tried: that is what a teacher does again."""

from collections import Counter

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from classroom.class_steps.next_step import Failed
from classroom.models import Assignment, Kind, Role, Transfer
from classroom.pages.sections import seen

# What is done again from the assignment's page. A command is on a page of its own.
_OF_THE_CLASS = Q(kind__in=(Kind.HAND_OUT, Kind.DUE_DATE, Kind.COLLECT, Kind.RETURN))
_AUTOGRADER = Q(kind=Kind.RUN, options__autograde=True)


def last_failed() -> QuerySet[Transfer]:
    """Return the failed transfers that nothing of their kind came after, of who is here now."""
    later = Transfer.objects.filter(
        member=OuterRef("member"),
        kind=OuterRef("kind"),
        assignment=OuterRef("assignment"),
        pk__gt=OuterRef("pk"),
    )
    return Transfer.objects.filter(
        _OF_THE_CLASS | _AUTOGRADER,
        ~Exists(later),
        state=Transfer.State.FAILED,
        member__removed=None,
        member__role=Role.STUDENT,
    )


def failed_of(assignments: list[Assignment], section: str = "") -> dict[int, Failed]:
    """Return by assignment, of one course, for whom a step failed.

    Of several steps it is the newest, and of reasons the most frequent.
    """
    if not assignments:
        return {}
    which = seen(assignments[0].course, "member__", section=section)  # they are of one course
    rows = last_failed().filter(which, assignment__in=assignments).order_by("-pk")
    if section:  # which may be a single student: the autograder's are told without names
        rows = rows.exclude(kind=Kind.RUN, assignment__anonymous=True)
    found: dict[int, tuple[str, Counter[str]]] = {}
    nameless = {each.pk for each in assignments if each.anonymous}
    for assignment, kind, error in rows.values_list("assignment", "kind", "error"):
        if kind == Kind.RUN and assignment in nameless:
            error = _("The list of runs shows why.")
        newest, reasons = found.setdefault(assignment or 0, (kind, Counter()))
        if kind == newest:
            reasons[error] += 1
    return {
        assignment: Failed(Kind(kind), reasons.total(), reasons.most_common(1)[0][0])
        for assignment, (kind, reasons) in found.items()
    }
