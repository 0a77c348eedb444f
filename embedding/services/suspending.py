"""Who is suspended and reinstated: each is an event, once, whoever did it and by whatever way.

A page, Django's own form and a shell all save the user's row, and that is where it is noticed.
`User.objects.update(is_active=False)` tells nobody: `embedding.services.endings` finds those, and
says so here.
"""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.signals import post_save, pre_save
from django.dispatch import Signal

from embedding.models import Event
from embedding.services.mapping import can_be_switched_off
from embedding.services.rights import acting, actor_now

SUSPENDED, REINSTATED = "user.suspended", "user.reinstated"

# A user was suspended, in this very transaction: `user`.
was_suspended = Signal()

_BEFORE = "_was_active_before"


def may_act_on(actor: Any, user: Any) -> bool:
    """Say whether an administrator may act on somebody: on a superuser only superusers may."""
    return not getattr(user, "is_superuser", False) or getattr(actor, "is_superuser", False)


def user_suspend(user: User, *, actor: User) -> bool:
    """Switch a user off; False where that was so already."""
    return _switch(user, on=False, actor=actor)


def user_reinstate(user: User, *, actor: User) -> bool:
    """Switch a user on again; False where that was so already."""
    return _switch(user, on=True, actor=actor)


def suspension_noticed(user: Any) -> None:
    """Write down a suspension that nobody told of."""
    name = user.get_username()
    told = Event.objects.filter(action__in=(SUSPENDED, REINSTATED), target=name[:300])
    last = told.order_by("-pk").first()
    if last is None or last.action != SUSPENDED:
        _tell(user, on=False)


def _switch(user: User, *, on: bool, actor: User) -> bool:
    with transaction.atomic(), acting(actor.get_username):
        row = User.objects.select_for_update().get(pk=user.pk)
        if row.is_active == on:
            return False
        row.is_active = user.is_active = on
        row.save(update_fields=["is_active"])
    return True


def _before_saving(*, instance: Any, raw: bool, update_fields: Any, **_: object) -> None:
    before = None
    if not raw and not instance._state.adding and "is_active" in (update_fields or ["is_active"]):
        rows = type(instance)._default_manager.filter(pk=instance.pk)
        before = rows.values_list("is_active", flat=True).first()
    setattr(instance, _BEFORE, before)


def _saved(*, instance: Any, **_: object) -> None:
    before = getattr(instance, _BEFORE, None)
    if before is not None and before != instance.is_active:
        _tell(instance, on=instance.is_active)


def _tell(user: Any, *, on: bool) -> None:
    name = user.get_username()
    Event.log(REINSTATED if on else SUSPENDED, name, actor=actor_now(), user=name)
    if not on:
        was_suspended.send(sender=None, user=user)


def connect() -> None:
    """Listen to the site's own kind of users, which is known once all apps are loaded."""
    if can_be_switched_off():
        users = get_user_model()
        pre_save.connect(_before_saving, sender=users, dispatch_uid="embedding.suspending.before")
        post_save.connect(_saved, sender=users, dispatch_uid="embedding.suspending.saved")
