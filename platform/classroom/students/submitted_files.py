"""The files of a snapshot, as they were submitted: read by us, in the course's project.

No student reaches that project, so our server reads for them, and only what the snapshot's own list
names. What is given out has the hash that the list says: it is what was submitted, or nothing.
"""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from classroom.carrying.incoming import take
from classroom.carrying.items import Item
from classroom.carrying.zipping import Sink, Tree, entry_moment
from classroom.models import Snapshot
from classroom.pages.notebook_shown import (
    MOST_BYTES,
    MOST_PICTURES,
    NotShown,
    Shown,
    picture_of,
    plain,
    shown_notebook,
)
from classroom.rules import manifest
from classroom.rules.decoding import NoText, text_of
from classroom.rules.manifest import File
from embedding.client import client
from embedding.cocalc.errors import BadRequest, NotFound
from embedding.cocalc.paths import is_notebook
from embedding.conf import MEGABYTE, conf
from embedding.problems import Problem

MOST_TEXT = 1_000_000  # bytes of a text that is shown


@dataclass(frozen=True, slots=True)
class Look:
    """What is shown of one file: one of these, or why it is none."""

    notebook: Shown | None = None
    text: str | None = None
    picture: str = ""
    note: str = ""


def first_shown(snapshot: Snapshot) -> int | None:
    """Return which file is shown at first: the first notebook, else the first of all."""
    for index, file in enumerate(snapshot.files):
        if is_notebook(file["path"]):
            return index
    return 0 if snapshot.files else None


def file_look(project: str, snapshot: Snapshot, file: File) -> Look:
    """Return what is shown of a file; raises as `file_content` does."""
    if file["size"] > (MOST_BYTES if is_notebook(file["path"]) else MOST_PICTURES):
        return Look(note=_("This file is too large to be shown here. Download it instead."))
    content = file_content(project, snapshot, file)
    if is_notebook(file["path"]):
        try:
            return Look(notebook=shown_notebook(content))
        except NotShown as why:
            return Look(note=str(why))
    if picture := picture_of(content):
        return Look(picture=picture)
    if len(content) > MOST_TEXT:
        return Look(note=_("This file is too large to be shown here. Download it instead."))
    try:
        return Look(text=plain(text_of(content)))
    except NoText:
        return Look(note=_("This file is not text, so it is not shown here. Download it instead."))


def file_content(project: str, snapshot: Snapshot, file: File) -> bytes:
    """Return a file of a snapshot; `file` is an entry of the snapshot's own list.

    Raises Problem where it is too large, gone, or not as it was submitted; and CocalcError.
    """
    if file["size"] > conf().download_max_bytes:
        raise _too_large(file["path"])
    try:
        path = f"{snapshot.path}/{file['path']}"
        content = client().read_file(project, path, max_bytes=file["size"])
    except NotFound:
        raise _gone() from None
    except BadRequest as error:  # a folder, say, or larger than it was
        raise Problem(
            "unreadable",
            _("CoCalc cannot read this file. It may have changed since it was submitted."),
            status=409,
            recoverable=True,
            detail=str(error),
        ) from None
    except ValueError:
        raise Problem(
            "bad_name",
            _("A file with the name “%(name)s” cannot be opened here. Download all files instead.")
            % {"name": file["path"]},
            status=409,
        ) from None
    if manifest.hash_of(content) != file["sha256"]:
        raise _changed()
    return content


def files_taken(project: str, snapshot: Snapshot) -> list[Item]:
    """Bring all files of a snapshot here; raises as `file_content` does, and `take`."""
    if sum(file["size"] for file in snapshot.files) > conf().download_max_bytes:
        raise _too_large()
    try:
        items = take(project, snapshot.path, most_bytes=conf().download_max_bytes)
    except Problem as refused:
        if refused.code == "missing":
            raise _gone() from None
        raise
    came = {item.path: (item.size, item.sha256) for item in items}
    if came != {file["path"]: (file["size"], file["sha256"]) for file in snapshot.files}:
        raise _changed()
    return items


def zipped(items: list[Item], root: str) -> Iterator[bytes]:
    """Yield a zip of files in a folder `root`."""
    sink, tree = Sink(), Tree()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for item in items:
            info = zipfile.ZipInfo(f"{root}/{tree.path(item.path)}", entry_moment(item.modified))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            with archive.open(info, "w", force_zip64=True) as target:
                for piece in item.pieces():
                    target.write(piece)
                    yield sink.taken()
    yield sink.taken()


def _too_large(name: str = "") -> Problem:
    """The refusal of a file, or of all of them."""
    text = (
        _("“%(name)s” is larger than %(most)s MB, which is too large to be downloaded here.")
        if name
        else _("The files are larger than %(most)s MB, which is too large to be downloaded here.")
    )
    words = {"name": name, "most": conf().download_max_bytes // MEGABYTE}
    return Problem("too_large", text % words, status=409)


def _gone() -> Problem:
    return Problem(
        "gone",
        _("This is no longer in the course’s project. Ask your teacher if you need it."),
        status=404,
        recoverable=True,
    )


def _changed() -> Problem:
    return Problem(
        "changed",
        _("Somebody changed this in the course’s project after it was submitted."),
        status=409,
    )
