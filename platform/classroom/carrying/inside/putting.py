"""The program that puts files into a project.

    stash  put a piece of a load that is too large for one call aside, under a name of the site's
    place  take a load apart, prove it by its hashes, and put its files into a folder
    drop   remove what was put aside

A load is packed: four bytes of length, JSON that lists its files, and their content. A file is
[path, size, when saved, whether it runs, hash, and where in the project it is, or null: it comes].
"""

from __future__ import annotations

import contextlib
import errno
import fnmatch
import hashlib
import json
import os
import stat
import time
import zlib
from typing import Any

from classroom.carrying.inside.ways import (
    FOLDER,
    NEW,
    PIECE,
    Stop,
    answer,
    at,
    file_in,
    folder,
    loosen,
    opened,
    pieces,
    read,
    within,
)

KNOWN = ".handed-out.sha256"  # the hashes of all that was ever handed out here
KNOWN_BYTES = 1 << 22
OURS = (".arriving-", ".autograde-")  # what names of the site's begin with that are not to stay
LEFT_BEHIND = 3600  # seconds after which such a folder belongs to nobody any more


class Source:
    """A packed load, read piece by piece: from stdin, or from what was put aside."""

    def __init__(self, data: bytes, fd: int | None) -> None:
        self._data, self._fd = data, fd
        self._unpacker = zlib.decompressobj()
        self._ready = b""

    def take(self, length: int) -> bytes:
        while len(self._ready) < length:
            packed = self._unpacker.unconsumed_tail or self._more()
            piece = self._unpacker.decompress(packed, PIECE)
            if not piece and not packed:
                raise Stop("damaged")
            self._ready += piece
        taken, self._ready = self._ready[:length], self._ready[length:]
        return taken

    def _more(self) -> bytes:
        if self._fd is not None:
            return os.read(self._fd, PIECE)
        data, self._data = self._data, b""
        return data


