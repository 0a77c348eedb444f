"""The files of a project, as *My notebooks* shows and changes them."""

import hashlib
from typing import IO

import nbformat

from embedding.client import client
from embedding.cocalc.client import Entry
from embedding.cocalc.errors import BadRequest, Duplicate, NotFound
from embedding.cocalc.paths import NOTEBOOK, is_notebook
from embedding.conf import MEGABYTE, conf
from embedding.models import Event, Member
from embedding.problems import Problem
from embedding.services.mapping import personal_slot
from embedding.services.notebooks import Excess, parts_of
from embedding.services.sessions import forget_checks


def folder_list(member: Member, folder: str) -> list[Entry]:
    """Return a folder's entries, folders and files together, newest first.

    A project that was just made has no home yet: then it is empty, not missing.
    """
    try:
        entries = client().list_folder(_id(member), folder)
    except NotFound:
        if folder:
            raise Problem(
                "folder_missing",
                f"There is no folder “{folder}” any more. It may have been renamed or deleted.",
                status=404,
            ) from None
        entries = []
    except BadRequest:
        raise Problem(
            "not_a_folder",
            f"“{folder}” is a file, or a folder that may not be read. "
            "Have a look at the list of files.",
            status=409,
        ) from None
    return sorted(entries, key=lambda entry: (entry.modified, entry.name), reverse=True)


def notebook_create(member: Member, path: str) -> str:
    """Write an empty notebook and return its path; `.ipynb` is added where it is missing."""
    if not is_notebook(path):
        path += NOTEBOOK
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell()],
        metadata={"kernelspec": kernel, "language_info": {"name": "python"}},
    )
    _refuse_existing(member, path)
    client().write_file(_id(member), path, nbformat.writes(notebook).encode())
    return path


def folder_create(member: Member, path: str) -> None:
    """Make a folder; one that exists is refused, so that nobody takes another's for new."""
    _refuse_existing(member, path)
    client().make_folder(_id(member), path)


def file_upload(member: Member, path: str, upload: IO[bytes], *, overwrite: bool) -> None:
    """Store an uploaded file. A notebook must be one; an existing file needs `overwrite`."""
    limit = conf().upload_max_bytes
    content = upload.read(limit + 1)
    if len(content) > limit:
        raise too_large(path, limit)
    if is_notebook(path):
        notebook_check(path, content)
    if not overwrite:
        _refuse_existing(member, path)
    client().write_file(_id(member), path, content)
    _log("file.uploaded", member, path=path, sha256=hashlib.sha256(content).hexdigest())


def file_download(member: Member, path: str) -> bytes:
    """Return a file's content."""
    limit = conf().download_max_bytes
    try:
        return client().read_file(_id(member), path, max_bytes=limit)
    except NotFound:
        raise _missing(path) from None
    except BadRequest as error:
        raise Problem(
            "not_downloadable",
            f"“{path}” cannot be downloaded here: it is a folder, or larger than "
            f"{limit // MEGABYTE} MB. Open it in CoCalc to download it there.",
            status=409,
            detail=str(error),
        ) from None


def file_move(member: Member, path: str, target: str) -> None:
    """Rename a file or a folder; nothing is ever overwritten."""
    try:
        client().move(_id(member), path, target)
    except NotFound:
        raise _missing(path) from None
    except Duplicate:
        raise _exists(target) from None
    forget_checks(member)
    _log("file.moved", member, path=path, to=target)


def file_delete(member: Member, path: str) -> None:
    """Delete a file, or a folder with all in it; gone already is as good."""
    try:
        client().remove(_id(member), path)
    except NotFound:
        return
    forget_checks(member)
    _log("file.deleted", member, path=path)


def notebook_check(path: str, content: bytes) -> int:
    """Return how many cells and outputs a notebook has.

    Problem `not_a_notebook` for what is none, `too_large` for a vast one.
    """
    try:
        return parts_of(content)
    except Excess as excess:
        raise Problem(
            "too_large",
            f"“{path}” {excess}, which is more than this site takes. Clear its outputs, or make "
            "several notebooks of it.",
            status=413,
        ) from None
    except (
        nbformat.ValidationError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        reason = (str(error).strip().splitlines() or ["it is empty"])[0][:160]
        raise Problem(
            "not_a_notebook",
            f"“{path}” ends in {NOTEBOOK} but is not a Jupyter notebook ({reason}). "
            "Download it again where you have it from.",
            status=400,
        ) from None


def too_large(name: str, limit: int) -> Problem:
    """The refusal of an upload over the site's limit."""
    return Problem(
        "too_large",
        f"“{name}” is too large: this site takes files of up to {limit // MEGABYTE} MB.",
        status=413,
    )


def _log(action: str, member: Member, **detail: str) -> None:
    """Write down what was done to files that are others' too, or a course's."""
    others = Member.objects.filter(project=member.project).exclude(pk=member.pk)
    if member.project.slot != personal_slot(member.user_id) or others.exists():
        Event.log(
            action,
            str(member.project),
            actor=member.user.get_username(),
            project=_id(member),
            **detail,
        )


def _id(member: Member) -> str:
    return str(member.project.project_id)


def _refuse_existing(member: Member, path: str) -> None:
    folder, _, name = path.rpartition("/")
    try:
        entries = client().list_folder(_id(member), folder)
    except (NotFound, BadRequest):
        return  # the folder is made with the file; where it cannot be, that says why
    if any(entry.name == name for entry in entries):
        raise _exists(path)


def _exists(path: str) -> Problem:
    return Problem(
        "exists",
        f"There is already something called “{path}”. Choose another name.",
        status=409,
    )


def _missing(path: str) -> Problem:
    return Problem(
        "file_missing",
        f"“{path}” is not there any more. It may have been renamed or deleted.",
        status=404,
    )
