"""The folder of an assignment in the course's project: changed as a whole, then looked at.

A change is made in a hidden copy beside the folder, which then takes its place; whoever reads the
folder sees all of the change or nothing of it. Each change is one command in the project, and its
answer says what lies there now, so that a large upload costs no more commands than a small one.

The folder `student/` in it is what students get. One that the site has made (`student_put`) is
known by a hidden file beside it, and goes whenever something changes that it was made of.

All functions raise CocalcError, Problem with a sentence, and ValueError for a path that leaves
the project.
"""

import base64
import hashlib
import io
import json
import shlex
import tarfile
import time
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from classroom.rules import archives, leaks, leftovers, manifest
from classroom.rules.manifest import File
from embedding.client import client
from embedding.cocalc.client import Output
from embedding.cocalc.errors import NotCocalc
from embedding.cocalc.paths import clean_path, is_notebook
from embedding.conf import MEGABYTE
from embedding.problems import Problem

TIMEOUT = 120  # seconds for one command
HIDDEN = ".classroom"  # the site's own folder in the course's project
STUDENT = "student"
# Written by the site into what students have; as a source they would be in its way.
OUR_FILES = ("DUE_DATE.txt", "GRADE.md")
MAX_NOTEBOOKS_PACKED = 24 * MEGABYTE
MAX_NOTEBOOKS = 100 * MEGABYTE
MAX_OTHERS = 16 * MEGABYTE  # of other files that may hold something of the teacher's
_MAX_HEAD = 4 * MEGABYTE  # of their names
_PROGRAM = zlib.compress(Path(__file__).with_name("picking.py").read_bytes(), 9)
_PICKING = (
    "import base64,zlib;"
    f"exec(zlib.decompress(base64.b64decode('{base64.b64encode(_PROGRAM).decode()}')))"
)

MADE = ".student-version"
_TAKEN, _LOCKED, _NO_FOLDER, _NO_SOURCE, _NOTEBOOKS = 90, 91, 92, 93, 94
_PROBLEMS = {
    _TAKEN: gettext_lazy(
        "The course’s project already has a folder “%(folder)s”, which may be something else. "
        "Use that folder as it is, or rename it in CoCalc first."
    ),
    _LOCKED: gettext_lazy("Someone else is changing these files right now. Try again in a moment."),
    _NO_SOURCE: gettext_lazy("This folder is no longer in the course’s project."),
    _NOTEBOOKS: gettext_lazy(
        "The notebooks in “%(folder)s” are too large to be checked. Clear their outputs, then "
        "check again."
    ),
}
_CODES = {
    _TAKEN: "folder_taken",
    _LOCKED: "busy",
    _NO_SOURCE: "folder_missing",
    _NOTEBOOKS: "too_much",
}


@dataclass(frozen=True, slots=True)
class Contents:
    """What lies in the folder."""

    files: list[File]  # but for `student/`
    student: list[File] | None  # of `student/`, relative to it; None where there is none
    made: bool  # whether the site has made `student/`
    notebooks: dict[str, bytes]  # of `files`
    # By their paths in the folder, `student/` among them: files that may hold something of the
    # teacher's, all notebooks too; and such as are too large to be brought here.
    suspects: dict[str, bytes] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)  # leftovers, which count as no files


def digest(files: Iterable[File]) -> str:
    """Return a hash of a list of files, by which a change shows; when they were saved is none."""
    rows = [manifest.bare(file) for file in files]
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()


def is_sound(path: str) -> bool:
    """Whether a file's name can be handed out, and be part of an address: it is plain text."""
    try:
        clean_path(path)
    except ValueError:
        return False
    return "\N{REPLACEMENT CHARACTER}" not in path


def unsound_name(files: Iterable[File]) -> str:
    """Say which file has a name that cannot be handed out; empty where none has."""
    for file in files:
        if not is_sound(file["path"]):
            shown = " ".join(file["path"].split())[:200]
            return _(
                "The file name “%(name)s” cannot be used. Rename or remove the file in CoCalc, "
                "then check again."
            ) % {"name": shown}
    return ""


def look(project_id: str, folder: str) -> Contents:
    """Say what lies in an assignment's folder; nothing, where it is not there."""
    return _run(project_id, folder, _look(_quoted(folder)))


def add(
    project_id: str,
    folder: str,
    files: Mapping[str, bytes],
    *,
    replace: bool = False,
    first: bool = False,
) -> Contents:
    """Put files into the folder, over those of the same names; with `replace`, alone.

    With `first`, a folder that is there already is not the assignment's: Problem `folder_taken`.
    """
    archive = _send(project_id, files)
    return _change(
        project_id, folder, _unpack(archive), keep=not replace, first=first, spent=archive
    )


def copy_in(project_id: str, folder: str, source: str, *, first: bool = False) -> Contents:
    """Fill the folder with what lies in another folder of the project; links are left out.

    Problem `folder_missing` where there is no such folder.
    """
    return _change(project_id, folder, _copy_from(_quoted(source)), keep=False, first=first)


