"""Expel: who may open a project no longer is no collaborator on CoCalc either.

It acts on what the site knows when it runs, not when it was asked for: somebody who was let in
again meanwhile stays.
"""

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from classroom.models import Kind, Membership, Transfer
from classroom.steps.registry import step
from embedding.models import CocalcProject, Member
from embedding.problems import Problem
from embedding.services import mapping


@step(Kind.EXPEL, for_removed=True)
def run(transfer: Transfer) -> dict[str, Any]:
    """End the memberships on CoCalc that have no row here; repeats harmlessly."""
    member = transfer.member
    if member is None:
        raise Problem("no_member", _("The person to remove is missing."), status=500)
    ended: set[int] = set()
    while True:
        everywhere = bool(transfer.options.get("everywhere"))
        for project in _left(member, everywhere):
            if project.pk in ended:
                continue
            mapping.membership_end(project, member.user)
            # Let in again this very moment: then it has to be made once more.
            Member.objects.filter(project=project, user=member.user).update(added=None)
            ended.add(project.pk)
        transfer.refresh_from_db(fields=["options"])
        if everywhere or not transfer.options.get("everywhere"):
            return {"projects": len(ended)}


def _left(member: Membership, everywhere: bool) -> list[CocalcProject]:
    """Return the projects that somebody may not open any more."""
    which = Q(student_membership=member)
    if everywhere:
        which = Q(student_membership__course=member.course_id) | Q(course=member.course_id)
    there = CocalcProject.objects.filter(which, project_id__isnull=False)
    return list(there.exclude(members__user=member.user_id))
