"""Embed sessions: one page view, one fresh token, one row that says how it went."""

import logging
import time
import uuid
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from embedding import trail
from embedding.client import client, sign_in
from embedding.cocalc.client import Project
from embedding.cocalc.errors import CocalcError, NotStarted, NotSupported, OutcomeUnknown
from embedding.cocalc.paths import BadPath, clean_path
from embedding.conf import conf
from embedding.frame import frame_url, sign_in_url, token_in
from embedding.models import CocalcProject, EmbedSession, Member
from embedding.problems import Busy, Problem, bad_request, said
from embedding.services import care, mapping, preparation
from embedding.services.allowance import allowance_check, allowance_take
from embedding.services.door import door_address
from embedding.services.running import (
    may_be_starting,
    project_was_seen_running,
    project_was_seen_stopped,
)
from embedding.turns import beside, take

log = logging.getLogger(__name__)

# In a project's home: what was deleted on this site (services/trash.py).
TRASH = ".trash"
# How long CoCalc's word that a project runs and a file exists is taken for granted.
CHECK_LASTS = timedelta(minutes=1)
# How long a project may take to start, over as many requests as that takes.
START_LASTS = timedelta(seconds=150)
_LOOK_SECONDS = 1.0  # that an opening waits to hear whether something was changed


@dataclass(frozen=True, slots=True)
class Working:
    """A step was done; more are to come."""

    done: preparation.Step
    next: preparation.Step | None


@dataclass(frozen=True, slots=True, repr=False)
class Ready:
    """The frame's address, and where a browser must sign in first, that address.

    One of them holds a token: for the browser alone, never for a log.
    """

    url: str
    sign_in: str = ""


def session_row(session_id: uuid.UUID, user: User, member: Member, path: str) -> EmbedSession:
    """Return the row of a page view, which the page names by an id of its own.

    No row is added for a user whose allowance is used up: a storm of reloads fills no table.
    """
    trail.mark(session=str(session_id))
    row = EmbedSession.objects.filter(id=session_id).first()
    if row is None:
        allowance_check(user)
        row, _made = EmbedSession.objects.get_or_create(
            id=session_id,
            defaults={
                "user": user,
                "username": user.get_username()[:150],
                "project": member.project,
                "path": path,
            },
        )
    if (row.user_id, row.project_id, row.path) != (user.pk, member.project.pk, path):
        raise Problem("bad_request", _("This page is out of date. Please reload it."), status=409)
    return row


def session_continue(
    row: EmbedSession, member: Member, origin: str, *, kiosk: bool = True, again: bool = False
) -> Working | Ready:
    """Do the next step of an embed session; Ready when the frame can be shown.

    `origin` is that of the page that asks. For a known user it asks CoCalc twice at most, side by
    side: for the token, and whether the project runs and the file is there (which is left out when
    it was answered just now). A project that nobody has looked after for a while is looked at
    beside them.
    Raises Busy, also while the project starts; CocalcError, and Problem where the file is not
    there.
    """
    began = time.monotonic()
    if not getattr(member.user, "is_active", True):
        raise Problem("switched_off", _("Your access has ended."), status=403)
    if conf().own_sign_in:
        return _with_own_session(row, member, kiosk=kiosk)
    if again:
        allowance_check(member.user)  # before CoCalc is asked anything
    account = mapping.account_row(member.user)
    step = preparation.prepare(account, member, again=again)
    if step:
        _took(row, step, began)
        row.save(update_fields=["steps"])
        return Working(done=step, next=preparation.next_step(account, member))
    if account.account_id is None or member.project.project_id is None:
        raise AssertionError("prepared, but not there")

    project_id = str(member.project.project_id)
    take(project_id)  # before the allowance: a request that must wait costs nothing
    allowance_take(member.user)
    style = sign_in()
    # The door mints by itself, once a browser is there.
    minting = None if style == "door" else beside(_timed_mint, str(account.account_id))
    looking = None
    if care.is_due(member.project):
        looking = beside(client().get_project, project_id)
    if again or not _checked_lately(member, row.path):
        try:
            file_check(member, row.path)
        except (OutcomeUnknown, NotStarted) as error:
            if minting:
                minting.result()  # CoCalc itself answers
            in_time = timezone.now() - row.started < START_LASTS
            if in_time and may_be_starting(project_id, error):
                raise Busy("starting") from error
            raise _not_started(error) from error
        project_was_seen_running(project_id)
        _took(row, "running", began)
        row.checked = timezone.now()
        if care.home_is_due(member.project):
            with suppress(CocalcError):
                care.home_close(member.project)
    token = ""
    if minting:
        token, row.steps["token"] = minting.result()
    if looking:
        _mend_seen(member, looking)
    row.state, row.reason, row.detail = EmbedSession.State.OPENING, "", ""
    row.ended = None
    row.save(update_fields=["steps", "checked", "state", "reason", "detail", "ended"])
    base = conf().cocalc_url
    if style == "door":
        return Ready(door_address(row, origin, kiosk=kiosk))
    if style == "impersonate":
        url = frame_url(base, project_id, row.path, kiosk=kiosk)
        return Ready(url, sign_in_url(base, token))
    return Ready(frame_url(base, project_id, row.path, token, kiosk=kiosk))


