"""Filters that stay quick on a large table: by course and person as typed, by cause, by time."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from classroom.models import Membership

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

ANY_FIELD = Membership._meta
MEDIA = AutocompleteSelect(ANY_FIELD.get_field("course"), admin.site).media + forms.Media(
    css={"all": ["administration/lists.css"]}
)


class Chosen(admin.SimpleListFilter):
    """Rows of one course, or one person, who is looked up by a few letters.

    `path` leads from a row to it.
    """

    template = "admin/chosen_filter.html"
    path: str
    source: str  # the field of `Membership` that leads to such rows, and so says what can be found

    def __init__(
        self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any
    ) -> None:
        super().__init__(request, params, model, model_admin)
        self.request = request

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return []

    def has_output(self) -> bool:
        return True

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        given = self.value()
        if not given:
            return queryset
        return queryset.filter(**{self.path: int(given)}) if is_id(given) else queryset.none()

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Give the template one thing: the field in which to type, and the filters beside it."""
        field: Any = ANY_FIELD.get_field(self.source)
        given = self.value() or ""
        rows = field.remote_field.model._default_manager.all()
        widget = AutocompleteSelect(field, admin.site, attrs={"id": f"choose-{self.source}"})
        form_field = forms.ModelChoiceField(rows, required=False, widget=widget)
        widget.choices = form_field.choices
        name = str(self.parameter_name)
        yield {
            "field": form_field.widget.render(name, given if is_id(given) else "", {}),
            "id": f"choose-{self.source}",
            "others": [
                pair
                for pair in self.request.GET.items()
                if pair[0] not in (self.parameter_name, "p", "e")
            ],
            "without": changelist.get_query_string({}, [self.parameter_name]) if given else "",
        }


def by_course(path: str = "course") -> type[Chosen]:
    """Return the filter by course; `path` leads from a row to it."""

    class ByCourse(Chosen):
        title = gettext_lazy("course")
        parameter_name = "course"
        source = "course"

    ByCourse.path = path
    return ByCourse


def by_person(path: str = "user", title: "StrPromise | None" = None) -> type[Chosen]:
    """Return the filter by person; `path` leads from a row to the user."""

    class ByPerson(Chosen):
        parameter_name = "person"
        source = "user"

    ByPerson.title = title or gettext_lazy("person")
    ByPerson.path = path
    return ByPerson


class ById(admin.SimpleListFilter):
    """The rows of one other row; not offered, but said where a link has led to them."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        given = request.GET.get(str(self.parameter_name), "")
        return [(given, f"#{given}")] if is_id(given) else []

    def has_output(self) -> bool:
        return bool(self.value())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        given = self.value()
        if not given:
            return queryset
        return (
            queryset.filter(**{str(self.parameter_name): given})
            if is_id(given)
            else queryset.none()
        )


def is_id(given: str) -> bool:
    """Whether it may be the id of a row."""
    return given.isdecimal() and len(given) < 19


_CODES = """
    WITH RECURSIVE codes(code) AS (
        SELECT MIN(error_code) FROM classroom_transfer WHERE error_code > ''
        UNION ALL
        SELECT (SELECT MIN(error_code) FROM classroom_transfer WHERE error_code > codes.code)
        FROM codes WHERE codes.code IS NOT NULL
    )
    SELECT code FROM codes WHERE code IS NOT NULL
"""


class ByCause(admin.SimpleListFilter):
    """Transfers by the code of what went wrong; the codes are those that occur."""

    title = gettext_lazy("cause")
    parameter_name = "cause"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        # From one code to the next by the index: a list of all codes would read all rows.
        with connection.cursor() as cursor:
            cursor.execute(_CODES)
            return [(code, code.replace("_", " ")) for (code,) in cursor.fetchall()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(error_code=self.value()) if self.value() else queryset


class Since(admin.SimpleListFilter):
    """Rows that were made lately. Ids grow with time: one look into an index finds the first."""

    title = gettext_lazy("time")
    parameter_name = "since"
    made = "created"
    SPANS: ClassVar[dict[str, timedelta]] = {
        "hour": timedelta(hours=1),
        "day": timedelta(days=1),
        "week": timedelta(days=7),
        "month": timedelta(days=30),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        words = (_("Last hour"), _("Last 24 hours"), _("Last 7 days"), _("Last 30 days"))
        return list(zip(self.SPANS, words, strict=True))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        span = self.SPANS.get(self.value() or "")
        if span is None:
            return queryset
        moment = timezone.now() - span
        rows = queryset.model._default_manager.filter(**{f"{self.made}__gte": moment})
        first = rows.order_by(self.made).values_list("pk", flat=True).first()
        return queryset.none() if first is None else queryset.filter(pk__gte=first)
