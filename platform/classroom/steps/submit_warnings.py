"""What a student is told at once of a submission: what of it the autograder could not use.

It is taken all the same, for the deadline is the student's; but a notebook that is missing, lies
there under another name, or cannot be read, is better known now than after that deadline. What was
submitted is here already; of the teacher's notebooks one reading serves a whole class.
"""

import hashlib
import logging
import posixpath
from collections.abc import Iterator
from functools import lru_cache

from django.utils.translation import gettext as _

from classroom.carrying.items import Item, files_of
from classroom.models import Assignment, Snapshot
from classroom.nbgrader.copies import grade_ids, is_untouched
from classroom.nbgrader.reading import MarkingError
from classroom.rules import manifest
from classroom.rules.manifest import File
from classroom.steps.copies import MOST_BYTES, Others
from classroom.steps.run_script import NOTEBOOK_BYTES
from embedding.client import client
from embedding.cocalc.errors import CocalcError
from embedding.cocalc.paths import is_notebook
from embedding.ipynb.reading import Excess, NotANotebook, parts_of
from embedding.problems import said

MOST = 5  # sentences
_logger = logging.getLogger(__name__)


def warned(snapshot: Snapshot, assignment: Assignment, items: list[Item]) -> Snapshot:
    """Write down with a snapshot what its student should know; items are what it holds."""
    try:
        found = list(_Looking(assignment, items).warnings())
    except CocalcError as error:
        # It is taken, and that is what counts; the autograder looks again.
        _logger.warning("A submission was not looked through: %s", error)
        return snapshot
    if found:
        snapshot.warnings = found[:MOST]
        snapshot.save(update_fields=["warnings"])
    return snapshot


class _Looking:
    """One look through what was submitted."""

    def __init__(self, assignment: Assignment, items: list[Item]) -> None:
        self._assignment = assignment
        self._course = str(assignment.course.project.project_id)
        self._items = {item.path: item for item in items}
        self._given = manifest.hashes(assignment.files)
        self._known: dict[str, bytes] = {}

    def warnings(self) -> Iterator[str]:
        """Give sentences, the gravest first."""
        marked = list(self._marked())
        as_given = (path for path in self._given if self._is_as_given(path))
        others = Others(files_of(self._items.values()), {*marked, *as_given}, self._content)
        for path in marked:
            yield from self._of_marked(path, others)
        left = MOST_BYTES
        for path, item in self._items.items():
            left -= item.size if is_notebook(path) else 0
            if is_notebook(path) and not self._is_as_given(path) and left >= 0:
                yield from self._unreadable(path, item, expected=path in marked)

    def _marked(self) -> Iterator[str]:
        """Give the notebooks that are graded, as far as they were handed out."""
        if not self._assignment.marked:
            return
        listed = self._assignment.version_report.get("notebooks", [])
        made = {each["path"] for each in listed}
        for path in manifest.hashes(self._assignment.sources):
            if path in self._given and is_notebook(path) and (not listed or path in made):
                yield path

    def _of_marked(self, path: str, others: Others) -> Iterator[str]:
        is_there = path in self._items
        if is_there and not others.any:
            return
        source = self._source(path)
        if source is not None and not grade_ids(source):
            return
        found = others.of(source) if source else []
        if not is_there:
            missing = _("“%(path)s” is missing from what you submitted.") % {"path": path}
            yield f"{missing} {_way_on(path, found)}"
        elif source and found and self._is_untouched(path, source):
            worked = [each for each in found if not _is_untouched(others.content(each), source)]
            if worked:
                yield _(
                    "“%(path)s” is as you got it, but there is also “%(copy)s”. If you worked in "
                    "that one, delete “%(path)s”, give the other its name, and submit again."
                ) % {"path": path, "copy": worked[0]}

    def _unreadable(self, path: str, item: Item, *, expected: bool) -> Iterator[str]:
        if item.size == 0 and not expected:
            return  # one that was made, and never used
        try:
            parts_of(self._content(item.file))
        except (NotANotebook, Excess) as why:
            yield _(
                "“%(path)s” cannot be read as a notebook. %(reason)s Open it in CoCalc, save it, "
                "and submit again."
            ) % {"path": path, "reason": said(why)}

    def _is_as_given(self, path: str) -> bool:
        item = self._items.get(path)
        return item is not None and self._given.get(path) == item.sha256

    def _is_untouched(self, path: str, source: bytes) -> bool:
        if self._is_as_given(path):
            return True
        return _is_untouched(self._content(self._items[path].file), source)

    def _content(self, file: File) -> bytes:
        path = file["path"]
        if path not in self._known:
            item = self._items[path]
            # A large one that was submitted before lies in the course's project and was not sent.
            self._known[path] = (
                item.content()
                if item.spool is not None
                else client().read_file(self._course, item.elsewhere, max_bytes=NOTEBOOK_BYTES)
            )
        return self._known[path]

    def _source(self, path: str) -> bytes | None:
        sha256 = manifest.hashes(self._assignment.sources)[path]
        return _source(self._course, f"{self._assignment.folder}/{path}", sha256)


@lru_cache(maxsize=32)
def _source(course: str, path: str, sha256: str) -> bytes | None:
    """Return a teacher's notebook; None where it is not as it was."""
    content = client().read_file(course, path, max_bytes=NOTEBOOK_BYTES)
    return content if hashlib.sha256(content).hexdigest() == sha256 else None


def _way_on(path: str, copies: list[str]) -> str:
    if not copies:
        return _("If you renamed, moved or deleted it, bring it back and submit again.")
    words = (
        _("“%(copy)s” looks like a copy of it: rename it to “%(path)s” and submit again.")
        if posixpath.dirname(path) == posixpath.dirname(copies[0])
        else _("“%(copy)s” looks like a copy of it: move it to “%(path)s” and submit again.")
    )
    return words % {"copy": copies[0], "path": path}


def _is_untouched(content: bytes, source: bytes) -> bool:
    try:
        return is_untouched(content, source)
    except MarkingError:
        return False
