"""Which file of numbers is this process's: the first that no other running process has.

A process holds its number by a lock, which ends with it, however it ends. The next process with
that number counts on in the same file: so there are never more files than processes run at once,
and what ended processes counted is not lost.
"""

import fcntl
import os
from pathlib import Path
from typing import IO

_held: tuple[int, int, IO[bytes]] | None = None  # process, number, the locked file

MOST = 10_000


class NoFolder(Exception):
    """The folder of the numbers cannot be written to; the text says why."""


def number(folder: Path) -> int:
    """Return this process's number; after a fork, a new one. Raises NoFolder."""
    global _held
    if _held is None or _held[0] != os.getpid():
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _held = os.getpid(), *_taken(folder)
        except OSError as error:
            raise NoFolder(f"{folder}: {error.strerror}") from None
    return _held[1]


def _taken(folder: Path) -> tuple[int, IO[bytes]]:
    for found in range(MOST):
        file = (folder / f"{found}.lock").open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
        else:
            return found, file
    raise NoFolder(f"{folder}: more than {MOST} processes")
