"""Link a person's own account on CoCalc, by that account's key; and end the link."""

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from administration.access import context
from administration.people.acts import CHANGE, act, actor_of, only_who_may_act, with_sentences
from administration.people.preparing import courses_prepare
from embedding.conf import conf
from embedding.models import Member
from embedding.services import mapping, preparation
from embedding.services.linking import account_link, account_unlink


@sensitive_post_parameters("key")
@only_who_may_act(CHANGE)
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("key")
def link(request: HttpRequest, person: User) -> HttpResponse:
    """Ask for the key, and link the account that it proves. The key is not kept."""
    if request.method == "POST":
        actor = actor_of(request)
        key = request.POST.get("key", "").strip()
        if not with_sentences(request, lambda: account_link(person, key, actor=actor)):
            return redirect("admin:person-link", person.pk)
        said = _("The account is linked. The one before is taken out of the projects.")
        messages.success(request, said)
        _let_in(request, person)
        return redirect("admin:person", person.pk)
    page = context(
        request,
        _("Link a CoCalc account"),
        person=person,
        organization=conf().organization,
        address=conf().cocalc_url,
    )
    return render(request, "administration/people/link.html", page)


@act(CHANGE)
def unlink(request: HttpRequest, person: User) -> None:
    """End the link: the person gets an account of the site's again."""
    account_unlink(person, actor=actor_of(request))
    said = _("The link has ended. The person gets an account that this site makes again.")
    messages.success(request, said)
    _let_in(request, person)


def _let_in(request: HttpRequest, person: User) -> None:
    """Let the account into the own project now, and have a worker do the courses."""
    if not person.is_active:
        return
    courses_prepare(person)
    slot = mapping.personal_slot(person.pk)
    own = Member.objects.filter(user=person, project__slot=slot).select_related("project", "user")
    account = mapping.account_row(person)

    def let_in() -> None:
        for member in own:
            while preparation.prepare(account, member):
                pass

    with_sentences(request, let_in)
