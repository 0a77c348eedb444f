"""The program that gives files of a project out: regular ones, as they are at one moment each.

pack   list a folder with its hashes, and give the content of what fits into `budget`
fetch  give ranges of files of that folder
show   give one file, as base64 alone
"""

from __future__ import annotations

import base64
import errno
import fnmatch
import os
import stat
import sys
from typing import Any, Iterator  # noqa: UP035

from classroom.carrying.inside.ways import (
    FOLDER,
    Stop,
    answer,
    at,
    folder,
    opened,
    pieces,
    raw,
    read,
    within,
)

DEEPEST = 100  # folders in folders
LONGEST = 2000  # bytes of a path


def survey(fd: int, skip: list[str], most: list[int], prefix: str = "") -> Iterator[str]:
    """Give the paths of all regular files; `most` is what files and bytes may still come."""
    if prefix.count("/") > DEEPEST or len(prefix) > LONGEST:
        raise Stop("too_deep", prefix)
    try:
        with os.scandir(fd) as entries:
            names = sorted(entry.name for entry in entries)
    except FileNotFoundError:
        return
    for name in names:
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in skip):
            continue
        try:
            there = os.stat(name, dir_fd=fd, follow_symlinks=False)
            if stat.S_ISREG(there.st_mode):
                most[0] -= 1
                most[1] -= there.st_size
                if most[0] < 0:
                    raise Stop("too_many")
                yield prefix + name
            elif stat.S_ISDIR(there.st_mode):
                most[2] -= 1
                if most[2] < 0:
                    raise Stop("too_many")
                inner = opened(fd, name, FOLDER)
                try:
                    yield from survey(inner, skip, most, prefix + name + "/")
                finally:
                    os.close(inner)
        except PermissionError:
            raise Stop("unreadable", prefix + name) from None
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as problem:
            if problem.errno != errno.ELOOP:
                raise


def pack(command: dict[str, Any], home: int, _: bytes) -> tuple[dict[str, Any], list[bytes]]:
    try:
        root = within(home, raw(command["folder"]).split("/"))
    except OSError:
        raise Stop("missing") from None
    try:
        return packed(command, root)
    finally:
        os.close(root)


def packed(command: dict[str, Any], root: int) -> tuple[dict[str, Any], list[bytes]]:
    skip, files, size = command["skip"], command["files"], command["bytes"]
    most = [files, size, files]
    paths = list(survey(root, skip, most))
    if most[1] < 0:
        raise Stop("too_large", size=size - most[1])
    known, left, room = set(command["known"]), size, command["budget"]
    rows: list[list[Any]] = []
    body: list[bytes] = []
    for path in paths:
        found = read(root, path, room)
        if found is None:
            continue
        row, kept = found
        left -= row[1]
        if left < 0:
            raise Stop("too_large", size=size - left)
        sent = row[1] <= room and row[4] not in known
        if sent:
            room -= row[1]
            body += kept
        rows.append([*row, sent])
    return {"files": rows}, body


def fetch(command: dict[str, Any], home: int, _: bytes) -> tuple[dict[str, Any], list[bytes]]:
    body = []
    with folder(home, raw(command["folder"]).split("/")) as root:
        for path, offset, length in command["ranges"]:
            fd = at(root, raw(path))
            if fd is None:
                raise Stop("changing", raw(path))
            try:
                os.lseek(fd, offset, os.SEEK_SET)
                part = b"".join(pieces(fd, length))
            finally:
                os.close(fd)
            if len(part) != length:
                raise Stop("changing", raw(path))
            body.append(part)
    return {}, body


def show(command: dict[str, Any], home: int, _: bytes) -> tuple[dict[str, Any], list[bytes]]:
    fd = at(home, raw(command["path"]))
    content = b"" if fd is None else b"".join(pieces(fd, command["most"] + 1))
    if len(content) <= command["most"]:
        sys.stdout.write(base64.b64encode(content).decode())
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    answer({"pack": pack, "fetch": fetch, "show": show})
