"""Whoever changes what a user may do leaves an event, wherever it is done.

That is whether an account is staff or superuser, its groups and its permissions, and that it was
deleted; `suspending` tells whether it is active. The actor is who is signed in to the request
(`acting`, which the middleware `Acting` calls); none in a command or a worker.
`User.objects.update(…)` tells nobody.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_save

from embedding.models import Event

# A field, what it is called when it is set, and when it is taken.
_FLAGS = {
    "is_staff": ("user.staff_given", "user.staff_taken"),
    "is_superuser": ("user.superuser_given", "user.superuser_taken"),
}
_SETS = {
    "groups": ("user.group_added", "user.group_removed"),
    "user_permissions": ("user.permission_added", "user.permission_removed"),
}
_actor: ContextVar[Callable[[], str]] = ContextVar("actor", default=str)


@contextmanager
def acting(actor: Callable[[], str]) -> Iterator[None]:
    """Have what is done meanwhile told as done by this user; asked only when there is an event."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def actor_now() -> str:
    """Return who does what is done here; empty for the site itself."""
    return _actor.get()()


def connect() -> None:
    """Listen to the site's own kind of users, which is known once all apps are loaded."""
    model = get_user_model()
    pre_save.connect(_before, sender=model, dispatch_uid="embedding.rights.before")
    post_save.connect(_after, sender=model, dispatch_uid="embedding.rights.after")
    post_delete.connect(_deleted, sender=model, dispatch_uid="embedding.rights.deleted")
    for name in _SETS:
        if hasattr(model, name):
            through = getattr(model, name).through
            m2m_changed.connect(_set_changed, sender=through, dispatch_uid=f"embedding.{name}")


def _tell(action: str, user: Any, **detail: Any) -> None:
    name = user.get_username()
    Event.log(action, name, actor=actor_now(), whom=name, **detail)


def _before(*, instance: Any, raw: bool = False, **_: object) -> None:
    fields = {field.name for field in type(instance)._meta.get_fields()}
    flags = [name for name in _FLAGS if name in fields]
    vars(instance)["_flags_before"] = (
        None
        if raw or instance.pk is None or not flags
        else type(instance)._default_manager.filter(pk=instance.pk).values(*flags).first()
    )


def _after(
    *, instance: Any, created: bool, raw: bool = False, update_fields: Any = None, **_: object
) -> None:
    before = vars(instance).pop("_flags_before", None)
    if raw:
        return
    if created:  # who is new and may no more than others is no news
        before = {"is_staff": False, "is_superuser": False}
    for name, was in (before or {}).items():
        written = update_fields is None or name in update_fields
        now = getattr(instance, name, False)
        if written and bool(was) != bool(now):
            given, taken = _FLAGS[name]
            _tell(given if now else taken, instance)


def _deleted(*, instance: Any, **_: object) -> None:
    _tell("user.deleted", instance)


def _set_changed(
    *, sender: Any, instance: Any, action: str, reverse: bool, model: Any, pk_set: Any, **_: object
) -> None:
    if action not in ("post_add", "post_remove", "pre_clear"):
        return
    user_model = get_user_model()
    field = next(name for name in _SETS if getattr(user_model, name).through is sender)
    added, removed = _SETS[field]
    if action == "pre_clear":  # what is there is told before it is gone
        others = instance.user_set.all() if reverse else getattr(instance, field).all()
    else:
        others = model._default_manager.filter(pk__in=pk_set)
    for other in others:
        user, thing = (other, instance) if reverse else (instance, other)
        _tell(added if action == "post_add" else removed, user, what=str(thing))
