"""Suspend, reinstate, sign out everywhere, and let in at once who was made to wait."""

from axes.models import AccessAttempt
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.translation import gettext as _

from administration.people.acts import CHANGE, act, actor_of
from classroom.people.signed_in import sign_out_everywhere
from embedding.models import Allowance, Event
from embedding.services.suspending import user_reinstate, user_suspend

SIGNED_OUT, LET_IN = "user.signed_out_everywhere", "user.let_in_at_once"


@act(CHANGE, on_self=False)
def suspend(request: HttpRequest, person: User) -> None:
    """End a person's access, here at once and on CoCalc as soon as it answers."""
    if user_suspend(person, actor=actor_of(request)):
        said = _(
            "“%(name)s” is suspended and signed out. A worker now takes the account out of every "
            "project on CoCalc, and tries again until that is done."
        )
    else:
        said = _("“%(name)s” was suspended already.")
    messages.success(request, said % {"name": person.get_username()})


@act(CHANGE)
def reinstate(request: HttpRequest, person: User) -> None:
    """Give a person access again."""
    if user_reinstate(person, actor=actor_of(request)):
        said = _(
            "“%(name)s” can sign in again. Access to each project on CoCalc comes back when it is "
            "opened, or now by “Prepare now”."
        )
    else:
        said = _("“%(name)s” was not suspended.")
    messages.success(request, said % {"name": person.get_username()})


@act(CHANGE)
def sign_out(request: HttpRequest, person: User) -> None:
    """End all of a person's sign-ins to this site."""
    sign_out_everywhere(person)
    name = person.get_username()
    Event.log(SIGNED_OUT, name, actor=actor_of(request).get_username(), user=name)
    messages.success(
        request,
        _(
            "“%(name)s” is signed out of this site in every browser. What is open in CoCalc stays "
            "open until CoCalc ends it, for up to a day: CoCalc lets no site end it. To end that "
            "too, suspend the account."
        )
        % {"name": name},
    )


@act(CHANGE)
def let_in(request: HttpRequest, person: User) -> None:
    """Forget the wrong passwords and the notebooks opened, for which a person has to wait."""
    name = person.get_username()
    failed = AccessAttempt.objects.filter(username=name).delete()[0]
    opened = Allowance.objects.filter(user=person).delete()[0]
    if failed or opened:
        Event.log(LET_IN, name, actor=actor_of(request).get_username(), user=name)
    said = _("“%(name)s” need not wait any more, neither to sign in nor to open notebooks.")
    messages.success(request, said % {"name": name})
