"""What the site remembers of CoCalc: accounts, projects and who may open them, embed sessions."""

import uuid
from datetime import timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

KEPT = "Kept by this site. Reference: "  # how the description of a project on CoCalc begins


class Claim(models.Model):
    """A row that stands for something remote which must be made exactly once.

    The row is there, under a unique name, before the remote call. Whoever holds the claim makes
    the call; everybody else waits. A claim whose holder died runs out, and the next holder
    (`attempts` > 1) looks for what the earlier one may have left.
    """

    attempts = models.PositiveIntegerField(default=0, editable=False)
    claimed_until = models.DateTimeField(null=True, editable=False)
    created = models.DateTimeField(auto_now_add=True)

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
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="cocalc_account"
    )
    account_id = models.UUIDField(
        "account id", unique=True, null=True, help_text="CoCalc's id; empty until it is made."
    )
    email = models.EmailField(
        "address on CoCalc",
        unique=True,
        help_text="Made by this site alone. It is nobody's mailbox.",
    )

    class Meta:
        verbose_name = "account"
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"Account of {self.user}"


class CocalcProject(Claim):
    """A project that the site's service account owns on CoCalc."""

    remote_field = "project_id"

    project_id = models.UUIDField(
        "project id", unique=True, null=True, help_text="CoCalc's id; empty until it is made."
    )
    slot = models.CharField(
        max_length=200,
        unique=True,
        help_text="What the project is for; there is one project for each slot.",
    )
    marker = models.UUIDField(
        unique=True,
        default=uuid.uuid4,
        editable=False,
        help_text="Stands in the project's description on CoCalc, to find it by.",
    )
    title = models.CharField(max_length=200)
    looked = models.DateTimeField(
        "looked after",
        null=True,
        editable=False,
        help_text="When it was last compared with CoCalc.",
    )
    closed = models.DateTimeField(
        "home closed",
        null=True,
        editable=False,
        help_text="When the site last made sure that no other project can read its files.",
    )
    users: "models.ManyToManyField[models.Model, Member]" = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="Member", related_name="cocalc_projects"
    )

    class Meta:
        verbose_name = "project"
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.title

    @property
    def description(self) -> str:
        """The description on CoCalc. The marker is random: nobody can forge it beforehand."""
        return f"{KEPT}{self.marker}"


class Member(models.Model):
    """A user who may open a project. Opening is allowed by this row, and by nothing else."""

    class Role(models.TextChoices):
        """`owner` is the one whose project it is; on CoCalc both are collaborators."""

        OWNER = "owner"
        COLLABORATOR = "collaborator"

    project = models.ForeignKey(CocalcProject, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="cocalc_memberships"
    )
    role = models.CharField(max_length=20, choices=Role, default=Role.COLLABORATOR)
    added = models.DateTimeField(
        "added on CoCalc", null=True, editable=False, help_text="Empty until it is done there."
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("project", "user"), name="member_once_per_project"),
        )

    def __str__(self) -> str:
        return f"{self.user} in {self.project}"


class Ending(models.Model):
    """An account whose user was switched off or deleted: it is taken out of every project.

    Nothing of it leads to the user's row, which may be gone. Tried again until it is done.
    """

    account_id = models.UUIDField("account id", unique=True)
    username = models.CharField(max_length=150)
    asked = models.DateTimeField()
    done = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(
        null=True, help_text="Tried again from then on; meanwhile somebody may be at it."
    )
    error = models.CharField(max_length=500, blank=True, help_text="Why it has not worked yet.")

    class Meta:
        ordering = ("-asked",)
        indexes = (models.Index(fields=("done", "not_before"), name="ending_open"),)

    def __str__(self) -> str:
        return f"Access of {self.username}"


class EmbedSession(models.Model):
    """One page view's worth of access: one token, one frame. The token is never stored."""

    class State(models.TextChoices):
        PREPARING = "preparing"
        OPENING = "opening"
        READY = "ready"
        SLOW = "slow"
        LOST = "lost"
        FAILED = "failed"
        CLOSED = "closed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="embed_sessions",
    )
    username = models.CharField(max_length=150, help_text="Stays when the user is deleted.")
    project = models.ForeignKey(
        CocalcProject, on_delete=models.SET_NULL, null=True, related_name="embed_sessions"
    )
    path = models.CharField(max_length=4096)
    state = models.CharField(max_length=20, choices=State, default=State.PREPARING)
    reason = models.CharField(
        max_length=60, blank=True, help_text="Why it is slow, lost or failed, as a code."
    )
    detail = models.CharField(
        max_length=500, blank=True, help_text="The likely cause, for the administrator."
    )
    steps = models.JSONField(default=dict, help_text="Milliseconds that each step took.")
    started = models.DateTimeField(auto_now_add=True)
    checked = models.DateTimeField(
        null=True, help_text="When CoCalc last confirmed the project to run and the file to exist."
    )
    seen = models.DateTimeField(
        null=True, help_text="When its page last said that its file is open and looked at."
    )
    ended = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "embed session"
        ordering = ("-started",)
        indexes = (
            models.Index(fields=("-started",), name="embed_session_started"),
            models.Index(fields=("project", "-checked"), name="embed_session_checked"),
            models.Index(fields=("username",), name="embed_session_username"),
            models.Index(fields=("state", "-started"), name="embed_session_state"),
        )

    def __str__(self) -> str:
        return f"{self.username}: {self.path}"


class Allowance(models.Model):
    """How much of a user's allowance of embed sessions is left, as one moment.

    Each session moves `used_until` on by its share of a minute; a minute ahead of now, nothing is
    left. One row for all processes, and never more than one a user.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    used_until = models.DateTimeField()

    def __str__(self) -> str:
        return f"Allowance of {self.user}"


class Trashed(models.Model):
    """What was deleted on this site and can still be put back.

    In the project it lies in a hidden folder, under this row's id and no other name: where it came
    from and when it may go is the site's word, which a program in the project cannot change.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(CocalcProject, on_delete=models.CASCADE, related_name="trashed")
    path = models.TextField()
    is_folder = models.BooleanField(default=False)
    deleted = models.DateTimeField(auto_now_add=True)
    by = models.CharField(max_length=150, help_text="User name.")

    class Meta:
        verbose_name = "deleted file"
        ordering = ("-deleted",)
        indexes = (models.Index(fields=("project", "-deleted"), name="embed_trashed_deleted"),)

    def __str__(self) -> str:
        return self.path


class Event(models.Model):
    """The audit log: what touched another's data or rights. Rows are added, never changed."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    actor = models.CharField(max_length=150, help_text="User name; empty for the site itself.")
    action = models.CharField(max_length=60, db_index=True)
    target = models.CharField(max_length=300)
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.action}: {self.target}"

    def save(self, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("An event is never changed.")
        super().save(**kwargs)

    @classmethod
    def log(cls, action: str, target: str, *, actor: str = "", **detail: object) -> Self:
        """Add a row. `detail` must hold no secret."""
        return cls.objects.create(
            action=action, target=target[:300], actor=actor[:150], detail=detail
        )
