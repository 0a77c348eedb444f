"""Error pages, and the same errors as JSON for our own scripts."""

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from classroom.pages.access import Archived
from classroom.rules.anonymity import NamesHidden

SENTENCES = {
    400: ("Something in this request is not right", "Go back, reload the page and try again."),
    403: (
        "You may not do this",
        "You are signed in, but this is not among the things that you may do here.",
    ),
    404: (
        "There is nothing here",
        "The address may be mistyped, or what it led to is not yours or has been removed.",
    ),
    500: (
        "Something went wrong on our side",
        "It has been logged. Nothing of yours was lost; please try again in a moment.",
    ),
}

TOO_MUCH: dict[type[Exception], tuple[str, str]] = {
    RequestDataTooBig: (
        "This is too large",
        "The text in this form is longer than the site takes. Send it in several parts.",
    ),
    TooManyFieldsSent: (
        "This is too much",
        "There are more fields in this form than the site takes. Send it in several parts.",
    ),
    TooManyFilesSent: (
        "These are too many files",
        f"Up to {settings.DATA_UPLOAD_MAX_NUMBER_FILES:,} can be sent at once. Pack them as a zip.",
    ),
}


def answer(request: HttpRequest, status: int, title: str, text: str, code: str) -> HttpResponse:
    """Say what is wrong, on a page or as JSON."""
    if request.headers.get("Accept", "").startswith("application/json"):
        error = {"code": code, "message": f"{title}. {text}", "recoverable": status == 500}
        return JsonResponse({"error": error}, status=status)
    return render(request, "error.html", {"title": title, "text": text}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: not for us; 413: too much of it."""
    for kind, (title, text) in TOO_MUCH.items():
        if isinstance(exception, kind):
            return answer(request, 413, title, text, "too_large")
    return answer(request, 400, *SENTENCES[400], "bad_request")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: a member without the right, or a course in which nobody changes anything.

    It says why where whoever refuses has said it.
    """
    if isinstance(exception, Archived):
        return answer(request, 403, exception.title, exception.text, "archived")
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
        "This page is out of date",
        "You may have signed in again in another tab. Reload the page and try once more.",
        "csrf",
    )