def session_signed_in(row_id: uuid.UUID, address: str, ms: int) -> None:
    """End the token of a sign-in address, with which a browser has signed in, or gives up to.

    Nothing of it is kept here between the requests: the page hands it back. Once a session, as
    each has one token; where CoCalc does not end it, its time does.
    """
    token = token_in(conf().cocalc_url, address)
    if not token:
        raise bad_request("This is no address to sign in at.")
    with transaction.atomic():
        row = EmbedSession.objects.select_for_update(no_key=True).get(pk=row_id)
        if "signed_in" in row.steps:
            return
        row.steps["signed_in"] = ms
        row.save(update_fields=["steps"])
    try:
        client().revoke_token(token)
    except NotSupported:
        pass  # they end by their time alone there
    except CocalcError as error:
        log.warning("A token could not be ended: %s", type(error).__name__)


def _with_own_session(row: EmbedSession, member: Member, *, kiosk: bool) -> Ready:
    """The file's address alone: the user's browser is signed in to CoCalc, or is not."""
    if member.project.project_id is None:
        raise Problem(
            "unprepared",
            _("The site's administrator has not said which project of CoCalc's this is."),
            status=409,
        )
    allowance_take(member.user)
    row.state, row.reason, row.detail, row.ended = EmbedSession.State.OPENING, "", "", None
    row.save(update_fields=["state", "reason", "detail", "ended"])
    project_id = str(member.project.project_id)
    return Ready(frame_url(conf().cocalc_url, project_id, row.path, kiosk=kiosk))


def file_check(member: Member, path: str) -> None:
    """Make sure that the project runs and the file is there; Problem where it is not.

    Before every opening, also of another file in an open frame: CoCalc would create a missing
    file without a word, and ask questions about a stopped project.
    """
    if conf().own_sign_in:
        return  # nobody here can look
    if not client().file_exists(str(member.project.project_id), path):
        raise Problem(
            "file_missing",
            _(
                "“%(path)s” is not in this project any more. It may have been renamed or deleted. "
                "Look at the list of files."
            )
            % {"path": path},
            status=404,
        )


def session_fail(row: EmbedSession, problem: Problem) -> None:
    """Write down that the session ended before it could be shown."""
    row.state, row.reason = EmbedSession.State.FAILED, problem.code[:60]
    row.detail, row.ended = problem.detail[:500], timezone.now()
    row.save(update_fields=["state", "reason", "detail", "ended"])


def session_report(row_id: uuid.UUID, *, state: str, ms: int | None, reason: str) -> None:
    """Take down what the page says of its frame: ready after so many ms, lost, closed.

    Reports travel side by side and may overtake each other: after "closed", which is the last
    that a page says, nothing changes the state any more; but the browser may bring a page back,
    which says so by the reason "resumed".
    """
    State = EmbedSession.State  # noqa: N806  the enumeration itself
    if state not in {State.READY, State.SLOW, State.LOST, State.CLOSED}:
        raise bad_request("This is no state of a frame.")
    with transaction.atomic():
        row = EmbedSession.objects.select_for_update(no_key=True).get(pk=row_id)
        if state == State.READY and ms is not None:
            row.steps.setdefault("ready", ms)
        if row.state != State.CLOSED or reason == "resumed":
            row.state = state
            row.ended = timezone.now() if state in {State.LOST, State.CLOSED} else None
            if reason or state != State.CLOSED:
                row.reason = reason[:60]
            if state == State.READY:
                row.detail, row.seen = "", timezone.now()
        row.save(update_fields=["state", "reason", "detail", "ended", "seen", "steps"])


def session_seen(row: EmbedSession) -> None:
    """Write down that the page is there and looked at."""
    EmbedSession.objects.filter(pk=row.pk).update(seen=timezone.now())


def forget_checks(member: Member) -> None:
    """After files were renamed or deleted: ask CoCalc again before the next opening."""
    _forget_checks(member.project)


def project_was_stopped(project: CocalcProject) -> None:
    """Say so to pages that are open in it; whoever opens it next has it started first."""
    project_was_seen_stopped(str(project.project_id))
    _forget_checks(project)


def _forget_checks(project: CocalcProject) -> None:
    EmbedSession.objects.filter(project=project, checked__isnull=False).filter(
        checked__gte=timezone.now() - CHECK_LASTS
    ).update(checked=None)


def _not_started(error: OutcomeUnknown | NotStarted) -> Problem:
    return Problem(
        "project_not_started",
        _(
            "CoCalc answers, but your project does not start. Your files are safe. If this goes "
            "on, tell the site's administrator."
        ),
        status=504,
        recoverable=True,
        detail=f"The project did not run a command in time. {error}",
    )


def _checked_lately(member: Member, path: str) -> bool:
    return EmbedSession.objects.filter(
        project=member.project, path=path, checked__gte=timezone.now() - CHECK_LASTS
    ).exists()


def _mend_seen(member: Member, looking: "Future[Project]") -> None:
    """Mend what was changed on CoCalc behind our back; no opening waits long or fails for it."""
    with suppress(CocalcError, TimeoutError):
        care.mend_quietly(member.project, looking.result(timeout=_LOOK_SECONDS))


def _timed_mint(account_id: str) -> tuple[str, int]:
    began = time.monotonic()
    return client().mint_token(account_id), round((time.monotonic() - began) * 1000)


def _took(row: EmbedSession, step: str, began: float) -> None:
    row.steps[step] = row.steps.get(step, 0) + round((time.monotonic() - began) * 1000)


def clean(path: str) -> str:
    """Return a sound path within a project; Problem with what is wrong otherwise.

    The trash is none: what lies there is put back before it is used.
    """
    try:
        clean_path(path)
    except BadPath as error:
        raise Problem("bad_path", said(error), status=400) from None
    if path.partition("/")[0] == TRASH:
        raise Problem(
            "bad_path",
            _("“%(folder)s” holds what was deleted. Open the trash to see it.") % {"folder": TRASH},
            status=400,
        )
    return path
