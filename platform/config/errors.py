"""Error pages, and the same errors as JSON for our own scripts."""

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from classroom.pages.access import Archived
from classroom.pages.looking_into import LooksOnly
from classroom.rules.anonymity import NamesHidden
from embedding import trail

SENTENCES = {
    400: (
        _("The site did not understand this request"),
        _("Go back, reload the page and try again."),
    ),
    403: (
        _("You may not do this"),
        _("You don’t have permission to view this page or to do this."),
    ),
    404: (
        _("There is nothing here"),
        _(
            "The address may be mistyped. Or the page was removed, or you don’t have permission "
            "to view it."
        ),
    ),
    500: (
        _("Something went wrong on our side"),
        _("The error was logged, and your work is safe. Please try again in a moment."),
    ),
}

TOO_MUCH = {
    RequestDataTooBig: (
        _("This is too large"),
        _("The text in this form is too long for this site. Send it in several parts."),
    ),
    TooManyFieldsSent: (
        _("This is too much"),
        _("This form has too many fields for this site. Send it in several parts."),
    ),
    TooManyFilesSent: (
        _("Too many files"),
        _("You can send up to %(most)s files at once. Pack them as a zip file."),
    ),
}


def answer(
    request: HttpRequest, status: int, title: str | Promise, text: str | Promise, code: str
) -> HttpResponse:
    """Say what is wrong, on a page or as JSON."""
    if request.headers.get("Accept", "").startswith("application/json"):
        error = {
            "code": code,
            "message": f"{title}. {text}",
            "recoverable": status == 500,
            "requestId": trail.request_id(),
        }
        return JsonResponse({"error": error}, status=status)
    # What is not there is no case for an administrator.
    number = "" if status == 404 else trail.request_id()
    context = {"title": title, "text": text, "request_id": number}
    return render(request, "error.html", context, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: not for us; 413: too much of it."""
    for kind, (title, text) in TOO_MUCH.items():
        if isinstance(exception, kind):
            most = number_format(settings.DATA_UPLOAD_MAX_NUMBER_FILES, force_grouping=True)
            return answer(request, 413, title, str(text) % {"most": most}, "too_large")
    return answer(request, 400, *SENTENCES[400], "bad_request")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: a member without the right, or a course in which nobody changes anything.

    It says why where whoever refuses has said it.
    """
    if isinstance(exception, Archived):
        return answer(request, 403, exception.title, exception.text, "archived")
    if isinstance(exception, LooksOnly):
        return answer(request, 403, exception.title, exception.text, "looks_only")
    if isinstance(exception, NamesHidden):
        return answer(request, 403, exception.title, exception.text, "names_hidden")
    title, text = SENTENCES[403]
    return answer(request, 403, title, str(exception) or text, "forbidden")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: nothing there, or not for this user."""
    return answer(request, 404, *SENTENCES[404], "not_found")


def server_error(request: HttpRequest) -> HttpResponse:
    """500: our own fault."""
    return answer(request, 500, *SENTENCES[500], "server_error")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: the form or script is from another sign-in, or from another site."""
    return answer(
        request,
        403,
        _("This page is out of date"),
        _("You may have signed in again in another tab. Reload the page and try again."),
        "csrf",
    )
