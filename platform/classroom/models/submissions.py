"""A student's work on an assignment: where it stands, and what was submitted."""

from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Q, Value
from django.utils.translation import gettext_lazy as _

from classroom.models.assignments import Assignment
from classroom.models.people import Membership

_ORDER = "order of cells"


class Details(models.JSONField):
    """JSON whose `cells` stay in their order, which PostgreSQL does not keep of an object's keys.

    It lies beside them in the database, and nobody else sees it.
    """

    def deconstruct(self) -> Any:
        """The column is that of any JSON."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if isinstance(value, dict) and isinstance(value.get("cells"), dict):
            value = {**value, _ORDER: list(value["cells"])}
        return super().get_db_prep_value(value, connection, prepared)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        value = super().from_db_value(value, expression, connection)
        if isinstance(value, dict) and _ORDER in value:
            order, cells = value.pop(_ORDER), value["cells"]
            value["cells"] = {key: cells[key] for key in order}
        return value


class Submission(models.Model):
    """One assignment and one student: where the work stands. There is one for each pair."""

    class From(models.TextChoices):
        """What was collected."""

        SUBMITTED = "submitted", _("the last submission")
        FOLDER = "folder", _("the folder as it was")

    assignment = models.ForeignKey(
        Assignment,
        on_delete=models.CASCADE,
        related_name="submissions",
        verbose_name=_("assignment"),
    )
    student = models.ForeignKey(
        Membership, on_delete=models.CASCADE, related_name="submissions", verbose_name=_("student")
    )
    release = models.DateTimeField(
        _("release"), null=True, help_text=_("Of the student's section; empty: the assignment's.")
    )
    due = models.DateTimeField(
        _("due"),
        null=True,
        help_text=_("The student's own due time."),
    )
    reminded_for = models.DateTimeField(
        _("reminded for"),
        null=True,
        editable=False,
        help_text=_("The due time of which the student was reminded."),
    )
    handed_out = models.DateTimeField(_("handed out"), null=True)
    opened = models.DateTimeField(_("opened"), null=True)
    submitted = models.DateTimeField(_("submitted"), null=True, help_text=_("The last time."))
    collected = models.DateTimeField(_("collected"), null=True)
    renewed = models.DateTimeField(
        _("renewed"),
        null=True,
        help_text=_("When something else was collected than the time before."),
    )
    collected_for = models.DateTimeField(
        _("collected for"),
        null=True,
        help_text=_("The due time that it was collected for, on its own."),
    )
    collected_from = models.CharField(_("collected from"), max_length=10, choices=From, blank=True)
    collected_path = models.CharField(
        _("collected path"), max_length=600, blank=True, help_text=_("In the course's project.")
    )
    late = models.BooleanField(
        _("late"), default=False, help_text=_("What was collected came after it was due.")
    )
    # Written by `rules.anonymity` alone.
    code = models.CharField(
        _("code"),
        max_length=8,
        blank=True,
        db_default="",
        editable=False,
        help_text=_("What the work is called while its student’s name is hidden."),
    )
    # What is compared with the due time when that moves; see `rules.deadlines`.
    came = models.DateTimeField(
        _("came in"),
        null=True,
        help_text=_("When what was collected came, if that was late then; else it stays in time."),
    )
    returned = models.DateTimeField(_("returned"), null=True)
    returned_score = models.DecimalField(
        _("returned score"),
        max_digits=8,
        decimal_places=2,
        null=True,
        help_text=_("What the student sees; a score changed later is seen when returned again."),
    )
    returned_points = models.DecimalField(
        _("returned points"),
        max_digits=8,
        decimal_places=2,
        null=True,
        help_text=_("What that score was out of: the points may change later, too."),
    )
    returned_comment = models.TextField(_("returned comment"), blank=True)
    # What the score was made of: [{"name", "score" or null for by hand, "max"}], as numbers. Empty
    # where it was given as a whole, and in rows of earlier versions.
    returned_questions = models.JSONField(
        _("returned questions"), default=list, db_default=models.Value([], models.JSONField())
    )
    returned_notebook = models.CharField(
        _("returned notebook"),
        max_length=1000,
        blank=True,
        db_default="",
        help_text=_("The one notebook that was returned, in its folder; empty: none, or several."),
    )
    # How the score that was returned came about, where its work was late: `rules.penalties.Told`.
    returned_late = models.JSONField(_("returned late"), null=True)
    score = models.DecimalField(
        _("score"),
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("As it was given, before a late penalty."),
    )
    # Both are written by `rules.penalties` alone.
    penalty = models.DecimalField(
        _("penalty"),
        max_digits=8,
        decimal_places=2,
        default=Decimal(),
        db_default=Value(0, output_field=models.DecimalField(max_digits=8, decimal_places=2)),
        help_text=_("What is taken off because the work was late."),
    )
    late_days = models.PositiveSmallIntegerField(
        _("late days"),
        default=0,
        db_default=0,
        help_text=_("How many late days cover its lateness."),
    )
    waived = models.DateTimeField(
        _("waived"), null=True, help_text=_("Since when no late penalty is taken.")
    )
    comment = models.TextField(_("comment"), blank=True)
    graded = models.DateTimeField(_("graded"), null=True)
    # Of the autograder: {"cells": {grade_id: [score, max]}, "hidden": [grade_id], "score", "max",
    # "manual": bool}.
    details = Details(_("details"), default=dict)
    # What a person gave by question, for the work as it was then (`rules.questions`):
    # {"points": {question: number}, "adjustment": number, "work": ISO}. Empty: nothing.
    given = models.JSONField(
        _("given"), default=dict, db_default=models.Value({}, models.JSONField())
    )
    unfinished = models.BooleanField(
        _("unfinished"),
        default=False,
        db_default=False,
        help_text=_("Saved while questions had no points: not graded yet, comment or not."),
    )
    held = models.TextField(
        _("held back"),
        blank=True,
        help_text=_("Why the autograder's score is held for a person, in a sentence."),
    )

    class Meta:
        verbose_name = _("submission")
        verbose_name_plural = _("submissions")
        constraints = (
            models.UniqueConstraint(fields=("assignment", "student"), name="submission_once"),
            models.UniqueConstraint(
                fields=("assignment", "code"), condition=~Q(code=""), name="submission_code_once"
            ),
        )
        indexes = (
            models.Index(fields=("due",), name="submission_due"),
            models.Index(fields=("late", "-id"), name="submission_list_late"),
        )

    def __str__(self) -> str:
        return f"{self.assignment}: {self.student}"

    @property
    def final(self) -> Decimal | None:
        """The score that counts: what was given, less the late penalty."""
        return final_of(self.score, self.penalty)


def final_of(score: Decimal | None, penalty: Decimal) -> Decimal | None:
    """Return the score that counts; never less than 0."""
    return None if score is None else max(score - penalty, Decimal())


class Snapshot(models.Model):
    """What a student submitted at one moment; the copy lies in the course's project."""

    submission = models.ForeignKey(
        Submission, on_delete=models.CASCADE, related_name="snapshots", verbose_name=_("submission")
    )
    taken = models.DateTimeField(_("submitted"), help_text=_("When the student pressed."))
    finished = models.DateTimeField(
        _("finished"),
        null=True,
        help_text=_("When all of it was here; empty in rows of earlier versions."),
    )
    late = models.BooleanField(_("late"), default=False, help_text=_("It was late when it came."))
    given_up = models.BooleanField(
        _("given up"),
        default=False,
        help_text=_("In time, and the student let a late one count instead, having been asked."),
    )
    tested = models.DecimalField(
        _("points from tests"),
        max_digits=8,
        decimal_places=2,
        null=True,
        help_text=_("What the tests gave that run on submit; empty: they did not run, or not yet."),
    )
    path = models.CharField(_("folder"), max_length=600, help_text=_("In the course's project."))
    # [{"path", "size", "sha256", "modified"}]; the last, the unix second in which the student's
    # project says that it was saved, is not in rows of earlier versions.
    files = models.JSONField(_("files"), default=list)
    # What the student was told at once: sentences, such as that a notebook is missing.
    warnings = models.JSONField(_("warnings"), default=list)

    class Meta:
        verbose_name = _("snapshot")
        verbose_name_plural = _("snapshots")
        ordering = ("-taken", "-pk")
        # For the administrator's list.
        indexes = (
            models.Index(fields=("-taken", "-id"), name="snapshot_list"),
            models.Index(fields=("late", "-taken", "-id"), name="snapshot_list_late"),
        )

    def __str__(self) -> str:
        return f"{self.submission} at {self.taken:%Y-%m-%d %H:%M}"
