"""Sections of a course: their own dates and assistants; and who always gets longer.

Who is in which section is what `Membership.section` says: a name, as lists and people write it.
Names are the same where they differ in blanks and capital letters alone: see `section_key`.
"""

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from classroom.models.assignments import Assignment
from classroom.models.people import Membership


def section_key(name: str) -> str:
    """Return what is the same for all spellings of a section's name; empty for no section."""
    return " ".join(name.split()).casefold()


class SectionDates(models.Model):
    """Dates of one section for one assignment; an empty one is everybody's."""

    assignment = models.ForeignKey(
        Assignment,
        on_delete=models.CASCADE,
        related_name="section_dates",
        verbose_name=_("assignment"),
    )
    section = models.CharField(_("section"), max_length=60)
    release = models.DateTimeField(_("release"), null=True, blank=True)
    due = models.DateTimeField(_("due"), null=True, blank=True)

    class Meta:
        verbose_name = _("section dates")
        verbose_name_plural = _("section dates")
        constraints = (
            models.UniqueConstraint(fields=("assignment", "section"), name="section_dates_once"),
        )

    def __str__(self) -> str:
        return f"{self.section}: {self.assignment}"


class SectionAssistant(models.Model):
    """A section that an assistant looks after. Who has none looks after the whole course."""

    membership = models.ForeignKey(
        Membership,
        on_delete=models.CASCADE,
        related_name="section_duties",
        verbose_name=_("membership"),
    )
    section = models.CharField(_("section"), max_length=60)

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

    student = models.ForeignKey(
        Membership,
        on_delete=models.CASCADE,
        related_name="accommodations",
        verbose_name=_("student"),
    )
    percent = models.PositiveSmallIntegerField(
        _("percent"),
        default=0,
        validators=[MaxValueValidator(PERCENT_MOST)],
        help_text=_("So much longer."),
    )
    days = models.PositiveSmallIntegerField(
        _("days"), default=0, validators=[MaxValueValidator(DAYS_MOST)]
    )
    hours = models.PositiveSmallIntegerField(
        _("hours"), default=0, validators=[MaxValueValidator(HOURS_MOST)]
    )
    reason = models.CharField(
        _("reason"), max_length=500, blank=True, help_text=_("Students do not see it.")
    )
    since = models.DateTimeField(_("since"))
    ended = models.DateTimeField(_("ended"), null=True)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("granted by"),
    )

    class Meta:
        verbose_name = _("accommodation")
        verbose_name_plural = _("accommodations")
        constraints = (
            models.UniqueConstraint(
                fields=("student",),
                condition=models.Q(ended=None),
                name="accommodation_in_force_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.student}: +{self.percent} %, {self.days} d, {self.hours} h"
