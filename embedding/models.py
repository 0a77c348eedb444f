"""What the site remembers of CoCalc: accounts, projects and who may open them, embed sessions."""

import uuid
from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from embedding.events import Event as Event
from embedding.events import EventChain as EventChain

KEPT = "Kept by this site. Reference: "  # how the description of a project on CoCalc begins


class Claim(models.Model):
    """A row that stands for something remote which must be made exactly once.

    The row is there, under a unique name, before the remote call. Whoever holds the claim makes
    the call; everybody else waits. A claim whose holder died runs out, and the next holder
    (`attempts` > 1) looks for what the earlier one may have left.
    """

    attempts = models.PositiveIntegerField(_("attempts"), default=0, editable=False)
    claimed_until = models.DateTimeField(_("claimed until"), null=True, editable=False)
    created = models.DateTimeField(_("created"), auto_now_add=True)

    remote_field: ClassVar[str]  # the column that is null until the remote thing exists

    class Meta:
        abstract = True

    def claim(self, seconds: int) -> bool:
        """Take the claim for so many seconds; False where it is held, or no longer needed."""
        now = timezone.now()
        taken = (
            type(self)
            ._default_manager.filter(pk=self.pk, **{f"{self.remote_field}__isnull": True})
            .filter(Q(claimed_until=None) | Q(claimed_until__lt=now))
            .update(claimed_until=now + timedelta(seconds=seconds), attempts=F("attempts") + 1)
        )
        self.refresh_from_db()
        return taken == 1

    def release(self) -> None:
        """Give the claim back, so that the next attempt need not wait."""
        type(self)._default_manager.filter(pk=self.pk).update(claimed_until=None)

    def settle(self, remote_id: uuid.UUID) -> bool:
        """Write down what was made; False where another holder was faster."""
        changed = (
            type(self)
            ._default_manager.filter(pk=self.pk, **{f"{self.remote_field}__isnull": True})
            .update(**{self.remote_field: remote_id, "claimed_until": None})
        )
        self.refresh_from_db()
        return changed == 1


class CocalcAccount(Claim):
    """The CoCalc account that the site keeps for one user."""

    remote_field = "account_id"

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="cocalc_account",
        verbose_name=_("user"),
    )
    account_id = models.UUIDField(
        _("account id"), unique=True, null=True, help_text=_("CoCalc's id; empty until it is made.")
    )
    email = models.EmailField(
        _("address on CoCalc"),
        unique=True,
        help_text=_("Made by this site alone. It is nobody's mailbox."),
    )
    # A linked account is the person's own (services/linking.py): the site neither made it nor
    # replaces it, and its address on CoCalc is not the one above.
    linked = models.DateTimeField(
        _("linked"),
        null=True,
        editable=False,
        help_text=_("Since when it is the person's own account on CoCalc."),
    )
    linked_by = models.CharField(
        _("linked by"), max_length=150, blank=True, default="", editable=False
    )

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        ordering = ("-id",)

    def __str__(self) -> str:
        return _("Account of %(user)s") % {"user": self.user}


class CocalcProject(Claim):
    """A project that the site's service account owns on CoCalc."""

    remote_field = "project_id"

    project_id = models.UUIDField(
        _("project id"), unique=True, null=True, help_text=_("CoCalc's id; empty until it is made.")
    )
    slot = models.CharField(
        _("slot"),
        max_length=200,
        unique=True,
        help_text=_("What the project is for; there is one project for each slot."),
    )
    marker = models.UUIDField(
        _("marker"),
        unique=True,
        default=uuid.uuid4,
        editable=False,
        help_text=_("Stands in the project's description on CoCalc, to find it by."),
    )
    title = models.CharField(_("title"), max_length=200)
    looked = models.DateTimeField(
        _("looked after"),
        null=True,
        editable=False,
        help_text=_("When it was last compared with CoCalc."),
    )
    closed = models.DateTimeField(
        _("home closed"),
        null=True,
        editable=False,
        help_text=_("When the site last made sure that no other project can read its files."),
    )
    users: "models.ManyToManyField[models.Model, Member]" = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        through="Member",
        related_name="cocalc_projects",
        verbose_name=_("users"),
    )

    class Meta:
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.title

    @property
    def description(self) -> str:
        """The description on CoCalc. The marker is random: nobody can forge it beforehand."""
        return f"{KEPT}{self.marker}"


