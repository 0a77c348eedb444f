"""The audit log's tables: see services/audit.py for what reads, seals and prunes them."""

import json
from collections.abc import Iterable
from typing import Any, NoReturn, Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from embedding import seals

_WHOM = ("whom", "user", "student")  # under which names a detail tells whose data it was


class EventSet(models.QuerySet["Event"]):
    """Events are added and read. What must change or prune them is services/audit.py alone."""

    def bulk_create(self, objs: Iterable["Event"], *args: Any, **options: Any) -> list["Event"]:
        if options.get("update_conflicts"):
            _refuse()
        rows = list(objs)
        for row in rows:
            row.settle()
        return super().bulk_create(rows, *args, **options)

    def update(self, **values: Any) -> NoReturn:
        _refuse()

    def bulk_update(self, *args: Any, **options: Any) -> NoReturn:
        _refuse()

    def delete(self) -> NoReturn:
        _refuse()


EventManager = models.Manager.from_queryset(EventSet)


class Event(models.Model):
    """The audit log: what touched another's data or rights. Rows are added, never changed."""

    at = models.DateTimeField(_("time"), default=timezone.now, editable=False)
    actor = models.CharField(
        _("actor"), max_length=150, help_text=_("User name; empty for the site itself.")
    )
    action = models.CharField(_("action"), max_length=60)
    target = models.CharField(_("target"), max_length=300)
    whom = models.CharField(
        _("whom"),
        max_length=150,
        blank=True,
        default="",
        help_text=_("User name of the person whose data or rights it was about."),
    )
    place = models.CharField(
        _("place"),
        max_length=60,
        blank=True,
        default="",
        help_text=_("Where it was: “course:” and the number of a course, for example."),
    )
    detail = models.JSONField(_("detail"), default=dict)
    digest = models.CharField(
        _("digest"),
        max_length=64,
        default="",
        editable=False,
        help_text=_("Of what the event said when it was written, by the site’s key."),
    )
    amended = models.CharField(
        _("amended"),
        max_length=64,
        default="",
        editable=False,
        help_text=_("Of what it says since a name in it was replaced, by the site’s key."),
    )
    position = models.BigIntegerField(
        _("position"),
        null=True,
        unique=True,
        editable=False,
        help_text=_("In the chain; empty until it is sealed, some seconds later."),
    )
    seal = models.CharField(
        _("seal"),
        max_length=64,
        default="",
        editable=False,
        help_text=_("Of this event and all before it, by the site’s key."),
    )

    objects = EventManager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("at",), name="event_at"),
            models.Index(fields=("actor", "-id"), name="event_actor"),
            models.Index(fields=("whom", "-id"), name="event_whom"),
            models.Index(fields=("place", "-id"), name="event_place"),
            models.Index(fields=("action", "-at"), name="event_action"),
            models.Index(
                fields=("id",), condition=models.Q(position=None), name="event_not_sealed"
            ),
        )

    def __str__(self) -> str:
        return f"{self.action}: {self.target}"

    def save(self, **kwargs: Any) -> None:
        if not self._state.adding:
            _refuse()
        self.settle()
        super().save(**{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse()

    def settle(self) -> None:
        """Make the digest of what it says; before it is written, and never again."""
        self.detail = json.loads(json.dumps(self.detail))  # as it will be read
        self.digest = seals.code(seals.said(self))

    @classmethod
    def made(
        cls,
        action: str,
        target: str,
        *,
        actor: str = "",
        whom: str | None = None,
        place: str | None = None,
        **detail: object,
    ) -> Self:
        """Return an event that is not written yet, for `bulk_create`; takes what `log` takes."""
        if whom is None:
            whom = next((v for v in map(detail.get, _WHOM) if isinstance(v, str)), "")
        if place is None:
            course = detail.get("course")
            place = f"course:{course}" if isinstance(course, int) else ""
        return cls(
            action=action,
            target=target[:300],
            actor=actor[:150],
            whom=whom[:150],
            place=place[:60],
            detail=detail,
        )

    @classmethod
    def log(
        cls,
        action: str,
        target: str,
        *,
        actor: str = "",
        whom: str | None = None,
        place: str | None = None,
        **detail: object,
    ) -> Self:
        """Add an event: what was done to what, by whom (a user name), whose it is, and where.

        `whom` is a user name; left out, it is the `user` or the `student` of the detail. `place`
        is an opaque reference; left out, it is the `course` (its key) of the detail. `detail`
        must hold no secret.
        """
        row = cls.made(action, target, actor=actor, whom=whom, place=place, **detail)
        row.save()
        return row


class EventChain(models.Model):
    """One row: where the chain of events begins and ends, so that a missing end shows too."""

    position = models.BigIntegerField(_("position"), default=0)  # of the last that was sealed
    seal = models.CharField(_("seal"), max_length=64, default="")
    pruned_position = models.BigIntegerField(_("pruned until"), default=0)
    pruned_seal = models.CharField(_("seal of the last pruned"), max_length=64, default="")
    code = models.CharField(_("code"), max_length=64, default="")  # of all these, by the site's key

    class Meta:
        verbose_name = _("chain of events")
        verbose_name_plural = _("chains of events")

    def __str__(self) -> str:
        return str(self.position)


def _refuse() -> NoReturn:
    raise TypeError("An event is never changed.")
