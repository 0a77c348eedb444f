"""The regions of a cell that students do not get: solutions, hidden tests, mark schemes."""

from collections.abc import Callable
from dataclasses import dataclass

import nbformat

from classroom.nbgrader.marks import Mark
from classroom.nbgrader.reading import MarkingError
from classroom.nbgrader.words import Words, noop

TEXT_STUB = "YOUR ANSWER HERE"
CODE_STUBS = {
    "python": "# YOUR CODE HERE\nraise NotImplementedError()",
    "r": "# YOUR CODE HERE\nfail()",
    "matlab": "% YOUR CODE HERE\nerror('No Answer Given!')",
    "octave": "% YOUR CODE HERE\nerror('No Answer Given!')",
    "sas": "/* YOUR CODE HERE */\n %notImplemented;",
    "java": "// YOUR CODE HERE",
    # Three that nbgrader does not know, and CoCalc offers.
    "sage": "# YOUR CODE HERE\nraise NotImplementedError()",
    "c++": "// YOUR CODE HERE",
    "julia": '# YOUR CODE HERE\nerror("No answer given")',
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of region, in which cells it may be, and what to tell the teacher if it is not."""

    words: str
    allowed: Callable[[Mark], bool]
    misplaced: str

    @property
    def begin(self) -> str:
        """The words on the region's first line."""
        return f"BEGIN {self.words}"

    @property
    def end(self) -> str:
        """The words on the region's last line."""
        return f"END {self.words}"


SOLUTION = Kind(
    "SOLUTION",
    lambda mark: mark.solution,
    noop(
        "%(cell)s: it has a “%(begin)s” but is not marked as an autograded or manually graded "
        "answer. Mark it as one, or delete that line."
    ),
)
HIDDEN_TESTS = Kind(
    "HIDDEN TESTS",
    lambda mark: mark.grade,
    noop(
        "%(cell)s: it has a “%(begin)s” but is not marked as an autograder test. "
        "Mark it as one, or delete that line."
    ),
)
# nbgrader allows mark schemes in tasks only, CoCalc in all that is graded.
MARK_SCHEME = Kind(
    "MARK SCHEME",
    lambda mark: mark.task or mark.grade,
    noop(
        "%(cell)s: it has a “%(begin)s” but is not marked as a manually graded task. "
        "Mark it as one, or delete that line."
    ),
)


def language(notebook: nbformat.NotebookNode) -> str:
    """Return the notebook's language in small letters.

    nbgrader asks the kernel's `language`, and takes Python where it is not given; here the
    notebook's `language_info` is asked before that.
    """
    for key, entry in (("kernelspec", "language"), ("language_info", "name")):
        part = notebook.metadata.get(key)
        found = part.get(entry) if isinstance(part, dict) else None
        if isinstance(found, str) and found:
            return "c++" if found.lower().startswith("c++") else found.lower()
    return "python"


def clear(
    source: str, kind: Kind, mark: Mark | None, where: Words, stub: str | None = None
) -> tuple[str, bool]:
    """Cut a cell's regions of a kind out of its source, or put a stub in their place.

    A stub is indented as the region's first line is. Returns the source and whether there was a
    region. Raises MarkingError for what nbgrader refuses.
    """
    lines: list[str] = []
    inside = found = False
    for line in source.split("\n"):
        if kind.begin in line:
            if inside:
                raise MarkingError(
                    noop(
                        "%(cell)s: a second “%(begin)s” comes before the first one's “%(end)s”. "
                        "Add the missing “%(end)s”."
                    ),
                    cell=where,
                    begin=kind.begin,
                    end=kind.end,
                )
            inside = found = True
            indent = line[: len(line) - len(line.lstrip())]
            lines += [] if stub is None else [indent + part for part in stub.split("\n")]
        elif kind.end in line:
            inside = False
        elif not inside:
            lines.append(line)
        elif kind is MARK_SCHEME and _has_attachment(line):
            raise MarkingError(
                noop(
                    "%(cell)s: its mark scheme has an attached image, which students would get "
                    "with the cell. Link to the image instead."
                ),
                cell=where,
            )
    if inside:
        raise MarkingError(
            noop("%(cell)s: its “%(begin)s” has no “%(end)s”. Add “### %(end)s” after it."),
            cell=where,
            begin=kind.begin,
            end=kind.end,
        )
    if found and (mark is None or not kind.allowed(mark)):
        raise MarkingError(kind.misplaced, cell=where, begin=kind.begin)
    return "\n".join(lines), found


def _has_attachment(line: str) -> bool:
    """Find `![…](attachment:…)` without a regular expression's long search."""
    begin = line.find("![")
    middle = line.find("](attachment:", begin + 2)
    return begin >= 0 and middle >= 0 and line.find(")", middle + len("](attachment:x")) >= 0
