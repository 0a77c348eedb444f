"""How the app's pages are rendered, in any site: on its base template, under its policy."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from embedding import trail
from embedding.conf import conf
from embedding.problems import Problem


def nonce_of(request: HttpRequest) -> str:
    """Return the nonce of the Content-Security-Policy, as django-csp keeps it; empty without."""
    return str(getattr(request, "csp_nonce", ""))


def show(
    request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Render a page."""
    given = {"base": conf().base_template, "nonce": nonce_of(request)}
    return render(request, template, given | context, status=status)


def show_problem(request: HttpRequest, title: str, problem: Problem) -> HttpResponse:
    """Render what is wrong."""
    context = {"title": title, "text": problem.message, "request_id": trail.request_id()}
    return show(request, "embedding/problem.html", context, status=problem.status)
