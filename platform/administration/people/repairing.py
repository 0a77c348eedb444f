"""Repair: what was found is listed on the person's page; what is gone is made anew when asked."""

import time
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from administration.access import context
from administration.people.acts import CHANGE, act, actor_of, only_who_may_act, with_sentences
from administration.people.preparing import courses_prepare
from embedding.models import Event, Member
from embedding.problems import Problem
from embedding.services import repairing

REPAIRED = "user.repaired"

_SECONDS = 15.0  # after which nothing more is begun in one request
_SHOWN_SECONDS = 15 * 60
_KEY = "administration_repair"


@act(CHANGE)
def repair(request: HttpRequest, person: User) -> None:
    """Look at what CoCalc has of a person, put right what can be, and keep what was found."""
    if not person.is_active:
        words = _("“%(name)s” is suspended, so nothing is repaired. Reinstate the account first.")
        raise Problem("suspended", words % {"name": person.get_username()}, status=409)
    until = time.monotonic() + _SECONDS
    found = repairing.repair(person, stop=lambda: time.monotonic() > until)
    courses_prepare(person)
    name = person.get_username()
    Event.log(
        REPAIRED,
        name,
        actor=actor_of(request).get_username(),
        user=name,
        done=sum(one.level == "done" for one in found),
    )
    rows = [{"level": one.level, "words": one.words, "project": one.project} for one in found]
    request.session[_KEY] = {"person": person.pk, "at": time.time(), "found": rows}
    messages.success(request, _("The repair is over. What was found is listed below."))


def last_found(request: HttpRequest, person: User) -> list[dict[str, Any]]:
    """Return what the administrator's last repair found, if that was this person's and lately."""
    kept = request.session.get(_KEY)
    if not kept or kept["person"] != person.pk or kept["at"] < time.time() - _SHOWN_SECONDS:
        return []
    found: list[dict[str, Any]] = kept["found"]
    return found


@only_who_may_act(CHANGE)
@require_http_methods(["GET", "HEAD", "POST"])
def project_anew(request: HttpRequest, person: User, project: int) -> HttpResponse:
    """Ask whether a project that is gone is to be made anew, and do it."""
    members = Member.objects.select_related("project", "user")
    member = get_object_or_404(members, user=person, project=project, role=Member.Role.OWNER)
    if request.method == "POST":
        if with_sentences(request, lambda: repairing.project_anew(member, actor=actor_of(request))):
            _forget(request, project)
            said = _("“%(project)s” was made anew. It is empty.")
            messages.success(request, said % {"project": member.project})
        return redirect("admin:person", person.pk)
    title = _("Make “%(project)s” anew") % {"project": member.project}
    return _ask(request, person, title, project=member.project)


@only_who_may_act(CHANGE)
@require_http_methods(["GET", "HEAD", "POST"])
def account_anew(request: HttpRequest, person: User) -> HttpResponse:
    """Ask whether an account that is gone is to be made anew, and do it."""
    if request.method == "POST":
        if with_sentences(request, lambda: repairing.account_anew(person, actor=actor_of(request))):
            _forget(request, None)
            messages.success(request, _("Another account was made. It is let into the projects."))
            courses_prepare(person)
        return redirect("admin:person", person.pk)
    return _ask(request, person, _("Make another account on CoCalc"), project=None)


def _ask(request: HttpRequest, person: User, title: str, **more: Any) -> HttpResponse:
    page = context(request, title, person=person, **more)
    return render(request, "administration/people/anew.html", page)


def _forget(request: HttpRequest, project: int | None) -> None:
    """What was made anew is not offered again."""
    kept = request.session.get(_KEY)
    if kept:
        kept["found"] = [
            one for one in kept["found"] if one["level"] != "ask" or one["project"] != project
        ]
        request.session[_KEY] = kept
