"""What a person is told, and the mails that say it: new work, a returned grade, a failed step."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from classroom.models.assignments import Assignment
from classroom.models.courses import Course
from classroom.models.people import Membership


class MailChoice(models.Model):
    """Which notices a user wants by mail; who has no row has chosen nothing: all, at once."""

    class When(models.TextChoices):
        """How often; what is new is on the site in any case."""

        AT_ONCE = "at_once", _("At once")
        DAILY = "daily", _("Once a day")
        NEVER = "never", _("Never")

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="mail_choice",
        verbose_name=_("user"),
    )
    when = models.CharField(_("how often"), max_length=10, choices=When, default=When.AT_ONCE)
    off = models.JSONField(
        _("not mailed"), default=list, help_text=_("The kinds of notices that are not mailed.")
    )

    class Meta:
        verbose_name = _("choice of mails")
        verbose_name_plural = _("choices of mails")

    def __str__(self) -> str:
        return f"{self.user}: {self.get_when_display()}"


class Letter(models.Model):
    """One mail with what is new for one user. What it says is made when it is sent, and not kept.

    A worker makes it SENDING before the mail server gets it, so that no other sends it too. One
    that stays so was perhaps sent: it is UNKNOWN then, and never sent again.
    """

    class State(models.TextChoices):
        """Waiting, on its way, and the ends."""

        QUEUED = "queued", _("Waiting")
        SENDING = "sending", _("On its way")
        SENT = "sent", _("Sent")
        EMPTY = "empty", _("Nothing was left to say")
        FAILED = "failed", _("Refused")
        UNKNOWN = "unknown", _("Perhaps sent")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="letters",
        verbose_name=_("user"),
    )
    uid = models.UUIDField(
        _("number of the mail"), default=uuid.uuid4, editable=False
    )  # for the same Message-ID each time
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    not_before = models.DateTimeField(_("not before"))
    created = models.DateTimeField(_("created"), default=timezone.now)
    changed = models.DateTimeField(_("changed"), default=timezone.now)
    error = models.CharField(
        _("error"), max_length=300, blank=True, help_text=_("Why it was not sent.")
    )

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mails")
        ordering = ("-pk",)
        indexes = (
            models.Index(fields=("state", "not_before"), name="letter_queue"),
            models.Index(fields=("user", "-created"), name="letter_last"),
            models.Index(fields=("state", "-id"), name="letter_list_state"),
            models.Index(fields=("created",), name="letter_list_created"),
        )

    def __str__(self) -> str:
        return f"{self.get_state_display()}: {self.user}"


class Notice(models.Model):
    """One thing that one user is told. Its words are made of its kind when it is shown.

    `key` says what it is about: a user is told of one key once, however often it is tried.
    """

    class Kind(models.TextChoices):
        """What it tells; each can be switched off."""

        HANDED_OUT = "handed_out", _("New work was handed out")
        DUE_SOON = "due_soon", _("Work is due within a day")
        RETURNED = "returned", _("Work came back")
        EXTENSION = "extension", _("You got more time")
        SUBMIT_FAILED = "submit_failed", _("A submission failed")
        LOOK_ANSWERED = "look_answered", _("A teacher looked at your work again")
        STEP_FAILED = "step_failed", _("A step for the class failed")
        LOOK_ASKED = "look_asked", _("A student asks for another look")

    OF_STAFF = (Kind.STEP_FAILED, Kind.LOOK_ASKED)  # not for a student, also a former assistant

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="notices",
        verbose_name=_("user"),
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    course = models.ForeignKey(
        Course, on_delete=models.CASCADE, related_name="notices", verbose_name=_("course")
    )
    assignment = models.ForeignKey(
        Assignment,
        on_delete=models.CASCADE,
        null=True,
        related_name="notices",
        verbose_name=_("assignment"),
    )
    member = models.ForeignKey(
        Membership,
        on_delete=models.CASCADE,
        null=True,
        related_name="+",
        help_text=_("Whose work it is about, where that is not the user's own."),
        verbose_name=_("member"),
    )
    key = models.CharField(_("key"), max_length=120)
    # What its words need beyond that: {"due": ISO, "count": 3, "batch": id}.
    details = models.JSONField(_("details"), default=dict)
    created = models.DateTimeField(_("created"), auto_now_add=True)
    read = models.DateTimeField(_("read"), null=True)
    to_mail = models.BooleanField(
        _("to be mailed"), default=False, help_text=_("It may still be put into a mail.")
    )
    letter = models.ForeignKey(
        Letter,
        on_delete=models.SET_NULL,
        null=True,
        related_name="notices",
        editable=False,
        verbose_name=_("letter"),
    )

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ("-pk",)
        constraints = (models.UniqueConstraint(fields=("user", "key"), name="notice_once"),)
        indexes = (
            models.Index(fields=("user", "read", "-id"), name="notice_new"),
            models.Index(fields=("user",), condition=Q(to_mail=True), name="notice_to_mail"),
            models.Index(fields=("read", "created"), name="notice_old"),
            models.Index(fields=("kind", "-id"), name="notice_list_kind"),
            models.Index(fields=("created",), name="notice_list_created"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.user}"
