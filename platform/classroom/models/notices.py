"""What a person is told: new work, a returned grade, a step that failed."""

from django.conf import settings
from django.db import models

from classroom.models.assignments import Assignment
from classroom.models.courses import Course
from classroom.models.people import Membership


class Notice(models.Model):
    """One thing that one user is told. Its words are made of its kind when it is shown.

    `key` says what it is about: a user is told of one key once, however often it is tried.
    """

    class Kind(models.TextChoices):
        """What it tells; each can be switched off."""

        HANDED_OUT = "handed_out", "New work was handed out"
        DUE_SOON = "due_soon", "Work is due within a day"
        RETURNED = "returned", "Work came back"
        EXTENSION = "extension", "You got more time"
        SUBMIT_FAILED = "submit_failed", "A submission failed"
        LOOK_ANSWERED = "look_answered", "A teacher looked at your work again"
        STEP_FAILED = "step_failed", "A step for the class failed"
        LOOK_ASKED = "look_asked", "A student asks for another look"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices"
    )
    kind = models.CharField(max_length=20, choices=Kind)
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="notices")
    assignment = models.ForeignKey(
        Assignment, on_delete=models.CASCADE, null=True, related_name="notices"
    )
    member = models.ForeignKey(
        Membership,
        on_delete=models.CASCADE,
        null=True,
        related_name="+",
        help_text="Whose work it is about, where that is not the user's own.",
    )
    key = models.CharField(max_length=120)
    # What its words need beyond that: {"due": ISO, "count": 3, "batch": id}.
    details = models.JSONField(default=dict)
    created = models.DateTimeField(auto_now_add=True)
    read = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-pk",)
        constraints = (models.UniqueConstraint(fields=("user", "key"), name="notice_once"),)
        indexes = (models.Index(fields=("user", "read", "-id"), name="notice_new"),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.user}"
