"""A course, and who may make one."""

import uuid
import zoneinfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

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
    late_days = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="Late days that each student has: one covers a day of lateness, without penalty.",
    )
    project = models.OneToOneField(CocalcProject, on_delete=models.PROTECT, related_name="course")
    join_code = models.UUIDField(
        unique=True, null=True, editable=False, help_text="Empty: nobody may join by a link."
    )
    archived = models.DateTimeField(
        null=True, editable=False, help_text="Since when it can only be read."
    )
    created = models.DateTimeField(auto_now_add=True)
    people: "models.ManyToManyField[models.Model, models.Model]" = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="Membership", related_name="courses"
    )

    # Not stored: the sections that whoever asks for this row looks after, as their names are
    # spelled; None: all. Set by `pages.access`, and heeded by `pages.sections.seen`.
    only_sections: tuple[str, ...] | None = None

    class Meta:
        ordering = ("-created",)

    def __str__(self) -> str:
        return f"{self.title} ({self.term})" if self.term else self.title

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The course's time zone."""
        return zoneinfo.ZoneInfo(self.time_zone)
