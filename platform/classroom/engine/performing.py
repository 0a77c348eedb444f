"""One attempt at one transfer, and what its failure means: again, later, or the end.

1. What may pass (`recoverable`) is tried again, after pauses that grow, as often as the settings
   say; then it has failed, with its cause in words. Where CoCalc itself is down it is no attempt:
   a look has to find that, not what failed, which a student's project may have brought about.
2. Somebody else at the same thing (Busy), and CoCalc's own request to wait (Limited, or a Problem
   that says when), are waited for and are no attempts. After a day even that has failed.
3. Everything else has failed at once.
4. What is to be done once, and may have been done, is never done again on its own.
5. What a person no longer takes part in, and what was removed, is cancelled: nothing is done.
"""

import json
import logging
import random
import re
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from classroom.conf import conf
from classroom.engine.holding import LOST, End
from classroom.models import Profile, Transfer
from classroom.steps.registry import Skip, Step, step_of
from embedding import trail
from embedding.breaker import SUSPICIOUS
from embedding.cocalc.errors import CannotConnect, CocalcError, Forbidden, Limited, OutcomeUnknown
from embedding.problems import Busy, Problem, of_cocalc
from embedding.services import care, state

State = Transfer.State
DATABASE_LOST = (OperationalError, InterfaceError)

_BUSY_SECONDS = 1.5
_MOST_SECONDS = 60.0  # between two attempts
_PATIENCE = timedelta(days=1)

log = logging.getLogger(__name__)
_PLACE = re.compile(r"/[\w./-]*/[0-9a-f]{8}-[0-9a-f-]{27}/")  # of a project, on CoCalc's disk
_random = random.SystemRandom()


def perform(transfer: Transfer) -> End:
    """Do it once; never raises. What it writes is in the language of whoever asked for it."""
    began = time.monotonic()
    with (
        trail.on(request_id=transfer.request_id, transfer=str(transfer.pk)),
        translation.override(_language(transfer)),
    ):
        end = _perform(transfer)
        _tell(end, round((time.monotonic() - began) * 1000))
    return end


def _tell(end: End, ms: int) -> None:
    """Write the attempt's line into the log."""
    fields = {
        "kind": end.transfer.kind,
        "state": str(end.state),
        "code": end.code or "ok",
        "attempt": end.transfer.attempts,
        "ms": ms,
    }
    said = ", ".join(f"{name} {value}" for name, value in fields.items())
    log.info("Transfer: %s", said, extra={"fields": fields})


def _language(transfer: Transfer) -> str:
    """Return whose language it is: of a date that came nobody's, since teachers read of it."""
    member = transfer.member
    asked = transfer.batch.actor if transfer.batch else member.user if member else None
    try:
        return Profile.language_of(asked) if asked else settings.LANGUAGE_CODE
    except DATABASE_LOST:  # which the attempt itself will meet, and tell of
        return settings.LANGUAGE_CODE


def _perform(transfer: Transfer) -> End:
    try:
        step = step_of(transfer.kind)
        if reason := _moot(transfer, step):
            return End(transfer, State.CANCELLED, code="moot", error=reason)
        result = _clean(_run(transfer, step))
        json.dumps(result)
        return End(transfer, State.DONE, result=result)
    except Skip as skip:
        return End(transfer, State.CANCELLED, code="skipped", error=_clean(str(skip)))
    except Busy:
        return _later(transfer, _BUSY_SECONDS, code="busy")
    except Problem as problem:
        return _after(transfer, problem)
    except CocalcError as error:
        if step.when_lost and not isinstance(error, CannotConnect | Limited):
            return _perhaps_done(transfer, step, error)
        return _after(transfer, of_cocalc(error))
    except DATABASE_LOST as error:
        log.warning("%s: the database failed: %s", transfer.pk, error)
        return _again(
            transfer,
            Problem(
                "database",
                _("This site's database could not be reached."),
                status=503,
                recoverable=True,
                detail=str(error),
            ),
        )
    except BaseException as error:
        log.exception("Transfer %s (%s) failed unexpectedly", transfer.pk, transfer.kind)
        return End(
            transfer,
            State.FAILED,
            code="fault",
            error=_("Something went wrong on this site. Please tell its administrator."),
            detail=type(error).__name__,
        )


