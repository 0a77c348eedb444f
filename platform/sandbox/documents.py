"""Which of Jupyter's pages shows a file; a file that is missing is made, as the real kiosk does."""

import json
from dataclasses import dataclass
from pathlib import Path

_SHOWN_AS_THEY_ARE = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".pdf"}

_EMPTY_NOTEBOOK = {
    "cells": [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": "first",
            "metadata": {},
            "outputs": [],
            "source": [],
        }
    ],
    "metadata": {
        "kernelspec": {
            "display_name": "Python 3 (ipykernel)",
            "language": "python",
            "name": "python3",
        },
        "language_info": {"name": "python"},
    },
    "nbformat": 4,
    "nbformat_minor": 5,
}


@dataclass(frozen=True)
class View:
    """`page` is the part of Jupyter's address; none for a folder."""

    kind: str
    page: str | None


def view_of(home: Path, path: str) -> View:
    """ValueError: the path leads out of the project."""
    place = (home / path).resolve()
    if not place.is_relative_to(home.resolve()):
        raise ValueError("The path leads out of the project.")
    if place.is_dir():
        return View("folder", None)
    suffix = place.suffix.lower()
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        empty = json.dumps(_EMPTY_NOTEBOOK, indent=1) + "\n" if suffix == ".ipynb" else ""
        place.write_text(empty)
    if suffix == ".ipynb":
        return View("notebook", "notebooks")
    if suffix in _SHOWN_AS_THEY_ARE:
        return View("file", "files")
    return View("text", "edit")
