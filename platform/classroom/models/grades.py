"""Every score that was ever given, and comments that are kept to be used again."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from classroom.models.courses import Course
from classroom.models.submissions import Submission

# No score was given: the late penalty was waived, or is taken again.
WAIVED, UNWAIVED = "waive", "unwaive"


class GradeChange(models.Model):
    """A score or comment as it was given: who, when, and how. Rows are added, never changed."""

    submission = models.ForeignKey(
        Submission, on_delete=models.CASCADE, related_name="changes", verbose_name=_("submission")
    )
    score = models.DecimalField(_("score"), max_digits=8, decimal_places=2, null=True)
    comment = models.TextField(_("comment"), blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("by"),
    )
    # "page", "import", "autograder", "command", "rescale", "table", WAIVED, UNWAIVED
    how = models.CharField(_("how"), max_length=20)
    # What was given for each question, where it was: `rules.questions.kept`.
    questions = models.JSONField(
        _("questions"), default=dict, db_default=models.Value({}, models.JSONField())
    )
    at = models.DateTimeField(_("time"), auto_now_add=True)

    class Meta:
        verbose_name = _("grade change")
        verbose_name_plural = _("grade changes")
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.submission}: {self.how}"


class KeptComment(models.Model):
    """A comment that the teachers and assistants of a course may use again; students see none."""

    MOST = 500  # characters

    course = models.ForeignKey(
        Course, on_delete=models.CASCADE, related_name="kept_comments", verbose_name=_("course")
    )
    text = models.CharField(_("text"), max_length=MOST)
    used = models.PositiveIntegerField(_("used"), default=0)
    last_used = models.DateTimeField(_("last used"), auto_now_add=True)

    class Meta:
        verbose_name = _("kept comment")
        verbose_name_plural = _("kept comments")
        ordering = ("-used", "-last_used", "-pk")
        constraints = (
            models.UniqueConstraint(fields=("course", "text"), name="kept_comment_once"),
        )

    def __str__(self) -> str:
        return self.text
