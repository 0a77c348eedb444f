"""What both programs share that run inside projects: how names are opened, and how they answer.

    python3 -I -c PROGRAM    with a line of JSON on stdin, the command, and a line of base64, data

Whoever owns a project may swap its files, folders and links at any instant. So every name is opened
from the folder that it is in (`dir_fd`) and as what it must be; a link in any part of a path is
left out, or refused. It stands alone, for any Python from 3.7, and is sent whole with each call.

What is printed is base64 of a packed answer: four bytes of length, JSON, and content.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import hashlib
import json
import os
import stat
import sys
import time
import zlib
from typing import Any, Callable, Iterator  # noqa: UP035

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
PIECE = 1 << 20
TRIES = 3  # of a file that changes while it is read


class Stop(Exception):
    """The end, with a code, and the path and size that it is about."""

    def __init__(self, code: str, path: str = "", size: int = 0) -> None:
        super().__init__(code)
        self.said = {"problem": code, "path": text(path), "size": size}


def text(name: str) -> str:
    """Return a name as JSON takes it: UTF-8, and half a character for a byte that is none."""
    return os.fsencode(name).decode("utf-8", "surrogateescape")


def raw(name: str) -> str:
    """Return a name from JSON as this system has it."""
    return os.fsdecode(name.encode("utf-8", "surrogateescape"))


def within(fd: int, names: list[str], make: bool = False) -> int:
    """Open a folder in a folder. OSError for a link or a file in any part of the way."""
    fd = os.dup(fd)
    for name in names:
        try:
            inner = opened(fd, name, FOLDER)
        except FileNotFoundError:
            if not make:
                raise
            os.mkdir(name, 0o755, dir_fd=fd)
            inner = opened(fd, name, FOLDER)
        finally:
            os.close(fd)
        fd = inner
        mode = os.fstat(fd).st_mode
        if make and mode & 0o300 != 0o300:
            os.fchmod(fd, stat.S_IMODE(mode) | 0o700)
    return fd


@contextlib.contextmanager
def folder(fd: int, names: list[str], make: bool = False) -> Iterator[int]:
    """Open a folder in a folder, for a while."""
    inner = within(fd, names, make)
    try:
        yield inner
    finally:
        os.close(inner)


def opened(fd: int, name: str, flags: int) -> int:
    """Open an entry; one that its owner may not read is made readable first."""
    try:
        return os.open(name, flags, dir_fd=fd)
    except PermissionError:
        loosen(fd, name)
        return os.open(name, flags, dir_fd=fd)


def loosen(fd: int, name: str) -> None:
    there = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=fd)
    try:
        mode = os.fstat(there).st_mode
        if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
            more = 0o700 if stat.S_ISDIR(mode) else 0o600
            os.chmod(f"/proc/self/fd/{there}", stat.S_IMODE(mode) | more)  # noqa: PTH101
    finally:
        os.close(there)


def file_in(fd: int, name: str) -> int | None:
    """Open a regular file; None where there is none, or something else."""
    try:
        there = opened(fd, name, FILE)
    except PermissionError:
        raise Stop("unreadable", name) from None
    except OSError as problem:
        # Gone, a link, a folder in the way, a socket.
        gone = (errno.ENOENT, errno.ELOOP, errno.ENOTDIR, errno.ENXIO, errno.ENODEV)
        if problem.errno in gone:
            return None
        raise
    if stat.S_ISREG(os.fstat(there).st_mode):
        return there
    os.close(there)
    return None


def at(root: int, path: str) -> int | None:
    """Open the regular file of a path; None where there is none, or a link on the way."""
    *folders, name = path.split("/")
    try:
        fd = within(root, folders)
    except OSError:
        return None
    try:
        return file_in(fd, name)
    finally:
        os.close(fd)


def pieces(fd: int, most: int) -> Iterator[bytes]:
    while most > 0:
        piece = os.read(fd, min(PIECE, most))
        if not piece:
            return
        most -= len(piece)
        yield piece


def steady(fd: int) -> tuple[int, ...]:
    there = os.fstat(fd)
    return (there.st_size, there.st_mtime_ns, there.st_ctime_ns)


def read(root: int, path: str, keep: int) -> tuple[list[Any], list[bytes]] | None:
    """Hash a file, and keep its content where it has no more than so many bytes."""
    for attempt in range(TRIES):
        fd = at(root, path)
        if fd is None:
            return None
        try:
            before, there = steady(fd), os.fstat(fd)
            kept: list[bytes] = []
            digest, size = hashlib.sha256(), 0
            for piece in pieces(fd, there.st_size + 1):
                digest.update(piece)
                size += len(piece)
                if there.st_size <= keep:
                    kept.append(piece)
            if size == there.st_size and steady(fd) == before:
                mode = 1 if there.st_mode & 0o100 else 0
                row = [text(path), size, int(there.st_mtime), mode, digest.hexdigest()]
                return row, kept
        finally:
            os.close(fd)
        time.sleep(0.02 * attempt)
    raise Stop("changing", path)


Command = Callable[["dict[str, Any]", int, bytes], "tuple[dict[str, Any], list[bytes]]"]


def answer(commands: dict[str, Command]) -> None:
    """Do what stdin says, and print what came of it."""
    command = json.loads(sys.stdin.buffer.readline())
    data = base64.urlsafe_b64decode(sys.stdin.buffer.readline())
    said: dict[str, Any]
    body: list[bytes] = []
    try:
        said, body = commands[command["do"]](command, os.open(".", FOLDER), data)
    except Stop as stop:
        said = stop.said
    except OSError as problem:
        code = "no_room" if problem.errno in (errno.ENOSPC, errno.EDQUOT) else "unable"
        said = {"problem": code, "path": problem.strerror or "", "size": 0}
    head = json.dumps(said).encode()
    packer = zlib.compressobj(1)
    parts = [packer.compress(part) for part in [len(head).to_bytes(4, "big"), head, *body]]
    sys.stdout.buffer.write(base64.b64encode(b"".join([*parts, packer.flush()])))
