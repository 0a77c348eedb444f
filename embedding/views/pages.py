"""The two pages: *My notebooks* and the notebook. Showing them asks CoCalc nothing."""

import time
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from embedding.cocalc.errors import NoKey
from embedding.conf import conf
from embedding.frame import SANDBOX
from embedding.models import CocalcAccount, Member
from embedding.names import shown
from embedding.places import Place
from embedding.problems import Problem
from embedding.services import preparation
from embedding.services.sessions import clean
from embedding.sizes import size_text
from embedding.views.access import MINE, member_of, session_urls
from embedding.views.own import own_projects
from embedding.views.shell import show, show_problem

BAD_ADDRESS = _("This address does not work")


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Lead to the user's own notebooks."""
    return redirect("embedding:mine")


@never_cache
@require_safe
@login_required
def files(request: HttpRequest, project: str = MINE, folder: str = "") -> HttpResponse:
    """Show the shell of a project's list of files; its script fetches the rest."""
    if conf().own_sign_in:
        return own_projects(request, project)
    member = member_of(request, project)
    folder = folder.strip("/")
    try:
        folder = clean(folder) if folder else ""
    except Problem as problem:
        return show_problem(request, str(BAD_ADDRESS), problem)
    place = _place(member, f"{folder}/" if folder else "")
    return show(
        request,
        "embedding/files.html",
        {
            "member": member,
            "place": place,
            "projects": _others(member),
            "shown": shown(folder),
            "page": {
                "project": project,
                "folder": folder,
                "next": _next(member),
                "uploadMax": conf().upload_max_bytes,
                "urls": _urls(project),
                "inPlace": place is not None,
                **_for_script(place),
            },
            "upload_max": size_text(conf().upload_max_bytes),
        },
    )


@never_cache
@require_safe
@login_required
def trash(request: HttpRequest, project: str) -> HttpResponse:
    """Show the shell of a project's trash; its script fetches the rest."""
    member = member_of(request, project)
    if conf().own_sign_in:
        raise NoKey("trash")
    context = {"page": {"urls": _urls(project)}, "days": conf().keep_trash_days}
    return show(request, "embedding/trash.html", {"member": member, "project": project, **context})


@never_cache
@require_safe
@login_required
def notebook(request: HttpRequest, project: str, path: str) -> HttpResponse:
    """Show the shell of a notebook: the frame, its status and the activity panel."""
    member = member_of(request, project)
    try:
        path = clean(path)
    except Problem as problem:
        return show_problem(request, str(BAD_ADDRESS), problem)
    folder = path.rpartition("/")[0]
    place = _place(member, path)
    return show(
        request,
        "embedding/notebook.html",
        {
            "member": member,
            "path": path,
            "shown": shown(path),
            "name": shown(path.rpartition("/")[2]),
            "back": folder_url(project, folder),
            "place": place,
            "own": conf().own_sign_in,
            "sandbox": SANDBOX,
            "page": {
                "project": project,
                "path": path,
                "user": str(member.user.pk),
                "own": conf().own_sign_in,
                "next": _next(member),
                "origin": conf().cocalc_origin,
                "urls": _urls(project),
                **_for_script(place),
            },
        },
    )


@never_cache
@require_safe
def signed_out(request: HttpRequest) -> HttpResponse:
    """Say that one is signed out, and have the door end the sign-in to CoCalc, too.

    Its script finds the door's code after the # of the address, where no server is told of it.
    """
    if request.user.is_authenticated:
        return redirect("embedding:home")
    door = f"{conf().cocalc_origin}{conf().door}out/" if conf().door else ""
    return show(
        request,
        "embedding/signed-out.html",
        {"door": door, "origin": conf().cocalc_origin, "sign_in": resolve_url(settings.LOGIN_URL)},
    )


def _place(member: Member, path: str) -> Place | None:
    """Return what the site has the file for, as the site's own function says."""
    if not conf().place_of or conf().own_sign_in:  # what can be done there needs a key
        return None
    found = import_string(conf().place_of)(member, path)
    return Place(*found) if found else None


def _for_script(place: Place | None) -> dict[str, Any]:
    """Return what the scripts need to know of it."""
    action, deadline = (place.action, place.deadline) if place else (None, None)
    found: dict[str, Any] = {"action": action._asdict() if action else None, "deadline": None}
    if deadline:
        at = deadline.at.timestamp() if deadline.at else None
        label = action.label if action else ""
        found["deadline"] = deadline._asdict() | {"at": at, "now": time.time(), "label": label}
    return found


def folder_url(project: str, folder: str) -> str:
    """Return the address of a folder's list."""
    base = reverse("embedding:files", args=[project])
    return f"{base}files/{quote(folder)}/" if folder else base


def _urls(project: str) -> dict[str, str]:
    """Return the addresses that the pages' scripts call. `base` is joined with paths by them."""
    names = (
        "prepare",
        "listing",
        "create-notebook",
        "create-folder",
        "upload",
        "download",
        "move",
        "delete",
        "trash",
        "trash-listing",
        "restore",
        "purge",
        "tab",
    )
    urls = {name: reverse(f"embedding:{name}", args=[project]) for name in names}
    return urls | session_urls(project) | {"base": reverse("embedding:files", args=[project])}


def _next(member: Member) -> preparation.Step | None:
    """Return the step that comes first, for the page's first words."""
    if conf().own_sign_in:
        return None
    account = CocalcAccount.objects.filter(user=member.user).first()
    return preparation.next_step(account, member)


def _others(member: Member) -> list[Member]:
    """Return the user's memberships, for moving between projects; empty if there is but one."""
    found = list(
        Member.objects.filter(user=member.user, project__project_id__isnull=False)
        .select_related("project")
        .order_by("project__title")[:200]
    )
    return found if len(found) > 1 else []
