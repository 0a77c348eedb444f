"""What *My notebooks* asks for: preparing the project, its listing, and changes to its files."""

from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET, require_POST

from embedding.bodies import body_up_to
from embedding.cocalc.errors import OutcomeUnknown
from embedding.conf import conf
from embedding.names import visible
from embedding.problems import Busy, Problem
from embedding.services import files, mapping, preparation
from embedding.services.sessions import clean
from embedding.views.access import (
    for_scripts,
    json_body,
    member_of,
    prepared_member_of,
    text_of,
)


@require_POST
@for_scripts
def prepare(request: HttpRequest, project: str) -> HttpResponse:
    """Do the next missing step of account → project → membership and say which."""
    member = member_of(request, project)
    account = mapping.account_row(member.user)
    done = preparation.prepare(account, member)
    step = preparation.next_step(account, member)
    if step:
        return JsonResponse({"state": "working", "done": done, "next": step}, status=202)
    return JsonResponse({"state": "ready"})


@require_GET
@for_scripts
def listing(request: HttpRequest, project: str) -> HttpResponse:
    """Return a folder's entries; starts the project where it is stopped: 202 while it does."""
    member = prepared_member_of(request, project)
    folder = request.GET.get("folder", "").strip("/")
    try:
        entries = files.folder_list(member, clean(folder) if folder else "")
    except OutcomeUnknown as error:
        # The project may be starting still; the page asks again, for as long as that can take.
        raise Busy("starting") from error
    return JsonResponse(
        {
            "folder": folder,
            "entries": [
                {
                    "name": entry.name,
                    "folder": entry.is_folder,
                    "size": entry.size,
                    "modified": entry.modified.isoformat(),
                }
                for entry in entries
            ],
        }
    )


@require_POST
@for_scripts
def create_notebook(request: HttpRequest, project: str) -> HttpResponse:
    """Create an empty notebook."""
    member = prepared_member_of(request, project)
    path = files.notebook_create(member, _new(text_of(json_body(request), "path")))
    return JsonResponse({"path": path}, status=201)


@require_POST
@for_scripts
def create_folder(request: HttpRequest, project: str) -> HttpResponse:
    """Create an empty folder."""
    member = prepared_member_of(request, project)
    path = _new(text_of(json_body(request), "path"))
    files.folder_create(member, path)
    return JsonResponse({"path": path}, status=201)


@require_POST
@for_scripts
@body_up_to(lambda: conf().upload_max_bytes)
def upload(request: HttpRequest, project: str) -> HttpResponse:
    """Store one uploaded file: form fields `file`, `path`, and `overwrite` (1) to replace."""
    member = prepared_member_of(request, project)
    path = _new(request.POST.get("path", ""))
    upload = request.FILES.get("file")
    if upload is None:
        raise Problem("bad_request", "There is no file in this request.", status=400)
    files.file_upload(member, path, upload, overwrite=request.POST.get("overwrite") == "1")
    return JsonResponse({"path": path}, status=201)


@require_GET
@for_scripts
def download(request: HttpRequest, project: str) -> HttpResponse:
    """Send a file to be saved. It is a user's work: never shown as a page of our own origin."""
    member = prepared_member_of(request, project)
    path = clean(request.GET.get("path", ""))
    response = HttpResponse(
        files.file_download(member, path), content_type="application/octet-stream"
    )
    name = visible(path.rpartition("/")[2]) or "file"
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@require_POST
@for_scripts
def move(request: HttpRequest, project: str) -> HttpResponse:
    """Rename or move a file or folder."""
    member = prepared_member_of(request, project)
    body: dict[str, Any] = json_body(request)
    target = _new(text_of(body, "to"))
    files.file_move(member, clean(text_of(body, "path")), target)
    return JsonResponse({"path": target})


@require_POST
@for_scripts
def delete(request: HttpRequest, project: str) -> HttpResponse:
    """Delete a file or folder."""
    member = prepared_member_of(request, project)
    path = clean(text_of(json_body(request), "path"))
    files.file_delete(member, path)
    return JsonResponse({"path": path})


def _new(path: str) -> str:
    """Return a sound path for something new, whose name hides nothing; its folder may be older."""
    folder, slash, name = path.rpartition("/")
    return clean(f"{folder}{slash}{visible(name)}")
