"""What staff of a course looks at, takes away or changes of its people's work is an event.

A view calls `looked` once it knows what it will show. The same page again within ten minutes is
no second event (embedding/services/acts.py); a file that is taken away is, with `once=False`.
"""

from typing import Any

from django.http import HttpRequest

from classroom.models import Assignment, Membership
from embedding.services.acts import act, loaded_ahead


def looked(
    request: HttpRequest,
    membership: Membership,
    action: str,
    *,
    whom: Membership | None = None,
    assignment: Assignment | None = None,
    once: bool = True,
    **detail: Any,
) -> None:
    """Write down what a member of a course looked at: of one student (`whom`), or of many."""
    act(
        action,
        str(assignment or membership.course),
        actor=membership.user.get_username(),
        whom=whom.user.get_username() if whom else "",
        course=membership.course.pk,
        place=f"course:{membership.course.pk}",
        once=once,
        **({"assignment": assignment.pk} if assignment else {}),
        **loaded_ahead(request),
        **detail,
    )
