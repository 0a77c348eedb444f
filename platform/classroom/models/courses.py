"""A course, and who may make one."""

import uuid
import zoneinfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from embedding.models import CocalcProject

TEACHERS = "Teachers"  # the group whose members may make courses


def validate_time_zone(name: str) -> None:
    """ValidationError unless it is the name of a time zone such as Europe/Berlin."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(_("No time zone has this name. Choose one such as Europe/Rome."))


class Course(models.Model):
    """A course: its people, its assignments, and a project for sources and collected work."""

    uid = models.UUIDField(_("id"), unique=True, default=uuid.uuid4, editable=False)
    title = models.CharField(_("title"), max_length=200)
    term = models.CharField(
        _("term"), max_length=100, blank=True, help_text=_("Such as “Autumn 2026”.")
    )
    description = models.TextField(
        _("description"), blank=True, help_text=_("Markdown; students see it.")
    )
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        validators=[validate_time_zone],
        help_text=_("Deadlines use this time zone."),
    )
    late_days = models.PositiveSmallIntegerField(
        _("late days"),
        null=True,
        blank=True,
        help_text=_(
            "Late days that each student has: one covers a day of lateness, without penalty."
        ),
    )
    project = models.OneToOneField(
        CocalcProject, on_delete=models.PROTECT, related_name="course", verbose_name=_("project")
    )
    join_code = models.UUIDField(
        _("join code"),
        unique=True,
        null=True,
        editable=False,
        help_text=_("Empty: nobody may join by a link."),
    )
    archived = models.DateTimeField(
        _("archived"), null=True, editable=False, help_text=_("Since when it can only be read.")
    )
    created = models.DateTimeField(_("created"), auto_now_add=True)
    people: "models.ManyToManyField[models.Model, models.Model]" = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        through="Membership",
        related_name="courses",
        verbose_name=_("people"),
    )

    # Not stored: the sections that whoever asks for this row looks after, as their names are
    # spelled; None: all. Set by `pages.access`, and heeded by `pages.sections.seen`.
    only_sections: tuple[str, ...] | None = None

    class Meta:
        verbose_name = _("course")
        verbose_name_plural = _("courses")
        ordering = ("-created",)

    def __str__(self) -> str:
        return f"{self.title} ({self.term})" if self.term else self.title

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The course's time zone."""
        return zoneinfo.ZoneInfo(self.time_zone)
