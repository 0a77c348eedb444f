"""The audit log in the administration: sentences, filters that ask an index, and an export.

The log grows without end, so nothing counts all of it: the list tells of the first thousands that
match, and whoever looks for older ones names a person, a kind, a place or a day.
"""

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseNotAllowed, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from embedding.models import Event
from embedding.services.sentences import Link, kinds, names_of, places_of, sentence
from embedding.spreadsheets import BOM, safe

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

    Pages = Paginator[Event]
    ModelAdmin = admin.ModelAdmin[Event]
else:  # Django's own classes take no parameters
    Pages, ModelAdmin = Paginator, admin.ModelAdmin

MOST = 10_000  # that are counted, and can be leafed through
AT_ONCE = 1000
COLUMNS = ("time", "sentence", "actor", "whom", "action", "target", "place", "detail", "position")


class FirstPages(Pages):
    """Pages of the first thousands, so that nothing counts what nobody leafs through."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list  # a list of events
        return int(rows.order_by()[:MOST].count())


class EventList(ChangeList):
    """A page of events, with the names and places of all of them at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows = list(self.result_list)
        names, places = names_of(rows), places_of(rows)
        for row in rows:
            vars(row).update(said=sentence(row, names), link=places.get(row.place))
        self.result_list = rows


class KindFilter(admin.SimpleListFilter):
    """Which kind of events."""

    title = gettext_lazy("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> "list[tuple[str, StrPromise]]":
        return [(kind.name, kind.label) for kind in kinds()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        found = next((kind for kind in kinds() if kind.name == self.value()), None)
        return queryset.filter(action__in=found.actions) if found else queryset


class Typed(admin.ListFilter):
    """A filter with fields to type into: name, label and type of each."""

    template = "embedding/admin/typed_filter.html"
    fields: "tuple[tuple[str, StrPromise, str], ...]" = ()

    def __init__(
        self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any
    ) -> None:
        super().__init__(request, params, model, model_admin)
        self.typed: dict[str, str] = {}
        for name, _label, _type in self.fields:
            given = params.pop(name, "")
            self.typed[name] = (given[-1] if isinstance(given, list) else given).strip()
        self.used_parameters.update({key: text for key, text in self.typed.items() if text})

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return [name for name, _label, _type in self.fields]

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        names = self.expected_parameters()
        others = [(k, v) for k, v in changelist.filter_params.items() if k not in (*names, "p")]
        yield {
            "fields": [(*field, self.typed[field[0]]) for field in self.fields],
            "others": [
                (key, value)
                for key, values in others
                for value in (values if isinstance(values, list) else [values])
            ],
            "clear": changelist.get_query_string(remove=names) if any(self.typed.values()) else "",
        }


class DayFilter(Typed):
    """Of which days, in the site's time zone."""

    title = gettext_lazy("day")
    fields = (("from", gettext_lazy("From"), "date"), ("until", gettext_lazy("Until"), "date"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        if first := _midnight(self.typed["from"]):
            queryset = queryset.filter(at__gte=first)
        if last := _midnight(self.typed["until"]):
            queryset = queryset.filter(at__lt=last + timedelta(days=1))
        return queryset


class PlaceFilter(Typed):
    """In which course, by its number: the link beside an event fills it in."""

    title = gettext_lazy("course")
    fields = (("place", gettext_lazy("Number of the course"), "text"),)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        typed = self.typed["place"]
        place = f"course:{typed}" if typed.isdecimal() else typed
        return queryset.filter(place=place) if place else queryset


class EventAdmin(ModelAdmin):
    """The audit log, to read and to take away; what it says is changed by nobody."""

    list_display = ("at", "said", "where")
    list_filter = (KindFilter, DayFilter, PlaceFilter)
    list_per_page = 50
    list_display_links = ("at",)
    show_full_result_count = False
    paginator = FirstPages
    search_fields = ("actor", "whom")
    search_help_text = gettext_lazy("A user name, exactly: who did it, or whose data it was")
    change_list_template = "embedding/admin/events.html"
    fields = ("at", "said", "where", "actor", "whom", "action", "target", "detail", "position")
    readonly_fields = fields
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return EventList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Event], search_term: str
    ) -> tuple[QuerySet[Event], bool]:
        if name := search_term.strip():
            queryset = queryset.filter(Q(actor=name) | Q(whom=name))
        return queryset, False

    def get_urls(self) -> list[URLPattern]:
        export = self.admin_site.admin_view(self.export)
        return [path("export/", export, name="embedding_event_export"), *super().get_urls()]

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """Send the events of the list, as it is filtered, as CSV; the newest first."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        # The list that is asked for has this address too, but for the last part.
        rows = self.get_changelist_instance(request).get_queryset(request).order_by("-id")
        asked = urlencode([(k, v) for k, v in request.GET.items() if v]) or _("all events")
        actor = request.user.get_username()
        told = Event.log("events.exported", "", actor=actor, filter=asked[:200])
        rows = rows.filter(pk__lt=told.pk)  # what comes while it is sent is not in it
        response = StreamingHttpResponse(_written(rows), content_type="text/csv; charset=utf-8")
        name = f"events-{timezone.localdate():%Y-%m-%d}.csv"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["Cache-Control"] = "no-store"
        return response

    @admin.display(description=gettext_lazy("event"))
    def said(self, row: Event) -> str:
        """What happened, in a sentence."""
        known = vars(row).get("said")
        return str(known) if known else sentence(row, names_of([row]))

    @admin.display(description=gettext_lazy("course"))
    def where(self, row: Event) -> str:
        """Where it was, with a link to all events there."""
        link: Link | None = vars(row).get("link") or places_of([row]).get(row.place)
        if not row.place:
            return "–"
        text = link.text if link else row.place
        here = format_html('<a href="?{}">{}</a>', urlencode({"place": row.place}), text)
        if link is None or not link.url:
            return here
        return format_html('{} (<a href="{}">{}</a>)', here, link.url, _("open"))


class _Line:
    """Gives a CSV writer's line back instead of keeping it."""

    def write(self, text: str) -> str:
        return text


def _written(rows: QuerySet[Event]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield BOM + writer.writerow(COLUMNS)
    for part in _parts(rows.iterator(chunk_size=AT_ONCE)):
        names = names_of(part)
        for row in part:
            yield writer.writerow([safe(cell) for cell in _cells(row, names)])


def _cells(row: Event, names: dict[str, str]) -> tuple[str, ...]:
    return (
        timezone.localtime(row.at).isoformat(timespec="seconds"),
        sentence(row, names),
        *(row.actor, row.whom, row.action, row.target, row.place),
        json.dumps(row.detail, ensure_ascii=False, sort_keys=True),
        "" if row.position is None else str(row.position),
    )


def _parts(rows: Iterable[Event]) -> Iterator[list[Event]]:
    those = iter(rows)
    while part := list(islice(those, AT_ONCE)):
        yield part


def _midnight(text: str) -> datetime | None:
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    return timezone.make_aware(datetime.combine(day, time.min)) if day else None
