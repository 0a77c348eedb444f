"""What workers do: a class step is a batch of transfers."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from classroom.models.assignments import Assignment
from classroom.models.courses import Course
from classroom.models.people import Membership
from embedding import trail


class Kind(models.TextChoices):
    """What a transfer does; each is a module of `classroom.steps`."""

    PREPARE = "prepare", _("Prepare")  # account, project, memberships on CoCalc
    EXPEL = "expel", _("Remove")  # who left the course is no collaborator any more
    VERSION = "version", _("Make the student version")
    HAND_OUT = "hand_out", _("Hand out")
    DUE_DATE = "due_date", _("Write the due date")
    SUBMIT = "submit", _("Submit")
    COLLECT = "collect", _("Collect")
    TEST = "test", _("Test a submission")
    RUN = "run", _("Run a command")
    RETURN = "return", _("Return")
    BRING = "bring", _("Copy the files")  # of an assignment, from an earlier course
    START = "start", _("Start projects")
    STOP = "stop", _("Stop projects")
    DELETE = "delete", _("Delete the course")


class Batch(models.Model):
    """One press of a button, or one date that came: the transfers that belong together."""

    course = models.ForeignKey(
        Course, on_delete=models.CASCADE, related_name="batches", verbose_name=_("course")
    )
    assignment = models.ForeignKey(
        Assignment,
        on_delete=models.CASCADE,
        null=True,
        related_name="batches",
        verbose_name=_("assignment"),
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        help_text=_("Empty: on its own, because of a date."),
        verbose_name=_("actor"),
    )
    options = models.JSONField(_("options"), default=dict)  # {"overwrite": true}, {"command": "…"}
    created = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("class step")
        verbose_name_plural = _("class steps")
        ordering = ("-pk",)
        indexes = (
            models.Index(fields=("course", "kind", "-id"), name="batch_kind"),
            # For the administrator's list of all courses' steps, the newest first.
            models.Index(fields=("kind", "-id"), name="batch_list_kind"),
            models.Index(fields=("created",), name="batch_list_created"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.assignment or self.course}"


class Transfer(models.Model):
    """One step for one student: a row that a worker takes, and that ends done or failed.

    `lane` says what it must not meet: of one lane, one transfer runs at a time. `key` says what
    it is: of one key, one is queued or running at a time, so that pressing twice does it once.
    A worker holds a row by `holder` until `held_until`, which it moves on while it works.
    """

    class State(models.TextChoices):
        """Queued, running, and the three ends."""

        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    ACTIVE = (State.QUEUED, State.RUNNING)

    batch = models.ForeignKey(
        Batch,
        on_delete=models.CASCADE,
        null=True,
        related_name="transfers",
        verbose_name=_("batch"),
    )
    course = models.ForeignKey(
        Course, on_delete=models.CASCADE, related_name="transfers", verbose_name=_("course")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    assignment = models.ForeignKey(
        Assignment,
        on_delete=models.CASCADE,
        null=True,
        related_name="transfers",
        verbose_name=_("assignment"),
    )
    member = models.ForeignKey(
        Membership,
        on_delete=models.CASCADE,
        null=True,
        related_name="transfers",
        help_text=_("Whose work or place it is about; empty for the course's own project."),
        verbose_name=_("member"),
    )
    lane = models.CharField(_("lane"), max_length=60)
    key = models.CharField(_("key"), max_length=120)
    options = models.JSONField(_("options"), default=dict)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    priority = models.SmallIntegerField(
        _("priority"), default=0, help_text=_("Higher comes first.")
    )
    not_before = models.DateTimeField(_("not before"), null=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    holder = models.UUIDField(_("holder"), null=True, editable=False)
    held_until = models.DateTimeField(_("held until"), null=True, editable=False)
    created = models.DateTimeField(_("created"), auto_now_add=True)
    started = models.DateTimeField(_("started"), null=True)
    ended = models.DateTimeField(_("ended"), null=True)
    error_code = models.CharField(_("error code"), max_length=60, blank=True)
    error = models.CharField(
        _("error"), max_length=1000, blank=True, help_text=_("For people, in words.")
    )
    detail = models.CharField(
        _("detail"), max_length=1000, blank=True, help_text=_("For administrators.")
    )
    result = models.JSONField(_("result"), default=dict)
    request_id = models.CharField(
        _("request"),
        max_length=64,
        blank=True,
        default=trail.request_id,
        help_text=_("The number that the log has of the request that asked for it."),
    )

    class Meta:
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("key",),
                condition=Q(state__in=("queued", "running")),
                name="transfer_active_once",
            ),
        )
        indexes = (
            models.Index(fields=("state", "-priority", "id"), name="transfer_queue"),
            # For taking turns: a course's next row, and when it had its last turn.
            models.Index(fields=("course", "state", "-priority", "id"), name="transfer_turn"),
            models.Index(fields=("course", "-started"), name="transfer_last_turn"),
            models.Index(fields=("assignment", "kind", "-id"), name="transfer_step"),
            # What failed lately is looked for every few seconds.
            models.Index(fields=("ended",), condition=Q(state="failed"), name="transfer_failed"),
            models.Index(fields=("ended",), name="transfer_ended"),
            models.Index(fields=("member", "kind", "-id"), name="transfer_member"),
            # For the administrator's list, the newest first.
            models.Index(fields=("state", "-id"), name="transfer_list_state"),
            models.Index(fields=("kind", "-id"), name="transfer_list_kind"),
            models.Index(fields=("error_code", "-id"), name="transfer_list_cause"),
            models.Index(fields=("created",), name="transfer_list_created"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.member or self.course}"

    @staticmethod
    def lane_of(course: Course, member: Membership | None) -> str:
        """The lane of a student, or of the course itself."""
        return f"member:{member.pk}" if member else f"course:{course.pk}"

    @staticmethod
    def key_of(kind: str, *parts: Any) -> str:
        """The key of a step."""
        return ":".join([kind, *(str(part) for part in parts)])
