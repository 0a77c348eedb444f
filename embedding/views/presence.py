"""Who is signed in, and for how much longer: asked by pages whose frame outlives many things.

Work in a frame makes no request to the site, which would sign the user out meanwhile. So the page
asks, and the sign-in is prolonged by the site's own rule, up to a limit after signing in. In the
same breath it hears that its user may no longer open the project, or that the project has stopped.
"""

import time
from datetime import UTC, datetime

from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.base import SessionBase
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.views.decorators.http import require_http_methods

from embedding.conf import conf
from embedding.services.running import project_runs
from embedding.services.sessions import session_seen
from embedding.views.access import (
    for_scripts,
    json_body,
    same_user,
    session_of,
    text_of,
    uuid_of,
)

SIGNED_IN = "embedding_signed_in"  # when
RENEWED = "embedding_renewed"  # when last
RENEW_SECONDS = 180  # at most so often


@receiver(user_logged_in)
def _signed_in(*, request: HttpRequest, **_: object) -> None:
    if hasattr(request, "session"):
        request.session[SIGNED_IN] = int(time.time())


@require_http_methods(["GET", "POST"])
@for_scripts
def presence(request: HttpRequest) -> HttpResponse:
    """Tell the page whether it is still its user's, and for how many seconds at least.

    POST prolongs the sign-in; with the id of the page's embed session (`session`) it also says that
    the page is looked at, and tells whether the project there is `running`: null where that is not
    known. GET changes nothing and brings a fresh token for posting, which a page needs when its
    user signed in again in another tab.
    """
    answer: dict[str, object] = {}
    if request.method == "POST":
        body = json_body(request)
        same_user(request, text_of(body, "user"))
        if "session" in body:
            answer["running"] = _running(request, text_of(body, "session"))
        _renew(request.session)
    else:
        same_user(request, request.GET.get("user", ""))
    seconds = _seconds(request.session)
    return JsonResponse({"csrf": get_token(request), "seconds": seconds, **answer})


def _running(request: HttpRequest, session: str) -> bool | None:
    """Say whether the project of an embed session runs, whose page is looked at."""
    row = session_of(request, uuid_of(session))
    session_seen(row)
    project = row.project
    return project_runs(str(project.project_id)) if project and project.project_id else None


def _renew(session: SessionBase) -> None:
    now = int(time.time())
    if now - session.get(RENEWED, 0) < RENEW_SECONDS or _is_absolute(session):
        return
    since = session.get(SIGNED_IN, now)
    limit = since + conf().signed_in_max_seconds
    if limit <= now + _seconds(session):
        return  # by the site's own rule it lasts as long anyway
    if now + session.get_expiry_age() > limit and not session.get_expire_at_browser_close():
        session.set_expiry(datetime.fromtimestamp(limit, UTC))
    session[SIGNED_IN], session[RENEWED] = since, now


def _seconds(session: SessionBase) -> int:
    """Return how long it lasts at least; a session's age counts from its last change."""
    age = session.get_expiry_age()
    if _is_absolute(session):
        return max(0, age)
    changed = session.get(RENEWED) or session.get(SIGNED_IN) or time.time()
    # Past that, something else of the site has prolonged it.
    return max(RENEW_SECONDS, int(changed + age - time.time()))


def _is_absolute(session: SessionBase) -> bool:
    return isinstance(session.get("_session_expiry"), (str, datetime))
