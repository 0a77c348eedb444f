"""What an administrator should look at, in words: what it is, what it means, and what to do."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from administration.overview.numbers import Numbers
from classroom.pages.text import short_moment

LONG = timedelta(minutes=10)  # that a class step waits while workers run
MAIL_LONG = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Attention:
    """One such thing; "bad" keeps people from working, "warn" does not, or not yet."""

    level: Literal["bad", "warn"]
    what: str
    do: str
    link: str = ""


def attention(seen: Numbers) -> list[Attention]:
    """Return all of it, what is bad first."""
    found = [*_cocalc(seen), *_workers(seen), *_rows(seen), *_site(seen)]
    return sorted(found, key=lambda one: one.level != "bad")


def _cocalc(seen: Numbers) -> Iterator[Attention]:
    cocalc = seen.cocalc
    if cocalc.now.is_down and cocalc.now.since:
        yield Attention(
            "bad",
            _("CoCalc has not answered since %(since)s: %(cause)s.")
            % {"since": moment(cocalc.now.since, seen.now), "cause": cocalc.cause},
            _(
                "Check that CoCalc runs and that this server reaches it. Until then nobody can "
                "open a notebook. Class steps wait, and go on by themselves."
            ),
            cocalc.check,
        )
    elif cocalc.now.state == "unknown" and seen.workers.alive and not cocalc.own:
        yield Attention(
            "warn",
            _("It is not known whether CoCalc answers."),
            _("A worker looks once a minute. If this stays, look into the worker's log."),
            cocalc.check,
        )
    if cocalc.wrong:
        yield Attention(
            "bad",
            _("The setting COCALC_GENERATION=%(name)s names another version than CoCalc has.")
            % {"name": cocalc.wrong},
            _("Leave it out: the site finds out by itself."),
        )
    elif cocalc.advice and not cocalc.own and not cocalc.now.is_down:
        yield Attention("bad", f"CoCalc: {cocalc.kind}.", cocalc.advice, cocalc.check)


def _workers(seen: Numbers) -> Iterator[Attention]:
    if not seen.workers.alive:
        last = seen.workers.last_seen
        yield Attention(
            "bad",
            _("No worker has run since %(since)s.") % {"since": moment(last, seen.now)}
            if last
            else _("No worker runs."),
            _(
                "Start one with “python manage.py worker”. Until then nothing is handed out, "
                "collected, returned or mailed."
            ),
        )
    elif seen.workers.others:
        yield Attention(
            "warn",
            ngettext(
                "%(count)s worker runs another version than this page.",
                "%(count)s workers run another version than this page.",
                len(seen.workers.others),
            )
            % {"count": len(seen.workers.others)},
            _("Restart what is older, so that all of the site runs the same version."),
        )
    oldest = seen.queue.total.oldest
    if oldest and seen.workers.alive and _waits(seen) and seen.now - oldest > LONG:
        yield Attention(
            "warn",
            _("A class step has waited since %(since)s.") % {"since": moment(oldest, seen.now)},
            _("The workers may have too much to do, or wait for CoCalc. See what waits."),
            seen.queue.total.queued.link,
        )


def _waits(seen: Numbers) -> bool:
    """Whether something waits for a worker, and not for a moment that is still to come."""
    return seen.queue.total.queued.value > seen.queue.total.later


def _rows(seen: Numbers) -> Iterator[Attention]:
    accounts, mail, endings = seen.accounts, seen.mail, seen.endings
    if accounts.is_used_up and accounts.waiting:
        yield Attention(
            "warn",
            _("As many accounts were made on CoCalc in half an hour as may be made ahead."),
            _(
                "Nothing is to be done: the others follow by themselves. Who opens a notebook "
                "gets an account at once."
            ),
            accounts.half_hour.link,
        )
    if mail.failed.value:
        yield Attention(
            "warn",
            ngettext(
                "%(count)s mail was refused within a week.",
                "%(count)s mails were refused within a week.",
                mail.failed.value,
            )
            % {"count": mail.failed.value},
            _("The list says why. People still read the same on the site."),
            mail.failed.link,
        )
    if mail.is_set_up and mail.oldest and seen.now - mail.oldest > MAIL_LONG:
        yield Attention(
            "warn",
            _("A mail has waited since %(since)s.") % {"since": moment(mail.oldest, seen.now)},
            _("Check that the mail server in EMAIL_URL answers."),
            mail.waiting.link,
        )
    stuck = [row for row in endings.first if row.attempts]
    if stuck:
        yield Attention(
            "warn",
            ngettext(
                "Access that should have ended on CoCalc has not: of %(count)s person.",
                "Access that should have ended on CoCalc has not: of %(count)s people.",
                endings.total.value,
            )
            % {"count": endings.total.value},
            _("The site keeps trying. Below it says which project that waits for."),
            endings.total.link,
        )


def _site(seen: Numbers) -> Iterator[Attention]:
    if seen.versions.unapplied:
        yield Attention(
            "bad",
            ngettext(
                "The database lacks %(count)s migration.",
                "The database lacks %(count)s migrations.",
                len(seen.versions.unapplied),
            )
            % {"count": len(seen.versions.unapplied)},
            _("Run “python manage.py migrate”."),
        )
    remarks = seen.found.remarks if seen.found else []
    if remarks:
        yield Attention(
            "bad" if any(remark.is_error for remark in remarks) else "warn",
            ngettext(
                "“manage.py check --deploy” has %(count)s remark.",
                "“manage.py check --deploy” has %(count)s remarks.",
                len(remarks),
            )
            % {"count": len(remarks)},
            _("Each says below what to do."),
        )


def moment(at: datetime, now: datetime) -> str:
    """Say a moment in the reader's time zone: "11:55", and the day where that is not today."""
    return short_moment(at, timezone.get_current_timezone(), beside=now)
