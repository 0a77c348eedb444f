"""`{% load cocalc %}{% cocalc_notebook path="intro.ipynb" %}`: a notebook on any page.

`{% cocalc_assets %}` is for a page whose own scripts make <cocalc-notebook> elements.

Rendering asks CoCalc nothing and writes nothing: the page's script asks for an embed session when
the notebook scrolls into view. What is rendered holds no token of CoCalc's.
"""

import uuid
from typing import Any

from django import template
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template import Context, TemplateSyntaxError
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from embedding import which
from embedding.cocalc.kinds import Kind
from embedding.cocalc.paths import BadPath, clean_path
from embedding.conf import conf
from embedding.frame import SANDBOX
from embedding.models import CocalcProject, Member
from embedding.names import shown
from embedding.problems import clock, said
from embedding.services import state
from embedding.services.mapping import personal_slot
from embedding.views.access import MINE, NOBODY, session_urls
from embedding.views.shell import nonce_of
from embedding.views.words import words_address

register = template.Library()

TOOLBARS = ("full", "read-only", "none")
NOT_YOURS = _("This notebook does not exist, or you may not open it.")


@register.inclusion_tag("embedding/found.html")
def cocalc_found() -> dict[str, Any]:
    """Say to administrators which CoCalc it is, since when, and what to do. Never waits for it."""
    known = which.glance()
    found = known.found if known else None
    chosen = conf().generation
    is_other = found and found.is_certain and chosen not in ("auto", found.generation)
    words = found.kind if found else Kind("")
    return {
        "known": known,
        "found": found,
        "kind": gettext(words.name) if found else "",
        "why": gettext(words.why) if words.why else "",
        "advice": gettext(words.advice) if words.advice else "",
        "address": conf().api_url,
        "own": conf().own_sign_in,
        "other": chosen if is_other else "",
    }


@register.simple_tag
def cocalc_down() -> str:
    """Return since when CoCalc has not answered, as clocks show it; "" while it does. One query."""
    state.tell()
    known = state.current()
    return clock(known.since) if known.is_down and known.since else ""


@register.inclusion_tag("embedding/tag.html", takes_context=True)
def cocalc_notebook(
    context: Context,
    path: object,
    project: object = MINE,
    *,
    height: object = "",
    title: object = "",
    toolbar: object = "full",
    id: object = "",  # noqa: A002  the attribute's own name
) -> dict[str, Any]:
    """Show a notebook, or say why it cannot be shown.

    `project` is a `CocalcProject`, CoCalc's id of one, or "mine": the user's own. `height` is a
    CSS length. `toolbar` is "full", "read-only" (what is open and how it fares, no buttons) or
    "none"; it changes nothing about what the user may do in the notebook.
    """
    request = _request(context)
    if toolbar not in TOOLBARS:
        raise TemplateSyntaxError(f"cocalc_notebook: toolbar is one of {', '.join(TOOLBARS)}.")
    given: dict[str, Any] = {
        "path": path,
        "title": shown(str(title)),
        "name": shown(str(title) or str(path).rpartition("/")[2]),
        "height": height,
        "toolbar": toolbar,
        "id": id,
    }
    user = _user(request)
    if user is None:
        given["sign_in"] = _sign_in(request)
    else:
        try:
            clean_path(str(path))
        except BadPath as error:
            given["problem"] = said(error)
        else:
            given["project"] = _address(user.pk, project)
    whole = bool(given.get("project"))
    return {"problem": NOT_YOURS} | given | {"assets": _assets(context, request, whole=whole)}


@register.inclusion_tag("embedding/assets.html", takes_context=True)
def cocalc_assets(context: Context) -> dict[str, Any]:
    """Render what <cocalc-notebook> needs of the page, once: `cocalc_notebook` brings it along."""
    return {"assets": _assets(context, _request(context), whole=True)}


@register.simple_tag(takes_context=True)
def script_words(context: Context) -> str:
    """Render the script that holds the words of our scripts in the page's language; "" for none.

    It comes before any of them: it is no module, so it runs while the page is read.
    """
    address = words_address()
    request = getattr(context, "request", None) or context.get("request")
    nonce = nonce_of(request) if isinstance(request, HttpRequest) else ""
    own = format_html(' nonce="{}"', nonce) if nonce else ""
    return format_html('<script{} src="{}"></script>', own, address) if address else ""


def _assets(context: Context, request: HttpRequest, *, whole: bool) -> dict[str, Any]:
    """Return what no tag before this one has rendered; the last part is for notebooks alone."""
    user = _user(request)
    user_id = str(user.pk) if user else ""
    found: dict[str, Any] = {
        "nonce": nonce_of(request),
        "common": _first(context, "common"),
        "user": user_id,
    }
    if whole and _first(context, "script"):
        found["settings"] = {
            "user": user_id,
            "origin": conf().cocalc_origin,
            "sandbox": SANDBOX,
            "signIn": _sign_in(request),
            "urls": _urls(),
        }
        found["words"] = words_address()
        # Not by the template's own {% csrf_token %}, which knows none in an `include … only`.
        found["csrf"] = get_token(request) if user else ""
    return found


def _urls() -> dict[str, str]:
    """Return the addresses that the script calls; it puts in the project, and the session."""
    return session_urls(NOBODY) | {"tab": reverse("embedding:tab", args=[NOBODY])}


def _request(context: Context) -> HttpRequest:
    request = getattr(context, "request", None) or context.get("request")
    if not isinstance(request, HttpRequest):
        raise ImproperlyConfigured(
            "cocalc_notebook needs the request: render the template with it, as render() does."
        )
    return request


def _user(request: HttpRequest) -> User | None:
    user = getattr(request, "user", None)
    return user if user is not None and user.is_authenticated else None


def _sign_in(request: HttpRequest) -> str:
    return redirect_to_login(request.get_full_path()).url


def _first(context: Context, what: str) -> bool:
    """Tell whether this is the page's first tag to need something.

    The outermost of these dictionaries is the same one in all templates that make up a page.
    """
    page: Any = context.render_context.dicts[0]
    key = f"cocalc_notebook {what}"
    first = key not in page
    page[key] = True
    return first


def _address(user_id: Any, project: object) -> str:
    """Return how the app's addresses name a project; empty where the user is no member of it."""
    if project == MINE:
        # Made on the user's first visit, with the user as its owner.
        own = CocalcProject.objects.filter(slot=personal_slot(user_id)).first()
        member = own is None or own.members.filter(user=user_id).exists()
        return MINE if member else ""
    given = project.project_id if isinstance(project, CocalcProject) else project
    try:
        project_id = uuid.UUID(str(given))
    except ValueError:
        return ""
    member = Member.objects.filter(project__project_id=project_id, user=user_id).exists()
    return str(project_id) if member else ""
