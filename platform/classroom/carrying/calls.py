"""A call of one of our programs in a project, and what it answered, judged on our side.

Whatever comes back is the project's own word: it is taken apart within limits, and as nothing but
what it must be.
"""

import base64
import json
import shlex
import zlib
from pathlib import Path
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from embedding.client import client
from embedding.cocalc.client import Output
from embedding.cocalc.errors import CannotConnect, CommandFailed, NotCocalc, OutcomeUnknown
from embedding.conf import MEGABYTE
from embedding.problems import Problem

TIMEOUT = 120  # seconds for one call
LONGEST = 900  # seconds for all calls that bring one folder
HEAD = 24 * MEGABYTE  # of the JSON in an answer: thousands of long paths
ATTEMPTS = 3  # of a call that is one of many, and may be made again
_INSIDE = "classroom.carrying.inside"


def _program(name: str) -> str:
    """Return a program as Python's -c takes it: packed, with the module that it shares."""
    texts = [
        (part, Path(__file__).with_name("inside").joinpath(f"{part}.py").read_text("utf-8"))
        for part in ("ways", name)
    ]
    known = [(f"{_INSIDE}.{part}", text) for part, text in texts[:-1]]
    whole = f"""import sys, types
for name, text in {known!r}:
    sys.modules[name] = types.ModuleType(name)
    exec(text, sys.modules[name].__dict__)
exec({texts[-1][1]!r})
"""
    packed = base64.b64encode(zlib.compress(whole.encode(), 9)).decode()
    return f"import base64,zlib;exec(zlib.decompress(base64.b64decode('{packed}')))"


GIVING, PUTTING = _program("giving"), _program("putting")


class Refused(Problem):
    """What a program in a project would not or could not do, as a sentence about its folder."""

    def __init__(self, code: str, folder: str, path: str = "", size: int = 0) -> None:
        self.folder = folder
        self.path = path
        self.size = size
        shown = " ".join(path.split())[:200]
        sentence = _SENTENCES.get(code, _SENTENCES["unable"])
        message = sentence % {"folder": folder, "path": shown}
        super().__init__(code, message, status=409, recoverable=code in _PASSING)


_PASSING = ("changing", "damaged", "unable", "absent", "slow")
_SENTENCES = {
    "missing": _(
        "There is no folder “%(folder)s” in the project: it was renamed, moved or deleted."
    ),
    "too_many": _("“%(folder)s” has too many files. Delete what is not needed, then try again."),
    "too_large": _("“%(folder)s” is too large. Delete what is not needed, then try again."),
    "too_deep": _(
        "The folders in “%(folder)s” are nested too deeply. Move their files further up, then try "
        "again."
    ),
    "bad_name": _(
        "The name of “%(path)s” in “%(folder)s” is too long to be copied. Rename it, then try "
        "again."
    ),
    "unreadable": _(
        "“%(path)s” in “%(folder)s” belongs to someone else and cannot be read. Delete it, then "
        "try again."
    ),
    "changing": _(
        "“%(path)s” kept changing while it was read. Stop the program that writes to it, then try "
        "again."
    ),
    "in_the_way": _("“%(path)s” must be a folder, but it is a file or a link. Rename it first."),
    "no_room": _("The project's disk is full. Delete what is not needed, then try again."),
    "damaged": _("The files did not arrive complete. Try again."),
    "absent": _("“%(path)s” did not arrive. Try again."),
    "slow": _("The project took too long with the files of “%(folder)s”. Try again."),
    "unable": _("The project could not do that (%(path)s). Try again."),
}


def script(program: str, command: dict[str, Any], data: bytes = b"") -> str:
    """Return the bash that runs a program in a project's home."""
    encoded = base64.urlsafe_b64encode(data).decode()
    return (
        f"python3 -I -c {shlex.quote(program)} <<'LECTERN'\n"
        f"{json.dumps(command)}\n{encoded}\nLECTERN\n"
    )


def ask(
    project: str,
    program: str,
    command: dict[str, Any],
    data: bytes = b"",
    *,
    most: int = 0,
    again: bool = False,
) -> tuple[dict[str, Any], bytes]:
    """Run a program; return what it said, and up to `most` bytes of content.

    With `again`, a call whose answer is lost is made again. Raises Refused with what the program
    says, and CocalcError.
    """
    attempts = ATTEMPTS if again else 1
    for left in reversed(range(attempts)):
        try:
            output = client().exec(
                project, script(program, command, data), bash=True, timeout=TIMEOUT, check=False
            )
        except (CannotConnect, OutcomeUnknown):
            if left == 0:
                raise
        else:
            break
    said, body = read(output, most)
    if "problem" in said:
        code, path, size = (said.get(key) for key in ("problem", "path", "size"))
        if not (isinstance(code, str) and isinstance(path, str) and isinstance(size, int)):
            raise _garbled()
        raise Refused(code, str(command.get("folder", "")), _readable(path), size)
    return said, body


def show(path: str, most: int) -> str:
    """Return the bash that prints a regular file of at most so many bytes, as base64; or nothing.

    It is run in the home, and follows no link.
    """
    return script(GIVING, {"do": "show", "path": path, "most": most})


def read(output: Output, most: int) -> tuple[dict[str, Any], bytes]:
    """Take an answer apart; raises CommandFailed and NotCocalc."""
    if output.exit_code != 0:
        words = output.stderr.strip()[-200:]
        words = words or gettext("exit code %(code)s") % {"code": output.exit_code}
        raise CommandFailed("files", words, status=200, exit_code=output.exit_code)
    try:
        packed = base64.b64decode(output.stdout, validate=True)
        unpacker = zlib.decompressobj()
        whole = unpacker.decompress(packed, 4 + HEAD + most)
        length = int.from_bytes(whole[:4], "big")
        if not unpacker.eof or not 0 < length <= len(whole) - 4:
            raise ValueError("cut")
        said = json.loads(whole[4 : 4 + length])
    except (ValueError, RecursionError, zlib.error):
        raise _garbled() from None
    body = whole[4 + length :]
    if not isinstance(said, dict) or len(body) > most:
        raise _garbled()
    return said, body


def _readable(path: str) -> str:
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _garbled() -> NotCocalc:
    return NotCocalc("files", "what the project gave came garbled", status=200)
