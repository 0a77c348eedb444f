"""What all lists of the classroom have in common: rows to look at, and how they say things."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

from classroom.admin.filters import MEDIA
from classroom.models import Assignment, Course, Membership, Submission
from classroom.rules.scoring import number_text
from embedding.admin_looks import Looks
from embedding.capped import Capped

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

    ModelAdmin = admin.ModelAdmin[Any]
else:  # Django's own class takes no parameters
    ModelAdmin = admin.ModelAdmin

BY_USER = ("user__username", "user__first_name", "user__last_name")
_FOUND = 200  # people, courses or assignments of one search


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
    """Rows to look at; without a count of all rows, slow on large tables."""

    show_full_result_count = False
    list_per_page = 50
    paginator = Capped
    show_facets = admin.ShowFacets.NEVER  # each number would be a count of all rows

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


class Large(ReadOnly):
    """A list of a table that grows for ever: searched and sorted by its indexes alone.

    A search first finds people, courses and assignments, of which there are few, and then the
    rows that are theirs: `found_by` says by which columns, of "user", "member", "course",
    "assignment" and "submission".
    """

    found_by: ClassVar[dict[str, str]] = {}
    search_fields = ("pk",)  # so that there is a field to search in; what it finds is said below
    sortable_by = ()

    @property
    def media(self) -> Any:
        return super().media + MEDIA

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        words = search_term.replace("\0", "").split()[:8]
        if words:
            queryset = queryset.filter(_found(words, self.found_by))
        return queryset, False


def _found(words: list[str], columns: dict[str, str]) -> Q:
    """Return the condition that a row is of what these words are found in."""
    people = _newest(User, words, "username", "first_name", "last_name", "email")
    found: dict[str, Any] = {
        "user": people,
        "course": _newest(Course, words, "title", "term"),
        "assignment": _newest(Assignment, words, "title"),
        "member": list(Membership.objects.filter(user__in=people).values_list("pk", flat=True)),
    }
    found["submission"] = Submission.objects.filter(
        Q(student__in=found["member"])
        | Q(assignment__in=found["assignment"])
        | Q(assignment__course__in=found["course"])
    ).values("pk")
    which = Q(pk__in=[])
    for what, column in columns.items():
        which |= Q(**{f"{column}__in": found[what]})
    return which


def _newest(model: type[Model], words: list[str], *fields: str) -> list[int]:
    """Return the ids of the newest rows in which all words stand."""
    rows: QuerySet[Any] = model._default_manager.order_by("-pk")
    for word in words:
        one = Q()
        for field in fields:
            one |= Q(**{f"{field}__icontains": word})
        rows = rows.filter(one)
    return list(rows.values_list("pk", flat=True)[:_FOUND])
