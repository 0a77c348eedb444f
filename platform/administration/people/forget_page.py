"""The page that says what goes when a person is forgotten, and does it when it is confirmed."""

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from administration.access import context
from administration.people import forgetting
from administration.people.acts import CHANGE, DELETE, actor_of, only_who_may_act


@only_who_may_act(CHANGE, DELETE, on_self=False)
@require_http_methods(["GET", "HEAD", "POST"])
def forget(request: HttpRequest, person: User) -> HttpResponse:
    """Say what goes and what stays; forget the person when the user name was typed."""
    if request.method == "POST":
        if request.POST.get("name", "").strip() == person.get_username():
            name = person.get_username()
            pseudonym = forgetting.person_forget(person, actor=actor_of(request))
            said = _(
                "“%(name)s” is forgotten here; events say “%(pseudonym)s” now. A worker deletes "
                "what is on CoCalc, and tries again until that is done."
            )
            messages.success(request, said % {"name": name, "pseudonym": pseudonym})
            return redirect("admin:people")
        messages.error(request, _("Nothing was deleted: type the user name exactly."))
        return redirect("admin:person-forget", person.pk)
    page = context(
        request,
        _("Forget “%(name)s”") % {"name": person.get_username()},
        person=person,
        goes=list(forgetting.what_goes(person)),
        goes_on_cocalc=list(forgetting.what_goes_on_cocalc(person)),
        stays=list(forgetting.what_stays(person)),
    )
    return render(request, "administration/people/forget.html", page)
