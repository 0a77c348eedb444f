"""The page of one person."""

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from administration.access import administrators, context
from administration.people.acts import CHANGE, DELETE, SEE, actor_of, may_act, person_of
from administration.people.repairing import last_found
from administration.people.shown import shown_of
from embedding.conf import conf
from embedding.names import person_name
from embedding.services.acts import act, loaded_ahead


@administrators(SEE)
@require_safe
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what the site knows of a person, and what may be done; CoCalc is not asked."""
    who: User = person_of(pk)
    actor = actor_of(request)
    if who.pk != actor.pk:
        name = who.get_username()
        more = loaded_ahead(request)
        act("admin.person_seen", name, actor=actor.get_username(), whom=name, once=True, **more)
    page = context(
        request,
        person_name(who),
        person=who,
        shown=shown_of(who),
        found=last_found(request, who),
        may_change=may_act(request, who, CHANGE),
        may_suspend=may_act(request, who, CHANGE, on_self=False),
        may_forget=may_act(request, who, CHANGE, DELETE, on_self=False),
        is_self=who.pk == actor.pk,
        has_key=not conf().own_sign_in,
    )
    return render(request, "administration/people/person.html", page)
