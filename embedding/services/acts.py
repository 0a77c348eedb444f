"""What one person does with another's data: each such act is an event.

Whose a project is the app that it was made for knows: it registers a function by `finder`. For
any other project it is its owner.

A page that looks again by itself, and somebody who comes back to a page within minutes, has
looked once: with `once`, the same act of the same person at the same thing is no second event
for ten minutes. What changes, or takes something away, is told each time.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.utils import timezone

from embedding.models import CocalcProject, Event, Member

AGAIN = timedelta(minutes=10)
_COMPARED = 200  # a script that asks for ever more other things is told each time


class Whose(NamedTuple):
    """Whose something is: a user name, empty for several people's; and where it is."""

    whom: str
    place: str


Finder = Callable[[CocalcProject], Whose | None]
_finders: list[Finder] = []


def finder(find: Finder) -> Finder:
    """Register a function that says whose a project is; None for one it does not know."""
    if find not in _finders:
        _finders.append(find)
    return find


def whose(project: CocalcProject) -> Whose:
    """Return whose a project is, and where it belongs."""
    for find in _finders:
        if found := find(project):
            return found
    owners = Member.objects.filter(project=project, role=Member.Role.OWNER)
    owner = owners.select_related("user").order_by("pk").first()
    return Whose(owner.user.get_username() if owner else "", "")


def act(
    action: str,
    target: str,
    *,
    actor: str,
    whom: str = "",
    place: str = "",
    once: bool = False,
    **detail: object,
) -> None:
    """Write down an act (see `Event.log`), but for one on the actor's own data."""
    if whom == actor:
        return
    event = Event.made(action, target, actor=actor, whom=whom, place=place, **detail)
    if once:
        event.settle()
        same = Event.objects.filter(
            action=event.action,
            at__gte=timezone.now() - AGAIN,
            actor=event.actor,
            whom=event.whom,
            place=event.place,
            target=event.target,
        )
        if event.detail in list(same.values_list("detail", flat=True)[:_COMPARED]):
            return
    event.save()


def act_in(member: Member, action: str, *, once: bool = False, **detail: Any) -> None:
    """Write down what a member of a project did there, where it is not their own."""
    found = whose(member.project)
    act(
        action,
        str(member.project),
        actor=member.user.get_username(),
        whom=found.whom,
        place=found.place,
        once=once,
        project=str(member.project.project_id),
        **detail,
    )


def loaded_ahead(request: HttpRequest) -> dict[str, Any]:
    """Return what an event's detail says of a page that a browser fetched before it was wanted."""
    ahead = request.headers.get("Sec-Purpose") or request.headers.get("Purpose") == "prefetch"
    return {"ahead": True} if ahead else {}
