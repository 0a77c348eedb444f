"""The demo's own page: a lesson with notebooks in it, as any site's template would hold them.

`config.demo_settings` puts it at /example/. It stands on the public tag alone.
"""

import io
import json
from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_POST, require_safe

from config.urls import handler400, handler403, handler404, handler500
from config.urls import urlpatterns as site
from embedding.cocalc.errors import CocalcError
from embedding.models import Member
from embedding.problems import Busy, Problem, of_cocalc
from embedding.services import files, mapping, preparation

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

LESSON = {
    "lesson/intro.ipynb": ["print(6 * 7)", "[n * n for n in range(10)]"],
    "lesson/exercise.ipynb": ["def area(radius):\n    ...", "area(2)"],
}


@require_safe
def example(request: HttpRequest) -> HttpResponse:
    """Show the lesson, or how to begin it."""
    begun = request.session.get("lesson") == getattr(request.user, "pk", None)
    return render(request, "example.html", {"begun": begun or not request.user.is_authenticated})


@require_POST
@login_required
def begin(request: HttpRequest) -> HttpResponse:
    """Put the lesson's notebooks into the user's own project."""
    user = request.user
    if isinstance(user, User):
        try:
            hand_out(user)
        except (CocalcError, Problem, Busy) as error:
            problem = of_cocalc(error) if isinstance(error, CocalcError) else error
            return render(request, "example.html", {"problem": problem}, status=503)
        request.session["lesson"] = user.pk
    return redirect("example")


def hand_out(user: User) -> None:
    """Write the notebooks that are not there yet."""
    project = mapping.personal_project(user)
    member = Member.objects.select_related("project", "user").get(project=project, user=user)
    account = mapping.account_row(user)
    while preparation.prepare(account, member):
        pass
    for name, sources in LESSON.items():
        try:
            files.file_upload(member, name, io.BytesIO(notebook(sources)), overwrite=False)
        except Problem as problem:
            if problem.code != "exists":
                raise


def notebook(sources: list[str]) -> bytes:
    """Return a notebook's file with these cells."""
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for number, source in enumerate(sources)
    ]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    whole = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole).encode()


urlpatterns = [
    path("example/", example, name="example"),
    path("example/begin", begin, name="example-begin"),
    *site,
]
