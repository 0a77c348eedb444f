"""A script around a command that tells how the command ended.

CoCalc answers exit code 0 for a process that a signal has ended, and says nothing of it: out of
memory, out of CPU time (it limits both bash and what bash runs), or killed by a program of the
project's (read in its source, 2026-07). So the command runs in a shell of its own, and after it a
mark is printed with its exit code, to standard output and to standard error: neither there, and
the whole was killed; only the second, and the output was cut on its way. A command that is killed
alone has the exit code that bash gives it, 128 and the signal's number.

The mark is a fresh random word, so that no output has it by accident. A program of the project's
can read it, and lie, as it can about everything else.
"""

import base64
import re
import shlex
from collections.abc import Sequence
from uuid import uuid4

from embedding.cocalc.client import Output
from embedding.cocalc.errors import CommandFailed, NotCocalc, NotFound
from embedding.untranslated import noop

_NONE = "none"  # in the place of an exit code: no such command
_KILLED = (128 + 9, 128 + 24)  # SIGKILL, and SIGXCPU: out of CPU time
_STOPPED = noop("it was stopped before its end")
NO_COMMAND = "no such command, or no such folder to run it in"


class Wrapping:
    """A command on its way, by `script`, and back, by `output`.

    Args:
        exact: let the output come as base64. CoCalc decodes block by block, and spoils a character
            that lies across two; what prints nothing but ASCII needs none of it.
    """

    def __init__(self, command: str, args: Sequence[str], *, bash: bool, exact: bool) -> None:
        self._mark = uuid4().hex
        self._exact = exact
        # As CoCalc has it: blanks and no args make a script as well.
        if bash or (not args and len(command.split()) > 1):
            run = f"(eval -- {shlex.quote(command)})\nc=$?\n"
        else:
            name, words = shlex.quote(command), shlex.join([command, *args])
            run = (
                f"if type -P -- {name} >/dev/null; then (exec -- {words})\nc=$?\n"
                f"else c={_NONE}; fi\n"
            )
        # What stands here is no mark yet: where CoCalc repeats the script, it is not taken for one.
        tell = f'echo "{self._mark}:$c" >&2\necho "{self._mark}:$c"\n'
        self.script = ("exec > >(base64 -w0)\n" if exact else "") + run + tell

    def output(self, operation: str, stdout: str, stderr: str, exit_code: int) -> Output:
        """Return what the command itself left.

        Raises:
            CommandFailed: it was killed, and nobody knows how far it came.
            NotCocalc: the output was cut, or is none of this script's.
            NotFound: there is no such command.
        """
        said, told = self._without_mark(stderr)
        if self._exact:
            stdout = _decoded(stdout)
        text, ended = self._without_mark(stdout)
        if ended is None and told is None:
            raise CommandFailed(operation, _STOPPED, status=200, exit_code=exit_code or None)
        if ended is None:
            raise NotCocalc(operation, "the output came cut", status=200)
        if ended == _NONE:
            raise NotFound(operation, NO_COMMAND, status=200)
        if (code := int(ended)) in _KILLED:
            raise CommandFailed(operation, _STOPPED, status=200, exit_code=code)
        return Output(text, said, code)

    def _without_mark(self, text: str) -> tuple[str, str | None]:
        """Return the text without the mark, and what the mark says; None where there is none.

        What a command has left running may print after it.
        """
        match = re.search(rf"{self._mark}:(\d{{1,3}}|{_NONE})\n", text)
        if not match:
            return text, None
        return text[: match.start()] + text[match.end() :], match[1]


def _decoded(stdout: str) -> str:
    """Return the text of whole base64; an empty one of anything else, which has no mark then."""
    try:
        return base64.b64decode(stdout, validate=True).decode("utf-8", "replace")
    except ValueError:
        return ""
