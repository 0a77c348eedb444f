"""Which paths the client accepts: relative to the project's home, and never out of it.

CoCalc itself takes absolute paths and `../` without a word (recorded: tests/contract), so the
check is ours. It is of the words only: a symbolic link inside the project may lead anywhere the
project's own user may go, and that is the project's business.
"""

import unicodedata

MAX_COMPONENT = 255  # bytes, what Linux file systems take
MAX_PATH = 4096
NOTEBOOK = ".ipynb"


def clean_path(path: str, *, home: bool = False) -> str:
    """Return the path unchanged if it names something inside the project's home.

    Args:
        path: as the user wrote it, such as ``"homework/1.ipynb"``.
        home: whether ``""``, the home itself, will do.

    Raises:
        ValueError: with a sentence for the user, who may see it.
    """
    if not path:
        if home:
            return path
        raise ValueError("The path is empty.")
    if path.startswith("/"):
        raise ValueError("The path must not begin with “/”: it is relative to the project's home.")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in path):
        raise ValueError("The path holds a control character or half a character.")
    if len(path.encode()) > MAX_PATH:
        raise ValueError(f"The path is longer than {MAX_PATH} bytes.")
    for component in path.split("/"):
        if not component:
            raise ValueError("The path has an empty part: “//”, or “/” at its end.")
        if component in (".", ".."):
            raise ValueError("The path must not have “.” or “..” as a part.")
        if len(component.encode()) > MAX_COMPONENT:
            raise ValueError(f"A name in the path is longer than {MAX_COMPONENT} bytes.")
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
