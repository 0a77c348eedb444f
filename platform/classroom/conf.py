"""The app's settings: one dictionary `CLASSROOM` in the Django settings, typed here."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed


@dataclass(frozen=True, slots=True)
class Conf:
    """What the site's administrator decides; times in seconds."""

    concurrency: int
    reserved: int
    course_most: int
    long_most: int
    attempts: int
    backoff_seconds: float
    hold_seconds: float
    accounts_per_half_hour: int
    submit_max_mb: int
    keep_transfers_days: int
    keep_snapshots_days: int
    mail: bool


@cache
def conf() -> Conf:
    """Return the settings; read once, and again after a test has changed them."""
    given: dict[str, Any] = getattr(settings, "CLASSROOM", {})
    concurrency: int = given.get("CONCURRENCY", 10)
    return Conf(
        # How many transfers run at once, over all workers: each asks CoCalc one thing at a time.
        concurrency=concurrency,
        # So many of them only to submit and to collect,
        reserved=given.get("RESERVED", concurrency // 5),
        # so many at most of one course while others wait,
        course_most=given.get("COURSE_MOST", max(1, concurrency // 2)),
        # and so many at most of what may last minutes.
        long_most=given.get("LONG_MOST", max(1, concurrency // 2)),
        # Of a transfer that fails for a reason that may pass.
        attempts=given.get("ATTEMPTS", 5),
        backoff_seconds=given.get("BACKOFF_SECONDS", 2.0),
        # How long after its last sign of life a worker is taken for dead.
        hold_seconds=given.get("HOLD_SECONDS", 30.0),
        # CoCalc's own limit is 150; the rest is for people who wait in front of a page.
        accounts_per_half_hour=given.get("ACCOUNTS_PER_HALF_HOUR", 130),
        # How much a student may submit at once.
        submit_max_mb=given.get("SUBMIT_MAX_MB", 200),
        # What is older is deleted (`engine.upkeep`, `class_steps.keeping`); 0: never.
        keep_transfers_days=given.get("KEEP_TRANSFERS_DAYS", 730),
        keep_snapshots_days=given.get("KEEP_SNAPSHOTS_DAYS", 1095),
        # Whether the site can send e-mail; otherwise teachers pass invitations on themselves.
        mail=given.get("MAIL", False),
    )


def _forget(*, setting: str, **_: object) -> None:
    if setting == "CLASSROOM":
        conf.cache_clear()


setting_changed.connect(_forget)
