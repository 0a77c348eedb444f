"""The time that a student has left, as the pages with the work say it."""

from django.urls import reverse
from django.utils.translation import gettext as _

from classroom.models import Assignment
from classroom.pages.text import left, moment, short_moment
from classroom.students.standing import Standing
from embedding.places import Deadline

_Policy = Assignment.LatePolicy


def deadline_of(standing: Standing) -> Deadline | None:
    """Return until when work is in time, or taken at all; None where nothing is to be submitted."""
    assignment, due, now = standing.assignment, standing.due, standing.now
    zone = assignment.course.zone
    if assignment.handout:
        return None
    url = reverse("classroom:time-left", args=[assignment.course_id, assignment.pk])
    if due is None:
        return Deadline(_("No due time"), _("No due time"), url=url)
    title = _("Due %(moment)s") % {"moment": moment(due, zone)}
    last = standing.last_moment
    late = _("Late: due %(moment)s")
    closed = _("Closed: due %(moment)s")
    if standing.would_be_late:
        when = {"moment": short_moment(due, zone, beside=now)}
        is_taken = standing.is_taken
        return Deadline(
            (late if is_taken else closed) % when,
            title,
            at=last if is_taken else None,
            then=closed % when if is_taken and last else "",
            url=url,
        )
    when = {"moment": short_moment(due, zone, beside=due)}
    is_taken_late = last is not None or assignment.late_policy == _Policy.ANY
    return Deadline(
        _("%(time)s left") % {"time": left(due - now)},
        title,
        at=due,
        counts_down=True,
        then=(late if is_taken_late else closed) % when,
        url=url,
    )


def label_of(standing: Standing) -> str:
    """Return what *Submit* is called now; empty where nothing is taken."""
    if not standing.can_submit:
        return ""
    return _("Submit (late)") if standing.would_be_late else _("Submit")


def time_left(standing: Standing) -> dict[str, object] | None:
    """Return the deadline for a script, with what *Submit* is called."""
    found = deadline_of(standing)
    if found is None:
        return None
    at = found.at.timestamp() if found.at else None
    now = standing.now.timestamp()
    return found._asdict() | {"at": at, "now": now, "label": label_of(standing)}
