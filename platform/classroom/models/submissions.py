"""A student's work on an assignment: where it stands, and what was submitted."""

from decimal import Decimal

from django.db import models
from django.db.models import Q, Value

from classroom.models.assignments import Assignment
from classroom.models.people import Membership


class Submission(models.Model):
    """One assignment and one student: where the work stands. There is one for each pair."""

    class From(models.TextChoices):
        """What was collected."""

        SUBMITTED = "submitted", "the last submission"
        FOLDER = "folder", "the folder as it was"

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="submissions")
    student = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="submissions")
    release = models.DateTimeField(
        null=True, help_text="Of the student's section; empty: the assignment's."
    )
    due = models.DateTimeField(
        null=True, help_text="The student's own: see `rules.deadlines` for how it comes about."
    )
    reminded_for = models.DateTimeField(
        null=True, editable=False, help_text="The due time of which the student was reminded."
    )
    handed_out = models.DateTimeField(null=True)
    opened = models.DateTimeField(null=True)
    submitted = models.DateTimeField(null=True, help_text="The last time.")
    collected = models.DateTimeField(null=True)
    renewed = models.DateTimeField(
        null=True, help_text="When something else was collected than the time before."
    )
    collected_for = models.DateTimeField(
        null=True, help_text="The due time that it was collected for, on its own."
    )
    collected_from = models.CharField(max_length=10, choices=From, blank=True)
    collected_path = models.CharField(
        max_length=600, blank=True, help_text="In the course's project."
    )
    # Written by `rules.anonymity` alone.
    code = models.CharField(
        max_length=8,
        blank=True,
        db_default="",
        editable=False,
        help_text="What the work is called while its student’s name is hidden.",
    )
    late = models.BooleanField(default=False, help_text="What was collected came after it was due.")
    # What is compared with the due time when that moves; see `rules.deadlines`.
    came = models.DateTimeField(
        null=True,
        help_text="When what was collected came, if that was late then; else it stays in time.",
    )
    returned = models.DateTimeField(null=True)
    returned_score = models.DecimalField(
        max_digits=8,
        decimal_places=2,
        null=True,
        help_text="What the student sees; a score changed later is seen when returned again.",
    )
    returned_points = models.DecimalField(
        max_digits=8,
        decimal_places=2,
        null=True,
        help_text="What that score was out of: the points may change later, too.",
    )
    returned_comment = models.TextField(blank=True)
    # What the score was made of: [{"name", "score" or null for by hand, "max"}], as numbers. Empty
    # where it was given as a whole, and in rows of earlier versions.
    returned_questions = models.JSONField(
        default=list, db_default=models.Value([], models.JSONField())
    )
    returned_notebook = models.CharField(
        max_length=1000,
        blank=True,
        db_default="",
        help_text="The one notebook that was returned, in its folder; empty: none, or several.",
    )
    # How the score that was returned came about, where its work was late: `rules.penalties.Told`.
    returned_late = models.JSONField(null=True)
    score = models.DecimalField(
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="As it was given; what counts is `final`.",
    )
    # Both are written by `rules.penalties` alone.
    penalty = models.DecimalField(
        max_digits=8,
        decimal_places=2,
        default=Decimal(),
        db_default=Value(0, output_field=models.DecimalField(max_digits=8, decimal_places=2)),
        help_text="What is taken off because the work was late.",
    )
    late_days = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How many late days cover its lateness."
    )
    waived = models.DateTimeField(null=True, help_text="Since when no late penalty is taken.")
    comment = models.TextField(blank=True)
    graded = models.DateTimeField(null=True)
    # Of the autograder: {"cells": {grade_id: [score, max]}, "hidden": [grade_id], "score", "max",
    # "manual": bool}.
    details = models.JSONField(default=dict)
    # What a person gave by question, for the work as it was then (`rules.questions`):
    # {"points": {question: number}, "adjustment": number, "work": ISO}. Empty: nothing.
    given = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    unfinished = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Saved while questions had no points: not graded yet, comment or not.",
    )
    held = models.TextField(
        blank=True,
        help_text="Why the autograder's score is held for a person, in a sentence.",
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("assignment", "student"), name="submission_once"),
            models.UniqueConstraint(
                fields=("assignment", "code"), condition=~Q(code=""), name="submission_code_once"
            ),
        )
        indexes = (models.Index(fields=("due",), name="submission_due"),)

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

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="snapshots")
    taken = models.DateTimeField(help_text="When the student pressed.")
    finished = models.DateTimeField(
        null=True, help_text="When all of it was here; empty in rows of earlier versions."
    )
    late = models.BooleanField(default=False, help_text="It was late when it came.")
    given_up = models.BooleanField(
        default=False,
        help_text="In time, and the student let a late one count instead, having been asked.",
    )
    tested = models.DecimalField(
        max_digits=8,
        decimal_places=2,
        null=True,
        help_text="What the tests gave that run on submit; empty: they did not run, or not yet.",
    )
    path = models.CharField(max_length=600, help_text="In the course's project.")
    # [{"path", "size", "sha256", "modified"}]; the last, the unix second in which the student's
    # project says that it was saved, is not in rows of earlier versions.
    files = models.JSONField(default=list)
    # What the student was told at once: sentences, such as that a notebook is missing.
    warnings = models.JSONField(default=list)

    class Meta:
        ordering = ("-taken", "-pk")

    def __str__(self) -> str:
        return f"{self.submission} at {self.taken:%Y-%m-%d %H:%M}"