class CheckAccount(Claim):
    """The CoCalc account that the check of the connection signs in: one, used again each time.

    No user has it, so nothing that is done for users is done for it.
    """

    remote_field = "account_id"

    slot = models.CharField(_("slot"), max_length=200, unique=True)
    account_id = models.UUIDField(_("account id"), unique=True, null=True)
    email = models.EmailField(_("address on CoCalc"), unique=True)

    class Meta:
        verbose_name = _("account of the check")
        verbose_name_plural = _("accounts of the check")

    def __str__(self) -> str:
        return self.slot


class CheckProject(Claim):
    """The project that the check of the connection works in: one, used again each time."""

    remote_field = "project_id"

    slot = models.CharField(_("slot"), max_length=200, unique=True)
    project_id = models.UUIDField(_("project id"), unique=True, null=True)
    marker = models.UUIDField(_("marker"), unique=True, default=uuid.uuid4, editable=False)

    class Meta:
        verbose_name = _("project of the check")
        verbose_name_plural = _("projects of the check")

    def __str__(self) -> str:
        return self.slot

    @property
    def description(self) -> str:
        """The description on CoCalc."""
        return f"{KEPT}{self.marker}"


class Member(models.Model):
    """A user who may open a project. Opening is allowed by this row, and by nothing else."""

    class Role(models.TextChoices):
        """`owner` is the one whose project it is; on CoCalc both are collaborators."""

        OWNER = "owner", _("Owner")
        COLLABORATOR = "collaborator", _("Collaborator")

    project = models.ForeignKey(
        CocalcProject, on_delete=models.CASCADE, related_name="members", verbose_name=_("project")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="cocalc_memberships",
        verbose_name=_("user"),
    )
    role = models.CharField(_("role"), max_length=20, choices=Role, default=Role.COLLABORATOR)
    added = models.DateTimeField(
        _("added on CoCalc"),
        null=True,
        editable=False,
        help_text=_("Empty until it is done there."),
    )

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = (
            models.UniqueConstraint(fields=("project", "user"), name="member_once_per_project"),
        )

    def __str__(self) -> str:
        return _("%(user)s in %(project)s") % {"user": self.user, "project": self.project}