def bring(
    project_id: str, folder: str, brought: str, *, first: bool = False, made: bool = False
) -> Contents:
    """Fill the folder with what was brought to `arriving()`, which goes.

    With `made`, a student version that the site made comes along: whoever uses it must know from
    elsewhere that it is the approved one.
    """
    source = _quoted(brought)
    fill = _copy_from(source, made=made)
    return _change(project_id, folder, fill, keep=False, first=first, spent=source)


def arriving() -> str:
    """Return a place in the hidden folder for what comes from elsewhere; it goes after a day."""
    return f"{HIDDEN}/{uuid4().hex}.in"


def remove(project_id: str, folder: str, paths: Iterable[str]) -> Contents:
    """Take files out; gone already is as good. Folders that get empty go too."""
    names = " ".join(f'"$new"/{shlex.quote(clean_path(path))}' for path in paths)
    fill = f'rm -f -- {names} || exit\nfind "$new" -mindepth 1 -type d -empty -delete'
    return _change(project_id, folder, fill, keep=True)


def rename(project_id: str, folder: str, path: str, name: str) -> Contents:
    """Give a file another name; where one has it already, CommandFailed and nothing changes."""
    source, target = (f'"$new"/{shlex.quote(clean_path(each))}' for each in (path, name))
    fill = f"[ ! -e {target} ] && mv -T -- {source} {target} || exit"
    return _change(project_id, folder, fill, keep=True)


def student_put(project_id: str, folder: str, notebooks: Mapping[str, bytes]) -> Contents:
    """Make `student/` of these notebooks and of all other files as they are."""
    archive = _send(project_id, notebooks)
    # First all that there is, then the students' notebooks over the teacher's.
    fill = f"""s="$new.s"
mkdir -- "$s" || exit
{_copy('"$new"', '"$s"')} || exit
tar -xzf {archive} -C "$s" --no-same-owner || exit
mv -T -- "$s" "$new"/{STUDENT} && : > "$new"/{MADE} || exit"""
    return _change(project_id, folder, fill, keep=True, spent=archive)


def pack(files: Mapping[str, bytes]) -> bytes:
    """Make a packed tar of files; ValueError for a path that would leave its folder."""
    buffer = io.BytesIO()
    now = int(time.time())  # copies to students go by it: what came later is newer
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=6) as archive:
        for path, content in files.items():
            info = tarfile.TarInfo(clean_path(path))
            info.size, info.mode, info.mtime = len(content), 0o644, now
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def _send(project_id: str, files: Mapping[str, bytes]) -> str:
    """Write a tar into the hidden folder; return its path as a word of bash."""
    path = f"{HIDDEN}/{uuid4().hex}.tar.gz"
    client().write_file(project_id, path, pack(files))
    return _quoted(path)


def _change(
    project_id: str,
    folder: str,
    fill: str,
    *,
    keep: bool,
    first: bool = False,
    spent: str = "",
) -> Contents:
    """Build the folder anew beside it, with `fill`; put it in its place, and look.

    A change that was cut off between its two renames is put right by the next one. What others,
    cut off earlier, have left in the hidden folder goes after a day.
    """
    target, old = _quoted(folder), _quoted(f"{HIDDEN}/old-{folder}")
    refuse = f'[ -z "$(ls -A -- {target} 2>/dev/null)" ] || exit {_TAKEN}' if first else ""
    copy = f'if [ -d {target} ]; then cp -a -- {target}/. "$new"/ || exit; fi' if keep else ""
    ours = " ".join(f'"$new"/{name}' for name in OUR_FILES)
    script = f"""
new="$PWD"/{HIDDEN}/{uuid4().hex}.new
mkdir -p -- ./{HIDDEN} && exec 9> ./{HIDDEN}/lock && flock -w 60 9 || exit {_LOCKED}
leave() {{ rm -rf -- "$new" "$new.s" {spent}; }}
trap leave EXIT
find ./{HIDDEN} -mindepth 1 -maxdepth 1 -name '*.*' -mmin +1440 -exec rm -rf -- {{}} +
if [ ! -e {target} ] && [ -e {old} ]; then mv -T -- {old} {target}; fi
rm -rf -- {old}
{refuse}
mkdir -- "$new" || exit
{copy}
{_DROP_MADE}
{fill}
rm -f -- {ours}
{manifest.script_of('"$new"')} > /dev/null || exit
if [ -e {target} ]; then mv -T -- {target} {old} || exit; fi
mv -T -- "$new" {target} || {{ mv -T -- {old} {target}; exit 1; }}
rm -rf -- {old}
{_look(target)}"""
    return _run(project_id, folder, script)


_DROP_MADE = f'if [ -e "$new"/{MADE} ]; then rm -rf -- "$new"/{STUDENT} "$new"/{MADE}; fi'


def _unpack(archive: str) -> str:
    return f'tar -xzf {archive} -C "$new" --no-same-owner || exit'


