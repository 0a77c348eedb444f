"""A student asks for another look at returned work, and a teacher answers."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from classroom.models.submissions import Submission


class Look(models.Model):
    """One request: what was returned to the student, the student's text, and the answer.

    There is one for each time that the work was returned, and one open for each work.
    """

    class Outcome(models.TextChoices):
        """What became of the score."""

        KEPT = "kept", "The score stays"
        CHANGED = "changed", "The score was changed"

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="looks")
    returned = models.DateTimeField(help_text="When that was returned which it asks about.")
    text = models.TextField()
    asked = models.DateTimeField(auto_now_add=True)
    score_before = models.DecimalField(
        max_digits=8, decimal_places=2, null=True, help_text="What the student saw when asking."
    )
    answer = models.TextField(blank=True)
    answered = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    score_after = models.DecimalField(max_digits=8, decimal_places=2, null=True)

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(fields=("submission", "returned"), name="look_once"),
            models.UniqueConstraint(
                fields=("submission",), condition=Q(answered=None), name="look_open_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.submission}: another look"