class Ending(models.Model):
    """An account whose user was switched off or deleted: it is taken out of every project.

    Nothing of it leads to the user's row, which may be gone. Tried again until it is done.
    """

    account_id = models.UUIDField(_("account id"), unique=True)
    username = models.CharField(_("username"), max_length=150)
    linked = models.BooleanField(
        _("linked"),
        default=False,
        db_default=False,
        help_text=_("The person's own account: it is taken out of this site's projects alone."),
    )
    asked = models.DateTimeField(_("asked"))
    done = models.DateTimeField(_("done"), null=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    not_before = models.DateTimeField(
        _("not before"),
        null=True,
        help_text=_("Tried again from then on; meanwhile somebody may be at it."),
    )
    error = models.CharField(
        _("error"), max_length=500, blank=True, help_text=_("Why it has not worked yet.")
    )
    waits_for = models.ForeignKey(
        CocalcProject,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("waits for"),
        help_text=_("The project that CoCalc did not let this site look at, or change."),
    )

    class Meta:
        verbose_name = _("ending of access")
        verbose_name_plural = _("endings of access")
        ordering = ("-asked",)
        indexes = (models.Index(fields=("done", "not_before"), name="ending_open"),)

    def __str__(self) -> str:
        return _("Access of %(user)s") % {"user": self.username}


class Remains(models.Model):
    """What is still to be deleted on CoCalc of a person whom the site has forgotten.

    A project, or a folder in one. Tried again until it is done; then the row goes.
    """

    project = models.ForeignKey(
        CocalcProject, on_delete=models.CASCADE, related_name="remains", verbose_name=_("project")
    )
    path = models.CharField(
        _("folder"), max_length=600, blank=True, help_text=_("Empty: the whole project.")
    )
    whose = models.CharField(_("whose"), max_length=150, help_text=_("A pseudonym."))
    asked = models.DateTimeField(_("asked"))
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    not_before = models.DateTimeField(
        _("not before"),
        null=True,
        help_text=_("Tried again from then on; meanwhile somebody may be at it."),
    )
    error = models.CharField(
        _("error"), max_length=500, blank=True, help_text=_("Why it has not worked yet.")
    )

    class Meta:
        verbose_name = _("thing to be deleted on CoCalc")
        verbose_name_plural = _("things to be deleted on CoCalc")
        ordering = ("asked", "pk")
        constraints = (models.UniqueConstraint(fields=("project", "path"), name="remains_once"),)

    def __str__(self) -> str:
        return self.path or str(self.project)


class EmbedSession(models.Model):
    """One page view's worth of access: one token, one frame. The token is never stored."""

    class State(models.TextChoices):
        PREPARING = "preparing", _("Preparing")
        OPENING = "opening", _("Opening")
        READY = "ready", _("Ready")
        SLOW = "slow", _("Slow")
        LOST = "lost", _("Lost")
        FAILED = "failed", _("Failed")
        CLOSED = "closed", _("Closed")

    id = models.UUIDField(_("id"), primary_key=True, default=uuid.uuid4)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="embed_sessions",
        verbose_name=_("user"),
    )
    username = models.CharField(
        _("username"), max_length=150, help_text=_("Stays when the user is deleted.")
    )
    project = models.ForeignKey(
        CocalcProject,
        on_delete=models.SET_NULL,
        null=True,
        related_name="embed_sessions",
        verbose_name=_("project"),
    )
    path = models.CharField(_("folder"), max_length=4096)
    state = models.CharField(_("state"), max_length=20, choices=State, default=State.PREPARING)
    reason = models.CharField(
        _("reason"),
        max_length=60,
        blank=True,
        help_text=_("Why it is slow, lost or failed, as a code."),
    )
    detail = models.CharField(
        _("detail"),
        max_length=500,
        blank=True,
        help_text=_("The likely cause, for the administrator."),
    )
    steps = models.JSONField(
        _("steps"), default=dict, help_text=_("Milliseconds that each step took.")
    )
    started = models.DateTimeField(_("started"), auto_now_add=True)
    checked = models.DateTimeField(
        _("checked"),
        null=True,
        help_text=_("When CoCalc last confirmed the project to run and the file to exist."),
    )
    seen = models.DateTimeField(
        _("seen"),
        null=True,
        help_text=_("When its page last said that its file is open and looked at."),
    )
    ended = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("embed session")
        verbose_name_plural = _("embed sessions")
        ordering = ("-started",)
        indexes = (
            models.Index(fields=("-started",), name="embed_session_started"),
            models.Index(fields=("project", "-checked"), name="embed_session_checked"),
            models.Index(fields=("username",), name="embed_session_username"),
            models.Index(fields=("state", "-started"), name="embed_session_state"),
        )

    def __str__(self) -> str:
        return f"{self.username}: {self.path}"


class DoorCode(models.Model):
    """What one opening of the door is for, until it is used: see services/door.py."""

    class Kind(models.TextChoices):
        FRAME = "frame", _("A frame is signed in")
        TAB = "tab", _("A tab is signed in")
        OUT = "out", _("A browser is signed out")

    digest = models.CharField(
        _("digest"), max_length=64, primary_key=True, help_text=_("Of the code, by SHA-256.")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    session = models.ForeignKey(
        EmbedSession, on_delete=models.CASCADE, null=True, verbose_name=_("embed session")
    )
    origin = models.CharField(
        _("origin"), max_length=300, help_text=_("Of the page that may use it.")
    )
    expires = models.DateTimeField(_("expires"), db_index=True)

    class Meta:
        verbose_name = _("code for the door")
        verbose_name_plural = _("codes for the door")

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.origin}"


