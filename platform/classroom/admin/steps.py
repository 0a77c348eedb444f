"""Class steps and their transfers: how far they are, what went wrong, again, or called off."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from classroom.admin import links
from classroom.admin.base import Large
from classroom.admin.filters import ByCause, ById, Since, by_course, by_person
from classroom.admin.said import by, lasting, state_of
from classroom.class_steps import mending
from classroom.class_steps.mending import Mended
from classroom.models import Batch, Transfer
from embedding.conf import conf
from embedding.views.access import user_of

State = Transfer.State


class ByBatch(ById):
    """The transfers of one class step, where a link has led to it."""

    title = gettext_lazy("class step")
    parameter_name = "batch"


class ByAssignment(ById):
    """The steps of one assignment, where a link has led to it."""

    title = gettext_lazy("assignment")
    parameter_name = "assignment"


class Mending(Large):
    """What the two lists of steps have in common: who may do something again, or call it off."""

    actions = ("retry", "call_off")

    def has_mend_permission(self, request: HttpRequest) -> bool:
        """Whether the actions are offered: not on a site without a key of CoCalc's."""
        return not conf().own_sign_in and user_of(request).has_perm("classroom.change_transfer")

    def say(self, request: HttpRequest, mended: Mended, done: str) -> None:
        """Tell what was done, and what was left, for each reason."""
        if mended.done:
            self.message_user(request, done % {"count": mended.done}, messages.SUCCESS)
        for reason, count in mended.left.most_common():
            words = ngettext(
                "Left %(count)s as it was: %(why)s", "Left %(count)s as they were: %(why)s", count
            )
            self.message_user(request, words % {"count": count, "why": reason}, messages.WARNING)

    def say_retried(self, request: HttpRequest, mended: Mended) -> None:
        """Tell what is done again."""
        words = ngettext(
            "%(count)s transfer is done again.",
            "%(count)s transfers are done again.",
            mended.done,
        )
        self.say(request, mended, words)

    def say_called_off(self, request: HttpRequest, mended: Mended) -> None:
        """Tell what was called off."""
        words = ngettext(
            "%(count)s transfer was cancelled. Its teachers see it as failed, and can try again.",
            "%(count)s transfers were cancelled. Their teachers see them as failed, and can try "
            "again.",
            mended.done,
        )
        self.say(request, mended, words)


def _count(**which: Any) -> Coalesce:
    """Return how many of a step's transfers are so; only for the rows of one page."""
    own = Transfer.objects.filter(batch=OuterRef("pk"), **which).order_by().values("batch")
    return Coalesce(Subquery(own.annotate(n=Count("pk")).values("n")), 0)


@admin.register(Batch)
class BatchAdmin(Mending):
    """Class steps: who pressed, when, and how many transfers ended how."""

    list_display = (
        *("created", "kind", "place", "asked_by", "transfers"),
        *("queued", "running", "done", "failed", "cancelled"),
    )
    list_select_related = ("course", "assignment", "actor")
    list_filter = (
        "kind",
        Since,
        by_course(),
        by_person("actor", gettext_lazy("who started it")),
        ByAssignment,
    )
    search_help_text = gettext_lazy(
        "The title of a course or assignment, or the name of who started it"
    )
    found_by = {"course": "course", "assignment": "assignment", "user": "actor"}
    fields = (
        *("kind", "place", "asked_by", "created", "transfers"),
        *("queued", "running", "done", "failed", "cancelled", "options"),
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Batch]:
        rows: QuerySet[Batch] = super().get_queryset(request)
        return rows.annotate(
            transfer_total=_count(), **{f"n_{state}": _count(state=state) for state in State.values}
        )

    @admin.display(description=gettext_lazy("course and assignment"))
    def place(self, row: Batch) -> SafeString:
        return links.path(row.course, row.assignment)

    @admin.display(description=gettext_lazy("started by"))
    def asked_by(self, row: Batch) -> str:
        return by(row.actor)

    @admin.display(description=gettext_lazy("transfers"))
    def transfers(self, row: Batch) -> str:
        total = int(vars(row).get("transfer_total", 0))
        return links.to_list(Transfer, str(total), batch=row.pk) if total else "–"

    @admin.display(description=gettext_lazy("queued"))
    def queued(self, row: Batch) -> str:
        return _number(row, State.QUEUED)

    @admin.display(description=gettext_lazy("running"))
    def running(self, row: Batch) -> str:
        return _number(row, State.RUNNING)

    @admin.display(description=gettext_lazy("done"))
    def done(self, row: Batch) -> str:
        return _number(row, State.DONE)

    @admin.display(description=gettext_lazy("failed"))
    def failed(self, row: Batch) -> str:
        return _number(row, State.FAILED)

    @admin.display(description=gettext_lazy("nothing to do"))
    def cancelled(self, row: Batch) -> str:
        return _number(row, State.CANCELLED)

    @admin.action(description=gettext_lazy("Retry what failed"), permissions=("mend",))
    def retry(self, request: HttpRequest, rows: QuerySet[Batch]) -> None:
        found = rows.select_related("course", "assignment")[: mending.MOST]
        self.say_retried(request, mending.steps_retry(found, actor=user_of(request)))

    @admin.action(description=gettext_lazy("Cancel what has not begun"), permissions=("mend",))
    def call_off(self, request: HttpRequest, rows: QuerySet[Batch]) -> None:
        found = rows.select_related("course", "assignment")[: mending.MOST]
        self.say_called_off(request, mending.steps_call_off(found, actor=user_of(request)))


