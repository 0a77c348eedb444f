"""What a teacher uploads, as files: single ones, a folder, or a zip that is unpacked.

A zip is read as its sender were an enemy: names that lead out of the folder, and more than the
site takes, are refused; links are left out. What counts is what comes out of it, not what it says.
"""

import json
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import IO

from django.utils import formats
from django.utils.translation import gettext as _

from classroom.nbgrader.reading import MarkingError
from classroom.nbgrader.student_version import is_marked
from classroom.nbgrader.validate import check_notebook
from classroom.rules import leftovers
from classroom.rules.leftovers import why_left_out
from classroom.rules.source_folder import OUR_FILES, STUDENT
from classroom.rules.zip_names import name_of
from embedding.cocalc.paths import BadPath, clean_path, is_notebook
from embedding.conf import MEGABYTE, conf
from embedding.names import visible
from embedding.problems import Problem, said
from embedding.services.files import notebook_check, too_large

MAX_FILES = 1_000
MAX_BYTES = 100 * MEGABYTE  # of all files, unpacked
MOST_PARTS = 50_000  # cells and outputs of all notebooks

_CHUNK = 1 << 20
_END = b"PK\x05\x06"  # begins the record at a zip's end
_END_64 = b"PK\x06\x07"
_MAX_DIRECTORY = 4 * MEGABYTE  # a zip's list of names; it is read whole


@dataclass
class Upload:
    """What was uploaded: files by path, and the names of what was left out."""

    files: dict[str, bytes] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    size: int = 0

    def add(self, path: str, source: IO[bytes]) -> None:
        """Take one file; Problem where its name will not do, or where it gets too much."""
        if path in self.files:
            raise _refused(_("There are two files called “%(path)s”.") % {"path": path})
        if len(self.files) >= MAX_FILES:
            raise _too_many()
        self.files[path] = self._read(path, source)

    def _read(self, path: str, source: IO[bytes]) -> bytes:
        limit = conf().upload_max_bytes
        chunks: list[bytes] = []
        size = 0
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > limit:
                raise too_large(path, limit)
            if self.size + size > MAX_BYTES:
                raise _refused(
                    _(
                        "These files are too large. An assignment can have %(size)s MB in all, "
                        "after unpacking."
                    )
                    % {"size": MAX_BYTES // MEGABYTE}
                )
            chunks.append(chunk)
        self.size += size
        return b"".join(chunks)


def read_upload(uploads: Iterable[tuple[str, IO[bytes]]], *, unpack: bool) -> Upload:
    """Read uploaded files, each with its name or path; with `unpack`, zips as what is in them.

    One folder around everything is taken off, junk of the operating system left out, and each
    notebook looked at. Problem, with a sentence, where something will not do.
    """
    upload = Upload()
    for name, source in uploads:
        if unpack and name.lower().endswith(".zip"):
            _unzip(source, name, upload)
        else:
            _take(name, source, upload)
    upload.files = _without_top_folder(upload.files)
    for name in OUR_FILES:
        if upload.files.pop(name, None) is not None:
            told = _("%(name)s (this site writes it itself)") % {"name": name}
            upload.left_out.append(told)
    _check_tree(upload.files)
    own = any(path.startswith(f"{STUDENT}/") for path in upload.files)
    check_all(upload.files, marks=not own)
    if not upload.files:
        raise _refused(_("There are no files in this upload."))
    return upload


def check_all(files: Mapping[str, bytes], *, marks: bool) -> None:
    """Problem where a notebook cannot be read, or is marked unsoundly for nbgrader.

    How it is marked does not matter where a teacher gives the students' version too.
    """
    parts = 0
    for path, content in sorted(files.items()):
        if is_notebook(path):
            parts += notebook_check(path, content)
            if parts > MOST_PARTS:
                raise _refused(
                    _(
                        "These notebooks have more than %(count)s cells and outputs in all, which "
                        "is too much for this site. Clear their outputs."
                    )
                    % {"count": formats.number_format(MOST_PARTS, force_grouping=True)}
                )
            _check_marks(path, content, marks)


def _check_marks(path: str, content: bytes, marks: bool) -> None:
    try:
        marked = is_marked(content)
    except MarkingError as error:
        raise _refused(error.said(_, path)) from None
    if marks and marked and (wrong := check_notebook(path, content, _)):
        raise _refused(wrong)


def paths_of(names: list[str], given: str) -> list[str]:
    """Return the uploads' paths: as the page's script tells them (JSON), else their names.

    Browsers send a file's name alone, also for a file of a folder.
    """
    try:
        paths = json.loads(given or "[]")
    except (ValueError, RecursionError):
        return names
    fits = isinstance(paths, list) and len(paths) == len(names)
    if not fits or not all(isinstance(path, str) for path in paths):
        return names
    pairs = zip(paths, names, strict=True)
    # A path is believed only where it is one to this very file.
    return [path if path.rpartition("/")[2] == name else name for path, name in pairs]


def _take(path: str, source: IO[bytes], upload: Upload) -> None:
    path = unicodedata.normalize("NFC", path)
    if why_left_out(path):
        upload.left_out.append(leftovers.told(path))
    else:
        upload.add(_sound(path), source)


def _unzip(source: IO[bytes], name: str, upload: Upload) -> None:
    try:
        _check_directory(source)
        with zipfile.ZipFile(source) as archive:
            for entry in _entries(archive, upload):
                with archive.open(entry) as content:
                    _take(name_of(entry), content, upload)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError):
        raise _refused(
            _("“%(name)s” cannot be unpacked. Create the zip again, then upload it.")
            % {"name": name}
        ) from None
    except RuntimeError:  # zipfile's word for an encrypted one
        raise _refused(
            _("“%(name)s” is protected by a password. Create the zip without one.") % {"name": name}
        ) from None


