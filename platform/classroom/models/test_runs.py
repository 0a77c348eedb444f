"""What the tests gave for what a student submitted, where they run on submit."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from classroom.models.submissions import Snapshot, Submission
from classroom.models.transfers import Transfer


class TestRun(models.Model):
    """The tests of one submission: waiting, done, or not run at all, and why. It is no grade.

    It outlives its snapshot, so that attempts stay counted.
    """

    __test__ = False  # no test of pytest's

    class State(models.TextChoices):
        """Where it stands; one that waits has failed when its transfer has."""

        WAITING = "waiting", _("Waiting")
        DONE = "done", _("Done")
        REFUSED = "refused", _("Refused")

    submission = models.ForeignKey(
        Submission, on_delete=models.CASCADE, related_name="test_runs", verbose_name=_("submission")
    )
    snapshot = models.OneToOneField(
        Snapshot,
        on_delete=models.SET_NULL,
        null=True,
        related_name="test_run",
        verbose_name=_("snapshot"),
    )
    transfer = models.OneToOneField(
        Transfer,
        on_delete=models.SET_NULL,
        null=True,
        related_name="test_run",
        verbose_name=_("transfer"),
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    at = models.DateTimeField(_("time"), help_text=_("When the student pressed."))
    ended = models.DateTimeField(_("ended"), null=True)
    is_attempt = models.BooleanField(
        _("is attempt"), default=True, help_text=_("It used up an attempt: the tests began to run.")
    )
    # [{"name": "" where its test is hidden, "score": null where it has none, "max", "manual"}]
    cells = models.JSONField(_("cells"), default=list)
    score = models.DecimalField(_("score"), max_digits=8, decimal_places=2, null=True)
    most = models.DecimalField(_("most"), max_digits=8, decimal_places=2, null=True)
    words = models.TextField(
        _("words"), blank=True, help_text=_("For the student; never a program's own words.")
    )

    class Meta:
        ordering = ("-at", "-pk")
        indexes = (models.Index(fields=("submission", "-at"), name="test_run_latest"),)

    def __str__(self) -> str:
        return f"{self.submission}: tests at {self.at:%Y-%m-%d %H:%M}"
