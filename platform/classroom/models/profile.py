"""How a user wants the site to look, in which language, and where their clock is."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from classroom.models.courses import validate_time_zone


class Profile(models.Model):
    """What a user has chosen. There is no row until something is; `of` stands in for one."""

    class Scheme(models.TextChoices):
        """Light or dark pages."""

        SYSTEM = "system", _("As my device")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="profile",
        verbose_name=_("user"),
    )
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        blank=True,
        validators=[validate_time_zone],
        help_text=_("Empty: each page shows the browser's own."),
    )
    # Not `choices`, which would make a migration of each language that a site adds.
    language = models.CharField(
        _("language"),
        max_length=20,
        blank=True,
        db_default="",
        help_text=_("Empty: the pages are in the browser's language, mails in the site's."),
    )
    color_scheme = models.CharField(
        _("color scheme"), max_length=10, choices=Scheme, default=Scheme.SYSTEM
    )
    # The calendar's address is signed over it, so that a new one makes the old address worthless.
    calendar = models.UUIDField(
        _("calendar"),
        null=True,
        editable=False,
        help_text=_("Empty: nobody has asked for a calendar address."),
    )
    reset_asked = models.DateTimeField(
        _("reset asked"),
        null=True,
        editable=False,
        help_text=_("When a new password was last asked for by mail."),
    )

    # Which of the user's sign-ins still count: `people.signed_in`.
    signed_out = models.PositiveIntegerField(
        _("signed out"),
        default=0,
        db_default=0,
        editable=False,
        help_text=_("How often the user was signed out everywhere."),
    )

    class Meta:
        verbose_name = _("profile")
        verbose_name_plural = _("profiles")

    def __str__(self) -> str:
        return _("Profile of %(user)s") % {"user": self.user}

    @classmethod
    def of(cls, user: Any) -> "Profile":
        """Return the user's profile; one that is not kept where there is none."""
        found: Profile | None = getattr(user, "profile", None)
        return found or cls(user_id=user.pk)

    @property
    def own_language(self) -> str:
        """The chosen language; empty where there is none, or where the site has it no more."""
        return self.language if self.language in dict(settings.LANGUAGES) else ""

    @classmethod
    def language_of(cls, user: Any) -> str:
        """Return the language to write to a user in: the chosen one, or the site's."""
        return cls.of(user).own_language or settings.LANGUAGE_CODE
