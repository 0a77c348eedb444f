"""Every process of a project carries two marks in its environment, and can be found by them.

That is how a stopped project, and a stopped sandbox, leave nothing behind: whatever a notebook or
a command started, in whatever session, is found under /proc by its mark and killed.
"""

import contextlib
import os
import secrets
import signal
import sys
import time
from pathlib import Path

INSTANCE = "SANDBOX_INSTANCE"
PROJECT = "COCALC_PROJECT_ID"

_PASSED_ON = ("LANG", "LC_ALL", "LC_CTYPE", "TERM", "TZ", "USER", "LOGNAME", "TMPDIR")


def new_instance() -> str:
    return secrets.token_hex(8)


def environment(instance: str, project_id: str, home: Path, state: Path) -> dict[str, str]:
    """The whole environment of a project's processes: ours holds the admin key."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return kept | {
        "HOME": str(home),
        "PATH": os.pathsep.join(
            [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
        ),
        **jupyter_places(state),
        INSTANCE: instance,
        PROJECT: project_id,
    }


def jupyter_places(state: Path) -> dict[str, str]:
    """Where Jupyter keeps its own files.

    Not in the folders that are handed out, nor among those of whoever runs the sandbox.
    """
    return {
        "IPYTHONDIR": str(state / "ipython"),
        "JUPYTER_CONFIG_DIR": str(state / "config"),
        "JUPYTER_DATA_DIR": str(state / "data"),
    }


def kill_marked(instance: str, project_id: str | None = None) -> None:
    """Kill the processes of a project, or of all projects, of one sandbox; wait for their end."""
    marks = {f"{INSTANCE}={instance}".encode()}
    if project_id:
        marks.add(f"{PROJECT}={project_id}".encode())
    for _ in range(100):
        # Again until none is left: one may have forked while we looked.
        found = [pid for pid in _pids() if marks <= _environ(pid)]
        if not found:
            return
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def _pids() -> list[int]:
    names = (entry.name for entry in Path("/proc").iterdir())
    return [int(name) for name in names if name.isdigit() and int(name) != os.getpid()]


def _environ(pid: int) -> set[bytes]:
    try:
        # A zombie's environment is empty: it counts as gone.
        return set(Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"))
    except OSError:
        return set()
