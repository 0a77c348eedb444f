"""A student asks for another look at returned work, and a teacher answers."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from classroom.models.submissions import Submission


class Look(models.Model):
    """One request: what was returned to the student, the student's text, and the answer.

    There is one for each time that the work was returned, and one open for each work.
    """

    class Outcome(models.TextChoices):
        """What became of the score."""

        KEPT = "kept", _("The score stays")
        CHANGED = "changed", _("The score was changed")

    submission = models.ForeignKey(
        Submission, on_delete=models.CASCADE, related_name="looks", verbose_name=_("submission")
    )
    returned = models.DateTimeField(
        _("returned"), help_text=_("When that was returned which it asks about.")
    )
    text = models.TextField(_("text"))
    asked = models.DateTimeField(_("asked"), auto_now_add=True)
    score_before = models.DecimalField(
        _("score before"),
        max_digits=8,
        decimal_places=2,
        null=True,
        help_text=_("What the student saw when asking."),
    )
    answer = models.TextField(_("answer"), blank=True)
    answered = models.DateTimeField(_("answered"), null=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("answered by"),
    )
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome, blank=True)
    score_after = models.DecimalField(_("score after"), max_digits=8, decimal_places=2, null=True)

    class Meta:
        verbose_name = _("request for another look")
        verbose_name_plural = _("requests for another look")
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(fields=("submission", "returned"), name="look_once"),
            models.UniqueConstraint(
                fields=("submission",), condition=Q(answered=None), name="look_open_once"
            ),
        )

    def __str__(self) -> str:
        return _("%(submission)s: another look") % {"submission": self.submission}
