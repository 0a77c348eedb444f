"""What the notebook page asks for: an embed session, step by step, and where to report to."""

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.transaction import non_atomic_requests
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from embedding.client import proofs, sign_in
from embedding.cocalc.errors import CocalcError
from embedding.cocalc.sites import is_same_site
from embedding.conf import conf
from embedding.frame import frame_url
from embedding.models import EmbedSession, Member
from embedding.names import shown
from embedding.problems import Busy, Problem, of_cocalc, said
from embedding.services.acts import act_in
from embedding.services.diagnosis import diagnose
from embedding.services.door import USED_TABS
from embedding.services.sessions import (
    Ready,
    Working,
    clean,
    file_check,
    session_continue,
    session_fail,
    session_report,
    session_row,
    session_signed_in,
)
from embedding.views.access import (
    for_scripts,
    json_body,
    member_of,
    origin_of,
    own_session_of,
    prepared_member_of,
    same_user,
    session_of,
    session_urls,
    text_of,
    uuid_of,
    visited,
)
from embedding.views.shell import show, show_problem


@require_POST
@for_scripts
def session(request: HttpRequest, project: str) -> HttpResponse:
    """Do the next step towards an open notebook: 202 with its name, or 200 with the address.

    The body names the page view (`session`, a uuid of the page's own), the `path` and the `user`
    that the page was made for; `again` asks for what we believe done to be done once more, `tab`
    for the address in a tab of its own. Ask until the answer is 200, which also names the `proofs`:
    the messages of CoCalc's that prove to the page that the file is open. Where it has a `signIn`,
    that address signs in to CoCalc and is to be loaded before the other.
    """
    visited(request)
    body = json_body(request)
    if "user" in body:
        same_user(request, text_of(body, "user"))
    member = member_of(request, project)
    row = session_row(
        uuid_of(text_of(body, "session")), member.user, member, clean(text_of(body, "path"))
    )
    result = _continue(
        request, row, member, kiosk=body.get("tab") is not True, again=body.get("again") is True
    )
    if isinstance(result, Working):
        return JsonResponse(
            {"state": "working", "done": result.done, "next": result.next or "opening"}, status=202
        )
    act_in(member, "file.opened", once=True, path=row.path)
    answer = {
        "state": "ready",
        "url": result.url,
        "project": str(member.project.project_id),
        "path": row.path,
        "proofs": sorted(proofs()),
    }
    return JsonResponse(answer | ({"signIn": result.sign_in} if result.sign_in else {}))


@require_GET
@for_scripts
def check(request: HttpRequest, project: str) -> HttpResponse:
    """Answer 204 if the file is there and the project runs, so that an open frame may open it."""
    member = prepared_member_of(request, project)
    file_check(member, clean(request.GET.get("path", "")))
    return HttpResponse(status=204)


@require_POST
@for_scripts
def report(request: HttpRequest, session: uuid.UUID) -> HttpResponse:
    """Take down how the frame fares: `state`, `ms` since the page began, `reason`."""
    row = session_of(request, session)
    body = json_body(request)
    reason = body.get("reason")
    session_report(
        row.pk,
        state=text_of(body, "state"),
        ms=_ms_of(body),
        reason=reason if isinstance(reason, str) else "",
    )
    return HttpResponse(status=204)


@require_POST
@for_scripts
def signed_in(request: HttpRequest, session: uuid.UUID) -> HttpResponse:
    """End the token of `signIn`: the browser has signed in with it, after `ms`, or gives up to.

    Also for who may not open the project any more.
    """
    row = own_session_of(request, session)
    body = json_body(request)
    session_signed_in(row.pk, text_of(body, "signIn"), _ms_of(body) or 0)
    return HttpResponse(status=204)


def _ms_of(body: dict[str, Any]) -> int | None:
    ms = body.get("ms")
    sound = isinstance(ms, int) and not isinstance(ms, bool) and 0 <= ms < 86_400_000
    return ms if sound else None


@require_POST
@for_scripts
def diagnosis(request: HttpRequest, session: uuid.UUID) -> HttpResponse:
    """Name the likely cause of what the page has `seen`; asked only when something failed."""
    row = session_of(request, session)
    seen = text_of(json_body(request), "seen")
    cause = diagnose(row, seen, origin_of(request))
    return JsonResponse(
        {
            "code": cause.code,
            "state": cause.state,
            "message": cause.message,
            "adminMessage": said(cause.admin),
            "certain": cause.certain,
            "mended": cause.mended,
        }
    )


@non_atomic_requests
@never_cache
@require_POST
@login_required
def tab(request: HttpRequest, project: str) -> HttpResponse:
    """Open a file in CoCalc itself, in the tab that posted this form.

    A form and not a link: it mints a token, and no browser posts a form by itself. Where signing in
    is a step of its own, a small page of ours takes it: its script asks for the session.
    """
    member = member_of(request, project)
    try:
        visited(request)
        path = clean(request.POST.get("path", ""))
        if sign_in() == "impersonate":
            return _tab_page(request, member, project, path)
        row = session_row(uuid.uuid4(), member.user, member, path)
        result: Ready | Working | None = None
        # As many as there are steps, so that it ends even if each is undone again meanwhile.
        for _attempt in range(5):
            result = _continue(request, row, member, kiosk=False)
            if isinstance(result, Ready):
                break
    except (CocalcError, Problem, Busy) as error:
        return _tab_problem(request, error)
    if not isinstance(result, Ready):
        return _tab_problem(request, Busy("project"))
    act_in(member, "file.opened", once=True, path=path)
    response = HttpResponseRedirect(result.url)
    if sign_in() == "door":
        request.session[USED_TABS] = True
        response["Referrer-Policy"] = "strict-origin"  # or the door does not know us
    else:
        response["Referrer-Policy"] = "no-referrer"
    return response


def _tab_page(request: HttpRequest, member: Member, project: str, path: str) -> HttpResponse:
    """Show the page that signs in and goes on to CoCalc. Nothing has been minted yet."""
    project_id = member.project.project_id
    url = frame_url(conf().cocalc_url, str(project_id), path, kiosk=False) if project_id else ""
    origin = origin_of(request)
    context = {
        "name": shown(path.rpartition("/")[2]),
        "project_title": shown(member.project.title),
        "url": url,
        "page": {
            "path": path,
            "user": str(member.user.pk),
            "urls": session_urls(project),
            # Else no frame of ours can sign in, and the whole tab must.
            "unseen": is_same_site(origin, conf().cocalc_origin),
        },
    }
    response = show(request, "embedding/tab.html", context)
    response["Referrer-Policy"] = "no-referrer"
    return response


def _tab_problem(request: HttpRequest, error: CocalcError | Problem | Busy) -> HttpResponse:
    if isinstance(error, Busy):
        what = (
            _("Your project is still starting. Close this tab and try again in a moment.")
            if error.step == "starting"
            else _(
                "Your account is being prepared in another tab. Close this tab and try again there."
            )
        )
        problem = Problem("busy", what, status=503)
    else:
        problem = of_cocalc(error) if isinstance(error, CocalcError) else error
    response = show_problem(request, _("This could not be opened"), problem)
    if problem.retry_after is not None:
        response["Retry-After"] = str(problem.retry_after)
    return response


def _continue(
    request: HttpRequest,
    row: EmbedSession,
    member: Member,
    *,
    kiosk: bool = True,
    again: bool = False,
) -> Ready | Working:
    try:
        return session_continue(row, member, origin_of(request), kiosk=kiosk, again=again)
    except (CocalcError, Problem) as error:
        session_fail(row, of_cocalc(error) if isinstance(error, CocalcError) else error)
        raise
