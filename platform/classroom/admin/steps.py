"""Class steps and how they ended; what people are told, and by which mail."""

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from classroom.admin.base import ReadOnly, through
from classroom.models import (
    Batch,
    Letter,
    Notice,
    Transfer,
)


@admin.register(Batch)
class BatchAdmin(ReadOnly):
    """Class steps: who pressed, when, and how many transfers ended how."""

    list_display = ("created", "kind", "course", "assignment", "actor", "transfers", "failures")
    list_select_related = ("course", "assignment", "actor")
    list_filter = ("kind", "created")
    search_fields = ("course__title", "assignment__title", "actor__username")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Batch]:
        rows: QuerySet[Batch] = super().get_queryset(request)
        own = Transfer.objects.filter(batch=OuterRef("pk")).order_by().values("batch")
        failed = own.filter(state=Transfer.State.FAILED)
        return rows.annotate(
            transfer_total=Coalesce(Subquery(own.annotate(n=Count("pk")).values("n")), 0),
            failed_total=Coalesce(Subquery(failed.annotate(n=Count("pk")).values("n")), 0),
        )

    @admin.display(description=_("transfers"), ordering="transfer_total")
    def transfers(self, row: Batch) -> int:
        return int(getattr(row, "transfer_total", 0))

    @admin.display(description=_("failed"), ordering="failed_total")
    def failures(self, row: Batch) -> int:
        return int(getattr(row, "failed_total", 0))


@admin.register(Transfer)
class TransferAdmin(ReadOnly):
    """The queue, and how each transfer ended."""

    list_display = (
        *("id", "kind", "person", "course", "assignment", "state", "attempts"),
        *("created", "ended", "error_code", "error"),
    )
    list_select_related = ("course", "assignment", "member__user")
    list_filter = ("state", "kind", "error_code", "created")
    search_fields = (
        *("course__title", "assignment__title", "error", "error_code"),
        *through("member"),
    )

    @admin.display(description=_("person"), ordering="member__user__last_name")
    def person(self, row: Transfer) -> str:
        return row.member.name if row.member else "–"


@admin.register(Notice)
class NoticeAdmin(ReadOnly):
    """What people are told."""

    list_display = ("id", "user", "kind", "course", "assignment", "created", "read")
    list_select_related = ("user", "course", "assignment")
    list_filter = ("kind", "created")
    search_fields = ("course__title", "assignment__title", *through("user", "username", "email"))


@admin.register(Letter)
class LetterAdmin(ReadOnly):
    """The mails with what is new, and why one was not sent."""

    list_display = ("id", "user", "state", "attempts", "created", "changed", "not_before", "error")
    list_select_related = ("user",)
    list_filter = ("state", "created")
    search_fields = through("user", "username", "email")
