"""What the tests gave for what a student submitted, where they run on submit."""

from django.db import models

from classroom.models.submissions import Snapshot, Submission
from classroom.models.transfers import Transfer


class TestRun(models.Model):
    """The tests of one submission: waiting, done, or not run at all, and why. It is no grade.

    It outlives its snapshot, so that attempts stay counted.
    """

    __test__ = False  # no test of pytest's

    class State(models.TextChoices):
        """Where it stands; one that waits has failed when its transfer has."""

        WAITING = "waiting"
        DONE = "done"
        REFUSED = "refused"

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="test_runs")
    snapshot = models.OneToOneField(
        Snapshot, on_delete=models.SET_NULL, null=True, related_name="test_run"
    )
    transfer = models.OneToOneField(
        Transfer, on_delete=models.SET_NULL, null=True, related_name="test_run"
    )
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    at = models.DateTimeField(help_text="When the student pressed.")
    ended = models.DateTimeField(null=True)
    is_attempt = models.BooleanField(
        default=True, help_text="It used up an attempt: the tests began to run."
    )
    # [{"name": "" where its test is hidden, "score": null where it has none, "max", "manual"}]
    cells = models.JSONField(default=list)
    score = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    most = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    words = models.TextField(blank=True, help_text="For the student; never a program's own words.")

    class Meta:
        ordering = ("-at", "-pk")
        indexes = (models.Index(fields=("submission", "-at"), name="test_run_latest"),)

    def __str__(self) -> str:
        return f"{self.submission}: tests at {self.at:%Y-%m-%d %H:%M}"