def _copy_from(source: str, *, made: bool = False) -> str:
    return f"""[ -d {source} ] || exit {_NO_SOURCE}
{_copy(source, '"$new"')} || exit
{"" if made else _DROP_MADE}"""


_NAMES = " -o ".join(f"-name {shlex.quote(name)}" for name in manifest.LEFT_OUT)


def _copy(source: str, target: str) -> str:
    """Copy a folder's regular files, without what CoCalc and Jupyter leave there."""
    return (
        f"( set -o pipefail; ( cd -- {source} && find . \\( {_NAMES} \\) -prune -o -type f -print0"
        f" | tar --null --no-recursion -T - -cf - ) | tar -xf - -C {target} )"
    )


def _look(target: str) -> str:
    """Print the manifest, who made `student/`, and the files to be read: a line each."""
    return f"""
[ -d {target} ] || exit {_NO_FOLDER}
{manifest.script_of(target)} || exit
echo
if [ ! -d {target}/{STUDENT} ]; then echo none
elif [ -e {target}/{MADE} ]; then echo made
else echo own; fi
{_pick(target)}"""


def _pick(target: str) -> str:
    """Print the files that the site reads itself; see `picking`."""
    asked = {
        "student": STUDENT,
        "skip": manifest.LEFT_OUT,
        "leftovers": leftovers.PATTERNS,
        "pattern": leaks.SUSPECT.decode(),
        "archives": archives.ENDINGS,
        "notebooks": MAX_NOTEBOOKS,
        "packed": MAX_NOTEBOOKS_PACKED,
        "others": MAX_OTHERS,
    }
    words = f"{shlex.quote(_PICKING)} {shlex.quote(json.dumps(asked))}"
    return f"( cd -- {target} && exec python3 -I -c {words} )"


def _run(project_id: str, folder: str, script: str) -> Contents:
    output = client().exec(project_id, script, bash=True, timeout=TIMEOUT, check=False)
    return read(output, folder)


def read(output: Output, folder: str) -> Contents:
    """Read what a script of this module printed, or raise what its exit code means."""
    if output.exit_code == _NO_FOLDER:
        return Contents([], None, made=False, notebooks={})
    if output.exit_code in _PROBLEMS:
        raise _problem(output.exit_code, folder)
    listed, _newline, rest = output.stdout.partition("\n")
    whose, _newline, printed = rest.partition("\n")
    found = manifest.read(Output(listed, output.stderr, output.exit_code), folder)
    files, student = told_apart(found)
    picked, unread, left_out = _picked(printed)
    contents = {manifest.hash_of(content): content for content in picked.values()}
    return Contents(
        files=files,
        student=None if whose == "none" else student,
        made=whose == "made",
        notebooks={path: content for path, content in picked.items() if _is_source(path)},
        suspects={
            file["path"]: contents[file["sha256"]] for file in found if file["sha256"] in contents
        },
        unread=unread,
        left_out=left_out,
    )


def told_apart(found: Iterable[File]) -> tuple[list[File], list[File]]:
    """Return the files of an assignment's folder without `student/`, and those within it.

    What editors have left there is in neither.
    """
    inner = f"{STUDENT}/"
    files, student = [], []
    for file in found:
        bare = manifest.bare(file)
        if leftovers.why_left_out(bare["path"]):
            continue
        if bare["path"].startswith(inner):
            student.append(bare | {"path": bare["path"].removeprefix(inner)})
        elif bare["path"] not in (MADE, *OUR_FILES):
            files.append(bare)
    return files, student


def _is_source(path: str) -> bool:
    return is_notebook(path) and not path.startswith(f"{STUDENT}/")


def _picked(printed: str) -> tuple[dict[str, bytes], list[str], list[str]]:
    """Return what `picking` gave: files by path, what it did not read, and leftovers' names."""
    try:
        unpacker = zlib.decompressobj()
        packed = base64.b64decode(printed, validate=True)
        whole = unpacker.decompress(packed, MAX_NOTEBOOKS + MAX_OTHERS + _MAX_HEAD)
        begin = 4 + int.from_bytes(whole[:4], "big")
        head = json.loads(whole[4:begin])
        files: dict[str, bytes] = {}
        for path, size in head["files"]:
            files[_name(path)] = whole[begin : begin + size]
            begin += size
        if not unpacker.eof or begin != len(whole):
            raise ValueError("cut")
        unread, left_out = ([_name(path) for path in head[key]] for key in ("unread", "left_out"))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, zlib.error):
        raise NotCocalc("source_folder", "the notebooks came garbled", status=200) from None
    return files, unread, left_out


def _name(path: str) -> str:
    """Return a name as the manifest has it."""
    return path.encode("utf-8", "surrogateescape").decode(errors="replace")


def _problem(exit_code: int, folder: str) -> Problem:
    message = str(_PROBLEMS[exit_code]) % {"folder": folder}
    return Problem(_CODES[exit_code], message, status=409, recoverable=exit_code == _LOCKED)


def _quoted(path: str) -> str:
    return shlex.quote(f"./{clean_path(path)}")
