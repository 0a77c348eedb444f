"""Sending letters by SMTP: by the workers, each letter at most once.

1. A letter is taken (SENDING) in the database before the mail server gets any of it, so of several
   workers one sends it.
2. The server refuses it for now: it is tried again after pauses that grow, a few times. It refuses
   it for good: that is the end, which administrators see.
3. The server cannot be reached, or takes no mail from this site at all: the letters wait, for three
   days at most. Nothing was begun, so no attempt is counted.
4. The connection breaks after the text began to go out, or the worker is lost meanwhile: nobody
   knows whether it arrived. It is not sent again; its notices are on the site in any case.
"""

import logging
import smtplib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.models import Letter
from classroom.notices.composing import compose

State = Letter.State

SECONDS = 10  # of silence, after which a mail server is given up
MOST = 50  # letters of one connection
PAUSES = [timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360, 720)]
PATIENCE = timedelta(days=3)
LOST = timedelta(minutes=10)  # a worker that has sent a letter for so long is gone
_LONGEST = 600.0  # seconds between two looks at a server that cannot be reached

log = logging.getLogger(__name__)


class Away(Exception):
    """The mail server cannot be reached, or takes nothing from this site."""


class Broken(Exception):
    """The connection broke; whether this letter had begun to go out is its argument."""


class Refused(Exception):
    """The server did not take this letter; its argument is SMTP's code."""

    @property
    def is_for_good(self) -> bool:
        """Whether asking again is of no use."""
        return not 400 <= self.args[0] < 500


class Sender:
    """Sends what waits; a server that is away is asked more and more rarely."""

    def __init__(self) -> None:
        self._pause = 0.0
        self._not_before = timezone.now()

    def deliver(self, stop: Callable[[], bool] = lambda: False) -> int:
        """Send the letters that it is time for; return how many went out."""
        now = timezone.now()
        _give_up(now)
        if now < self._not_before or not _due(now).exists():
            return 0
        try:
            sent = _deliver(stop)
        except Away as away:
            log.warning("The mail server takes no mail (%s)", away)
            _due(now).update(
                error=_("The mail server cannot be reached, or it does not accept mail.")
            )
            self._pause = min(max(2 * self._pause, 10.0), _LONGEST)
            self._not_before = now + timedelta(seconds=self._pause)
            return 0
        self._pause = 0.0
        return sent


def _due(now: datetime) -> QuerySet[Letter]:
    return Letter.objects.filter(state=State.QUEUED, not_before__lte=now).order_by("pk")


def _give_up(now: datetime) -> None:
    """End what nobody knows the outcome of, and what has waited too long."""
    lost = Letter.objects.filter(state=State.SENDING, changed__lt=now - LOST)
    lost.update(
        state=State.UNKNOWN,
        changed=now,
        error=_("The worker stopped while it was sending this."),
    )
    old = Letter.objects.filter(state=State.QUEUED, created__lt=now - PATIENCE)
    old.update(
        state=State.FAILED,
        changed=now,
        error=_("The mail server accepted no mail for days."),
    )


def _deliver(stop: Callable[[], bool]) -> int:
    sent = 0
    with _Connection() as server:
        for letter in _due(timezone.now()).select_related("user")[:MOST]:
            if stop():
                break
            if not _queued(letter).update(
                state=State.SENDING, changed=timezone.now(), attempts=F("attempts") + 1
            ):
                continue  # another worker has it
            letter.attempts += 1
            try:
                sent += _send(letter, server)
            except Broken:
                break
    return sent


def _send(letter: Letter, server: "_Connection") -> bool:
    """Send one, and write down how it ended. Broken and Away as `take` raises them."""
    try:
        message = compose(letter)
        if message is None:
            _end(letter, State.EMPTY)
            return False
        server.take(message)
    except Refused as refused:
        _refused(letter, refused)
    except Away:
        _end(letter, State.QUEUED, attempts=letter.attempts - 1)
        raise
    except Broken as broken:
        if broken.args[0]:
            _end(
                letter,
                State.UNKNOWN,
                _("The connection broke while this was being sent."),
            )
        else:
            _again(letter, _("The connection to the mail server broke."))
        raise
    except ValueError as error:  # an address or a text that no mail can hold
        log.warning("Letter %s cannot be made (%s)", letter.pk, type(error).__name__)
        _end(letter, State.FAILED, _("This cannot be sent as an e-mail."))
    except Exception:
        log.exception("Letter %s failed unexpectedly", letter.pk)
        _end(letter, State.FAILED, _("Something went wrong on this site."))
    else:
        _end(letter, State.SENT)
        return True
    return False


def _refused(letter: Letter, refused: Refused) -> None:
    # What a server says may hold anything; its code is enough to look further.
    words = _("The mail server refused it (%(code)s).") % {"code": refused.args[0]}
    if refused.is_for_good:
        _end(letter, State.FAILED, words)
    else:
        _again(letter, words)


def _again(letter: Letter, words: str) -> None:
    if letter.attempts > len(PAUSES):
        _end(letter, State.FAILED, words)
        return
    pause = PAUSES[letter.attempts - 1]
    _end(letter, State.QUEUED, words, not_before=timezone.now() + pause)


def _end(letter: Letter, state: Letter.State, error: str = "", **fields: Any) -> None:
    rows = Letter.objects.filter(pk=letter.pk, state=State.SENDING)
    rows.update(state=state, error=error, changed=timezone.now(), **fields)


def _queued(letter: Letter) -> QuerySet[Letter]:
    return Letter.objects.filter(pk=letter.pk, state=State.QUEUED)


class _Watched(smtplib.SMTP):
    """Knows whether a text has begun to go out, after which nobody knows whether it arrived."""

    begun = False

    def data(self, msg: Any) -> tuple[int, bytes]:
        self.begun = True
        return super().data(msg)


class _WatchedSsl(smtplib.SMTP_SSL, _Watched):
    """The same, over TLS from the start."""


class _Connection(EmailBackend):
    """The site's mail server, as the settings name it."""

    def __init__(self) -> None:
        super().__init__(timeout=SECONDS)

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _WatchedSsl if self.use_ssl else _Watched

    def open(self) -> bool | None:
        """Connect and sign in; Away where that fails."""
        try:
            return super().open()
        except (OSError, ValueError) as error:
            self.close()
            raise Away(type(error).__name__) from None

    def take(self, message: EmailMessage) -> None:
        """Hand one mail over. Refused, Away or Broken where it was not taken."""
        smtp = self.connection
        assert isinstance(smtp, _Watched)  # noqa: S101  for types
        smtp.begun = False
        try:
            self.send_messages([message])
        except smtplib.SMTPSenderRefused as error:
            raise Away(f"{type(error).__name__} {error.smtp_code}") from None
        except smtplib.SMTPRecipientsRefused as error:
            raise Refused(next(iter(error.recipients.values()))[0]) from None
        except smtplib.SMTPResponseException as error:
            raise Refused(error.smtp_code) from None
        except smtplib.SMTPNotSupportedError:
            raise Refused(550) from None
        except OSError:
            raise Broken(smtp.begun) from None
