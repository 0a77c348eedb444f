"""The page in place of all lists of files, where users sign in to CoCalc themselves.

Without a key the site cannot look into a project: whoever opens a file names it.
"""

from collections import defaultdict

from django.contrib.auth.models import User
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from embedding.conf import conf
from embedding.models import EmbedSession, Member
from embedding.names import shown
from embedding.problems import Problem
from embedding.services.sessions import clean
from embedding.views.access import MINE, member_of, user_of
from embedding.views.shell import show, show_problem

MOST = 10  # of each project's files


def own_projects(request: HttpRequest, project: str) -> HttpResponse:
    """Show the user's projects; with `open` in the address, lead to that file of the project's."""
    user = user_of(request)
    if project != MINE:
        member_of(request, project)
        if path := request.GET.get("open", "").strip():
            try:
                path = clean(path)
            except Problem as problem:
                return show_problem(request, _("This address does not work"), problem)
            return redirect("embedding:notebook", project=project, path=path)
    members = (
        Member.objects.filter(user=user, project__project_id__isnull=False)
        .select_related("project")
        .order_by("project__title")[:200]
    )
    opened = _opened(user)
    projects = [(member.project, opened.get(member.project.pk, [])) for member in members]
    context = {"projects": projects, "cocalc_url": conf().cocalc_url}
    return show(request, "embedding/own.html", context)


def _opened(user: User) -> dict[int, list[tuple[str, str]]]:
    """Return what the user has had open here, newest first, by project: path, and how to show it.

    The site cannot list files, but knows these.
    """
    rows = (
        EmbedSession.objects.filter(user=user, project__isnull=False, seen__isnull=False)
        .values_list("project_id", "path")
        .annotate(last=Max("seen"))
        .order_by("-last")[:200]
    )
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for project, path, _last in rows:
        if len(found[project]) < MOST:
            found[project].append((path, shown(path)))
    return found