class DoorCookie(models.Model):
    """The name of a cookie that CoCalc signs browsers in with, so that the door can end it.

    Any process may have to: the one that saw it may be gone.
    """

    name = models.CharField(_("name"), max_length=200, primary_key=True)
    seen = models.DateTimeField(_("seen"))

    class Meta:
        verbose_name = _("cookie of CoCalc’s")
        verbose_name_plural = _("cookies of CoCalc’s")

    def __str__(self) -> str:
        return self.name


class Allowance(models.Model):
    """How much of a user's allowance of embed sessions is left, as one moment.

    Each session moves `used_until` on by its share of a minute; a minute ahead of now, nothing is
    left. One row for all processes, and never more than one a user.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, verbose_name=_("user")
    )
    used_until = models.DateTimeField(_("used until"))

    class Meta:
        verbose_name = _("allowance")
        verbose_name_plural = _("allowances")

    def __str__(self) -> str:
        return _("Allowance of %(user)s") % {"user": self.user}


class Trashed(models.Model):
    """What was deleted on this site and can still be put back.

    In the project it lies in a hidden folder, under this row's id and no other name: where it came
    from and when it may go is the site's word, which a program in the project cannot change.
    """

    id = models.UUIDField(_("id"), primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(
        CocalcProject, on_delete=models.CASCADE, related_name="trashed", verbose_name=_("project")
    )
    path = models.TextField(_("folder"))
    is_folder = models.BooleanField(_("is a folder"), default=False)
    deleted = models.DateTimeField(_("deleted"), auto_now_add=True)
    by = models.CharField(_("by"), max_length=150, help_text=_("User name."))

    class Meta:
        verbose_name = _("deleted file")
        verbose_name_plural = _("deleted files")
        ordering = ("-deleted",)
        indexes = (models.Index(fields=("project", "-deleted"), name="embed_trashed_deleted"),)

    def __str__(self) -> str:
        return self.path


class CocalcState(models.Model):
    """Whether CoCalc answers, for all processes: a single row (`embedding.services.state`).

    Whoever sets out to look moves `looked` on from what it read there, so only one does; what is
    seen then counts while `looked` is still that.
    """

    is_up = models.BooleanField(
        _("answers"), null=True, help_text=_("Empty while nobody has looked.")
    )
    since = models.DateTimeField(_("since"), null=True)
    cause = models.CharField(
        _("cause"), max_length=60, blank=True, help_text=_("Why it does not answer, as a code.")
    )
    looked = models.DateTimeField(
        _("looked"), null=True, help_text=_("When this site last set out to look.")
    )
    answered = models.DateTimeField(
        _("answered"), null=True, help_text=_("When it last answered, to the minute.")
    )
    kept = models.DateTimeField(
        _("reading kept"), null=True, editable=False, help_text=_("When a reading was last kept.")
    )

    class Meta:
        verbose_name = _("state of CoCalc")
        verbose_name_plural = _("states of CoCalc")

    def __str__(self) -> str:
        return f"{self.is_up}, {self.since}"


class CocalcReading(models.Model):
    """One look at CoCalc: how long its answer took, or why none came. About one a minute."""

    at = models.DateTimeField(_("time"), db_index=True)
    ms = models.PositiveIntegerField(_("milliseconds"))
    code = models.CharField(
        _("error code"), max_length=60, blank=True, help_text=_("Empty where it answered.")
    )

    class Meta:
        verbose_name = _("reading of CoCalc")
        verbose_name_plural = _("readings of CoCalc")
        ordering = ("-at",)

    def __str__(self) -> str:
        return f"{self.at}: {self.code or self.ms}"
