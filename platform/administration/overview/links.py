"""The list behind a figure: Django's own, filtered; for who may see it."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import get_permission_codename
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Model
from django.urls import NoReverseMatch, reverse

from administration.access import may


class Links:
    """What leads one administrator on."""

    def __init__(self, user: AbstractBaseUser | AnonymousUser) -> None:
        self._user = user
        self._known: dict[type[Model], str] = {}

    def rows(self, model: type[Model], **filters: Any) -> str:
        """Return the address of a table's list, filtered; "" for who may not see it."""
        base = self._base(model)
        values = {name: _text(value) for name, value in filters.items()}
        return f"{base}?{urlencode(values)}" if base and values else base

    def page(self, name: str) -> str:
        """Return the address of another page of the administration; "" where there is none."""
        try:
            return reverse(f"admin:{name}")
        except NoReverseMatch:
            return ""

    def _base(self, model: type[Model]) -> str:
        if model not in self._known:
            options = model._meta
            allowed = f"{options.app_label}.{get_permission_codename('view', options)}"
            name = f"{options.app_label}_{options.model_name}_changelist"
            self._known[model] = self.page(name) if may(self._user, allowed) else ""
        return self._known[model]


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S%z")
    return str(value)
