"""One command in one student's project: what it printed, how it ended, and how long it took.

Whatever comes back was made where the student rules, and may be forged.
"""

import base64
import json
import shlex
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from classroom.rules.scoring import CENT, COMMENT_MOST, MOST
from embedding.client import client
from embedding.cocalc.client import Output
from embedding.cocalc.errors import NotCocalc
from embedding.cocalc.paths import clean_path
from embedding.problems import Problem

CUT = 64 * 1024  # bytes of each of stdout and stderr that are kept, and of the file
DRAIN = 5  # seconds after the command's end in which its children may still write
_NO_FOLDER, _NO_ROOM = 87, 88


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command went."""

    exit_code: int
    seconds: float
    stdout: str
    stderr: str
    cut: bool  # whether it printed more than is kept
    timed_out: bool
    file: bytes | None  # what it wrote to the file that was asked for

    def as_dict(self) -> dict[str, Any]:
        """Return what is kept with the transfer."""
        return {
            "exit_code": self.exit_code,
            "seconds": self.seconds,
            "stdout": self.stdout,
            "stderr": self.stderr,
            "cut": self.cut,
            "timed_out": self.timed_out,
        }


def run(project: str, command: str, *, folder: str, timeout: int, file: str = "") -> Ran:
    """Run a command by bash in a folder of a project (""; the home) and return how it went.

    `file` is read only if this very run has written it. Raises Problem where there is no such
    folder, and CocalcError.
    """
    script = _script(command, folder, timeout, file)
    output = client().exec(project, script, bash=True, timeout=timeout + 30, check=False)
    if output.exit_code == _NO_FOLDER:
        raise Problem(
            "no_folder",
            _("There is no folder “%(folder)s” in this student's project. Hand it out first.")
            % {"folder": folder},
            status=409,
        )
    if output.exit_code == _NO_ROOM:
        raise Problem("no_room", _("The disk of the student's project is full."), status=409)
    return _read(output, timeout)


def score_of(content: bytes | None) -> tuple[Decimal, str | None]:
    """Read the file {"score": 7.5, "comment": "…"}; ValidationError with a sentence.

    More than two decimal places are rounded: a command may well divide.
    """
    if content is None:
        raise ValidationError(_("The command wrote no file with a score."))
    if len(content) > CUT:
        raise ValidationError(_("The file with the score is too large."))
    try:
        given = json.loads(content, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError, ArithmeticError):
        raise ValidationError(_("The file with the score is not JSON.")) from None
    score = given.get("score") if isinstance(given, dict) else None
    if isinstance(score, bool) or not isinstance(score, int | Decimal):
        raise ValidationError(_("The file with the score has no number “score”."))
    if not -MOST <= score <= MOST:
        raise ValidationError(_("The score in the file is too large or too small."))
    comment = given.get("comment")
    if comment is not None and not isinstance(comment, str):
        raise ValidationError(_("The “comment” in the file with the score is not text."))
    if comment is not None:
        comment = comment.replace("\0", "\N{REPLACEMENT CHARACTER}")[:COMMENT_MOST]
        comment = comment.encode(errors="replace").decode()
    return Decimal(score).quantize(CENT, ROUND_HALF_UP), comment


def _refuse(constant: str) -> object:
    raise ValueError(constant)


def _script(command: str, folder: str, timeout: int, file: str) -> str:
    where = f"cd -- {shlex.quote(f'./{clean_path(folder)}')} || exit {_NO_FOLDER}" if folder else ""
    # What the command's own children still print is waited for, but not for ever.
    kept = f"stdbuf -o0 head -c {CUT + 1}; exec cat >/dev/null"
    drain = f"timeout -s KILL {timeout + DRAIN} bash -c '{kept}'"
    reading = ""
    if file:
        name = shlex.quote(f"./{clean_path(file)}")
        # Not older than the mark: an earlier run's file, or one handed in, does not count.
        reading = (
            f'if [ -f {name} ] && [ ! {name} -ot "$d/mark" ]; then\n'
            f"echo yes; head -c {CUT + 1} -- {name} | base64 -w0; fi\n"
        )
    return f"""d=$(mktemp -d 2>/dev/null) || exit {_NO_ROOM}
trap 'rm -rf -- "$d"' EXIT
{where}
: > "$d/mark" || exit {_NO_ROOM}
b=$(date +%s%3N)
{{ {{ timeout -k 3 {timeout} bash -c {shlex.quote(command)} </dev/null 3>&-
echo $? $(($(date +%s%3N) - b)) > "$d/code"; }} 2>&1 >&3 | {drain} > "$d/err"; }} 3>&1 \
| {drain} > "$d/out"
cat "$d/code"
base64 -w0 "$d/out"; echo
base64 -w0 "$d/err"; echo
{reading}"""


def _read(output: Output, timeout: int) -> Ran:
    try:
        code, printed, complained, *file = output.stdout.split("\n")
        exit_code, milliseconds = (int(part) for part in code.split())
        out, err = (base64.b64decode(text, validate=True) for text in (printed, complained))
        content = base64.b64decode(file[1], validate=True) if file[:1] == ["yes"] else None
    except (ValueError, IndexError):
        raise NotCocalc("run", "the command's output came garbled", status=200) from None
    return Ran(
        exit_code=exit_code,
        seconds=round(milliseconds / 1000, 1),
        stdout=out[:CUT].decode(errors="replace"),
        stderr=err[:CUT].decode(errors="replace"),
        cut=len(out) > CUT or len(err) > CUT,
        # `timeout` says 124, or 137 where it had to kill; so may the command, but not so late.
        timed_out=exit_code in (124, 137) and milliseconds >= timeout * 1000,
        file=content,
    )
