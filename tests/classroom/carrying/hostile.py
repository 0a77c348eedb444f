"""A program in a student's project that means harm: it swaps files, folders and links all the time.

    python hostile.py HOME OTHER SEED [PAUSE]

HOME is the student's own; OTHER is what it wants to read and to overwrite, and never touches itself
but by links that lead there. It runs until it is killed.
"""

import contextlib
import os
import random
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

NOTEBOOK = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


class Hostile:
    """One such program. Each trick is one change, made at once where the system lets it."""

    def __init__(self, home: Path, other: Path, seed: int) -> None:
        self._home = home
        self._other = Path(os.path.relpath(other, home))
        self._chance = random.Random(seed)
        self._count = 0

    def _fresh(self) -> Path:
        self._count += 1
        return self._home / f"hostile-{os.getpid()}-{self._count % 50}"

    @contextlib.contextmanager
    def _pinned(self, place: Path) -> Iterator[Path]:
        """Give a place by a folder that is held, so that this program itself follows no link."""
        fd = os.open(self._home, _FOLDER)
        try:
            for name in place.relative_to(self._home).parts[:-1]:
                inner = os.open(name, _FOLDER, dir_fd=fd)
                os.close(fd)
                fd = inner
            yield Path(f"/proc/self/fd/{fd}") / place.name
        finally:
            os.close(fd)

    def _swap(self, place: Path, make: Callable[[Path], None]) -> None:
        """Put something in a place, whatever is there."""
        new, old = self._fresh(), self._fresh()
        for rest in (new, old):
            if rest.is_dir() and not rest.is_symlink():
                shutil.rmtree(rest)
            rest.unlink(missing_ok=True)
        make(new)
        with self._pinned(place) as held:
            if os.path.lexists(held):
                held.rename(old)
            new.rename(held)

    def _write(self, place: Path, content: bytes) -> None:
        with self._pinned(place) as held:
            fd = os.open(held, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK)
            with os.fdopen(fd, "wb") as file:
                file.write(content)

    def _link_to(self, path: Path, place: Path) -> Callable[[Path], None]:
        up = Path(os.path.relpath(self._home, place.parent))
        return lambda new: new.symlink_to(up / self._other / path)

    def _good_folder(self, new: Path) -> None:
        (new / "data").mkdir(parents=True)
        (new / "a.ipynb").write_text("work")
        (new / "b.ipynb").write_text(NOTEBOOK)
        (new / "data" / "b.csv").write_text("1,2\n" * self._chance.randrange(1, 400))

    def trick(self) -> None:
        """Do one of them."""
        home, chance = self._home, self._chance
        for place in home.glob(".arriving-*"):
            if place.is_symlink():
                place.unlink(missing_ok=True)  # left from before
                continue
            if chance.random() < 0.5:
                inner = place / chance.choice(["0", "1", "load", "text", "known", "new"])
                self._swap(inner, self._link_to(Path("a.ipynb"), inner))
            elif chance.random() < 0.3:
                self._swap(place, self._link_to(Path(), place))
        for place in home.glob(".autograde-*"):
            result = place / "hw" / "b_autograded.ipynb"
            for what, to in ((result, "secret.ipynb"), (place / "hw", "hw"), (place, "")):
                if chance.random() < 0.02:
                    self._swap(what, self._link_to(Path(to), what))
        tops = [path for path in (home / "hw", home / "graded-hw") if chance.random() < 0.7]
        for top in tops:
            sort = chance.randrange(9)
            if sort == 0:
                self._swap(top, self._link_to(Path(), top))
            elif sort in (1, 2):
                self._swap(top, self._good_folder)
            elif sort == 3:
                self._swap(top / "data", self._link_to(Path("data"), top / "data"))
            elif sort == 4:
                self._swap(top / "data", lambda new: new.mkdir())
            elif sort == 5:
                name = chance.choice(["a.ipynb", "data/b.csv", "DUE_DATE.txt", "GRADE.md"])
                self._swap(top / name, self._link_to(Path("a.ipynb"), top / name))
            elif sort == 6:
                name = chance.choice(["a.ipynb", "a.ipynb~", "data/b.csv"])
                self._swap(top / name, lambda new: new.mkdir())
            elif sort == 7:
                self._swap(top / "a.ipynb", lambda new: os.mkfifo(new))
            else:
                self._write(top / "a.ipynb", b"more work " * chance.randrange(1, 2000))
        if chance.random() < 0.1:
            known = home / ".handed-out.sha256"
            self._swap(known, self._link_to(Path("a.ipynb"), known))

    def run(self, pause: float) -> None:
        while True:
            with contextlib.suppress(OSError):
                self.trick()
            time.sleep(self._chance.random() * pause)


if __name__ == "__main__":
    given = sys.argv[1:]
    Hostile(Path(given[0]), Path(given[1]), int(given[2])).run(float((given[3:] or ["0"])[0]))
