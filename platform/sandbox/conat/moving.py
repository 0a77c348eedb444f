"""Functions of a project that move and delete files (read in CoCalc's source, July 2026).

What CoCalc keeps beside a file, hidden, goes along with it.
"""

import asyncio
import os
import shutil
from pathlib import Path

from sandbox.conat import texts
from sandbox.conat.functions import Call, Thrown, project_function
from sandbox.conat.home import field_of, project_of
from sandbox.conat.node import may_remove, may_write, thrown
from sandbox.hub import Hub

_COMPANIONS = (
    "sage-chat",
    "sage-jupyter",
    "sage-jupyter2",
    "time-travel",
    "sage-history",
    "syncdb",
)


@project_function("system.renameFile")
async def rename_file(call: Call) -> None:
    """Move to a free name; its folders are made. From x to x is done, even if missing."""
    src, dest = field_of(call, "src"), call.given.get("dest")
    if src == dest and isinstance(src, str):
        return
    for path in (src, dest):
        if not isinstance(path, str):
            raise Thrown("TypeError: Cannot read properties of undefined (reading 'startsWith')")
    source, target = _whole(call, str(src)), _whole(call, str(dest))
    await asyncio.to_thread(_move_all, call.hub, project_of(call), [(source, target)])


@project_function("system.moveFiles")
async def move_files(call: Call) -> None:
    """Move into a folder, which is made. The first error ends it; what was moved stays moved."""
    paths, dest = _paths(call, "paths is not iterable"), call.given.get("dest")
    if not isinstance(dest, str):
        raise Thrown("TypeError: Cannot read properties of undefined (reading 'startsWith')")
    folder = _whole(call, dest)
    moves = [(_whole(call, path), folder / Path(path).name) for path in paths]
    await asyncio.to_thread(_move_all, call.hub, project_of(call), moves)


@project_function("system.deleteFiles")
async def delete_files(call: Call) -> None:
    """Delete files, and folders with all in them. What is missing is deleted.

    The empty path is the home itself: it is deleted too.
    """
    paths = _paths(call, "paths.map is not a function")
    places = [_whole(call, path) for path in paths]
    await asyncio.to_thread(_delete_all, call.hub, project_of(call), places)


def _paths(call: Call, what: str) -> list[str]:
    paths = call.given.get("paths")
    if paths is None:
        raise Thrown("TypeError: Cannot read properties of undefined (reading 'map')")
    if not isinstance(paths, list):
        raise Thrown(f"TypeError: {what}")
    return [str(path) for path in paths]


def _whole(call: Call, path: str) -> Path:
    home = call.hub.projects.home(project_of(call))
    return Path(os.path.normpath(path if path.startswith("/") else f"{home}/{path}"))


def _companion(place: Path, kind: str) -> Path:
    return place.with_name(f".{place.name}.{kind}")


def _move_all(hub: Hub, project_id: str, moves: list[tuple[Path, Path]]) -> None:
    all_moves = []
    for source, target in moves:
        all_moves.append((source, target))
        if source.is_file():
            pairs = ((_companion(source, kind), _companion(target, kind)) for kind in _COMPANIONS)
            all_moves += [pair for pair in pairs if pair[0].exists()]
    for source, target in all_moves:
        _move(hub, project_id, source, target)


def _move(hub: Hub, project_id: str, source: Path, target: Path) -> None:
    names = {"source": source, "target": target}
    try:
        folder = source.is_dir() and not source.is_symlink()
        source.lstat()
    except OSError as problem:
        raise thrown(problem, f"lstat '{source}'") from None
    if os.path.lexists(target):
        onto_folder = target.is_dir() and not target.is_symlink()
        if folder and not onto_folder:
            raise Thrown(texts.MOVE_ONTO_FILE.format(**names))
        if not folder and onto_folder:
            raise Thrown(texts.MOVE_ONTO_FOLDER.format(**names))
    if folder and target.is_relative_to(source):
        raise Thrown(texts.MOVE_INTO_ITSELF.format(**names))
    if os.path.lexists(target):
        raise Thrown("Error: dest already exists.")
    try:
        may_remove(hub, project_id, source)
        may_write(hub, target.parent)
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
    except OSError as problem:
        raise thrown(problem, f"rename '{source}' -> '{target}'") from None


def _delete_all(hub: Hub, project_id: str, places: list[Path]) -> None:
    for place in places:
        companions = [_companion(place, kind) for kind in _COMPANIONS] if place.name else []
        for one in (place, *companions):
            _delete(hub, project_id, one)


def _delete(hub: Hub, project_id: str, place: Path) -> None:
    if not os.path.lexists(place):
        return
    folder = place.is_dir() and not place.is_symlink()
    try:
        may_remove(hub, project_id, place)
        if folder:
            shutil.rmtree(place)
        else:
            place.unlink()
    except OSError as problem:
        raise thrown(problem, f"{'rmdir' if folder else 'unlink'} '{place}'") from None
