"""What lies in a folder of a project: each file's path, size and hash, by one command there.

It is how an assignment knows what its students get, and how a copy is proven to have arrived.
Links are not followed and do not count, nor does what CoCalc and Jupyter leave beside a notebook
that was open. What a project's own user does meanwhile may show, but never breaks the answer.
"""

import base64
import hashlib
import shlex
from collections.abc import Iterable, Mapping
from typing import NotRequired, TypedDict

from django.utils.translation import gettext as _

from embedding.client import client
from embedding.cocalc.client import Output
from embedding.cocalc.errors import CommandFailed, NotCocalc, NotFound
from embedding.cocalc.paths import clean_path
from embedding.conf import MEGABYTE
from embedding.problems import Problem

MAX_FILES = 5_000
MAX_BYTES = 500 * MEGABYTE
MAX_NAMES = 1_000_000  # bytes of all names together, which stand in the database
TIMEOUT = 60  # seconds
LEFT_OUT = (".ipynb_checkpoints", ".*.sage-jupyter2", ".*.sage-chat", ".*.part")

_MISSING, _TOO_MUCH = 80, 86


class File(TypedDict):
    """One file; the path is relative to the folder."""

    path: str
    size: int
    sha256: str
    # When it was last saved, in unix seconds, as its own project says: it makes no difference.
    modified: NotRequired[int]


def of_folder(project_id: str, path: str) -> list[File]:
    """Return the files of a folder and of all folders in it, by path.

    Raises NotFound where there is no such folder, Problem `too_much` where it holds more than
    MAX_FILES or MAX_BYTES, CocalcError, and ValueError for a path that leaves the project.
    """
    output = client().exec(project_id, script(path), bash=True, timeout=TIMEOUT, check=False)
    return read(output, path)


def script(path: str) -> str:
    """Return the bash that prints a folder's manifest, to be given to `read`; one subshell."""
    return script_of(shlex.quote(f"./{clean_path(path)}"))


def script_of(folder: str) -> str:
    """Return the same for a folder that is given as a word of bash."""
    names = " -o ".join(f"-name {shlex.quote(name)}" for name in LEFT_OUT)
    return f"""(
cd -- {folder} 2>/dev/null || exit {_MISSING}
export LC_ALL=C
list() {{ find . \\( {names} \\) -prune -o -type f -printf "$1"; }}
n=0 s=0
while read -r z; do
  n=$((n+1)) s=$((s+z))
  [ $n -le {MAX_FILES} ] && [ $s -le {MAX_BYTES} ] || exit {_TOO_MUCH}
done < <(list '%s\\n' 2>/dev/null)
[ "$(list '%P\\0' 2>/dev/null | head -c {MAX_NAMES + 1} | wc -c)" -le {MAX_NAMES} ] \
|| exit {_TOO_MUCH}
{{
  list '%s %P\\0'; printf '\\0'; list '%P\\0' | xargs -0r sha256sum -bz --
}} 2>/dev/null | base64 -w0
)"""


def read(output: Output, path: str) -> list[File]:
    """Read what `script` printed for a folder; raises as `of_folder` does."""
    if output.exit_code == _MISSING:
        raise NotFound("manifest", f"there is no folder “{path}”", status=200)
    if output.exit_code == _TOO_MUCH:
        raise too_much(path)
    if output.exit_code != 0:
        words = output.stderr.strip()[:200] or f"exit code {output.exit_code}"
        raise CommandFailed("manifest", words, status=200, exit_code=output.exit_code)
    try:
        sizes, _, hashes = base64.b64decode(output.stdout, validate=True).partition(b"\0\0")
        # With no files at all, the separator is all that there is.
        sized = dict(_size(row) for row in sizes.split(b"\0") if row)
        hashed = dict(_hash(row) for row in hashes.split(b"\0") if row)
    except ValueError:
        raise NotCocalc("manifest", "the list came garbled", status=200) from None
    both = sorted(sized.keys() & hashed.keys())
    # Whoever printed it may have left out to count.
    if len(both) > MAX_FILES or sum(map(len, both)) > MAX_NAMES:
        raise too_much(path)
    return [File(path=name, size=sized[name], sha256=hashed[name]) for name in both]


def bare(file: File) -> File:
    """Return a file without what makes no difference."""
    return File(path=file["path"], size=file["size"], sha256=file["sha256"])


def hash_of(content: bytes) -> str:
    """Return a file's hash as a manifest has it."""
    return hashlib.sha256(content).hexdigest()


def hashes(files: Iterable[File]) -> dict[str, str]:
    """Return the hashes of files, by path."""
    return {file["path"]: file["sha256"] for file in files}


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return the paths of files that came, went or changed; takes what `hashes` returns."""
    return sorted({path for path, _ in before.items() ^ after.items()})


def missing(wanted: Iterable[File], found: Iterable[File]) -> list[str]:
    """Return the paths of the wanted files that are not among the found ones just as they are."""
    there = {file["path"]: (file["size"], file["sha256"]) for file in found}
    return [
        file["path"] for file in wanted if there.get(file["path"]) != (file["size"], file["sha256"])
    ]


def too_much(path: str) -> Problem:
    """The refusal of a folder over the limits."""
    return Problem(
        "too_much",
        _(
            "The folder “%(path)s” is too large. It can have up to %(files)s files and %(size)s MB "
            "in total. Remove what you don’t need, then try again."
        )
        % {"path": path, "files": MAX_FILES, "size": MAX_BYTES // MEGABYTE},
        status=409,
    )


def _size(row: bytes) -> tuple[str, int]:
    size, _, name = row.partition(b" ")
    return name.decode(errors="replace"), int(size)


def _hash(row: bytes) -> tuple[str, str]:
    digest, _, name = row.partition(b" *")
    if len(digest) != 64:
        raise ValueError("not a hash")
    return name.decode(errors="replace"), digest.decode("ascii")
