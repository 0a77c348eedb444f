"""The workers that run, or ran until they were killed."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class WorkerHeart(models.Model):
    """One worker process. It moves `seen` on every few seconds, and takes its row away at its end.

    The row of a killed one stays, and grows old: see `classroom.engine.hearts`.
    """

    id = models.UUIDField(_("id"), primary_key=True, default=uuid.uuid4)
    host = models.CharField(_("host"), max_length=255)
    pid = models.PositiveIntegerField(_("process"))
    version = models.CharField(_("version"), max_length=60, blank=True)
    started = models.DateTimeField(_("started"))
    seen = models.DateTimeField(_("seen"), db_index=True)

    class Meta:
        verbose_name = _("worker")
        verbose_name_plural = _("workers")
        ordering = ("started",)

    def __str__(self) -> str:
        return f"{self.host}, {self.pid}"
