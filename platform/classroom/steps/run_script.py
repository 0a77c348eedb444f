"""The command that runs a prepared notebook in a student's project, and what it says."""

import base64
import hashlib
import json
import posixpath
import secrets
import shlex
from dataclasses import dataclass

from classroom.carrying.calls import show
from classroom.nbgrader.runner import runner
from classroom.steps import folders
from embedding.conf import MEGABYTE

NOTEBOOK_BYTES = 25 * MEGABYTE
CELL_SECONDS, ALL_SECONDS = 60, 600
_NO_FOLDER = 87


@dataclass(frozen=True, slots=True)
class Ran:
    """What came back from the student's project; no notebook where somebody else wrote it."""

    notebook: bytes | None
    words: str
    held: dict[str, list[str]]


def script(scratch: str, path: str, kept: str, secret: str) -> str:
    """Return the bash that runs `path` below `scratch`, which it removes.

    The result lies beside it under the name `kept` until it is printed.
    """
    folder, name = posixpath.split(f"{scratch}/{path}")
    result = show(f"{folder}/{kept}", NOTEBOOK_BYTES)
    # Where a link led elsewhere nothing runs: the working folder itself cannot be swapped.
    # `h`: the scratch folder goes away whatever happens, the killing of this shell excepted.
    return f"""h=$PWD
trap 'cd "$h" && rm -rf -- {folders.quoted(scratch)}' EXIT
cd -- {folders.quoted(folder)} || exit {_NO_FOLDER}
[ "$(pwd -P)" = "$(cd -- "$h" && pwd -P)"/{shlex.quote(folder)} ] || exit {_NO_FOLDER}
r=$(timeout -k 10 {ALL_SECONDS + 60} python3 - {shlex.quote(f"./{name}")} {CELL_SECONDS} \
{ALL_SECONDS} 2>/dev/null <<'LECTERN_RUNNER'
{runner(secret)}
LECTERN_RUNNER
)
echo $?
printf %s "$r" | head -c 10000 | base64 -w0; echo
cd -- "$h" && {result}
exit 0
"""


def outcome(stdout: str, secret: str) -> tuple[int, Ran, bytes | None]:
    """Read what the script printed: the runner's exit code, its report, and the result.

    The report counts where it repeats the secret and knows the result by its hash; what does not
    is somebody else's writing, and its notebook decides nothing.
    """
    try:
        code, told, content = stdout.split("\n", 2)
        said = base64.b64decode(told, validate=True).decode(errors="replace")
        result = base64.b64decode(content.strip(), validate=True) or None
        exit_code = int(code)
    except ValueError:
        return -1, Ran(None, "", {}), None
    try:
        report = json.loads(said)
        words = str(report.get("words", ""))[:500]
        held = {str(name): [str(each) for each in why] for name, why in report["held"].items()}
        is_ours = (
            secrets.compare_digest(str(report["secret"]).encode(), secret.encode())
            and report["sha256"] == hashlib.sha256(result or b"").hexdigest()
        )
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError):
        return exit_code, Ran(None, "", {}), result
    return exit_code, Ran(result if is_ours else None, words, held), result
