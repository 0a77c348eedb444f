"""What workers do: a class step is a batch of transfers."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from classroom.models.assignments import Assignment
from classroom.models.courses import Course
from classroom.models.people import Membership


class Kind(models.TextChoices):
    """What a transfer does; each is a module of `classroom.steps`."""

    PREPARE = "prepare", "Prepare"  # account, project, memberships on CoCalc
    EXPEL = "expel", "Remove"  # who left the course is no collaborator any more
    VERSION = "version", "Make the student version"
    HAND_OUT = "hand_out", "Hand out"
    DUE_DATE = "due_date", "Write the due date"
    SUBMIT = "submit", "Submit"
    COLLECT = "collect", "Collect"
    TEST = "test", "Test a submission"
    RUN = "run", "Run a command"
    RETURN = "return", "Return"
    BRING = "bring", _("Copy the files")  # of an assignment, from an earlier course
    START = "start", _("Start projects")
    STOP = "stop", _("Stop projects")
    DELETE = "delete", _("Delete the course")


class Batch(models.Model):
    """One press of a button, or one date that came: the transfers that belong together."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="batches")
    assignment = models.ForeignKey(
        Assignment, on_delete=models.CASCADE, null=True, related_name="batches"
    )
    kind = models.CharField(max_length=20, choices=Kind)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        help_text="Empty: on its own, because of a date.",
    )
    options = models.JSONField(default=dict)  # {"overwrite": true}, {"command": "…"}
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "class step"
        ordering = ("-pk",)
        indexes = (models.Index(fields=("course", "kind", "-id"), name="batch_kind"),)

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

        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    ACTIVE = (State.QUEUED, State.RUNNING)

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, null=True, related_name="transfers")
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="transfers")
    kind = models.CharField(max_length=20, choices=Kind)
    assignment = models.ForeignKey(
        Assignment, on_delete=models.CASCADE, null=True, related_name="transfers"
    )
    member = models.ForeignKey(
        Membership,
        on_delete=models.CASCADE,
        null=True,
        related_name="transfers",
        help_text="Whose work or place it is about; empty for the course's own project.",
    )
    lane = models.CharField(max_length=60)
    key = models.CharField(max_length=120)
    options = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    priority = models.SmallIntegerField(default=0, help_text="Higher comes first.")
    not_before = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    holder = models.UUIDField(null=True, editable=False)
    held_until = models.DateTimeField(null=True, editable=False)
    created = models.DateTimeField(auto_now_add=True)
    started = models.DateTimeField(null=True)
    ended = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=60, blank=True)
    error = models.CharField(max_length=1000, blank=True, help_text="For people, in words.")
    detail = models.CharField(max_length=1000, blank=True, help_text="For administrators.")
    result = models.JSONField(default=dict)

    class Meta:
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
            models.Index(fields=("member", "kind", "-id"), name="transfer_member"),
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