class Target:
    """A folder that a load's files go into. `how` says what becomes of what is there:

    keep    what is not as it was once handed out stays, whatever it is
    replace what differs is kept beside as `name~`
    mirror  and so is what the load does not have
    fresh   the folder is made anew; what is there is kept as `aside`, where that is not there yet
    """

    def __init__(
        self, home: int, stage: int, plan: dict[str, Any], held: contextlib.ExitStack
    ) -> None:
        self.home, self.stage, self.plan, self.how = home, stage, plan, plan["how"]
        self.known = frozenset(known_here(home)) if plan["known"] else frozenset()
        self.absent: list[str] = []
        *above, self.name = plan["folder"].split("/")
        try:
            self.above = held.enter_context(folder(home, above, make=True))
            if self.how == "fresh":
                os.mkdir("new", 0o755, dir_fd=stage)
                self.root = held.enter_context(folder(stage, ["new"]))
            else:
                self.root = held.enter_context(folder(self.above, [self.name], make=True))
        except (NotADirectoryError, FileExistsError) as problem:
            raise Stop("in_the_way", problem.filename or self.name) from None
        except OSError as problem:
            if problem.errno != errno.ELOOP:
                raise
            raise Stop("in_the_way", self.name) from None

    def put(self, number: int, row: list[Any]) -> None:
        path, sha256 = row[0], row[4]
        fd = self.folder_of(path)
        if fd is None:
            return
        try:
            name = path.rpartition("/")[2]
            kind, theirs = self.there(fd, name)
            if kind == "file" and theirs == sha256:
                return
            was_ours = kind == "file" and theirs in self.known
            if kind and not was_ours and self.how == "keep":
                return
            if not is_there(self.stage, str(number)):
                self.absent.append(path)
                return
            if kind and not was_ours:
                aside(fd, name)
            os.rename(str(number), name, src_dir_fd=self.stage, dst_dir_fd=fd)
        finally:
            os.close(fd)

    def folder_of(self, path: str) -> int | None:
        """Open the folder of a file, and make it; None where something stays in the way."""
        fd = os.dup(self.root)
        for name in path.split("/")[:-1]:
            try:
                inner = within(fd, [name], make=True)
            except OSError as problem:
                if problem.errno not in (errno.ENOTDIR, errno.ELOOP, errno.EEXIST):
                    raise
                if self.how == "keep":
                    return None
                aside(fd, name)
                inner = within(fd, [name], make=True)
            finally:
                os.close(fd)
            fd = inner
        return fd

    def there(self, fd: int, name: str) -> tuple[str, str]:
        try:
            mode = os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode
        except FileNotFoundError:
            return "", ""
        if stat.S_ISDIR(mode):
            return "folder", ""
        found = read(fd, name, -1) if stat.S_ISREG(mode) else None
        return ("file", found[0][4]) if found else ("other", "")

    def write(self, path: str, content: str) -> None:
        """Put a text of the site's in place of whatever is there; only a folder is kept."""
        fd = self.folder_of(path)
        if fd is None:
            raise Stop("in_the_way", path)
        name = path.rpartition("/")[2]
        try:
            if self.there(fd, name)[0] == "folder":
                aside(fd, name)
            created = os.open("text", NEW, 0o644, dir_fd=self.stage)
            with os.fdopen(created, "wb") as file:
                file.write(content.encode())
            os.rename("text", name, src_dir_fd=self.stage, dst_dir_fd=fd)
        finally:
            os.close(fd)

    def remember(self) -> None:
        """Write down what is handed out before it is there: cut off in between, it is known."""
        known = self.known | {row[4] for row in self.plan["files"]}
        if not self.plan["known"] or known == self.known:
            return
        with os.fdopen(os.open("known", NEW, 0o644, dir_fd=self.stage), "wb") as file:
            file.write("".join(f"{each}\n" for each in sorted(known)).encode())
        with contextlib.suppress(OSError):  # where there is a folder of that name
            os.rename("known", KNOWN, src_dir_fd=self.stage, dst_dir_fd=self.home)

    def mirror(self, fd: int, wanted: set[str], spare: list[str], prefix: str = "") -> None:
        """Put aside what the load does not have; links and the like go."""
        with os.scandir(fd) as entries:
            names = sorted(entry.name for entry in entries)
        for name in names:
            path = prefix + name
            if path in wanted or (not prefix and any(fnmatch.fnmatchcase(name, e) for e in spare)):
                continue
            if any(fnmatch.fnmatchcase(name, each) for each in self.plan["skip"]):
                continue
            mode = os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                inner = opened(fd, name, FOLDER)
                try:
                    self.mirror(inner, wanted, spare, path + "/")
                finally:
                    os.close(inner)
                try:
                    os.rmdir(name, dir_fd=fd)
                except OSError:
                    continue  # it holds what stays
            elif not stat.S_ISREG(mode):
                os.unlink(name, dir_fd=fd)
            elif not name.endswith("~"):
                aside(fd, name)

    def found(self) -> list[list[Any]]:
        """List what is there by now of what the load holds."""
        rows = []
        for row in self.plan["files"]:
            there = read(self.root, row[0], -1)
            if there:
                rows.append(there[0][:5])
        return rows

    def swap(self) -> None:
        """Let the new folder take its place."""
        keep = self.plan["aside"]
        if keep and is_there(self.above, self.name) and not is_there(self.above, keep):
            os.rename(self.name, keep, src_dir_fd=self.above, dst_dir_fd=self.above)
        remove(self.above, self.name)
        os.rename("new", self.name, src_dir_fd=self.stage, dst_dir_fd=self.above)


def placed(
    command: dict[str, Any], home: int, data: bytes, held: contextlib.ExitStack
) -> tuple[dict[str, Any], list[bytes]]:
    sweep(home)
    stage = held.enter_context(folder(home, [command["staging"]], make=True))
    bundle = None if data else file_in(stage, "load")
    if bundle is not None:
        held.callback(os.close, bundle)
    source = Source(data, bundle)
    length = int.from_bytes(source.take(4), "big")
    plan = {**command, "files": json.loads(source.take(length))}
    for number, row in enumerate(plan["files"]):
        if row[5] is None:
            unpack(stage, str(number), row, source)
        elif row[5]:
            copy(home, stage, str(number), row)
    target = Target(home, stage, plan, held)
    target.remember()
    for number, row in enumerate(plan["files"]):
        target.put(number, row)
    if target.absent:
        return {"absent": target.absent}, []
    for path, content in plan["texts"]:
        target.write(path, content)
    if target.how == "mirror":
        wanted = {row[0] for row in plan["files"]} | {path for path, _ in plan["texts"]}
        target.mirror(target.root, wanted, plan["spared"])
    found = target.found()
    if target.how == "fresh":
        target.swap()
    clear(home, plan["spare"])
    return {"found": found}, []


def clear(home: int, folders: list[str]) -> list[str]:
    """Remove folders, following no link; return which of them could not be."""
    left = []
    for path in folders:
        *above, last = path.split("/")
        try:
            with folder(home, above) as fd:
                remove(fd, last)
        except FileNotFoundError:
            pass
        except OSError:
            left.append(path)
    return left


