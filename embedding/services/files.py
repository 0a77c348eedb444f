"""The files of a project, as *My notebooks* shows and changes them."""

import hashlib
from collections.abc import Callable
from functools import partial
from typing import IO

import nbformat
from django.utils.translation import gettext as _

from embedding.client import client
from embedding.cocalc.client import Entry
from embedding.cocalc.errors import BadRequest, Duplicate, NotFound
from embedding.cocalc.paths import NOTEBOOK, is_notebook
from embedding.conf import conf
from embedding.ipynb.reading import Excess, NotANotebook, parts_of
from embedding.models import Event, Member
from embedding.problems import Problem, said
from embedding.services.acts import whose
from embedding.services.free_names import exists, made_beside
from embedding.services.mapping import personal_slot
from embedding.services.sessions import forget_checks
from embedding.sizes import size_text


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
                _("The folder “%(folder)s” no longer exists. It may have been renamed or deleted.")
                % {"folder": folder},
                status=404,
            ) from None
        entries = []
    except BadRequest:
        raise Problem(
            "not_a_folder",
            _("“%(folder)s” is a file, or a folder that cannot be read. Look at the list of files.")
            % {"folder": folder},
            status=409,
        ) from None
    return sorted(entries, key=lambda entry: (entry.modified, entry.name), reverse=True)


def notebook_create(member: Member, path: str, *, keep_both: bool = False) -> str:
    """Write an empty notebook and return its path; `.ipynb` is added where it is missing."""
    if not is_notebook(path):
        path += NOTEBOOK
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell()],
        metadata={"kernelspec": kernel, "language_info": {"name": "python"}},
    )
    content = nbformat.writes(notebook).encode()
    path = _make(member, path, partial(_write_new, member, content), keep_both=keep_both)
    log_change("file.created", member, path=path)
    return path


def folder_create(member: Member, path: str, *, keep_both: bool = False) -> str:
    """Make a folder and return its path; nobody is given another's for new."""

    def make(path: str) -> None:
        client().make_folder(_id(member), path, exists_ok=False)

    path = _make(member, path, make, keep_both=keep_both)
    log_change("folder.created", member, path=path)
    return path


def file_upload(
    member: Member, path: str, upload: IO[bytes], *, overwrite: bool, keep_both: bool = False
) -> str:
    """Store an uploaded file as it is, and return its path; a notebook must be one.

    An existing file needs `overwrite`, or `keep_both`.
    """
    limit = conf().upload_max_bytes
    content = upload.read(limit + 1)
    if len(content) > limit:
        raise too_large(path, limit)
    if is_notebook(path):
        notebook_check(path, content)
    if overwrite:
        client().write_file(_id(member), path, content)
    else:
        path = _make(member, path, partial(_write_new, member, content), keep_both=keep_both)
    over = {"overwrite": True} if overwrite else {}
    digest = hashlib.sha256(content).hexdigest()
    log_change("file.uploaded", member, path=path, sha256=digest, **over)
    return path


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
            _(
                "“%(path)s” cannot be downloaded here: it is a folder, or larger than %(size)s. "
                "Open it in CoCalc to download it there."
            )
            % {"path": path, "size": size_text(limit)},
            status=409,
            detail=str(error),
        ) from None


def file_move(member: Member, path: str, target: str, *, keep_both: bool = False) -> str:
    """Rename a file or a folder and return its new path; nothing is ever overwritten."""

    if target.startswith(f"{path}/"):
        raise Problem(
            "into_itself",
            _("“%(path)s” cannot be moved into itself. Choose another folder.") % {"path": path},
            status=400,
        )

    def move(target: str) -> None:
        client().move(_id(member), path, target)

    try:
        target = _make(member, target, move, keep_both=keep_both)
    except NotFound:
        raise _missing(path) from None
    forget_checks(member)
    log_change("file.moved", member, path=path, to=target)
    return target


def file_delete(member: Member, path: str) -> None:
    """Delete a file, or a folder with all in it, for good; gone already is as good."""
    try:
        client().remove(_id(member), path)
    except NotFound:
        return
    forget_checks(member)
    log_change("file.deleted", member, path=path)


def notebook_check(path: str, content: bytes) -> int:
    """Return how many cells and outputs a notebook has; what can be repaired is one.

    Problem `not_a_notebook` for what is none, `too_large` for a vast one.
    """
    try:
        return parts_of(content)
    except Excess as excess:
        raise Problem(
            "too_large",
            _(
                "“%(path)s” is more than this site can take. %(reason)s Clear its outputs, or "
                "split it into several notebooks."
            )
            % {"path": path, "reason": said(excess)},
            status=413,
        ) from None
    except NotANotebook as reason:
        raise Problem(
            "not_a_notebook",
            _(
                "“%(path)s” is not a Jupyter notebook. %(reason)s Download the file again, or "
                "rename it to something other than %(ending)s."
            )
            % {"path": path, "reason": said(reason), "ending": NOTEBOOK},
            status=400,
        ) from None


def too_large(name: str, limit: int) -> Problem:
    """The refusal of an upload over the site's limit."""
    return Problem(
        "too_large",
        _("“%(name)s” is too large. Files can have up to %(size)s.")
        % {"name": name, "size": size_text(limit)},
        status=413,
    )


def log_change(action: str, member: Member, **detail: object) -> None:
    """Write down what was done to files that are others' too, or a course's."""
    others = Member.objects.filter(project=member.project).exclude(pk=member.pk)
    if member.project.slot != personal_slot(member.user_id) or others.exists():
        whom, place = whose(member.project)
        Event.log(
            action,
            str(member.project),
            actor=member.user.get_username(),
            whom=whom,
            place=place,
            project=_id(member),
            **detail,
        )


def _id(member: Member) -> str:
    return str(member.project.project_id)


def _make(member: Member, path: str, make: Callable[[str], None], *, keep_both: bool) -> str:
    """Make something at a path that must be free, or else beside what is there."""
    try:
        if keep_both:
            return made_beside(_id(member), path, make)
        make(path)
    except Duplicate:
        raise exists(path) from None
    return path


def _write_new(member: Member, content: bytes, path: str) -> None:
    client().write_file(_id(member), path, content, overwrite=False)


def _missing(path: str) -> Problem:
    return Problem(
        "file_missing",
        _("“%(path)s” no longer exists. It may have been renamed or deleted.") % {"path": path},
        status=404,
    )
