"""Find a person: by a name, an address, or an id of CoCalc's."""

import uuid

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from administration.access import administrators, context
from administration.people.acts import SEE, actor_of
from embedding.models import CocalcAccount, Member
from embedding.services.acts import act, loaded_ahead

_MOST = 50


@administrators(SEE)
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Show whom a search finds; with none, just the field."""
    query = " ".join(request.GET.get("q", "").split())[:200]
    rows = list(_found(query)[: _MOST + 1]) if query else []
    if rows:
        actor, more = actor_of(request).get_username(), loaded_ahead(request)
        act("admin.people_seen", query, actor=actor, once=True, **more)
    page = context(
        request,
        _("People"),
        query=query,
        found=rows[:_MOST],
        has_more=len(rows) > _MOST,
        most=_MOST,
    )
    return render(request, "administration/people/search.html", page)


def _found(query: str) -> QuerySet[User]:
    rows = User.objects.select_related("cocalc_account").order_by("username")
    try:
        number = uuid.UUID(query)
    except ValueError:
        pass
    else:
        accounts = CocalcAccount.objects.filter(account_id=number)
        members = Member.objects.filter(project__project_id=number)
        return rows.filter(Q(pk__in=accounts.values("user")) | Q(pk__in=members.values("user")))
    for word in query.replace("\0", "").split():
        rows = rows.filter(
            Q(username__icontains=word)
            | Q(first_name__icontains=word)
            | Q(last_name__icontains=word)
            | Q(email__icontains=word)
        )
    return rows