def _number(row: Batch, state: Transfer.State) -> str:
    count = int(vars(row).get(f"n_{state}", 0))
    if not count:
        return "–"
    return links.to_list(Transfer, str(count), batch=row.pk, state__exact=state.value)


@admin.register(Transfer)
class TransferAdmin(Mending):
    """The queue, and how each transfer ended."""

    list_display = (
        *("created", "state_said", "kind", "place", "attempts", "lasted", "asked_by"),
        "request_id",
    )
    list_select_related = ("course", "assignment", "member__user", "member__course", "batch__actor")
    list_filter = (
        *("state", "kind", ByCause, Since, by_course(), by_person("member__user"), ByBatch),
    )
    search_help_text = gettext_lazy("The title of a course or assignment, or a student's name")
    found_by = {"course": "course", "assignment": "assignment", "member": "member"}
    fields = (
        *("kind", "place", "state_said", "error_code", "detail", "asked_by", "step"),
        *("created", "not_before", "started", "ended", "lasted", "attempts", "options"),
        "request_id",
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Transfer]:
        rows: QuerySet[Transfer] = super().get_queryset(request)
        return rows.defer("result")  # may be large, and is the student's

    @admin.display(description=gettext_lazy("for"))
    def place(self, row: Transfer) -> SafeString:
        return links.path(row.course, row.assignment, row.member)

    @admin.display(description=gettext_lazy("state"))
    def state_said(self, row: Transfer) -> SafeString:
        said = state_of(row, timezone.now())
        return format_html('<span class="state state-{}">{}</span> {}', row.state, *said)

    @admin.display(description=gettext_lazy("how long"))
    def lasted(self, row: Transfer) -> str:
        return lasting(row.started, row.ended, timezone.now())

    @admin.display(description=gettext_lazy("started by"))
    def asked_by(self, row: Transfer) -> SafeString | str:
        actor = by(row.batch.actor) if row.batch else _("the site itself")
        if row.batch is None:
            return actor
        return format_html("{} ({})", actor, links.to(row.batch, _("step")))

    @admin.display(description=gettext_lazy("class step"))
    def step(self, row: Transfer) -> SafeString | str:
        return links.to(row.batch) if row.batch else "–"

    @admin.action(description=gettext_lazy("Retry"), permissions=("mend",))
    def retry(self, request: HttpRequest, rows: QuerySet[Transfer]) -> None:
        self.say_retried(request, mending.transfers_retry(rows, actor=user_of(request)))

    @admin.action(description=gettext_lazy("Cancel what has not begun"), permissions=("mend",))
    def call_off(self, request: HttpRequest, rows: QuerySet[Transfer]) -> None:
        self.say_called_off(request, mending.transfers_call_off(rows, actor=user_of(request)))
