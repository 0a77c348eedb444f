"""What is in an archive or office document that is to go out, or in one packed file."""

import bz2
import gzip
import io
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator

from django.utils.translation import gettext as _

from classroom.rules.zip_names import name_of
from embedding.conf import MEGABYTE

MOST_FILES = 2_000
MOST_BYTES = 64 * MEGABYTE  # of all that is in one, unpacked
_TAR = (".tar", ".tgz", ".tbz", ".tbz2", ".txz")
_PACKED = (".gz", ".bz2", ".xz")
_OFFICE = (".docx", ".pptx", ".xlsx", ".odt", ".odp", ".ods")  # zips with XML in them
_PARAGRAPH = re.compile(rb"</[a-z]+:(?:p|h)>|<text:line-break/>|<w:br/>")
_TAG = re.compile(rb"<[^<>]*>")
_CLOSED = (".7z", ".rar", ".zst", ".lzma", ".z")  # that Python does not open
ENDINGS = (".zip", *_OFFICE, *_TAR, *_PACKED, *_CLOSED)
_WRONG = (
    zipfile.BadZipFile,
    tarfile.TarError,
    lzma.LZMAError,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
)


class Closed(Exception):
    """An archive that cannot be looked into; a sentence says why."""


def is_archive(path: str) -> bool:
    """Whether a file is an archive by its name."""
    return path.lower().endswith(ENDINGS)


def members(path: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Give the files in an archive, each with its name. Raises Closed."""
    room = MOST_BYTES
    try:
        for count, (name, inner) in enumerate(_flattened(path.lower(), content)):
            room -= len(inner)
            if count >= MOST_FILES or room < 0:
                raise Closed(_("It contains too much."))
            yield name, inner
    except _WRONG:
        raise Closed(_("It is damaged, or of a kind that this site does not know.")) from None
    except RuntimeError:  # zipfile's word for it
        raise Closed(_("It has a password.")) from None


def _flattened(path: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Give the files in an archive; of an office document in it, or that it is, its texts."""
    for name, inner in _members(path, content):
        if path.endswith(_OFFICE):
            yield name, _text(inner) if name.endswith(".xml") else inner
        elif name.lower().endswith(_OFFICE):
            for part, xml in _members(".zip", inner):
                yield name, _text(xml) if part.endswith(".xml") else xml
        elif is_archive(name):
            raise Closed(_("It contains another archive, “%(name)s”.") % {"name": name})
        else:
            yield name, inner


def _text(xml: bytes) -> bytes:
    """Return the text of an office document, a line for each paragraph."""
    return _TAG.sub(b"", _PARAGRAPH.sub(b"\n", xml))


def _members(path: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    if path.endswith(_CLOSED):
        raise Closed(_("This site does not open archives of this kind."))
    if path.endswith((".zip", *_OFFICE)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                if not entry.filename.endswith(("/", "\\")):
                    with archive.open(entry) as file:
                        yield name_of(entry), file.read(MOST_BYTES + 1)
        return
    if not path.endswith(".tar"):
        content = _unpacked(content)
    if path.endswith(_TAR) or path.rpartition(".")[0].endswith(".tar"):
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as tar:
            for member in tar:
                inner = tar.extractfile(member) if member.isfile() else None
                if inner is not None:
                    yield member.name, inner.read()
    else:
        yield path.rpartition("/")[2].rpartition(".")[0], content


def _opened(content: bytes) -> io.BufferedIOBase:
    """Open what one of three programs has packed, by what it begins with."""
    source = io.BytesIO(content)
    if content.startswith(b"\x1f"):
        return gzip.GzipFile(fileobj=source)
    return bz2.BZ2File(source) if content.startswith(b"B") else lzma.LZMAFile(source)


def _unpacked(content: bytes) -> bytes:
    with _opened(content) as file:
        found = file.read(MOST_BYTES + 1)
    if len(found) > MOST_BYTES:
        raise Closed(_("It contains too much."))
    return found
