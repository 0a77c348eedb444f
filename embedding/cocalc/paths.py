"""Which paths the client accepts: relative to the project's home, and never out of it.

CoCalc itself takes absolute paths and `../` without a word (recorded: tests/contract), so the
check is ours. It is of the words only: a symbolic link inside the project may lead anywhere the
project's own user may go, and that is the project's business.
"""

import unicodedata

from embedding.untranslated import SentenceError, noop

MAX_COMPONENT = 255  # bytes, what Linux file systems take
MAX_PATH = 4096
NOTEBOOK = ".ipynb"


class BadPath(SentenceError, ValueError):
    """A path that the client does not accept; the user may see why."""


def clean_path(path: str, *, home: bool = False) -> str:
    """Return the path unchanged if it names something inside the project's home.

    Args:
        path: as the user wrote it, such as ``"homework/1.ipynb"``.
        home: whether ``""``, the home itself, will do.

    Raises:
        BadPath: a ValueError, with a sentence for the user.
    """
    if not path:
        if home:
            return path
        raise BadPath(noop("The path is empty."))
    if path.startswith("/"):
        raise BadPath(noop("A path must not start with “/”."))
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in path):
        raise BadPath(noop("The path has a character that is not allowed."))
    if len(path.encode()) > MAX_PATH:
        raise BadPath(noop("The path is longer than %(most)s bytes."), most=MAX_PATH)
    for component in path.split("/"):
        if not component:
            raise BadPath(noop("A path must not have “//” in it, or “/” at its end."))
        if component in (".", ".."):
            raise BadPath(noop("A path must not have “.” or “..” as a part."))
        if len(component.encode()) > MAX_COMPONENT:
            raise BadPath(
                noop("A name in the path is longer than %(most)s bytes."), most=MAX_COMPONENT
            )
    return path


def is_notebook(path: str) -> bool:
    """Whether a file is a notebook by its name: its ending counts in small and capital letters."""
    return path.lower().endswith(NOTEBOOK)


def without_ending(path: str) -> str:
    """Return a notebook's path without its ending, and any other path as it is."""
    return path[: -len(NOTEBOOK)] if is_notebook(path) else path


def parent(path: str) -> str:
    """Return the folder of a clean path, ``""`` for the home."""
    return path.rpartition("/")[0]
