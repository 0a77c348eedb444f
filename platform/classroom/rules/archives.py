"""What is in a zip or tar that is to go out, and in a file that is packed alone: within bounds."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator

from classroom.rules.zip_names import name_of
from embedding.conf import MEGABYTE

MOST_FILES = 2_000
MOST_BYTES = 64 * MEGABYTE  # of all that is in one, unpacked
_TAR = (".tar", ".tgz", ".tbz", ".tbz2", ".txz")
_PACKED = (".gz", ".bz2", ".xz")
_CLOSED = (".7z", ".rar", ".zst", ".lzma", ".z")  # that Python does not open
ENDINGS = (".zip", *_TAR, *_PACKED, *_CLOSED)
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
    """An archive that cannot be looked into; part of a sentence says why."""


def is_archive(path: str) -> bool:
    """Whether a file is an archive by its name."""
    return path.lower().endswith(ENDINGS)


def members(path: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Give the files in an archive, each with its name. Raises Closed."""
    room = MOST_BYTES
    try:
        for count, (name, inner) in enumerate(_members(path.lower(), content)):
            room -= len(inner)
            if count >= MOST_FILES or room < 0:
                raise Closed("too much is in it")
            if is_archive(name):
                raise Closed(f"“{name}” in it is an archive, too")
            yield name, inner
    except _WRONG:
        raise Closed("it is damaged, or of a kind that this site does not know") from None
    except RuntimeError:  # zipfile's word for it
        raise Closed("it is locked by a password") from None


def _members(path: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    if path.endswith(_CLOSED):
        raise Closed("it is of a kind that this site does not open")
    if path.endswith(".zip"):
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
        raise Closed("too much is in it")
    return found
