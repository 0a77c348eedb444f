"""What is handed out, and who has longer for it."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from classroom.models.courses import Course
from classroom.models.people import Membership


class Assignment(models.Model):
    """A folder that goes out to the students of a course; all but handouts come back."""

    class LatePolicy(models.TextChoices):
        """What becomes of work that is submitted after it was due."""

        CLOSED = "closed", _("Not accepted")
        UNTIL = "until", _("Accepted and marked late, until a last moment")
        ANY = "any", _("Accepted and marked late at any time")

    class LatePenalty(models.TextChoices):
        """What late work costs, for each `LateUnit` begun."""

        NONE = "none", _("No penalty: it is only marked late")
        PERCENT = "percent", _("Per cent of the score")
        POINTS = "points", _("Points")

    class LateUnit(models.TextChoices):
        """What a penalty is counted in."""

        HOUR = "hour", _("for each hour begun")
        DAY = "day", _("for each day begun")

    class Tests(models.TextChoices):
        """Which tests run when a student submits."""

        OFF = "off", _("None")
        OPEN = "open", _("The open ones, which students have")
        ALL = "all", _("All, hidden ones too")

    class Counts(models.TextChoices):
        """Which submission counts where tests run."""

        LAST = "last", _("The last one")
        BEST = "best", _("The one with the most points from the tests")

    class Version(models.TextChoices):
        """How far the files are that students get."""

        MISSING = "missing", _("No files yet")
        COPYING = "copying", _("Its files are being copied")
        MAKING = "making", _("The student version is being made")
        CHECK = "check", _("Look at what students get, then approve it")
        READY = "ready", _("Ready to hand out")
        FAILED = "failed", _("The student version could not be made")

    course = models.ForeignKey(
        Course, on_delete=models.CASCADE, related_name="assignments", verbose_name=_("course")
    )
    handout = models.BooleanField(
        _("handout"), default=False, help_text=_("Given out, and never collected.")
    )
    title = models.CharField(_("title"), max_length=200)
    folder = models.CharField(
        _("folder"),
        max_length=200,
        help_text=_("The folder's name in every project; it stays as it is."),
    )
    instructions = models.TextField(
        _("instructions"), blank=True, help_text=_("Markdown; students see it.")
    )
    points = models.DecimalField(
        _("points"),
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    weight = models.DecimalField(
        _("weight"),
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_(
            "Its share in the total: 2 counts twice as much as 1, and 0 nothing. Without "
            "weights, scores are added up. Once one is set, an assignment without a weight "
            "counts with its points."
        ),
    )
    release = models.DateTimeField(
        _("release"), null=True, blank=True, help_text=_("Handed out on its own at this time.")
    )
    due = models.DateTimeField(_("due"), null=True, blank=True)
    late_policy = models.CharField(
        _("late policy"), max_length=10, choices=LatePolicy, default=LatePolicy.CLOSED
    )
    late_until = models.DateTimeField(_("late until"), null=True, blank=True)
    announced = models.BooleanField(
        _("announced"),
        default=False,
        db_default=False,
        help_text=_("Students see its title and release date before it is out."),
    )
    look_until = models.DateTimeField(
        _("look until"),
        null=True,
        blank=True,
        help_text=_("Until when students may ask for another look; empty: they cannot ask."),
    )
    # What late work costs: `rules.penalties`. The database has defaults, too, so that a process
    # of the version before can still write rows.
    late_penalty = models.CharField(
        _("kind of late penalty"),
        max_length=10,
        choices=LatePenalty,
        default=LatePenalty.NONE,
        db_default=LatePenalty.NONE.value,
    )
    late_amount = models.DecimalField(
        _("late penalty"),
        max_digits=6,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    late_per = models.CharField(
        _("late penalty for each"),
        max_length=10,
        choices=LateUnit,
        default=LateUnit.DAY,
        db_default=LateUnit.DAY.value,
    )
    late_grace = models.PositiveIntegerField(
        _("grace"), default=0, db_default=0, blank=True, help_text=_("Minutes that do not count.")
    )
    late_floor = models.PositiveSmallIntegerField(
        _("least that remains"),
        default=0,
        db_default=0,
        blank=True,
        validators=[MaxValueValidator(100)],
        help_text=_("Per cent of the score that remain, however late the work is."),
    )
    # Tests that run when a student submits: `rules.test_runs`.
    tests = models.CharField(
        _("tests on submit"),
        max_length=10,
        choices=Tests,
        default=Tests.OFF,
        db_default=Tests.OFF.value,
    )
    test_attempts = models.PositiveSmallIntegerField(
        _("attempts"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    test_pause = models.PositiveIntegerField(
        _("pause"),
        default=0,
        db_default=0,
        blank=True,
        help_text=_("Minutes from one attempt to the next."),
    )
    test_counts = models.CharField(
        _("which submission counts"),
        max_length=10,
        choices=Counts,
        default=Counts.LAST,
        db_default=Counts.LAST.value,
    )
    # Names are hidden from those who grade until the work is returned: `rules.anonymity`.
    anonymous = models.BooleanField(default=False, db_default=False)
    out = models.DateTimeField(
        _("handed out since"),
        null=True,
        editable=False,
        help_text=_("Since when everybody gets it, newcomers too."),
    )
    version = models.CharField(
        _("student version"),
        max_length=10,
        choices=Version,
        default=Version.MISSING,
        editable=False,
    )
    version_error = models.TextField(_("why it could not be made"), blank=True, editable=False)
    marked = models.BooleanField(
        _("marked for nbgrader"),
        default=False,
        editable=False,
        help_text=_("It holds notebooks marked for nbgrader."),
    )
    # The cells that are graded, of each marked notebook, as they stand there: [{"notebook",
    # "cells": [[id, points, whether by hand, whether hidden as a whole]]}].
    questions = models.JSONField(
        default=list, db_default=models.Value([], models.JSONField()), editable=False
    )
    # Whether `folder/student/` is there: set by whatever looks at the files.
    has_student_folder = models.BooleanField(_("has student folder"), default=False, editable=False)
    # What students get: [{"path", "size", "sha256"}], relative to the folder handed out.
    files = models.JSONField(default=list, editable=False)
    # What lies in the folder itself, as `files` says it, but without its folder `student/`.
    sources = models.JSONField(default=list, editable=False)
    # Of a student version that was made: {"made_of": digest of `sources`, "notebooks": [what was
    # taken out of each]}. Empty where there is none, or where `student/` is the teacher's own.
    version_report = models.JSONField(default=dict, editable=False)
    # What was found in the files that go out, and what a teacher has decided: `rules.going_out`.
    going_out = models.JSONField(default=dict, editable=False)
    # The files that scores are given by, as a teacher approved them: {"sources", "student": as
    # above, or null, "questions": as above, "by": user name, "at": ISO, "found": what differed when
    # it was last compared, as [path, how, hash, when saved], "more": how much more}.
    # Empty: not approved.
    approved = models.JSONField(default=dict, editable=False)
    removed = models.DateTimeField(_("removed"), null=True, editable=False)
    created = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")
        ordering = ("due", "pk")
        constraints = (
            models.UniqueConstraint(fields=("course", "folder"), name="assignment_folder_once"),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def source(self) -> str:
        """The folder of the course project that is handed out.

        A folder `student` within it is what students get, as CoCalc does it; `files` knows.
        """
        return f"{self.folder}/student" if self.has_student_folder else self.folder


class Extension(models.Model):
    """A later due time for one student."""

    assignment = models.ForeignKey(
        Assignment,
        on_delete=models.CASCADE,
        related_name="extensions",
        verbose_name=_("assignment"),
    )
    student = models.ForeignKey(
        Membership, on_delete=models.CASCADE, related_name="extensions", verbose_name=_("student")
    )
    due = models.DateTimeField(_("due"))
    reason = models.CharField(
        _("reason"), max_length=500, blank=True, help_text=_("The student sees it.")
    )
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("granted by"),
    )
    granted = models.DateTimeField(_("granted"), auto_now=True)

    class Meta:
        verbose_name = _("extension")
        verbose_name_plural = _("extensions")
        constraints = (
            models.UniqueConstraint(fields=("assignment", "student"), name="extension_once"),
        )

    def __str__(self) -> str:
        return f"{self.student}: {self.assignment}"