def unpack(stage: int, name: str, row: list[Any], source: Source) -> None:
    digest, left = hashlib.sha256(), row[1]
    with os.fdopen(os.open(name, NEW, 0o600, dir_fd=stage), "wb") as file:
        while left:
            piece = source.take(min(left, PIECE))
            digest.update(piece)
            file.write(piece)
            left -= len(piece)
        finish(file, row)
    if digest.hexdigest() != row[4]:
        raise Stop("damaged", row[0])


def copy(home: int, stage: int, name: str, row: list[Any]) -> None:
    """Take a file from elsewhere in the project, if it is still what it was said to be."""
    fd = at(home, row[5])
    if fd is None:
        return
    digest, there = hashlib.sha256(), os.fstat(fd)
    try:
        with os.fdopen(os.open(name, NEW, 0o600, dir_fd=stage), "wb") as file:
            for piece in pieces(fd, row[1] + 1):
                digest.update(piece)
                file.write(piece)
            saved, runs = row[2] or int(there.st_mtime), row[3] or there.st_mode & 0o100
            finish(file, [*row[:2], saved, runs])
    finally:
        os.close(fd)
    if digest.hexdigest() != row[4]:
        os.unlink(name, dir_fd=stage)


def finish(file: Any, row: list[Any]) -> None:
    file.flush()
    os.fchmod(file.fileno(), 0o755 if row[3] else 0o644)
    os.utime(file.fileno(), (row[2], row[2]))


def aside(fd: int, name: str) -> None:
    """Keep what is there under another name: a file as `name~`, a folder as `name (folder)`."""
    is_folder = stat.S_ISDIR(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode)
    short = os.fsdecode(os.fsencode(name)[:230])
    kept = short + " (folder)" if is_folder else (name if len(short) == len(name) else short) + "~"
    number = 2
    while is_there(fd, kept, folders_only=not is_folder):
        kept = f"{short} (folder {number})" if is_folder else f"{short}~{number}~"
        number += 1
    os.rename(name, kept, src_dir_fd=fd, dst_dir_fd=fd)


def is_there(fd: int, name: str, folders_only: bool = False) -> bool:
    try:
        mode = os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(mode) or not folders_only


def known_here(home: int) -> list[str]:
    fd = at(home, KNOWN)
    if fd is None:
        return []
    with os.fdopen(fd, "rb") as file:
        return file.read(KNOWN_BYTES).decode("ascii", "replace").split()


def remove(fd: int, name: str) -> None:
    """Remove whatever is there, with all in it; nothing, where nothing is."""
    try:
        if not stat.S_ISDIR(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode):
            os.unlink(name, dir_fd=fd)
            return
        loosen(fd, name)
        inner = os.open(name, FOLDER, dir_fd=fd)
        try:
            with os.scandir(inner) as entries:
                names = [entry.name for entry in entries]
            for each in names:
                remove(inner, each)
        finally:
            os.close(inner)
        os.rmdir(name, dir_fd=fd)
    except FileNotFoundError:
        return


def sweep(home: int) -> None:
    """Remove what somebody who was cut off has left."""
    with os.scandir(home) as entries:
        names = [entry.name for entry in entries if entry.name.startswith(OURS)]
    for name in names:
        try:
            there = os.stat(name, dir_fd=home, follow_symlinks=False)
            if there.st_mtime < time.time() - LEFT_BEHIND:
                remove(home, name)
        except OSError:
            continue


def stash(command: dict[str, Any], home: int, data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    if command["offset"] == 0:
        sweep(home)
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    with folder(home, [command["staging"]], make=True) as stage:
        load = os.open("load", flags, 0o600, dir_fd=stage)
    with os.fdopen(load, "wb") as file:
        if os.fstat(file.fileno()).st_size < command["offset"]:
            raise Stop("damaged")
        file.truncate(command["offset"])
        file.seek(command["offset"])
        file.write(data)
    return {}, []


def place(command: dict[str, Any], home: int, data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    try:
        with contextlib.ExitStack() as held:
            return placed(command, home, data, held)
    finally:
        drop(command, home, b"")


def drop(command: dict[str, Any], home: int, _: bytes) -> tuple[dict[str, Any], list[bytes]]:
    with contextlib.suppress(OSError):
        remove(home, command["staging"])
    return {}, []


def clean(command: dict[str, Any], home: int, _: bytes) -> tuple[dict[str, Any], list[bytes]]:
    return {"left": clear(home, command["folders"])}, []


if __name__ == "__main__":
    answer({"stash": stash, "place": place, "drop": drop, "clean": clean})
