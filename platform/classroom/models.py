"""What the site knows of its courses: people, assignments, work, and the steps that move it.

Nothing here is CoCalc's: projects, accounts and who may open what are `embedding`'s.
"""

import uuid
import zoneinfo
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from embedding.models import CocalcProject

TEACHERS = "Teachers"  # the group whose members may make courses


def validate_time_zone(name: str) -> None:
    """ValidationError unless it is the name of a time zone such as Europe/Berlin."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError("There is no time zone of this name; choose one such as Europe/Rome.")


class Course(models.Model):
    """A course: its people, its assignments, and a project for sources and collected work."""

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    title = models.CharField(max_length=200)
    term = models.CharField(max_length=100, blank=True, help_text="Such as “Autumn 2026”.")
    description = models.TextField(blank=True, help_text="Markdown; students see it.")
    time_zone = models.CharField(
        max_length=64,
        validators=[validate_time_zone],
        help_text="All dates of the course are meant in it.",
    )
    project = models.OneToOneField(CocalcProject, on_delete=models.PROTECT, related_name="course")
    join_code = models.UUIDField(
        unique=True, null=True, editable=False, help_text="Empty: nobody may join by a link."
    )
    created = models.DateTimeField(auto_now_add=True)
    people: "models.ManyToManyField[models.Model, Membership]" = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="Membership", related_name="courses"
    )

    class Meta:
        ordering = ("-created",)

    def __str__(self) -> str:
        return f"{self.title} ({self.term})" if self.term else self.title

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The course's time zone."""
        return zoneinfo.ZoneInfo(self.time_zone)


class Role(models.TextChoices):
    """What somebody is in a course. An assistant grades, but does not change the course."""

    TEACHER = "teacher"
    ASSISTANT = "assistant"
    STUDENT = "student"