def _entries(archive: zipfile.ZipFile, upload: Upload) -> Iterator[zipfile.ZipInfo]:
    for entry in archive.infolist():
        mode = entry.external_attr >> 16
        # Not is_dir(), which fails on an empty name.
        if entry.filename.endswith(("/", "\\")):
            continue
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            upload.left_out.append(_("%(name)s (a link)") % {"name": name_of(entry)})
            continue
        yield entry


def _check_directory(source: IO[bytes]) -> None:
    """Refuse a zip whose list of files is enormous before anybody reads it."""
    end = source.seek(0, 2)
    source.seek(max(0, end - 66_000))
    tail = source.read()
    source.seek(0)
    at = tail.rfind(_END)
    if at < 0:
        raise zipfile.BadZipFile
    size = int.from_bytes(tail[at + 12 : at + 16], "little")
    if size > _MAX_DIRECTORY or tail[max(0, at - 20) : at].startswith(_END_64):
        raise _too_many()


def _sound(path: str) -> str:
    try:
        return clean_path(visible(path))
    except BadPath as error:
        refused = _("The file “%(path)s” cannot have this name.") % {"path": path[:100]}
        raise _refused(f"{refused} {said(error)}") from None


def _without_top_folder(files: dict[str, bytes]) -> dict[str, bytes]:
    tops = {path.partition("/")[0] for path in files}
    if len(tops) != 1 or tops == {STUDENT} or any("/" not in path for path in files):
        return files
    return {path.partition("/")[2]: content for path, content in files.items()}


def _check_tree(files: dict[str, bytes]) -> None:
    """Refuse a name that is both a file and a folder."""
    for path in files:
        for folder in PurePosixPath(path).parents:
            if str(folder) in files:
                raise _refused(_("“%(name)s” is both a file and a folder.") % {"name": folder})


def _too_many() -> Problem:
    return _refused(
        _("There are too many files. An assignment can have %(count)s.") % {"count": MAX_FILES}
    )


def _refused(message: str) -> Problem:
    return Problem("bad_upload", message, status=400)
