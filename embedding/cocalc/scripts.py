"""The bash scripts that do file work in a project, and what their exit codes mean.

They need bash, coreutils and findutils, and run in the home. Every path given here is quoted and
begins with `./`, so that no name is taken for an option.
"""

import base64
import shlex
from uuid import uuid4

from embedding.cocalc.errors import (
    BadRequest,
    CocalcError,
    Duplicate,
    InTheWay,
    NotFound,
    ServerFault,
)
from embedding.cocalc.paths import clean_path, parent
from embedding.untranslated import noop

MOST_ENTRIES = 10_000  # of a folder

_ABSENT, _NO_FILE, _TAKEN, _LARGE, _DAMAGED, _NO_FOLDER = 80, 81, 82, 83, 84, 85
IN_THE_WAY = 87
MEANINGS: dict[int, tuple[type[CocalcError], str]] = {
    _ABSENT: (NotFound, "no such file or folder"),
    _NO_FILE: (BadRequest, noop("not a file")),
    _TAKEN: (Duplicate, "something of that name exists already"),
    _LARGE: (BadRequest, noop("the file is too large")),
    _DAMAGED: (ServerFault, "the file did not arrive whole"),
    _NO_FOLDER: (BadRequest, noop("not a folder that can be read")),
    IN_THE_WAY: (InTheWay, "a file is in the way of a folder"),
}


# On a server in multi-user mode homes are mode 755 as they are made, and projects are users of one
# machine: any could read any other's files. Every script in the home begins with closing it.
WAS_OPEN = "lectern: this home was open to other projects"
CLOSED_HOME = (
    'if [ -n "$(find . -maxdepth 0 -perm /077 2>/dev/null)" ]; then\n'
    f"chmod 700 . 2>/dev/null && echo '{WAS_OPEN}' >&2\nfi\n"
)


def quoted(path: str, *, home: bool = False) -> str:
    """Check a path and make it safe for bash. Raises ValueError."""
    return shlex.quote(f"./{clean_path(path, home=home)}")


def temporary_beside(path: str) -> str:
    """Give the path of a name that nobody else uses, hidden, in the folder of `path`."""
    name = f".{uuid4().hex}.part"
    return f"{parent(path)}/{name}" if parent(path) else name


def prepare(target: str, folder: str, *, overwrite: bool) -> str:
    """Make the folder that a file is to be written to."""
    refuse = f"if [ -d {target} ]; then exit {_NO_FILE}; fi\n"
    return make_folder(folder) + (refuse if overwrite else _refuse_taken(target))


def append(temporary: str, chunk: bytes, offset: int) -> str:
    """Put a chunk at its offset, however often it is run; on failure, leave no file."""
    # The URL-safe alphabet, which a form does not have to escape.
    encoded = base64.urlsafe_b64encode(chunk).decode()
    return (
        f"set -e -o pipefail\nt={temporary}\n"
        "trap '[ $? = 0 ] || rm -f -- \"$t\"' EXIT\n"
        f'truncate -s {offset} -- "$t"\n'
        f"printf %s '{encoded}' | tr -- -_ +/ | base64 -d >> \"$t\"\n"
    )


def put(target: str, digest: str, *, overwrite: bool) -> str:
    """Check the whole of `$t`, keep the old file's mode, and take its place at once.

    Without `overwrite` nothing's place is taken; `mv -n` keeps quiet where somebody was faster.
    """
    whole = (
        f'[ -f "$t" ] && [ ! -L "$t" ] && [ "$(sha256sum < "$t")" = \'{digest}  -\' ]'
        f" || exit {_DAMAGED}\n"
    )
    if not overwrite:
        return (
            f'{whole}mv -nT -- "$t" {target} || :\n'
            f'if [ -e "$t" ]; then rm -f -- "$t"; exit {_TAKEN}; fi'
        )
    return (
        f'{whole}if [ -f {target} ]; then chmod --reference={target} -- "$t" || :; fi\n'
        f'mv -fT -- "$t" {target}'
    )


def discard(temporary: str) -> str:
    """Remove what a failed write may have left, also an upload that is not whole."""
    return f"rm -f -- {temporary} {temporary}.*"


def chunk(name: str, number: int, size: int, max_bytes: int | None) -> str:
    """Print a chunk of this size as base64, between two lines by which a change would show."""
    limit = "" if max_bytes is None else f"[ ${{s%% *}} -le {max_bytes:d} ] || exit {_LARGE}\n"
    return (
        f'set -e -o pipefail\nf={name}\n[ -e "$f" ] || exit {_ABSENT}\n'
        f'[ -f "$f" ] || exit {_NO_FILE}\n'
        "stamp() { stat -L -c '%s %.9Y %.9Z %i' -- \"$f\"; }\n"
        f's=$(stamp)\n{limit}echo "$s"\n'
        f'dd if="$f" bs={size} skip={number} count=1 iflag=fullblock status=none'
        " | base64 -w0\necho\nstamp"
    )


def listing(name: str) -> str:
    """Print type, size, time and name of each entry, NUL after each, all as base64.

    In the C locale `-name` and `%f` take any bytes. `find` also fails where an entry vanishes
    under its eyes; what it has printed is right all the same. Of a folder with more than
    MOST_ENTRIES one more than that is printed, and nothing looked for any further.
    """
    return (
        f'd={name}\n[ -e "$d" ] || exit {_ABSENT}\n'
        f'[ -d "$d" ] && [ -r "$d" ] && [ -x "$d" ] || exit {_NO_FOLDER}\n'
        "LC_ALL=C find -L \"$d/\" -mindepth 1 -maxdepth 1 ! -name '.*'"
        f" -printf '%y %s %T@ %f\\0' | head -zn {MOST_ENTRIES + 1} | base64 -w0"
    )


def make_folder(name: str) -> str:
    """Make a folder with its parents."""
    return f"mkdir -p -- {name} || {{ c=$?\n{look_for_file(name)}exit $c; }}\n"


def new_folder(name: str, folder: str) -> str:
    """Make a folder that is not there yet, in `folder`."""
    return (
        f"{_refuse_taken(name)}{make_folder(folder)}"
        f"mkdir -- {name} || {{ c=$?\n{_refuse_taken(name)}exit $c; }}"
    )


def _refuse_taken(name: str) -> str:
    return f"if [ -e {name} ] || [ -L {name} ]; then exit {_TAKEN}; fi\n"


def look_for_file(name: str) -> str:
    """Exit with IN_THE_WAY where a file, or a link to nothing, is in the way of a folder."""
    return (
        f"d={name}\n"
        f'until [ -d "$d" ]; do [ -e "$d" ] || [ -L "$d" ] && exit {IN_THE_WAY}\n'
        "d=${d%/*}\ndone\n"
    )


def move(old: str, new: str, folder: str) -> str:
    """Rename without overwriting; `mv -n` keeps quiet where somebody was faster."""
    return (
        f"[ -e {old} ] || [ -L {old} ] || exit {_ABSENT}\n"
        f"{_refuse_taken(new)}{make_folder(folder)}mv -nT -- {old} {new} || exit\n"
        f"if [ -e {old} ] || [ -L {old} ]; then exit {_TAKEN}; fi"
    )


def remove(name: str) -> str:
    """Delete a file, or a folder with all in it."""
    return f"[ -e {name} ] || [ -L {name} ] || exit {_ABSENT}\nrm -rf -- {name}"
