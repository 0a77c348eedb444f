"""The tasks that workers take: what wakes them, and mails.

What they do for courses is transfers.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django_tasks_db.models import DBTaskResult, get_date_max

from classroom.admin.base import ReadOnly
from classroom.admin.said import lasting

import_module("django_tasks_db.admin")  # registers its own, which ours replaces
admin.site.unregister(DBTaskResult)

if TYPE_CHECKING:
    Task = DBTaskResult[..., object]
else:
    Task = DBTaskResult

_STATES = {
    "READY": _("Queued"),
    "RUNNING": _("Running"),
    "SUCCESSFUL": _("Done"),
    "FAILED": _("Failed"),
}


class ByState(admin.SimpleListFilter):
    """By how far they are."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [(state, str(word)) for state, word in _STATES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> QuerySet[Task]:
        return queryset.filter(status=self.value()) if self.value() else queryset


@admin.register(DBTaskResult)
class TaskAdmin(ReadOnly):
    """What was asked of the workers, when, and how it ended."""

    list_display = ("enqueued_at", "what", "state", "waits_until", "began", "lasted", "error")
    list_filter = (ByState, "enqueued_at")
    ordering = ("-enqueued_at",)
    search_fields = ("task_path", "exception_class_path")
    search_help_text = _("The name of a task, or of the error it ended with")
    fields = (*list_display, "queue_name", "finished_at", "worker_ids", "traceback_shown")
    readonly_fields = fields
    sortable_by = ()

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    @admin.display(description=_("task"))
    def what(self, row: Task) -> str:
        return str(row.task_path.rpartition(".")[2]).replace("_", " ")

    @admin.display(description=_("state"))
    def state(self, row: Task) -> str:
        return str(_STATES.get(row.status, row.status))

    @admin.display(description=_("waits until"))
    def waits_until(self, row: Task) -> object:
        waits = row.status == "READY" and row.run_after not in (None, get_date_max())
        return row.run_after if waits else None

    @admin.display(description=_("started"))
    def began(self, row: Task) -> object:
        return row.started_at

    @admin.display(description=_("how long"))
    def lasted(self, row: Task) -> str:
        return lasting(row.started_at, row.finished_at, timezone.now())

    @admin.display(description=_("error"))
    def error(self, row: Task) -> str:
        return str(row.exception_class_path).rpartition(".")[2] or "–"

    @admin.display(description=_("where it went wrong"))
    def traceback_shown(self, row: Task) -> str:
        return format_html("<pre>{}</pre>", row.traceback) if row.traceback else "–"
