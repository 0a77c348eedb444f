"""Prepare: what CoCalc keeps for somebody in a course is made ahead of need.

For a student: the project, its members, and the student's account. For a teacher or assistant:
the account, the course's project, and being a member of it and of all students' projects. Each
part is made where it is missing, so that nothing is made twice, whoever comes first: this, a
class step, or the student who opens a notebook.
"""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.conf import conf
from classroom.models import Kind, Membership, Role, Transfer
from classroom.steps.registry import step
from embedding.cocalc.errors import Limited
from embedding.models import CocalcAccount, CocalcProject, Event, Member
from embedding.problems import Problem
from embedding.services import care, mapping

_HALF_HOUR = timedelta(minutes=30)


@step(Kind.PREPARE)
def run(transfer: Transfer) -> dict[str, Any]:
    """Make what is missing; Limited while the site's share of new accounts is used up."""
    membership = transfer.member
    if membership is None:
        raise Problem("no_member", _("The person to prepare this for is missing."), status=500)
    # Who waits in front of a page is not held back by the background's share of new accounts.
    waits = transfer.priority > 0
    if membership.role == Role.STUDENT:
        student_ready(membership)
    else:
        mapping.project_ensure(membership.course.project)
        _look_after(membership.course.project)
    made = 0
    # Somebody may be added while this runs: it has ended when nothing is missing.
    while missing := _missing(membership):
        for member in missing:
            _let_in(member, waits=waits)
        made += len(missing)
    _account_ensure(mapping.account_row(membership.user), waits=waits)
    Membership.objects.filter(pk=membership.pk, removed=None).update(prepared=timezone.now())
    return {"memberships": made}


def student_ready(member: Membership) -> str:
    """Make sure that a student's project is there on CoCalc, as it should be; return its id.

    It needs no account of the student's, so that work can be handed out to many at once.
    """
    if member.project is None:
        words = _("%(name)s has no project in this course.") % {"name": member.name}
        raise Problem("no_project", words, status=409)
    mapping.project_ensure(member.project)
    _look_after(member.project)
    return str(member.project.project_id)


def _look_after(project: CocalcProject) -> None:
    """Put right what was changed there behind the site's back; no step fails for it."""
    if care.is_due(project, care.STEP_EVERY):
        care.mend_quietly(project)


def _missing(membership: Membership) -> list[Member]:
    """Return who is not yet a member on CoCalc, of what there is; the person comes last.

    Projects of students that are not there yet are left to the students' own turn.
    """
    rows = mapping.active_members().filter(added=None, project__project_id__isnull=False)
    if membership.role == Role.STUDENT:
        rows = rows.filter(project=membership.project)
    else:
        students = CocalcProject.objects.filter(student_membership__course=membership.course_id)
        rows = rows.filter(user=membership.user, project__in=students) | rows.filter(
            project=membership.course.project
        )
    found = list(rows.select_related("project", "user").order_by("pk"))
    return sorted(found, key=lambda member: member.user_id == membership.user_id)


def _let_in(member: Member, *, waits: bool) -> None:
    account = mapping.account_row(member.user)
    _account_ensure(account, waits=waits)
    mapping.membership_ensure(member, account)


def _account_ensure(account: CocalcAccount, *, waits: bool) -> None:
    """Make an account, unless the background has made as many as it may for now."""
    if account.account_id:
        return
    if not waits:
        _share_left()
    mapping.account_ensure(account)


def _share_left() -> None:
    """Raise Limited, with the seconds to wait, when no account may be made ahead now.

    CoCalc counts all accounts of the last half-hour, whoever made them, and so do we.
    """
    share = conf().accounts_per_half_hour
    now = timezone.now()
    made = Event.objects.filter(action="account.created", at__gt=now - _HALF_HOUR)
    at = made.order_by("-at").values_list("at", flat=True)[share - 1 : share].first()
    if at is not None:
        wait = (at + _HALF_HOUR - now).total_seconds()
        raise Limited(
            "create_account", "the share of accounts made ahead", retry_after=int(wait) + 1
        )
