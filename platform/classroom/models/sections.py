"""Sections of a course: their own dates and assistants; and who always gets longer.

Who is in which section is what `Membership.section` says: a name, as lists and people write it.
Names are the same where they differ in blanks and capital letters alone: see `section_key`.
"""

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models

from classroom.models.assignments import Assignment
from classroom.models.people import Membership


def section_key(name: str) -> str:
    """Return what is the same for all spellings of a section's name; empty for no section."""
    return " ".join(name.split()).casefold()


class SectionDates(models.Model):
    """Dates of one section for one assignment; an empty one is everybody's."""

    assignment = models.ForeignKey(
        Assignment, on_delete=models.CASCADE, related_name="section_dates"
    )
    section = models.CharField(max_length=60)
    release = models.DateTimeField(null=True, blank=True)
    due = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "section dates"
        constraints = (
            models.UniqueConstraint(fields=("assignment", "section"), name="section_dates_once"),
        )

    def __str__(self) -> str:
        return f"{self.section}: {self.assignment}"


class SectionAssistant(models.Model):
    """A section that an assistant looks after. Who has none looks after the whole course."""

    membership = models.ForeignKey(
        Membership, on_delete=models.CASCADE, related_name="section_duties"
    )
    section = models.CharField(max_length=60)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("membership", "section"), name="section_duty_once"),
        )

    def __str__(self) -> str:
        return f"{self.membership}: {self.section}"


class Accommodation(models.Model):
    """A student's standing right to more time, in all assignments of the course.

    It holds for due times that come, as it lengthens them, between `since` and `ended`: what was
    over before stays over, and what was over when it ended stays as it was.
    """

    PERCENT_MOST, DAYS_MOST, HOURS_MOST = 300, 60, 72

    student = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="accommodations")
    percent = models.PositiveSmallIntegerField(
        default=0, validators=[MaxValueValidator(PERCENT_MOST)], help_text="So much longer."
    )
    days = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(DAYS_MOST)])
    hours = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(HOURS_MOST)])
    reason = models.CharField(max_length=500, blank=True, help_text="Students do not see it.")
    since = models.DateTimeField()
    ended = models.DateTimeField(null=True)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("student",),
                condition=models.Q(ended=None),
                name="accommodation_in_force_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.student}: +{self.percent} %, {self.days} d, {self.hours} h"
