"""What goes wrong, in words for the person in front of the page.

A `Problem` is an answer: an HTTP status, a stable code and a sentence that says what to do.
`of_cocalc` turns each error of the CoCalc client into one.
"""

import math
from collections.abc import Mapping
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext, pgettext
from django.utils.translation import gettext_lazy as _

from embedding.cocalc import errors
from embedding.names import shown
from embedding.untranslated import Sentence, SentenceError


class Problem(Exception):
    """Something to tell the user."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int,
        recoverable: bool = False,
        retry_after: int | None = None,
        detail: str = "",
        was_asked: bool = True,
    ) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = shown(message)  # it may name a file that somebody else has named
        self.status = status
        self.recoverable = recoverable  # whether trying again, unchanged, can help
        self.retry_after = retry_after  # seconds
        self.detail = detail  # for administrators; free of secrets
        self.was_asked = was_asked  # False: CoCalc is known not to answer, so nothing was tried


class Busy(Exception):
    """Another request, or CoCalc, is at this very step; ask again in a moment."""

    def __init__(self, step: str) -> None:
        super().__init__(step)
        self.step = step


# What the client says of CoCalc's answer stands for %(words)s.
_COCALC: dict[type[errors.CocalcError], tuple[int, Promise]] = {
    errors.CannotConnect: (
        503,
        _("CoCalc cannot be reached at the moment. Your files are safe; please try again shortly."),
    ),
    errors.Away: (
        503,
        _(
            "CoCalc has not answered since %(since)s. Your files are safe; please try again "
            "shortly."
        ),
    ),
    errors.OutcomeUnknown: (504, _("CoCalc took too long to answer. Please try again.")),
    errors.RefusedKey: (
        502,
        _("CoCalc does not accept this site's key. Only the site's administrator can fix that."),
    ),
    errors.Forbidden: (
        502,
        _("CoCalc does not let this site do that. Please tell the site's administrator."),
    ),
    errors.NotFound: (404, _("This is not in the project any more.")),
    errors.Duplicate: (409, _("There is already something with this name.")),
    errors.InTheWay: (
        409,
        _(
            "A file is in the way of the folder “%(folder)s”. Rename or delete the file, then "
            "try again."
        ),
    ),
    errors.CommandFailed: (502, _("The project could not do that: %(words)s.")),
    errors.NotSupported: (501, _("This version of CoCalc cannot do that.")),
    errors.CannotEmbed: (
        501,
        _(
            "The version of CoCalc that this site is connected to cannot open notebooks here. Only "
            "the site's administrator can fix that."
        ),
    ),
    errors.NoKey: (
        501,
        _(
            "On this site you sign in to CoCalc yourself, so the site cannot do this for you. Do "
            "it in CoCalc."
        ),
    ),
    errors.BadRequest: (502, _("CoCalc refused the request: %(words)s.")),
    errors.TooMany: (
        409,
        _("This folder has too many files to list here. Open the project in CoCalc to see them."),
    ),
    errors.ServerFault: (502, _("CoCalc had an error. Please try again in a moment.")),
    errors.NotStarted: (
        504,
        _("CoCalc answers, but the project does not start. Please try again in a moment."),
    ),
    errors.StillStarting: (
        504,
        _(
            "CoCalc has been starting this project for several minutes and is not done. No files "
            "are lost. Try again later. If nothing changes, tell the site's administrator: CoCalc "
            "may have to be restarted."
        ),
    ),
    errors.CannotStart: (
        502,
        _("CoCalc's server cannot start the project. No files are lost. Please try again later."),
    ),
    errors.NotCocalc: (
        502,
        _("Something answered at CoCalc's address, but not CoCalc. Please try again in a moment."),
    ),
}


def bad_request(detail: str) -> Problem:
    """The refusal of what no page of ours sends; `detail` says what is wrong with it."""
    return Problem(
        "bad_request",
        gettext("The site did not understand this request. Reload the page, then try again."),
        status=400,
        detail=detail,
    )


def again_in(seconds: int) -> str:
    """Say how long to wait, rounded up: "Please try again in 40 seconds."."""
    if seconds <= 90:
        words = ngettext(
            "Please try again in %(count)s second.",
            "Please try again in %(count)s seconds.",
            seconds,
        )
        return words % {"count": seconds}
    minutes = math.ceil(seconds / 60)
    words = ngettext(
        "Please try again in %(count)s minute.", "Please try again in %(count)s minutes.", minutes
    )
    return words % {"count": minutes}


def said(given: Sentence | SentenceError) -> str:
    """Translate a sentence from where no Django is."""
    sentence = given.sentence if isinstance(given, SentenceError) else given
    values: Mapping[str, object] = {
        name: (
            said(value)
            if isinstance(value, Sentence | SentenceError)
            else number_format(value, force_grouping=True)
            if isinstance(value, int)
            else value
        )
        for name, value in sentence.values.items()
    }
    return gettext(sentence.template) % values


def clock(moment: datetime) -> str:
    """Say a moment of the last days as clocks here show it, with the day where it is not today."""
    local = timezone.localtime(moment)
    form = pgettext("date format", "H:i")
    if local.date() != timezone.localtime().date():
        form = pgettext("date format", "j M, H:i")
    return date_format(local, form)


def of_cocalc(error: errors.CocalcError) -> Problem:
    """Say what an error of the client means for the user."""
    detail = f"{type(error).__name__}: {error}"
    if isinstance(error, errors.Limited):
        if isinstance(error, errors.Crowded):
            words = gettext(error.words)  # our own: embedding.turns
        else:
            words = gettext("CoCalc asks us to wait.") + " " + again_in(error.retry_after)
        return Problem(
            error.code,
            words,
            status=503,
            recoverable=True,
            retry_after=error.retry_after,
            detail=detail,
        )
    kinds = (kind for kind in type(error).__mro__ if kind in _COCALC)
    status, message = _COCALC.get(next(kinds, type(error)), (502, _("CoCalc could not do that.")))
    values = {
        "words": _words(error),
        "folder": getattr(error, "folder", "")[:200],
        "since": clock(error.since) if isinstance(error, errors.Away) else "",
    }
    return Problem(
        error.code,
        str(message) % values,
        status=status,
        recoverable=error.recoverable,
        detail=detail,
        was_asked=not isinstance(error, errors.Away),
    )


def _words(error: errors.CocalcError) -> str:
    """Say what the server said; where it is the client's own words, in the reader's language."""
    exit_code = getattr(error, "exit_code", None)
    if exit_code is not None and error.words == f"exit code {exit_code}":
        return gettext("exit code %(code)s") % {"code": exit_code}
    words = error.words.strip().rstrip(".")[:200]
    return gettext(words) if words else gettext("it gave no reason")
