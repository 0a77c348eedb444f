"""Another name where one is taken: “hw.ipynb” becomes “hw (2).ipynb”.

Which names are taken, a project tells, and it may be wrong a moment later. So a name is only
proposed: what makes the file must itself refuse to overwrite, and then the next one is tried.
"""

import re
from collections.abc import Callable
from itertools import count

from django.utils.translation import gettext as _

from embedding.client import client
from embedding.cocalc.errors import CocalcError, Duplicate
from embedding.cocalc.paths import MAX_COMPONENT, MAX_PATH
from embedding.problems import Problem

ATTEMPTS = 5

# A number at the end, as “Week 1.5”, is no ending; “.tar.gz” is one.
_PARTS = re.compile(r"(?s)(.+?)(?: \((\d{1,6})\))?((?:\.tar)?\.[A-Za-z]\w{0,9})?")


def made_beside(project_id: str, path: str, make: Callable[[str], None]) -> str:
    """Make something at `path`, or under the next free name beside it; return where.

    `make` raises Duplicate where something is there. What else it raises goes on. Problem
    `exists` where others were faster each time.
    """
    try:
        make(path)
        return path
    except Duplicate:
        names = _names(project_id, path.rpartition("/")[0])
    for _attempt in range(ATTEMPTS):
        path = next_free(path, names)
        if len(path.encode()) > MAX_PATH:
            break
        try:
            make(path)
            return path
        except Duplicate:
            names.add(path.rpartition("/")[2])
    raise exists(path)


def next_free(path: str, names: set[str]) -> str:
    """Return the path with the next number that is not among the names of its folder."""
    folder, slash, name = path.rpartition("/")
    found = _PARTS.fullmatch(name)
    stem, number, ending = found.groups(default="") if found else (name, "", "")
    for i in count(int(number or 1) + 1):
        tail = f" ({i}){ending}"
        room = MAX_COMPONENT - len(tail.encode())
        candidate = stem.encode()[:room].decode(errors="ignore") + tail
        if candidate not in names:
            return folder + slash + candidate
    raise AssertionError("numbers end")


def exists(path: str) -> Problem:
    """The refusal of a name that is taken."""
    return Problem(
        "exists",
        _("“%(path)s” already exists. Choose another name, or keep both.") % {"path": path},
        status=409,
    )


def _names(project_id: str, folder: str) -> set[str]:
    try:
        return {entry.name for entry in client().list_folder(project_id, folder)}
    except CocalcError:
        return set()  # too many to list: then the attempts tell
