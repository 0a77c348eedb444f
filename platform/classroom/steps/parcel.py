"""An assignment's files as one script: they travel in the very call that also proves them there.

Most assignments are a few notebooks. Read once from the course's project, checked against what
was approved, packed and kept by the worker, they go to each student in one exec, where a copy and
a listing would be two. What is too large for that goes by CoCalc's copy.

A file that the student's project does not have comes; one that is as it was handed out before is
replaced by a newer version; one that the student has changed stays. Which those are is known by
the hashes in `.handed-out.sha256`, which the script keeps in the student's home. All files are
unpacked beside the folder first, so that none is ever half there.
"""

import base64
import binascii
import gzip
import hashlib
import io
import tarfile
import threading
from collections import OrderedDict
from uuid import uuid4

from classroom.models import Assignment
from classroom.rules.manifest import File
from classroom.steps import folders
from embedding.client import client

MOST_BYTES = 4_000_000  # of the files
MOST_PACKED = 450_000  # CoCalc takes a form of 900 kB; in base64 this is 600 kB
_KEPT = 8
KNOWN = ".handed-out.sha256"
IN_THE_WAY = 88  # the exit code where a file has the folder's name

_parcels: "OrderedDict[str, str | None]" = OrderedDict()
_lock = threading.Lock()


def parcel(project: str, assignment: Assignment) -> str | None:
    """Return the assignment's files, packed; None where they are to be copied.

    It holds exactly the files that were approved. Raises CocalcError where CoCalc fails.
    """
    if sum(file["size"] for file in assignment.files) > MOST_BYTES:
        return None
    content = "\0".join(f"{file['path']}\0{file['sha256']}" for file in assignment.files)
    key = hashlib.sha256(f"{project}\0{assignment.source}\0{content}".encode()).hexdigest()
    with _lock:  # also while it is read: the others need the same one
        if key not in _parcels:
            _parcels[key] = _packed(project, assignment)
            if len(_parcels) > _KEPT:
                _parcels.popitem(last=False)
        _parcels.move_to_end(key)
        return _parcels[key]


def unpacking(packed: str, folder: str) -> str:
    """Return the script that brings a parcel's files into a folder; for `folders.listed`.

    It is safe to be cut off and run again: a file that came is known, or stays as it is.
    """
    target, beside = folders.quoted(folder), folders.quoted(f".{uuid4().hex}.part")
    return f"""(
d={target} w={beside} known=./{KNOWN}
trap 'rm -rf -- "$w"' EXIT
set -e -o pipefail
if [ -e "$d" ] && [ ! -d "$d" ]; then exit {IN_THE_WAY}; fi
mkdir -p -- "$d" "$w"
printf %s '{packed}' | tr -- -_ +/ | base64 -d | tar -xzf - -C "$w" --no-same-owner
hash() {{ sha256sum < "$1" | cut -c 1-64; }}
find "$w" -type f -printf '%P\\0' | while IFS= read -r -d '' f; do
  t=$d/$f
  mkdir -p -- "${{t%/*}}"
  if [ -d "$t" ] && [ ! -L "$t" ]; then echo "$f is a folder" >&2; exit 21; fi
  new=$(hash "$w/$f")
  if [ -e "$t" ] || [ -L "$t" ]; then
    [ -f "$t" ] && [ ! -L "$t" ] || continue
    grep -qxF -e "$(hash "$t")" -- "$known" 2>/dev/null || continue
  fi
  grep -qxF -e "$new" -- "$known" 2>/dev/null || echo "$new" >> "$known"
  mv -fT -- "$w/$f" "$t"
done
)
c=$?; [ $c = 0 ] || exit $c
"""


def _packed(project: str, assignment: Assignment) -> str | None:
    script = (
        f"set -o pipefail; tar -cf - -C {folders.quoted(assignment.source)} . | gzip | base64 -w0"
    )
    output = client().exec(project, script, bash=True, timeout=60, check=False)
    if output.exit_code != 0:
        return None
    try:
        files = _read(base64.b64decode(output.stdout, validate=True), assignment.files)
    except (binascii.Error, tarfile.TarError, OSError, EOFError, KeyError, ValueError):
        return None
    packed = _write(files)
    return base64.urlsafe_b64encode(packed).decode() if len(packed) <= MOST_PACKED else None


def _read(archive: bytes, wanted: list[File]) -> list[tuple[str, int, bytes]]:
    """Return path, time and content of the wanted files; ValueError where one is another."""
    found = []
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        for file in wanted:
            member = tar.getmember(f"./{file['path']}")
            stream = tar.extractfile(member) if member.isreg() else None
            content = stream.read() if stream else b""
            if hashlib.sha256(content).hexdigest() != file["sha256"]:
                raise ValueError(f"{file['path']} is not what was approved")
            found.append((file["path"], int(member.mtime), content))
    return found


def _write(files: list[tuple[str, int, bytes]]) -> bytes:
    """Pack files: nothing but regular ones that can be read and written."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, moment, content in files:
            info = tarfile.TarInfo(path)
            info.size, info.mtime, info.mode = len(content), moment, 0o644
            tar.addfile(info, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), mtime=0)


def forget() -> None:
    """Read all anew; for tests."""
    with _lock:
        _parcels.clear()
