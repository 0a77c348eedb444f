"""Every score that was ever given."""

from django.conf import settings
from django.db import models

from classroom.models.submissions import Submission

# No score was given: the late penalty was waived, or is taken again.
WAIVED, UNWAIVED = "waive", "unwaive"


class GradeChange(models.Model):
    """A score or comment as it was given: who, when, and how. Rows are added, never changed."""

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="changes")
    score = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    comment = models.TextField(blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    how = models.CharField(
        max_length=20
    )  # "page", "import", "autograder", "command", "rescale", WAIVED, UNWAIVED
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.submission}: graded by {self.how}"
