"""What somebody changed on CoCalc in a course's projects, and the site put right: for its teachers.

Who did it is not known: any member of a project can. So it says what was found, and in whose.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.utils import timezone

from classroom.models import Course, Membership
from classroom.people.roster import projects_of
from embedding.models import Event
from embedding.names import person_name
from embedding.services import care

SHOWN = timedelta(days=14)
_MOST = 20  # lines
_READ = 500  # events: whoever does it all day long fills no page

_SAYING = {
    care.PUT_BACK: "{who} had been removed on CoCalc, and {is_are} back",
    care.TAKEN_OUT: "{who} had been added on CoCalc, and {is_are} out again",
    care.DEMOTED: "{who} had become an owner on CoCalc, and {is_are} a collaborator again",
    care.TAKEN_BACK: "this site had lost it on CoCalc, and owns it again",
    care.RESTORED: "it had been deleted on CoCalc, and is restored",
    care.HOME_OPENED: "its files had been opened to other projects on CoCalc, and are closed again",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One repair; `times` says how often the same was necessary, `at` when last."""

    project: str
    text: str
    at: datetime
    times: int


def mended_lately(course: Course, *, reader: Membership, now: datetime | None = None) -> list[Line]:
    """Return what was put right in the last two weeks, the latest first."""
    projects = {
        project.pk: project
        for project in projects_of(course).select_related("student_membership__user")
    }
    since = (now or timezone.now()) - SHOWN
    events = Event.objects.filter(
        action__in=care.REPAIRS, at__gte=since, detail__project__in=list(projects)
    )[:_READ]
    found: dict[tuple[int, str, str], list[datetime]] = {}
    for event in events:
        key = (event.detail["project"], event.action, event.detail.get("user", ""))
        found.setdefault(key, []).append(event.at)
    names = _names({user for _, _, user in found if user})
    lines = []
    for (project, action, user), times in list(found.items())[:_MOST]:
        mine = user == reader.user.get_username()
        who = "you" if mine else names.get(user, "somebody who is not on this site")
        student = getattr(projects[project], "student_membership", None)
        lines.append(
            Line(
                project=f"{student.name}’s project" if student else "The course’s own project",
                text=_SAYING[action].format(who=who, is_are="are" if mine else "is"),
                at=times[0],
                times=len(times),
            )
        )
    return lines


def _names(usernames: Iterable[str]) -> dict[str, str]:
    users = User.objects.filter(username__in=list(usernames))
    return {user.get_username(): person_name(user) for user in users}
