"""Prepare now: what CoCalc keeps for a person is made ahead of need."""

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from administration.people.acts import CHANGE, act, actor_of
from classroom.engine.queue import URGENT, transfer_add
from classroom.models import Kind, Membership
from embedding.models import Event, Member
from embedding.problems import Problem
from embedding.services import mapping, preparation

PREPARED = "user.prepared"


@act(CHANGE)
def prepare(request: HttpRequest, person: User) -> None:
    """Make the account and the own project in this request, and have a worker do the courses."""
    if not person.is_active:
        words = _("“%(name)s” is suspended, so nothing is prepared. Reinstate the account first.")
        raise Problem("suspended", words % {"name": person.get_username()}, status=409)
    courses = courses_prepare(person)
    account, project = mapping.account_row(person), mapping.personal_project(person)
    member = Member.objects.select_related("project", "user").get(project=project, user=person)
    while preparation.prepare(account, member):
        pass
    name = person.get_username()
    Event.log(PREPARED, name, actor=actor_of(request).get_username(), user=name, courses=courses)
    said = _("The account and the project of “%(name)s” are ready on CoCalc.") % {"name": name}
    if courses:
        said += " " + ngettext(
            "A worker prepares what belongs to %(count)s course.",
            "A worker prepares what belongs to %(count)s courses.",
            courses,
        ) % {"count": courses}
    messages.success(request, said)


def courses_prepare(person: User) -> int:
    """Have a worker make what is missing in a person's courses; return how many these are."""
    rows = Membership.objects.filter(user=person, removed=None, course__archived=None)
    members = list(rows.select_related("course", "user"))
    for member in members:
        transfer_add(member.course, Kind.PREPARE, member, priority=URGENT)
    return len(members)
