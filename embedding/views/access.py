"""Who may see what: each view begins with one of these.

Signed out: a page leads to signing in, a script gets 401. A stranger to a project gets 404, as
if there were nothing. Members of a project may open it and change its files.
"""

import functools
import json
import logging
import uuid
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.db.transaction import non_atomic_requests
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from embedding import trail
from embedding.cocalc.errors import CocalcError, Forbidden, Limited
from embedding.models import EmbedSession, Member
from embedding.problems import Busy, Problem, bad_request, of_cocalc
from embedding.services import care
from embedding.services.mapping import personal_project

log = logging.getLogger(__name__)

MINE = "mine"
NOBODY = "00000000-0000-0000-0000-000000000000"  # where a script puts an id


def origin_of(request: HttpRequest) -> str:
    """Return the origin of the page that sends it, which is our own."""
    return f"{request.scheme}://{request.get_host()}"


def signed_out() -> Problem:
    """The refusal of who is signed in no more."""
    return Problem(
        "signed_out",
        _("You have been signed out. Sign in again in another tab, then try again."),
        status=401,
    )


class ProjectConverter:
    """In addresses a project is `mine`, or CoCalc's id of it."""

    regex = f"{MINE}|[0-9a-f]{{8}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{12}}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return str(value)


def user_of(request: HttpRequest) -> User:
    """Return the signed-in user; Http404 where a view was left open by mistake.

    Who was switched off is nobody, whatever the site's own way of signing in thinks of it.
    """
    if not request.user.is_authenticated or not request.user.is_active:
        raise Http404
    return request.user


def member_of(request: HttpRequest, project: str) -> Member:
    """Return the user's membership of a project; Http404 for a stranger."""
    user = user_of(request)
    members = Member.objects.select_related("project", "user")
    if project == MINE:
        member = members.filter(project=personal_project(user), user=user).first()
    else:
        member = members.filter(project__project_id=project, user=user).first()
    if member is None:
        raise Http404
    return member


def prepared_member_of(request: HttpRequest, project: str) -> Member:
    """Return the membership, of a project that exists; Problem `unprepared` otherwise."""
    member = member_of(request, project)
    if member.project.project_id is None:
        raise Problem(
            "unprepared",
            _("Your project is not ready yet. Reload the page to prepare it."),
            status=409,
            recoverable=True,
        )
    return member


def own_session_of(request: HttpRequest, session_id: uuid.UUID) -> EmbedSession:
    """Return the user's own embed session; Http404 for anybody else's."""
    user = user_of(request)
    trail.mark(session=str(session_id))
    row = EmbedSession.objects.select_related("project", "user").filter(id=session_id).first()
    if row is None or row.user_id != user.pk:
        raise Http404
    return row


def session_of(request: HttpRequest, session_id: uuid.UUID) -> EmbedSession:
    """Return the user's own embed session; Http404 for anybody else's.

    Problem `no_member` once the user may not open its project any more.
    """
    row = own_session_of(request, session_id)
    members = Member.objects.filter(project=row.project, user=row.user_id)
    if row.project is None or not members.exists():
        raise Problem(
            "no_member",
            _(
                "You can no longer open this project. If you think that is a mistake, ask the "
                "people who run this site."
            ),
            status=404,
        )
    return row


def session_urls(project: str) -> dict[str, str]:
    """Return the addresses that a session of the scripts calls (static/embedding/our-site.js)."""
    of_project = {
        name: reverse(f"embedding:{name}", args=[project]) for name in ("session", "check")
    }
    names = ("report", "signed-in", "diagnosis")
    of_row = {name: reverse(f"embedding:{name}", args=[NOBODY]) for name in names}
    return of_project | of_row | {"presence": reverse("embedding:presence")}


def answer(problem: Problem, *, staff: bool = False) -> JsonResponse:
    """Turn a problem into JSON; what the administrator needs to know goes to staff alone."""
    error: dict[str, Any] = {
        "code": problem.code,
        "message": problem.message,
        "recoverable": problem.recoverable,
    }
    if problem.retry_after is not None:
        error["retryAfter"] = problem.retry_after
    if staff and problem.detail:
        error["detail"] = problem.detail
    if request_id := trail.request_id():
        error["requestId"] = request_id
    response = JsonResponse({"error": error}, status=problem.status)
    if problem.retry_after is not None:
        response["Retry-After"] = str(problem.retry_after)
    return response


def for_scripts(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Make a view one that our scripts call: 401 when signed out, and every failure as JSON.

    Nothing of it is ever kept by a cache. It is in no transaction of a site's ATOMIC_REQUESTS: a
    claim must be in the database before CoCalc is called.
    """

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated or not request.user.is_active:
            response: HttpResponseBase = answer(signed_out())
        else:
            try:
                response = view(request, *args, **kwargs)
            except Busy as busy:
                response = JsonResponse({"state": "working", "next": busy.step}, status=202)
            except Http404:
                response = answer(
                    Problem(
                        "not_found",
                        _("This does not exist, or you may not open it."),
                        status=404,
                    )
                )
            except (CocalcError, Problem) as error:
                if isinstance(error, Forbidden) and "project" in kwargs:
                    error = _after_mending(error, request, kwargs["project"])
                problem = of_cocalc(error) if isinstance(error, CocalcError) else error
                level = logging.WARNING if problem.status >= 500 else logging.INFO
                log.log(level, "%s %s: %s", request.method, request.path, problem.detail or problem)
                response = answer(problem, staff=getattr(request.user, "is_staff", False))
        add_never_cache_headers(response)
        return response

    vars(wrapped)["for_scripts"] = True
    return non_atomic_requests(wrapped)


def _after_mending(error: Forbidden, request: HttpRequest, project: str) -> CocalcError:
    """Mend the project, and return what the refusal means then."""
    try:
        care.after_refusal(member_of(request, project).project)
    except Limited as wait:
        return wait
    except Http404:
        pass
    return error


def is_for_scripts(view: Callable[..., object] | None) -> bool:
    """Whether a view answers in JSON alone."""
    return getattr(view, "for_scripts", False) is True


def same_user(request: HttpRequest, user: str) -> None:
    """Problem `other_user` where the page was rendered for somebody else than who asks now."""
    if user != str(user_of(request).pk):
        raise Problem(
            "other_user",
            _("Someone else has signed in to this site in this browser. Reload the page."),
            status=409,
        )


def visited(request: HttpRequest) -> None:
    """Problem where a browser only loads in advance: nothing is minted that nobody may need."""
    if request.headers.get("Sec-Purpose") or request.headers.get("Purpose") == "prefetch":
        raise Problem("prefetch", _("The notebook opens when you look at the page."), status=403)


def json_body(request: HttpRequest) -> dict[str, Any]:
    """Return the request's JSON object; Problem where it is none."""
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise bad_request("The request is not a JSON object.")
    return body


def text_of(body: dict[str, Any], name: str) -> str:
    """Return a string of a JSON body; Problem where it is missing or something else."""
    value = body.get(name)
    if not isinstance(value, str):
        raise bad_request(f"“{name}” is missing, or no text.")
    return value


def uuid_of(text: str) -> uuid.UUID:
    """Return the id of an embed session; Problem where it is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        raise bad_request("“session” is not a uuid.") from None
