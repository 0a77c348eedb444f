"""What Node.js says where the system refuses something, and what a project's user may touch.

The stand-in may run as anybody, root too. So that it answers like a server, and harms nothing on
this machine, a call may write in the stand-in's own folder alone, delete within its project's
home alone, and read elsewhere what everybody may read.
"""

import errno
import os
import stat
from pathlib import Path

from sandbox.conat.functions import Thrown
from sandbox.hub import Hub

_WORDS = {
    "EACCES": "permission denied",
    "EBUSY": "resource busy or locked",
    "EDQUOT": "disk quota exceeded",
    "EEXIST": "file already exists",
    "EINVAL": "invalid argument",
    "EISDIR": "illegal operation on a directory",
    "ELOOP": "too many symbolic links encountered",
    "EMFILE": "too many open files",
    "ENAMETOOLONG": "name too long",
    "ENOENT": "no such file or directory",
    "ENOSPC": "no space left on device",
    "ENOTDIR": "not a directory",
    "ENOTEMPTY": "directory not empty",
    "EPERM": "operation not permitted",
    "EROFS": "read-only file system",
    "EXDEV": "cross-device link not permitted",
}


def says(problem: OSError, call: str) -> str:
    """An Error of Node's, whose `call` names the system call and what it was about."""
    code = errno.errorcode.get(problem.errno or 0, "UNKNOWN")
    return f"Error: {code}: {_WORDS.get(code, 'unknown error')}, {call}"


def thrown(problem: OSError, call: str) -> Thrown:
    return Thrown(says(problem, call))


def in_home(hub: Hub, project_id: str, path: str) -> Path:
    """Where a path leads as `join(HOME, path)` does it; an absolute one is below HOME too."""
    return Path(os.path.normpath(f"{hub.projects.home(project_id)}/{path}"))


def from_home(hub: Hub, project_id: str, path: str) -> Path:
    """Where a path leads for a program whose working directory is HOME."""
    return Path(os.path.normpath(hub.projects.home(project_id) / path))


def may_read(hub: Hub, place: Path) -> None:
    """PermissionError where a project's user must not read it, the file or folder itself."""
    place = place.resolve()
    own = place.is_relative_to(hub.config.data)
    if not place.stat().st_mode & (stat.S_IRUSR if own else stat.S_IROTH):
        raise PermissionError(errno.EACCES, "Permission denied")


def may_write(hub: Hub, place: Path) -> None:
    """PermissionError where a project's user must not write, or make anything."""
    real = place.resolve()
    inside = real.is_relative_to(hub.config.data)
    if not inside or (real.is_file() and not real.stat().st_mode & stat.S_IWUSR):
        raise PermissionError(errno.EACCES, "Permission denied")


def may_remove(hub: Hub, project_id: str, place: Path) -> None:
    """PermissionError where it is no part of the project's home, nor the home itself."""
    home = hub.projects.home(project_id).resolve()
    # The name alone goes, not what a link of that name leads to.
    if not (place.parent.resolve() / place.name).is_relative_to(home):
        raise PermissionError(errno.EACCES, "Permission denied")
