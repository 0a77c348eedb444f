"""Who takes part in a course, and who is invited to."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from classroom.models.courses import Course
from embedding.models import CocalcProject
from embedding.names import person_name, tidy


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
    section = models.CharField(
        max_length=60, blank=True, help_text="The student's section or group, as the list calls it."
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
        return person_name(self.user)

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
    section = models.CharField(max_length=60, blank=True)
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

    @property
    def name(self) -> str:
        """The name that people read; may be empty."""
        return tidy(f"{self.first_name} {self.last_name}")


class UnprovenAddress(models.Model):
    """An e-mail address that a user has only because they took an invitation's link.

    Whoever has the link chooses the account, so the address may be somebody else's. The row counts
    while its address is still the user's, and goes when the user proves it by mail.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="unproven_address"
    )
    email = models.EmailField(help_text="In small letters.")
    asked = models.DateTimeField(
        null=True, editable=False, help_text="When the last mail to prove it was asked for."
    )
    mail_error = models.CharField(
        max_length=300, blank=True, editable=False, help_text="Why that could not be mailed."
    )

    def __str__(self) -> str:
        return f"{self.email} of {self.user}"


class RosterShape(models.Model):
    """What a user said the columns of a list are, for the next list of the same shape.

    The shape is a digest of the names of the columns, or of what kinds of cells they hold.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="roster_shapes"
    )
    shape = models.CharField(max_length=64)
    columns = models.JSONField(help_text="What each column is, and whether a line names them.")
    changed = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user", "shape"), name="roster_shape_once"),)

    def __str__(self) -> str:
        return f"{self.shape[:8]} of {self.user}"
