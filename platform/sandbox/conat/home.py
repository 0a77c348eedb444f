"""Functions of a project that read, write and list files (read in CoCalc's source, July 2026).

Nothing holds a path within the home: `..` leads out of it everywhere, and an absolute path is one
for all of them but the listing.
"""

import asyncio
import os
import stat
from pathlib import Path
from typing import Any

from sandbox.conat import texts
from sandbox.conat.functions import Call, Thrown, project_function
from sandbox.conat.node import from_home, in_home, may_read, may_write, says, thrown
from sandbox.hub import Hub


@project_function("system.writeTextFileToProject")
async def write_text_file(call: Call) -> None:
    """Write a text over what there is, not atomically; folders on the way are made."""
    path, content = field_of(call, "path"), field_of(call, "content")
    if not isinstance(path, str):
        raise Thrown(texts.NO_PATH_TO_WRITE)
    await asyncio.to_thread(_write, call.hub, project_of(call), path, content)


def _write(hub: Hub, project_id: str, path: str, content: object) -> None:
    place = from_home(hub, project_id, path)
    _make_parents(hub, place.parent)
    if not isinstance(content, str):
        raise Thrown(texts.NO_DATA.format(received=texts.received(content)))
    try:
        if path.endswith("/") or place.is_dir():
            raise IsADirectoryError(21, "Is a directory")
        may_write(hub, place)
        place.write_bytes(content.encode("utf-8", "replace"))
    except OSError as problem:
        # As it was given, where the listing's errors name the whole way.
        call = "write" if problem.errno in (28, 122) else f"open '{path}'"
        raise thrown(problem, call) from None


def _make_parents(hub: Hub, folder: Path) -> None:
    missing = [place for place in (folder, *folder.parents) if not os.path.lexists(place)]
    for place in reversed(missing):
        try:
            may_write(hub, place)
            place.mkdir(mode=0o700, exist_ok=True)
        except OSError as problem:
            raise thrown(problem, f"mkdir '{place}'") from None


@project_function("system.readTextFileFromProject")
async def read_text_file(call: Call) -> str:
    """A file's text. Whatever is no UTF-8 in it is lost, without a word."""
    path = field_of(call, "path")
    if not isinstance(path, str):
        raise Thrown(texts.NO_PATH_TO_READ.format(received=texts.received(path)))
    place = from_home(call.hub, project_of(call), path)

    def read() -> str:
        may_read(call.hub, place)
        return place.read_bytes().decode("utf-8", "replace")

    try:
        return await asyncio.to_thread(read)
    except IsADirectoryError as problem:
        raise thrown(problem, "read") from None
    except OSError as problem:
        raise thrown(problem, f"open '{path}'") from None


@project_function("system.listing")
async def listing(call: Call) -> list[dict[str, Any]]:
    """What a folder holds, in the folder's own order."""
    path = field_of(call, "path")
    if not isinstance(path, str):
        raise Thrown(texts.NO_PATH_TO_LIST.format(received=texts.received(path)))
    folder = in_home(call.hub, project_of(call), path)
    hidden = bool(call.given.get("hidden"))
    return await asyncio.to_thread(_entries, call.hub, folder, hidden)


def _entries(hub: Hub, folder: Path, hidden: bool) -> list[dict[str, Any]]:
    try:
        may_read(hub, folder)
        names = _names(folder)
    except OSError as problem:
        raise thrown(problem, f"opendir '{folder}'") from None
    found = (_entry(hub, folder, name, hidden) for name in names if hidden or name[0] != ord("."))
    return [entry for entry in found if entry]


def _names(folder: Path) -> list[bytes]:
    with os.scandir(os.fsencode(folder)) as entries:
        return [entry.name for entry in entries]


def _entry(hub: Hub, folder: Path, raw: bytes, hidden: bool) -> dict[str, Any]:
    place = folder / os.fsdecode(raw)
    # Node decodes names too, and one that is no UTF-8 is not found again under what comes of it.
    entry: dict[str, Any] = {"name": raw.decode("utf-8", "replace")}
    try:
        look = place.lstat()
        if stat.S_ISLNK(look.st_mode):
            target = os.fsencode(place.readlink()).decode("utf-8", "replace")
            entry |= {"issymlink": True, "link_target": target}
            if place.exists():
                look = place.stat()
    except OSError as problem:
        # It went while we looked.
        return entry | {"error": says(problem, f"lstat '{place}'")}
    entry["mtime"] = look.st_mtime_ns // 1_000_000 / 1000
    if not stat.S_ISDIR(look.st_mode):
        return entry | {"size": look.st_size}
    entry["isdir"] = True
    try:
        may_read(hub, place)
        inner = _names(place)
    except OSError as problem:
        return entry | {"error": says(problem, f"scandir '{place}'")}
    return entry | {"size": sum(hidden or name[0] != ord(".") for name in inner)}


@project_function("system.realpath")
async def realpath(call: Call) -> object:
    """Where a path really leads, counted from the home; unchanged where that is outside."""
    path = call.args[0] if call.args else None
    if not isinstance(path, str):
        raise Thrown(texts.NO_PATH_TO_LIST.format(received=texts.received(path)))
    place = from_home(call.hub, project_of(call), path)
    home = call.hub.projects.home(project_of(call)).resolve()
    try:
        real = place.resolve(strict=True)
    except (OSError, RuntimeError) as problem:
        raise thrown(_loop(problem), f"realpath '{place}'") from None
    return _text(real.relative_to(home)) if real.is_relative_to(home) else path


@project_function("system.canonicalPaths")
async def canonical_paths(call: Call) -> list[str]:
    """The same of many; what is outside is shown below `.smc/root`, a link to `/`."""
    paths = call.args[0] if call.args else None
    if not isinstance(paths, list):
        raise Thrown("TypeError: paths is not iterable")
    home = call.hub.projects.home(project_of(call)).resolve()
    found = []
    for path in paths:
        place = from_home(call.hub, project_of(call), str(path))
        try:
            real = place.resolve(strict=True)
        except (OSError, RuntimeError) as problem:
            raise thrown(_loop(problem), f"realpath '{place}'") from None
        # A comparison of words, so a neighbour whose name begins alike is taken for a part of it.
        inside = str(real).startswith(str(home))
        found.append(str(real)[len(str(home)) + 1 :] if inside else f"{home}/.smc/root{real}")
    return found


def _loop(problem: OSError | RuntimeError) -> OSError:
    # Python up to 3.12 has an error of its own for links in a circle.
    return problem if isinstance(problem, OSError) else OSError(40, "Too many links")


def _text(path: Path) -> str:
    return "" if path == Path() else str(path)


def project_of(call: Call) -> str:
    if call.project_id is None:
        raise TypeError("A function of a project is called in one.")
    return call.project_id


def field_of(call: Call, name: str) -> object:
    """A field of the one argument; None where it is missing. Raises Thrown without an argument."""
    if not call.args or call.args[0] is None:
        raise Thrown(texts.NO_ARGUMENT.format(name=name))
    return call.given.get(name)
