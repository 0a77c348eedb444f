"""What the browser's half of the check needs: a frame for the check's own account and file.

Its token goes to the page that asked, and nowhere else, as with any notebook. The page says when
the browser has signed in, and when it is done: then the token and the file are gone.
"""

import secrets
import time
from contextlib import suppress
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from administration.access import SUPERUSERS, administrators
from embedding.client import client, proofs, sign_in
from embedding.cocalc.errors import NotSupported
from embedding.conf import conf
from embedding.frame import frame_url, sign_in_url, token_in
from embedding.problems import Problem, bad_request
from embedding.services.checking.own import FILES, tidy
from embedding.services.checking.place import account_of, known_project, project_of
from embedding.views.access import for_scripts, json_body, text_of


@administrators(SUPERUSERS)
@require_POST
@for_scripts
def begin(request: HttpRequest) -> HttpResponse:
    """Answer as for an embed session: the frame's `url`, and `signIn` where that comes first."""
    way = sign_in()
    if way == "own":
        raise _left_out(_("Users sign in to CoCalc themselves: open a file as one of them."))
    if way == "door":
        raise _left_out(_("Browsers sign in by the door, which lets users alone in: open a file."))
    cocalc = client()
    account = account_of(cocalc)
    project = project_of(cocalc, account)
    path = f"{FILES}{secrets.token_hex(8)}.txt"
    cocalc.write_file(project, path, _("This is a file of the check.").encode())
    token = cocalc.mint_token(account)
    answer: dict[str, Any] = {
        "project": project,
        "path": path,
        "proofs": sorted(proofs()),
        "began": round(time.time() * 1000),
    }
    if way == "impersonate":
        answer |= {
            "url": frame_url(conf().cocalc_url, project, path),
            "signIn": sign_in_url(conf().cocalc_url, token),
        }
    else:
        answer["url"] = frame_url(conf().cocalc_url, project, path, token)
    return JsonResponse(answer)


@administrators(SUPERUSERS)
@require_POST
@for_scripts
def signed_in(request: HttpRequest) -> HttpResponse:
    """End the token of `signIn`: the browser has signed in with it, or gives up to."""
    token = token_in(conf().cocalc_url, text_of(json_body(request), "signIn"))
    if not token:
        raise bad_request("This is no address to sign in at.")
    with suppress(NotSupported):
        client().revoke_token(token)
    return HttpResponse(status=204)


@administrators(SUPERUSERS)
@require_POST
@for_scripts
def end(request: HttpRequest) -> HttpResponse:
    """Remove the file."""
    if project := known_project():
        tidy(project)
    return HttpResponse(status=204)


def _left_out(words: str) -> Problem:
    return Problem("left_out", words, status=409)
