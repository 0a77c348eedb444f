"""What `manage.py check --deploy` would say, found once in each process, beside the pages.

Checks look at the settings and the code, which do not change while a process runs; none asks
CoCalc. They take a second, for which no page waits.
"""

import logging
import threading
from dataclasses import dataclass, field

from django.core import checks
from django.db.migrations.loader import MigrationLoader

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Remark:
    """One message of a check."""

    code: str
    text: str
    hint: str
    is_error: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What the checks say, and which migrations this version of the site has."""

    remarks: list[Remark] = field(default_factory=list)
    migrations: frozenset[tuple[str, str]] = frozenset()


_found: Found | None = None
_looking = threading.Lock()


def found() -> Found | None:
    """Return what was found; None while it is being looked for, which begins now."""
    if _found is None and _looking.acquire(blocking=False):
        threading.Thread(target=_look_for_all, name="checks", daemon=True).start()
    return _found


def look() -> Found:
    """Run all checks, and read which migrations there are."""
    said = checks.run_checks(include_deployment_checks=True)
    return Found(
        [
            Remark(
                str(message.id or ""),
                str(message.msg),
                str(message.hint or ""),
                message.level >= checks.ERROR,
            )
            for message in said
            if message.level >= checks.WARNING and not message.is_silenced()
        ],
        frozenset(MigrationLoader(None, ignore_no_migrations=True).disk_migrations or ()),
    )


def _look_for_all() -> None:
    global _found
    try:
        _found = look()
    except Exception:
        log.exception("The checks could not be run")
    finally:
        _looking.release()
