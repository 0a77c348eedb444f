"""The program that picks, in a project, the files of a folder that the site has to read itself.

It is run in that folder by `source_folder`, and knows nothing of ours. These are all notebooks, and
all else that may hold something of the teacher's; the same content is given once.
"""

from __future__ import annotations

import base64
import fnmatch
import hashlib
import json
import os
import re
import stat
import sys
import zlib
from collections.abc import Iterator
from typing import Any

PIECE = 1 << 20
OVERLAP = 64  # bytes: longer than anything that is sought
TOO_MUCH = 94


def main(asked: dict[str, Any]) -> None:
    left_out: list[str] = []
    found = sorted(survey("", asked, left_out))
    students = asked["student"] + "/"
    wanted, maybe = [], []
    for path, size in found:
        is_notebook = path.lower().endswith(".ipynb")
        if is_notebook and not path.startswith(students):
            wanted.append((path, size))
        elif is_notebook or path.lower().endswith(tuple(asked["archives"])) or sought(path, asked):
            maybe.append((path, size))
    if sum(size for _, size in wanted) > asked["notebooks"]:
        sys.exit(TOO_MUCH)
    given: list[list[Any]] = []
    bodies: list[bytes] = []
    unread: list[str] = []
    seen: set[bytes] = set()
    room = asked["others"]
    for number, (path, size) in enumerate(wanted + maybe):
        first = number < len(wanted)
        if not first and size > max(room, 0) and not is_seen(path, seen):
            unread.append(path)
            continue
        body = b"".join(pieces(path))
        digest = hashlib.sha256(body).digest()
        if digest in seen and not first:
            continue
        seen.add(digest)
        if not first:
            room -= len(body)
        given.append([path, len(body)])
        bodies.append(body)
        if first and number == len(wanted) - 1 and packed_size(bodies) > asked["packed"]:
            sys.exit(TOO_MUCH)
    head = json.dumps({"files": given, "unread": unread, "left_out": left_out}).encode()
    whole = len(head).to_bytes(4, "big") + head + b"".join(bodies)
    sys.stdout.write(base64.b64encode(zlib.compress(whole, 6)).decode())


def survey(prefix: str, asked: dict[str, Any], left_out: list[str]) -> Iterator[tuple[str, int]]:
    """Give the regular files and their sizes; what goes by a leftover's name is only listed."""
    for entry in sorted(os.scandir(prefix or "."), key=lambda entry: entry.name):
        name = entry.name
        path = prefix + name
        try:
            there = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        if any(fnmatch.fnmatchcase(name.lower(), each) for each in asked["leftovers"]):
            left_out.append(path)
        elif any(fnmatch.fnmatchcase(name, each) for each in asked["skip"]):
            continue
        elif stat.S_ISDIR(there.st_mode):
            yield from survey(path + "/", asked, left_out)
        elif stat.S_ISREG(there.st_mode):
            yield path, there.st_size


def sought(path: str, asked: dict[str, Any]) -> bool:
    """Whether a file holds what is sought, in capital or small letters, also as UTF-16."""
    table = bytes(range(65)) + bytes(range(97, 123)) + bytes(range(91, 256))
    pattern = re.compile(asked["pattern"].encode())
    before = b""
    for piece in pieces(path):
        flat = before + piece.translate(table, b"\0")
        if pattern.search(flat):
            return True
        before = flat[-OVERLAP:]
    return False


def is_seen(path: str, seen: set[bytes]) -> bool:
    digest = hashlib.sha256()
    for piece in pieces(path):
        digest.update(piece)
    return digest.digest() in seen


def packed_size(bodies: list[bytes]) -> int:
    return len(zlib.compress(b"".join(bodies), 6))


def pieces(path: str) -> Iterator[bytes]:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return  # gone, or a link by now: it is not what was listed, and is not handed out
    with os.fdopen(fd, "rb") as file:
        while True:
            piece = file.read(PIECE)
            if not piece:
                return
            yield piece


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
