"""What somebody changed on CoCalc in a course's projects, and the site put right: for its teachers.

Who did it is not known: any member of a project can. So it says what was found, and in whose.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import gettext_lazy

from classroom.models import Course, Membership
from classroom.people.roster import projects_of
from embedding.models import Event
from embedding.names import person_name
from embedding.services import care

SHOWN = timedelta(days=14)
_MOST = 20  # lines
_READ = 500  # events: whoever does it all day long fills no page

_OF_YOU = {
    care.PUT_BACK: gettext_lazy("You were removed on CoCalc and are back."),
    care.TAKEN_OUT: gettext_lazy("You were added on CoCalc and are removed again."),
    care.DEMOTED: gettext_lazy("You were made an owner on CoCalc and are a collaborator again."),
}
_OF_A_USER = {
    care.PUT_BACK: gettext_lazy("%(name)s was removed on CoCalc and is back."),
    care.TAKEN_OUT: gettext_lazy("%(name)s was added on CoCalc and is removed again."),
    care.DEMOTED: gettext_lazy("%(name)s was made an owner on CoCalc and is a collaborator again."),
}
_OF_SOMEONE = {
    care.PUT_BACK: gettext_lazy(
        "Someone without an account here was removed on CoCalc and is back."
    ),
    care.TAKEN_OUT: gettext_lazy(
        "Someone without an account here was added on CoCalc and is removed again."
    ),
    care.DEMOTED: gettext_lazy(
        "Someone without an account here was made an owner on CoCalc and is a collaborator again."
    ),
}
_OF_THE_PROJECT = {
    care.TAKEN_BACK: gettext_lazy("This site had lost the project on CoCalc and owns it again."),
    care.RESTORED: gettext_lazy("The project was deleted on CoCalc and is restored."),
    care.HOME_OPENED: gettext_lazy(
        "Other projects on CoCalc could read its files. Now they cannot any more."
    ),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One repair; `times` says how often the same was necessary, `at` when last.

    `student` is whose project it is, None for the course's own.
    """

    student: Membership | None
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
        if action in _OF_THE_PROJECT:
            text = str(_OF_THE_PROJECT[action])
        elif user == reader.user.get_username():
            text = str(_OF_YOU[action])
        elif user in names:
            text = _OF_A_USER[action] % {"name": names[user]}
        else:
            text = str(_OF_SOMEONE[action])
        student = getattr(projects[project], "student_membership", None)
        lines.append(Line(student=student, text=text, at=times[0], times=len(times)))
    return lines


def _names(usernames: Iterable[str]) -> dict[str, str]:
    users = User.objects.filter(username__in=list(usernames))
    return {user.get_username(): person_name(user) for user in users}
