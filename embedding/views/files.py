"""What *My notebooks* asks for: preparing the project, its listing, and changes to its files."""

from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from embedding.bodies import body_up_to
from embedding.cocalc.errors import NotStarted, OutcomeUnknown
from embedding.conf import conf
from embedding.names import visible
from embedding.problems import Busy, bad_request
from embedding.services import files, mapping, preparation, trash
from embedding.services.acts import act_in
from embedding.services.running import may_be_starting
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
    except (OutcomeUnknown, NotStarted) as error:
        # The project may be starting still; the page asks again, for as long as that can take.
        if not may_be_starting(str(member.project.project_id), error):
            raise
        raise Busy("starting") from error
    act_in(member, "file.listed", once=True, folder=folder)
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
    """Create an empty notebook; with `keep_both`, beside one of that name."""
    member = prepared_member_of(request, project)
    body = json_body(request)
    path = files.notebook_create(member, _new(text_of(body, "path")), keep_both=_keeps(body))
    return JsonResponse({"path": path}, status=201)


@require_POST
@for_scripts
def create_folder(request: HttpRequest, project: str) -> HttpResponse:
    """Create an empty folder; with `keep_both`, beside one of that name."""
    member = prepared_member_of(request, project)
    body = json_body(request)
    path = files.folder_create(member, _new(text_of(body, "path")), keep_both=_keeps(body))
    return JsonResponse({"path": path}, status=201)


@require_POST
@for_scripts
@body_up_to(lambda: conf().upload_max_bytes)
def upload(request: HttpRequest, project: str) -> HttpResponse:
    """Store one uploaded file: form fields `file` and `path`.

    Where something of that name is there: `overwrite` (1) replaces it, `keep_both` (1) does not.
    """
    member = prepared_member_of(request, project)
    path = _new(request.POST.get("path", ""))
    upload = request.FILES.get("file")
    if upload is None:
        raise bad_request("There is no file in this request.")
    asked = {name: request.POST.get(name) == "1" for name in ("overwrite", "keep_both")}
    path = files.file_upload(member, path, upload, **asked)
    return JsonResponse({"path": path}, status=201)


@require_GET
@for_scripts
def download(request: HttpRequest, project: str) -> HttpResponse:
    """Send a file to be saved. It is a user's work: never shown as a page of our own origin."""
    member = prepared_member_of(request, project)
    path = clean(request.GET.get("path", ""))
    content = files.file_download(member, path)
    act_in(member, "file.downloaded", path=path)
    response = HttpResponse(content, content_type="application/octet-stream")
    name = visible(path.rpartition("/")[2]) or "file"
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@require_POST
@for_scripts
def move(request: HttpRequest, project: str) -> HttpResponse:
    """Rename or move a file or folder; with `keep_both`, beside what has that name."""
    member = prepared_member_of(request, project)
    body = json_body(request)
    path, target = clean(text_of(body, "path")), _new(text_of(body, "to"))
    target = files.file_move(member, path, target, keep_both=_keeps(body))
    return JsonResponse({"path": target})


@require_POST
@for_scripts
def delete(request: HttpRequest, project: str) -> HttpResponse:
    """Move a file or folder to the trash, or with `for_good` delete it.

    The answer's `trash` is the id to put it back by; null where there is nothing to put back.
    """
    member = prepared_member_of(request, project)
    body = json_body(request)
    path = clean(text_of(body, "path"))
    if body.get("for_good") is True:
        files.file_delete(member, path)
        return JsonResponse({"path": path, "trash": None})
    row = trash.trash_put(member, path)
    return JsonResponse({"path": path, "trash": row and row.id.hex})


@require_GET
@for_scripts
def trash_listing(request: HttpRequest, project: str) -> HttpResponse:
    """Return what is in the trash, and for how many days more."""
    member = prepared_member_of(request, project)
    now = timezone.now()
    rows = trash.trash_list(member)
    act_in(member, "file.trash_listed", once=True)
    entries = [
        {
            "id": row.id.hex,
            "path": row.path,
            "folder": row.is_folder,
            "deleted": row.deleted.isoformat(),
            "by": "" if row.by == member.user.get_username() else row.by,
            "days": trash.days_left(row, now),
        }
        for row in rows
    ]
    return JsonResponse({"entries": entries})


@require_POST
@for_scripts
def restore(request: HttpRequest, project: str) -> HttpResponse:
    """Put back what has the `id`; the answer's `path` says where."""
    member = prepared_member_of(request, project)
    path = trash.trash_restore(member, text_of(json_body(request), "id"))
    return JsonResponse({"path": path})


@require_POST
@for_scripts
def purge(request: HttpRequest, project: str) -> HttpResponse:
    """Delete for good what has the `id`, or with `all` everything in the trash."""
    member = prepared_member_of(request, project)
    body = json_body(request)
    everything = body.get("all") is True
    trash.trash_purge(member, None if everything else text_of(body, "id"))
    return JsonResponse({})


def _new(path: str) -> str:
    """Return a sound path for something new, whose name hides nothing; its folder may be older."""
    folder, slash, name = path.rpartition("/")
    return clean(f"{folder}{slash}{visible(name)}")


def _keeps(body: dict[str, Any]) -> bool:
    return body.get("keep_both") is True
