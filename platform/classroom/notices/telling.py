"""To tell people what is new: a row each, once."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from classroom.conf import conf
from classroom.models import Assignment, Course, Membership, Notice, Role, section_key


def tell(
    kind: Notice.Kind,
    users: Iterable[int],
    *,
    course: Course,
    key: str,
    assignment: Assignment | None = None,
    member: Membership | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Tell the users of these ids; who was told of this key before is not told again.

    It belongs in the transaction that makes it true, so that it is told where that is kept, and
    only there. `key` names the event and is unique per user: "returned:<submission>:<moment>".
    """
    Notice.objects.bulk_create(
        (
            Notice(
                user_id=user,
                kind=kind,
                course=course,
                assignment=assignment,
                member=member,
                key=key,
                details=details or {},
                # Who sets up a mail server later does not send what is long known.
                to_mail=conf().mail,
            )
            for user in users
        ),
        ignore_conflicts=True,
        batch_size=500,
    )


def staff_ids(course: Course, student: Membership) -> list[int]:
    """Return the ids of the users who teach the course or assist in it, to hear of a student.

    The assistants of other sections are not to.
    """
    return list(staff_counts(course, [student.section]))


def staff_counts(course: Course, sections: Iterable[str]) -> dict[int, int]:
    """Return of how many students each teacher and assistant of the course is to hear.

    The students are told by their sections, one for each; whoever looks after none is not in it.
    """
    keys = Counter(section_key(section) for section in sections)
    staff = Membership.objects.filter(course=course, removed=None).exclude(role=Role.STUDENT)
    found = {
        each.user_id: sum(keys[key] for key in _duties(each) or keys)
        for each in staff.prefetch_related("section_duties")
    }
    return {user: count for user, count in found.items() if count}


def _duties(staff: Membership) -> set[str]:
    """Return the sections that somebody is confined to; empty: to none."""
    if staff.is_teacher:
        return set()
    return {section_key(duty.section) for duty in staff.section_duties.all()}
