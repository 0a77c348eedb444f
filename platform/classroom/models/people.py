"""Who takes part in a course, and who is invited to."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from classroom.models.courses import Course
from embedding.models import CocalcProject
from embedding.names import person_name, tidy


class Role(models.TextChoices):
    """What somebody is in a course. An assistant grades, but does not change the course."""

    TEACHER = "teacher", pgettext_lazy("role", "Teacher")
    ASSISTANT = "assistant", pgettext_lazy("role", "Assistant")
    STUDENT = "student", pgettext_lazy("role", "Student")


class Membership(models.Model):
    """Somebody's part in a course. Removed people keep the row, and with it their work."""

    course = models.ForeignKey(
        Course, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("course")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="course_memberships",
        verbose_name=_("user"),
    )
    role = models.CharField(_("role"), max_length=20, choices=Role)
    number = models.CharField(
        _("number"),
        max_length=60,
        blank=True,
        help_text=_("The school's own number of the student."),
    )
    section = models.CharField(
        _("section"),
        max_length=60,
        blank=True,
        help_text=_("The student's section or group, as the list calls it."),
    )
    project = models.OneToOneField(
        CocalcProject,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="student_membership",
        help_text=_("The student's project for this course."),
        verbose_name=_("project"),
    )
    joined = models.DateTimeField(_("joined"), auto_now_add=True)
    removed = models.DateTimeField(_("removed"), null=True, blank=True)
    prepared = models.DateTimeField(
        _("prepared"),
        null=True,
        editable=False,
        help_text=_("When all that CoCalc keeps for it was last made."),
    )

    class Meta:
        verbose_name = _("course member")
        verbose_name_plural = _("course members")
        constraints = (models.UniqueConstraint(fields=("course", "user"), name="membership_once"),)
        indexes = (models.Index(fields=("course", "role", "removed"), name="membership_role"),)

    def __str__(self) -> str:
        return _("%(user)s in %(course)s") % {"user": self.user, "course": self.course}

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

    course = models.ForeignKey(
        Course, on_delete=models.CASCADE, related_name="invitations", verbose_name=_("course")
    )
    email = models.EmailField(_("e-mail address"))
    first_name = models.CharField(_("first name"), max_length=150, blank=True)
    last_name = models.CharField(_("last name"), max_length=150, blank=True)
    number = models.CharField(_("number"), max_length=60, blank=True)
    section = models.CharField(_("section"), max_length=60, blank=True)
    role = models.CharField(_("role"), max_length=20, choices=Role, default=Role.STUDENT)
    nonce = models.UUIDField(_("nonce"), default=uuid.uuid4, editable=False)
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    sent = models.DateTimeField(_("sent"), null=True, editable=False)
    mail_error = models.CharField(
        _("mail error"),
        max_length=300,
        blank=True,
        editable=False,
        help_text=_("Why it could not be mailed."),
    )
    accepted = models.DateTimeField(_("accepted"), null=True, editable=False)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("accepted by"),
    )

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = (models.UniqueConstraint(fields=("course", "email"), name="invitation_once"),)

    def __str__(self) -> str:
        return _("%(address)s to %(course)s") % {"address": self.email, "course": self.course}

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
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="unproven_address",
        verbose_name=_("user"),
    )
    email = models.EmailField(_("e-mail address"), help_text=_("In small letters."))
    asked = models.DateTimeField(
        _("asked"),
        null=True,
        editable=False,
        help_text=_("When the last mail to prove it was asked for."),
    )
    mail_error = models.CharField(
        _("mail error"),
        max_length=300,
        blank=True,
        editable=False,
        help_text=_("Why that could not be mailed."),
    )

    class Meta:
        verbose_name = _("unproven address")
        verbose_name_plural = _("unproven addresses")

    def __str__(self) -> str:
        return _("%(address)s of %(user)s") % {"address": self.email, "user": self.user}


class RosterShape(models.Model):
    """What a user said the columns of a list are, for the next list of the same shape.

    The shape is a digest of the names of the columns, or of what kinds of cells they hold.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="roster_shapes",
        verbose_name=_("user"),
    )
    shape = models.CharField(_("shape"), max_length=64)
    columns = models.JSONField(
        _("columns"), help_text=_("What each column is, and whether a line names them.")
    )
    changed = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user", "shape"), name="roster_shape_once"),)

    def __str__(self) -> str:
        return f"{self.shape[:8]} of {self.user}"
