"""When each file of a folder in a project was last written to disk, by one command there.

It is the project's own word. Links are not followed and do not count, as in a manifest.
"""

import base64
import math
import shlex
from dataclasses import dataclass
from datetime import UTC, datetime

from classroom.rules import manifest
from embedding.client import client
from embedding.cocalc.errors import CommandFailed, NotCocalc, NotFound
from embedding.cocalc.paths import clean_path

TIMEOUT = 10  # seconds
_MISSING, _TOO_MUCH = 80, 86


@dataclass(frozen=True, slots=True)
class Written:
    """One file; the path is relative to the folder."""

    path: str
    size: int
    modified: float  # seconds since 1970, by the project's clock
    age: float  # seconds by the same clock, so that it need not go right

    @property
    def at(self) -> datetime:
        """When it was written; 1970 for a year that Python does not know."""
        return moment_of(self.modified)


def moment_of(seconds: float) -> datetime:
    """Return the moment of a file's time; 1970 for a year that Python does not know."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


def of_folder(project_id: str, path: str) -> list[Written]:
    """Return the files of a folder and of all folders in it, by path.

    Raises NotFound where there is no such folder, Problem `too_much` where it holds more than a
    manifest may, CocalcError, and ValueError for a path that leaves the project.
    """
    output = client().exec(project_id, _script(path), bash=True, timeout=TIMEOUT, check=False)
    if output.exit_code == _MISSING:
        raise NotFound("saved_times", f"there is no folder “{path}”", status=200)
    if output.exit_code == _TOO_MUCH:
        raise manifest.too_much(path)
    if output.exit_code != 0:
        words = output.stderr.strip()[:200] or f"exit code {output.exit_code}"
        raise CommandFailed("saved_times", words, status=200, exit_code=output.exit_code)
    try:
        now, *rows = base64.b64decode(output.stdout, validate=True).rstrip(b"\0").split(b"\0")
        return sorted((_written(float(now), row) for row in rows), key=lambda file: file.path)
    except ValueError:
        raise NotCocalc("saved_times", "the list came garbled", status=200) from None


def _script(path: str) -> str:
    folder = shlex.quote(f"./{clean_path(path)}")
    names = " -o ".join(f"-name {shlex.quote(name)}" for name in manifest.LEFT_OUT)
    return f"""
[ ! -L {folder} ] && cd -- {folder} 2>/dev/null || exit {_MISSING}
export LC_ALL=C
list() {{ find . \\( {names} \\) -prune -o -type f -printf "$1" 2>/dev/null; }}
n=$(list . | head -c {manifest.MAX_FILES + 1} | wc -c)
[ "$n" -le {manifest.MAX_FILES} ] || exit {_TOO_MUCH}
{{ date +%s.%N | tr '\\n' '\\0'; list '%T@ %s %P\\0'; }} | base64 -w0
"""


def _written(now: float, row: bytes) -> Written:
    modified, size, name = row.split(b" ", 2)
    at = float(modified)
    if not math.isfinite(at) or not math.isfinite(now):
        raise ValueError("no time")
    return Written(name.decode(errors="replace"), int(size), at, now - at)
