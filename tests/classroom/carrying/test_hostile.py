"""Hostile programs beside ours, for hundreds of rounds: no byte of others comes or is overwritten.

The programs that we send into projects are run here within the test's own process, so that a round
takes a few milliseconds. `LECTERN_HOSTILE_ROUNDS` makes it as many rounds as wanted.
"""

import hashlib
import json
import os
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from classroom.carrying.inside import giving, putting, ways
from classroom.rules import manifest
from tests.classroom.carrying import hostile

ROUNDS = int(os.environ.get("LECTERN_HOSTILE_ROUNDS", "500"))
CANARY = b"the secret of someone else"
OURS = {"a.ipynb": b"the task", "data/b.csv": b"1,2\n" * 50, "data/more/c.txt": b"c"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "student").mkdir()
    (tmp_path / "other" / "data").mkdir(parents=True)
    for name in ("a.ipynb", "data/b.csv", "DUE_DATE.txt"):
        (tmp_path / "other" / name).write_bytes(CANARY)
    return tmp_path / "student"


def state_of(other: Path) -> list[tuple[str, int, int, bytes]]:
    """All that could be changed there."""
    return [
        (
            str(path.relative_to(other)),
            path.lstat().st_mode,
            path.lstat().st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted([other, *other.rglob("*")])
    ]


def held_open() -> int:
    """The files and folders that this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


@contextmanager
def besieged(home: Path) -> Iterator[None]:
    other = home.parent / "other"
    programs = [
        subprocess.Popen([sys.executable, hostile.__file__, str(home), str(other), str(seed)])
        for seed in range(1)
    ]
    try:
        yield
    finally:
        for program in programs:
            program.kill()
            program.wait()


def packed(home: Path) -> bytes:
    """Ask for the folder as `take` does; return all content that came."""
    command = {
        "do": "pack",
        "folder": "hw",
        "skip": manifest.LEFT_OUT,
        "files": 50,
        "bytes": 1_000_000,
        "known": [],
        "budget": 1_000_000,
    }
    fd = os.open(home, ways.FOLDER)
    try:
        said, body = giving.pack(command, fd, b"")
        whole = b"".join(body)
        begin = 0
        for _, size, _, _, sha256, sent in said["files"]:
            assert sent
            assert hashlib.sha256(whole[begin : begin + size]).hexdigest() == sha256
            begin += size
        assert begin == len(whole)
        for row in said["files"]:
            command = {"folder": "hw", "ranges": [[row[0], 0, row[1]]]}
            _, parts = giving.fetch(command, fd, b"")
            whole += b"".join(parts)
    except (ways.Stop, OSError):
        return b""
    finally:
        os.close(fd)
    return whole


def placed(home: Path, how: str, folder: str) -> list[Any]:
    """Put our files there as `put` does; return what is said to be there."""
    rows = [
        [path, len(content), 1, 0, hashlib.sha256(content).hexdigest(), None]
        for path, content in OURS.items()
    ]
    head = json.dumps(rows).encode()
    load = zlib.compress(len(head).to_bytes(4, "big") + head + b"".join(OURS.values()))
    command = {
        "do": "place",
        "staging": f".arriving-{uuid4().hex}.part",
        "folder": folder,
        "how": how,
        "known": True,
        "aside": "kept",
        "texts": [["DUE_DATE.txt", "now"]],
        "skip": manifest.LEFT_OUT,
        "spared": [],
        "spare": [],
    }
    fd = os.open(home, ways.FOLDER)
    try:
        said, _ = putting.place(command, fd, load)
    except (ways.Stop, OSError):
        return []
    finally:
        os.close(fd)
    return list(said.get("found", []))


HOW = ("keep", "replace", "fresh", "mirror")


def test_nothing_of_others_comes_or_is_written(home: Path) -> None:
    before, held = state_of(home.parent / "other"), held_open()
    came, arrived = 0, 0
    with besieged(home):
        for number in range(ROUNDS):
            content = packed(home)
            assert CANARY not in content
            came += bool(content)
            folder = "graded-hw" if number % 2 else "hw"
            arrived += bool(placed(home, HOW[number % 4], folder))
            assert state_of(home.parent / "other") == before
    print("came", came, "arrived", arrived)
    assert held_open() <= held
    # Otherwise nothing was tried.
    assert came > ROUNDS / 100
    assert arrived > ROUNDS / 100


def test_the_siege_would_find_a_link_that_is_followed(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (ways, giving, putting):
        for name in ("FOLDER", "FILE", "NEW"):
            if hasattr(module, name):
                flags = getattr(module, name) & ~os.O_NOFOLLOW
                monkeypatch.setattr(module, name, flags)
    other = home.parent / "other"
    before = state_of(other)
    with besieged(home):
        assert any(CANARY in packed(home) for _ in range(50_000))
        for number in range(50_000):
            placed(home, HOW[number % 4], "graded-hw" if number % 2 else "hw")
            if state_of(other) != before:
                return
    raise AssertionError("nothing was written there")
