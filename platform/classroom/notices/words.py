"""A notice in words: a sentence, what is known of it by now, and where it leads.

The words are made when they are shown, so they are true then and in the reader's language. They
hold no score, no comment and nothing of any file: a mail may be read by others.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from classroom.models import Kind, Notice, Submission
from classroom.pages.own_zone import in_both
from embedding.names import person_name, tidy

Told = Notice.Kind
Work = Submission | None


@dataclass(frozen=True, slots=True)
class Said:
    """One notice, as a person reads it."""

    notice: Notice
    title: str
    line: str  # may be empty
    path: str  # of the page that it leads to, on this site

    @property
    def course(self) -> str:
        """The course's name."""
        return tidy(str(self.notice.course))


def say(notices: Collection[Notice]) -> list[Said]:
    """Say these notices, which come with their course, assignment and member; one query."""
    works = works_of(notices)
    return [
        Said(notice, _title(notice, work), _line(notice, work), _path(notice))
        for notice in notices
        for work in [works.get((notice.assignment_id, notice.user_id))]
    ]


def works_of(notices: Collection[Notice]) -> dict[tuple[int | None, int], Submission]:
    """Return the users' own work that these notices are about, by assignment and user."""
    rows = Submission.objects.filter(
        assignment__in={each.assignment_id for each in notices if each.assignment_id},
        student__user__in={each.user_id for each in notices},
    ).select_related("student")
    return {(row.assignment_id, row.student.user_id): row for row in rows}


def is_over(notice: Notice, work: Work) -> bool:
    """Whether what a notice asks for is done, or is asked for another moment by now."""
    match notice.kind:
        case Told.DUE_SOON:
            if work is None or work.submitted or work.collected or work.due is None:
                return True
            is_past = work.due <= timezone.now()
            return is_past or work.due.isoformat() != notice.details.get("due")
        case Told.SUBMIT_FAILED:
            pressed = datetime.fromisoformat(notice.details["at"])
            return bool(work and work.submitted and work.submitted >= pressed)
    return False


def _title(notice: Notice, work: Work) -> str:
    names = {"title": _assignment(notice)}
    match notice.kind:
        case Told.HANDED_OUT:
            return _("“%(title)s” was handed out") % names
        case Told.DUE_SOON:
            return _("“%(title)s” is due soon") % names
        case Told.RETURNED:
            return _("“%(title)s” was returned to you") % names
        case Told.EXTENSION:
            return _("You have more time for “%(title)s”") % names
        case Told.SUBMIT_FAILED:
            return _("“%(title)s” was not submitted") % names
        case Told.LOOK_ANSWERED:
            return _("A teacher looked at “%(title)s” again") % names
        case Told.LOOK_ASKED:
            name = person_name(notice.member.user) if notice.member else _("A student")
            return _("%(name)s asks for another look at “%(title)s”") % (names | {"name": name})
    return _failed_step(notice)


def _line(notice: Notice, work: Work) -> str:
    due = in_both(work.due, notice.course.zone) if work and work.due else ""
    match notice.kind:
        case Told.HANDED_OUT if notice.assignment and notice.assignment.handout:
            return _("This is a handout. There is nothing to submit.")
        case Told.HANDED_OUT:
            return _("It is due on %(due)s.") % {"due": due} if due else _("It has no due time.")
        case Told.DUE_SOON if work and work.submitted:
            return _("You have submitted it.")
        case Told.DUE_SOON | Told.EXTENSION if due:
            return _("It is due on %(due)s.") % {"due": due}
        case Told.RETURNED:
            return _("Open it to see your result.")
        case Told.SUBMIT_FAILED if is_over(notice, work):
            return _("You have submitted it since then.")
        case Told.SUBMIT_FAILED:
            return _("Open the course to see why, then submit again.")
        case Told.LOOK_ANSWERED:
            return _("Open it to see the answer.")
        case Told.STEP_FAILED:
            return _("Open it to see why and to try again.")
    return ""


def _path(notice: Notice) -> str:
    course, assignment = notice.course_id, notice.assignment_id
    match notice.kind:
        case Told.STEP_FAILED:
            name = "run-result" if notice.details.get("step") == Kind.RUN else "step-progress"
            return reverse(f"classroom:{name}", args=[course, notice.details.get("batch", 0)])
        case Told.LOOK_ASKED if assignment and notice.member_id:
            return reverse("classroom:grade", args=[course, assignment, notice.member_id])
        case Told.RETURNED | Told.LOOK_ANSWERED if assignment:
            return reverse("classroom:returned", args=[course, assignment])
    part = f"#a{assignment}" if assignment else ""
    return reverse("classroom:course", args=[course]) + part


def _assignment(notice: Notice) -> str:
    return tidy(notice.assignment.title) if notice.assignment else tidy(notice.course.title)


def _failed_step(notice: Notice) -> str:
    count = int(notice.details.get("count", 1))
    sentence = _STEPS.get(str(notice.details.get("step")), _any_step)
    return sentence(count) % {"title": _assignment(notice), "count": count}


def _any_step(count: int) -> str:
    return ngettext(
        "A step for “%(title)s” failed for %(count)s person",
        "A step for “%(title)s” failed for %(count)s people",
        count,
    )


_STEPS: dict[str, Callable[[int], str]] = {
    Kind.HAND_OUT: lambda count: ngettext(
        "“%(title)s” could not be handed out to %(count)s student",
        "“%(title)s” could not be handed out to %(count)s students",
        count,
    ),
    Kind.COLLECT: lambda count: ngettext(
        "“%(title)s” could not be collected from %(count)s student",
        "“%(title)s” could not be collected from %(count)s students",
        count,
    ),
    Kind.RETURN: lambda count: ngettext(
        "“%(title)s” could not be returned to %(count)s student",
        "“%(title)s” could not be returned to %(count)s students",
        count,
    ),
    Kind.DUE_DATE: lambda count: ngettext(
        "The new due time of “%(title)s” could not be written for %(count)s student",
        "The new due time of “%(title)s” could not be written for %(count)s students",
        count,
    ),
    Kind.RUN: lambda count: ngettext(
        "The command for “%(title)s” failed for %(count)s student",
        "The command for “%(title)s” failed for %(count)s students",
        count,
    ),
    Kind.PREPARE: lambda count: ngettext(
        "Preparing the project for “%(title)s” failed for %(count)s person",
        "Preparing the projects for “%(title)s” failed for %(count)s people",
        count,
    ),
    Kind.START: lambda count: ngettext(
        "%(count)s project in “%(title)s” could not be started",
        "%(count)s projects in “%(title)s” could not be started",
        count,
    ),
    Kind.STOP: lambda count: ngettext(
        "%(count)s project in “%(title)s” could not be stopped",
        "%(count)s projects in “%(title)s” could not be stopped",
        count,
    ),
}
