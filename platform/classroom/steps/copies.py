"""Work that was handed in under another name, such as “hw (1).ipynb” for “hw.ipynb”.

A browser, a file manager and CoCalc itself make such names, and some people add theirs. The
autograder grades what has the name; so what else holds the same marked cells is looked for, and
where the work may lie in it, no score is given before a person has looked. That person says with
one press which file it is.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, ngettext_lazy

from classroom.nbgrader.copies import grade_ids
from classroom.rules.manifest import File
from classroom.steps import folders
from embedding.conf import MEGABYTE
from embedding.problems import Problem

NOT_THERE, UNTOUCHED, UNREADABLE = "not_there", "untouched", "unreadable"
_WHY = {
    NOT_THERE: ngettext_lazy(
        "“%(path)s” is missing, but %(names)s has its cells. Grade it by hand.",
        "“%(path)s” is missing, but %(names)s have its cells. Grade it by hand.",
        "count",
    ),
    UNTOUCHED: ngettext_lazy(
        "“%(path)s” was not changed, but %(names)s has its cells. Grade it by hand.",
        "“%(path)s” was not changed, but %(names)s have its cells. Grade it by hand.",
        "count",
    ),
    UNREADABLE: ngettext_lazy(
        "“%(path)s” cannot be read as a notebook, but %(names)s has its cells. Grade it by hand.",
        "“%(path)s” cannot be read as a notebook, but %(names)s have its cells. Grade it by hand.",
        "count",
    ),
}
MOST = 20  # notebooks that are looked into
MOST_BYTES = 50 * MEGABYTE  # of all of them
_NAMES = re.compile(r"\.ipynb(\.txt|\.json)?\Z", re.IGNORECASE)

Read = Callable[[File], bytes]


class Others:
    """The notebooks of a student's folder under names that no marked notebook has.

    Args:
        files: all of the folder.
        known: the names of marked notebooks, and of what the site keeps beside them.
        read: returns a file's content; it is asked at most once for each.
    """

    def __init__(self, files: Iterable[File], known: Iterable[str], read: Read) -> None:
        known = set(known)
        found = [file for file in files if file["path"] not in known]
        self._files = _few(file for file in found if _NAMES.search(file["path"]))
        self._read = read
        self._contents: dict[str, tuple[bytes, frozenset[str]]] = {}

    @property
    def any(self) -> bool:
        """Whether there are any notebooks at all."""
        return bool(self._files)

    def of(self, source: bytes) -> list[str]:
        """Return which of them hold cells of a marked notebook, the likeliest first."""
        if not self._files:
            return []
        wanted = grade_ids(source)
        shared = {file["path"]: len(wanted & self._look(file)[1]) for file in self._files}
        return sorted(filter(shared.get, shared), key=lambda path: (-shared[path], path))

    def content(self, path: str) -> bytes:
        """Return one of those that `of` has named."""
        return self._contents[path][0]

    def _look(self, file: File) -> tuple[bytes, frozenset[str]]:
        path = file["path"]
        if path not in self._contents:
            content = self._read(file)
            self._contents[path] = content, grade_ids(content)
        return self._contents[path]


def _few(files: Iterable[File]) -> list[File]:
    """Return as many as are looked into, the small ones first."""
    few: list[File] = []
    left = MOST_BYTES
    for file in sorted(files, key=lambda file: (file["size"], file["path"])):
        left -= file["size"]
        if left < 0 or len(few) == MOST:
            break
        few.append(file)
    return few


def held_sentence(path: str, why: str, copies: Iterable[str]) -> str:
    """Say to the teacher why there is no score; empty where there are no copies."""
    names = list(copies)
    if not names:
        return ""
    return _WHY[why] % {"path": path, "names": folders.few(names), "count": len(names)}


def note(path: str, copies: Iterable[str], chosen: str) -> list[str]:
    """Say to the teacher what was graded where there were several."""
    if chosen:
        return [_("“%(chosen)s” was graded as “%(path)s”.") % {"chosen": chosen, "path": path}]
    names = list(copies)
    if not names:
        return []
    words = ngettext(
        "“%(path)s” was graded. %(names)s has its cells, too.",
        "“%(path)s” was graded. %(names)s have its cells, too.",
        len(names),
    )
    return [words % {"path": path, "names": folders.few(names)}]


def chosen(
    asked: Any, details: Mapping[str, Any], paths: Iterable[str], collected: Mapping[str, File]
) -> dict[str, str]:
    """Return which file is graded in whose place, as a person has said; by the notebook's path.

    What was said before (`details`, as `kept` wrote it) counts as long as what lies under the
    notebook's own name is what lay there then. Problem where what is asked for is not there.
    """
    said = asked if isinstance(asked, dict) else {}
    before = details.get("instead")
    found = {}
    for path in paths:
        if path in said:
            if said[path] not in collected:
                raise Problem(
                    "not_collected",
                    _("“%(path)s” is no longer among the collected files. Autograde again.")
                    % {"path": said[path]},
                    status=409,
                )
            found[path] = said[path]
        elif isinstance(before, dict) and path in before:
            copy, own = before[path]
            if copy in collected and own == _hash(collected, path):
                found[path] = copy
    return found


def kept(said: Mapping[str, str], collected: Mapping[str, File]) -> dict[str, list[str]]:
    """Return what is kept of a choice, to be given to `chosen` the next time."""
    return {path: [copy, _hash(collected, path)] for path, copy in said.items()}


def _hash(collected: Mapping[str, File], path: str) -> str:
    return collected[path]["sha256"] if path in collected else ""