class Membership(models.Model):
    """Somebody's part in a course. Removed people keep the row, and with it their work."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="course_memberships"
    )
    role = models.CharField(max_length=20, choices=Role)
    number = models.CharField(
        max_length=60, blank=True, help_text="The school's own number of the student."
    )
    project = models.OneToOneField(
        CocalcProject,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="student_membership",
        help_text="The student's project for this course.",
    )
    joined = models.DateTimeField(auto_now_add=True)
    removed = models.DateTimeField(null=True, blank=True)
    prepared = models.DateTimeField(
        null=True, editable=False, help_text="When all that CoCalc keeps for it was last made."
    )

    class Meta:
        constraints = (models.UniqueConstraint(fields=("course", "user"), name="membership_once"),)
        indexes = (models.Index(fields=("course", "role", "removed"), name="membership_role"),)

    def __str__(self) -> str:
        return f"{self.user} in {self.course}"

    @property
    def name(self) -> str:
        """The name that people read."""
        return self.user.get_full_name() or self.user.get_username()

    @property
    def is_staff(self) -> bool:
        """Teacher or assistant, and still there."""
        return self.removed is None and self.role != Role.STUDENT

    @property
    def is_teacher(self) -> bool:
        """Teacher, and still there."""
        return self.removed is None and self.role == Role.TEACHER


class Invitation(models.Model):
    """A place in a course for somebody who has no account on this site yet.

    The link that takes it is signed over `nonce`; a new nonce makes the old link worthless.
    `created` is when that link was made: it runs out.
    """

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    first_name = models.CharField(max_length=150, blank=True)
    last_name = models.CharField(max_length=150, blank=True)
    number = models.CharField(max_length=60, blank=True)
    role = models.CharField(max_length=20, choices=Role, default=Role.STUDENT)
    nonce = models.UUIDField(default=uuid.uuid4, editable=False)
    created = models.DateTimeField(default=timezone.now, editable=False)
    sent = models.DateTimeField(null=True, editable=False)
    mail_error = models.CharField(
        max_length=300, blank=True, editable=False, help_text="Why it could not be mailed."
    )
    accepted = models.DateTimeField(null=True, editable=False)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        constraints = (models.UniqueConstraint(fields=("course", "email"), name="invitation_once"),)

    def __str__(self) -> str:
        return f"{self.email} to {self.course}"


class Assignment(models.Model):
    """A folder that goes out to the students of a course; all but handouts come back."""

    class LatePolicy(models.TextChoices):
        """What becomes of work that is submitted after it was due."""

        CLOSED = "closed", "Not accepted"
        UNTIL = "until", "Accepted and marked late, until a last moment"
        ANY = "any", "Accepted and marked late at any time"

    class Version(models.TextChoices):
        """How far the files are that students get."""

        MISSING = "missing", "No files yet"
        MAKING = "making", "The student version is being made"
        CHECK = "check", "Look at the student version, then approve it"
        READY = "ready", "Ready to hand out"
        FAILED = "failed", "The student version could not be made"

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="assignments")
    handout = models.BooleanField(default=False, help_text="Given out, and never collected.")
    title = models.CharField(max_length=200)
    folder = models.CharField(
        max_length=200,
        help_text="The folder's name in every project; it stays as it is.",
    )
    instructions = models.TextField(blank=True, help_text="Markdown; students see it.")
    points = models.DecimalField(
        max_digits=8, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    weight = models.DecimalField(
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="Its share in the total; without weights, points are added up.",
    )
    release = models.DateTimeField(
        null=True, blank=True, help_text="Handed out on its own at this time."
    )
    due = models.DateTimeField(null=True, blank=True)
    late_policy = models.CharField(max_length=10, choices=LatePolicy, default=LatePolicy.CLOSED)
    late_until = models.DateTimeField(null=True, blank=True)
    out = models.DateTimeField(
        null=True, editable=False, help_text="Since when everybody gets it, newcomers too."
    )
    version = models.CharField(
        max_length=10, choices=Version, default=Version.MISSING, editable=False
    )
    version_error = models.TextField(blank=True, editable=False)
    marked = models.BooleanField(
        default=False, editable=False, help_text="It holds notebooks marked for nbgrader."
    )
    # Whether `folder/student/` is there: set by whatever looks at the files.
    has_student_folder = models.BooleanField(default=False, editable=False)
    # What students get: [{"path", "size", "sha256"}], relative to the folder handed out.
    files = models.JSONField(default=list, editable=False)
    # What lies in the folder itself, as `files` says it, but without its folder `student/`.
    sources = models.JSONField(default=list, editable=False)
    # Of a student version that was made: {"made_of": digest of `sources`, "notebooks": [what was
    # taken out of each]}. Empty where there is none, or where `student/` is the teacher's own.
    version_report = models.JSONField(default=dict, editable=False)
    removed = models.DateTimeField(null=True, editable=False)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
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

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="extensions")
    student = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="extensions")
    due = models.DateTimeField()
    reason = models.CharField(max_length=500, blank=True, help_text="The student sees it.")
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    granted = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("assignment", "student"), name="extension_once"),
        )

    def __str__(self) -> str:
        return f"{self.student}: {self.assignment} until {self.due:%Y-%m-%d %H:%M}"


class Submission(models.Model):
    """One assignment and one student: where the work stands. There is one for each pair."""

    class From(models.TextChoices):
        """What was collected."""

        SUBMITTED = "submitted", "the last submission"
        FOLDER = "folder", "the folder as it was"

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="submissions")
    student = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="submissions")
    due = models.DateTimeField(
        null=True, help_text="The student's own: the assignment's, or the extension's."
    )
    handed_out = models.DateTimeField(null=True)
    opened = models.DateTimeField(null=True)
    submitted = models.DateTimeField(null=True, help_text="The last time.")
    collected = models.DateTimeField(null=True)
    collected_for = models.DateTimeField(
        null=True, help_text="The due time that it was collected for, on its own."
    )
    collected_from = models.CharField(max_length=10, choices=From, blank=True)
    collected_path = models.CharField(
        max_length=600, blank=True, help_text="In the course's project."
    )
    late = models.BooleanField(default=False, help_text="What was collected came after it was due.")
    returned = models.DateTimeField(null=True)
    returned_score = models.DecimalField(
        max_digits=8,
        decimal_places=2,
        null=True,
        help_text="What the student sees; a score changed later is seen when returned again.",
    )
    returned_comment = models.TextField(blank=True)
    score = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    comment = models.TextField(blank=True)
    graded = models.DateTimeField(null=True)
    # Of the autograder: {"cells": {grade_id: [score, max]}, "score", "max", "manual": bool}.
    details = models.JSONField(default=dict)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("assignment", "student"), name="submission_once"),
        )
        indexes = (models.Index(fields=("due",), name="submission_due"),)

    def __str__(self) -> str:
        return f"{self.assignment}: {self.student}"


class Snapshot(models.Model):
    """What a student submitted at one moment; the copy lies in the course's project."""

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="snapshots")
    taken = models.DateTimeField()
    late = models.BooleanField(default=False)
    path = models.CharField(max_length=600, help_text="In the course's project.")
    files = models.JSONField(default=list)  # [{"path", "size", "sha256"}]

    class Meta:
        ordering = ("-taken", "-pk")

    def __str__(self) -> str:
        return f"{self.submission} at {self.taken:%Y-%m-%d %H:%M}"


