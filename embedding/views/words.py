"""The words of the app's scripts in the page's language: Django's JavaScript catalog, as a file.

English needs none, since it is what the scripts say by themselves. The address holds a digest of
what is in it, so that a browser asks for it once and has the new one after an update.
"""

from functools import cache
from hashlib import sha256
from typing import cast

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.utils.translation import get_language
from django.views.decorators.http import require_safe
from django.views.i18n import JavaScriptCatalog

SOURCE = "en"
_KEPT_SECONDS = 365 * 86400


class _Catalog(JavaScriptCatalog):
    packages = ["embedding"]  # and, by Django, what the site itself has in LOCALE_PATHS


@cache
def _catalog(language: str) -> tuple[str, bytes]:
    """Return a digest of a language's catalog, and the script."""
    request = HttpRequest()
    request.method = "GET"
    with translation.override(language):
        response = cast(HttpResponse, _Catalog.as_view()(request))
    return sha256(response.content).hexdigest()[:12], response.content


def words_address() -> str:
    """Return where the words of the active language are; empty where the scripts need none."""
    language = get_language() or SOURCE
    if language.partition("-")[0] == SOURCE or language not in dict(settings.LANGUAGES):
        return ""
    return reverse("embedding:words", args=[language, _catalog(language)[0]])


@require_safe
def words(request: HttpRequest, language: str, digest: str) -> HttpResponse:
    """Answer with the script; 404 for a language that the site does not have."""
    if language not in dict(settings.LANGUAGES):
        raise Http404
    current, script = _catalog(language)
    response = HttpResponse(script, content_type="text/javascript; charset=utf-8")
    # While a new version is put up, an older process may answer: nothing keeps that.
    kept = f"public, max-age={_KEPT_SECONDS}, immutable" if digest == current else "no-cache"
    response["Cache-Control"] = kept
    return response
