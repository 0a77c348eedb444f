"""What all lists of the classroom have in common: rows to look at, and how they say things."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from classroom.rules.scoring import number_text
from embedding.admin_looks import Looks

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

    ModelAdmin = admin.ModelAdmin[Any]
else:  # Django's own class takes no parameters
    ModelAdmin = admin.ModelAdmin

BY_USER = ("user__username", "user__first_name", "user__last_name")


def score(field: str, description: "StrPromise") -> Callable[[Any, Any], str]:
    """Return a method that says a field with a score or points as all pages do.

    `description` is the name of its column.
    """

    @admin.display(description=description, ordering=field)
    def said(self: Any, row: Any) -> str:
        return number_text(getattr(row, field)) or "–"

    return said


def through(relation: str, *fields: str) -> tuple[str, ...]:
    """Return the search fields of a user that stands behind a relation."""
    return tuple(f"{relation}__{field}" for field in (fields or BY_USER))


class ReadOnly(Looks, ModelAdmin):
    """Rows to look at; without the count of all rows beside a search, slow on large tables."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        # Not by themselves; but together with the user whose they are.
        match = request.resolver_match
        if match is None or (match.url_name or "").startswith("classroom_"):
            return False
        return super().has_delete_permission(request, obj)