class GradeChange(models.Model):
    """A score or comment as it was given: who, when, and how. Rows are added, never changed."""

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="changes")
    score = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    comment = models.TextField(blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    how = models.CharField(max_length=20)  # "page", "import", "autograder", "command"
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.submission}: {self.score}"


class Kind(models.TextChoices):
    """What a transfer does; each is a module of `classroom.steps`."""

    PREPARE = "prepare", "Prepare"  # account, project, memberships on CoCalc
    EXPEL = "expel", "Remove"  # who left the course is no collaborator any more
    VERSION = "version", "Make the student version"
    HAND_OUT = "hand_out", "Hand out"
    DUE_DATE = "due_date", "Write the due date"
    SUBMIT = "submit", "Submit"
    COLLECT = "collect", "Collect"
    RUN = "run", "Run a command"
    RETURN = "return", "Return"


class Batch(models.Model):
    """One press of a button, or one date that came: the transfers that belong together."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="batches")
    assignment = models.ForeignKey(
        Assignment, on_delete=models.CASCADE, null=True, related_name="batches"
    )
    kind = models.CharField(max_length=20, choices=Kind)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        help_text="Empty: on its own, because of a date.",
    )
    options = models.JSONField(default=dict)  # {"overwrite": true}, {"command": "…"}
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "class step"
        ordering = ("-pk",)
        indexes = (models.Index(fields=("course", "kind", "-id"), name="batch_kind"),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.assignment or self.course}"


class Transfer(models.Model):
    """One step for one student: a row that a worker takes, and that ends done or failed.

    `lane` says what it must not meet: of one lane, one transfer runs at a time. `key` says what
    it is: of one key, one is queued or running at a time, so that pressing twice does it once.
    A worker holds a row by `holder` until `held_until`, which it moves on while it works.
    """

    class State(models.TextChoices):
        """Queued, running, and the three ends."""

        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    ACTIVE = (State.QUEUED, State.RUNNING)

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, null=True, related_name="transfers")
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="transfers")
    kind = models.CharField(max_length=20, choices=Kind)
    assignment = models.ForeignKey(
        Assignment, on_delete=models.CASCADE, null=True, related_name="transfers"
    )
    member = models.ForeignKey(
        Membership,
        on_delete=models.CASCADE,
        null=True,
        related_name="transfers",
        help_text="Whose work or place it is about; empty for the course's own project.",
    )
    lane = models.CharField(max_length=60)
    key = models.CharField(max_length=120)
    options = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    priority = models.SmallIntegerField(default=0, help_text="Higher comes first.")
    not_before = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    holder = models.UUIDField(null=True, editable=False)
    held_until = models.DateTimeField(null=True, editable=False)
    created = models.DateTimeField(auto_now_add=True)
    started = models.DateTimeField(null=True)
    ended = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=60, blank=True)
    error = models.CharField(max_length=1000, blank=True, help_text="For people, in words.")
    detail = models.CharField(max_length=1000, blank=True, help_text="For administrators.")
    result = models.JSONField(default=dict)

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("key",),
                condition=Q(state__in=("queued", "running")),
                name="transfer_active_once",
            ),
        )
        indexes = (
            models.Index(fields=("state", "-priority", "id"), name="transfer_queue"),
            models.Index(fields=("assignment", "kind", "-id"), name="transfer_step"),
            models.Index(fields=("member", "kind", "-id"), name="transfer_member"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.member or self.course}"

    @staticmethod
    def lane_of(course: Course, member: Membership | None) -> str:
        """The lane of a student, or of the course itself."""
        return f"member:{member.pk}" if member else f"course:{course.pk}"

    @staticmethod
    def key_of(kind: str, *parts: Any) -> str:
        """The key of a step."""
        return ":".join([kind, *(str(part) for part in parts)])
