"""What the pages for administrators keep: how much of what there was in each hour."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class HourCount(models.Model):
    """What was begun and what ended in one hour, counted: see `administration.overview.counting`.

    One row an hour, so that counting it anew is one change and nothing is ever counted twice.
    """

    hour = models.DateTimeField(_("hour"), unique=True)
    counted = models.DateTimeField(_("counted"), null=True)
    until = models.DateTimeField(
        _("until"), null=True, help_text=_("What came later is not in it; an hour may not be over.")
    )
    # [[state, reason, how many], …] of the embed sessions that began in it
    sessions = models.JSONField(_("embed sessions"), default=list)
    # {how many quarters of a second until ready: how many sessions}
    ready = models.JSONField(_("until ready"), default=dict)
    # [[kind, state, error code, how many], …] of the transfers that ended in it
    transfers = models.JSONField(_("transfers"), default=list)

    class Meta:
        verbose_name = _("count of an hour")
        verbose_name_plural = _("counts of hours")
        ordering = ("-hour",)

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H:%M}"