def _run(transfer: Transfer, step: Step) -> dict[str, Any]:
    """Take the step. Where the site was thrown out of the student's project, it comes back first:
    Limited, and no failure that a student can bring about.
    """
    try:
        return step.run(transfer)
    except (Forbidden, Problem) as error:
        project = transfer.member.project if transfer.member else None
        if project and error.code == Forbidden.code and not step.when_lost:
            care.after_refusal(project)
        raise


def _moot(transfer: Transfer, step: Step) -> str:
    """Say why there is nothing to do any more."""
    if transfer.assignment and transfer.assignment.removed:
        return _("The assignment was removed.")
    if transfer.member and transfer.member.removed and not step.for_removed:
        return _("No longer in the course.")
    return ""


def _after(transfer: Transfer, problem: Problem) -> End:
    if problem.recoverable and problem.retry_after is not None:
        return _later(transfer, problem.retry_after, problem)
    return _again(transfer, problem) if problem.recoverable else _failed(transfer, problem)


def _again(transfer: Transfer, problem: Problem) -> End:
    if _is_cocalc_down(problem):
        pause = _BUSY_SECONDS * _random.uniform(0.7, 1.3)
        end = _end(transfer, State.QUEUED, problem, again_in=pause, counted=False)
        # That CoCalc was away says nothing of a student's project; an earlier failure may.
        told = transfer.error_code if end.code == CannotConnect.code else ""
        return replace(end, code=told or end.code)
    if transfer.attempts >= conf().attempts:
        return _failed(transfer, problem)
    pause = min(conf().backoff_seconds * 2 ** (transfer.attempts - 1), _MOST_SECONDS)
    return _end(transfer, State.QUEUED, problem, again_in=pause * _random.uniform(0.7, 1.3))


def _is_cocalc_down(problem: Problem) -> bool:
    """Say whether it failed since CoCalc answers nobody; nothing is taken until it does."""
    if not problem.was_asked:
        return True  # also where it has come back since
    try:
        return problem.code in SUSPICIOUS and state.confirm()
    except DATABASE_LOST:
        return False


def _has_waited(transfer: Transfer) -> timedelta:
    """Return how long it has been waiting, not counting what CoCalc was down for."""
    now = timezone.now()
    if now - transfer.created <= _PATIENCE:
        return now - transfer.created
    known = state.current(now)
    since = now if known.is_down else known.since
    return now - max(transfer.created, since or transfer.created)


def _later(
    transfer: Transfer, seconds: float, problem: Problem | None = None, code: str = ""
) -> End:
    if _has_waited(transfer) > _PATIENCE:
        return _failed(
            transfer,
            problem
            or Problem(code, _("This had to wait a whole day for other steps."), status=503),
        )
    again_in = seconds * _random.uniform(1.0, 1.3)
    if problem:
        return _end(transfer, State.QUEUED, problem, again_in=again_in, counted=False)
    return End(transfer, State.QUEUED, code=code, again_in=again_in, counted=False)


def _failed(transfer: Transfer, problem: Problem) -> End:
    return _end(transfer, State.FAILED, problem)


def _perhaps_done(transfer: Transfer, step: Step, error: CocalcError) -> End:
    if isinstance(error, OutcomeUnknown):
        return End(
            transfer,
            State.FAILED,
            code=LOST,
            error=str(step.when_lost),
            detail=_clean(str(error)),
        )
    return _failed(transfer, of_cocalc(error))


def _end(
    transfer: Transfer,
    state: Transfer.State,
    problem: Problem,
    *,
    again_in: float = 0.0,
    counted: bool = True,
) -> End:
    return End(
        transfer,
        state,
        code=problem.code,
        # So that what has one cause for many students reads alike.
        error=_PLACE.sub("", _clean(problem.message)),
        detail=_clean(problem.detail),
        again_in=again_in,
        counted=counted,
    )


def _clean(value: Any) -> Any:
    """Take out what a database cannot hold, of what came from a student's project."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode(errors="replace").decode()
    if isinstance(value, dict):
        return {_clean(key): _clean(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(inner) for inner in value]
    return value
