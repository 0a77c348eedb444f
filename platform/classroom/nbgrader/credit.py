"""What a test's outputs say of its points: whether it failed, and how many its last result gives.

What cannot be known is no score: it is said why, and a person has to look.
"""

import re
from dataclasses import dataclass
from typing import Any

import nbformat

from classroom.nbgrader.marks import Mark
from classroom.nbgrader.words import Words, noop

_NUMBER = r"[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
# As other than plain numbers are shown, where it is certain that it is one.
_SHOWN = re.compile(
    rf"(?:(?:np|numpy)\.[a-z]+\d*\(({_NUMBER})\)|Decimal\('({_NUMBER})'\)|array\(({_NUMBER})\))"
)
_FRACTION = re.compile(r"Fraction\((-?\d+), (\d+)\)")
_R_VALUE = re.compile(r"\[1\] (\S+)")
_OBJECT = re.compile(r"<[^<>]* at 0x[0-9a-fA-F]+>")
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
# Python writes a warning as "file:line: Category: words" and then, indented, the line of code.
_WARNING = re.compile(r":\d+: \w*Warning: ")
_PROGRESS = re.compile(r"[^|]*\d%\|[^|]*\|\s*[\d.]+\w*/[\d.?]+|\d+it \[")
# As the guard tells of what is no number (`kernel_results`).
_NO_NUMBER = re.compile("no number of points, but a value of the kind “(.*)”")


@dataclass(frozen=True, slots=True)
class Credit:
    """What a test gets."""

    points: float | None  # None: all of them
    note: Words | None = None  # why a test that ended without an error has none
    is_unknown: bool = False  # whether nobody can know what it gets, as the note says


FULL = Credit(None)


def credit(cell: nbformat.NotebookNode, test: Mark, language: str) -> Credit:
    """Return what a test that was run gets, of its points."""
    outputs = cell.outputs
    if any(output.output_type == "error" or _told(output, language) for output in outputs):
        return Credit(0.0)
    if written := _on_stderr(outputs, language):
        return Credit(
            0.0,
            Words.of(
                noop(
                    "“%(name)s”: it ended without an error but wrote to stderr, for which "
                    "nbgrader gives 0 points: “%(written)s”. If it passed, enter the points "
                    "by hand."
                ),
                name=test.grade_id,
                written=_short(written),
            ),
        )
    results = [output for output in outputs if output.output_type == "execute_result"]
    return _of_result(results[-1].data, test, language) if results else FULL


def _told(output: Any, language: str) -> bool:
    # Two kernels tell of failed tests on stdout only; CoCalc knows them by the same signs.
    if output.output_type != "stream" or output.name == "stderr":
        return False
    if language == "octave":
        return bool(output.text.startswith("error: "))
    return language == "r" and "── \x1b[1m\x1b[38;5;214m" in output.text


def _on_stderr(outputs: list[Any], language: str) -> str:
    """Return what was written there, but for warnings and progress bars of Python's."""
    streams = [output for output in outputs if output.output_type == "stream"]
    text = "\n".join(output.text for output in streams if output.name == "stderr")
    if not language.startswith(("python", "sage", "ipython")):
        return text
    left: list[str] = []
    in_warning = False
    for line in _ANSI.sub("", text).replace("\r", "\n").split("\n"):
        if in_warning and line[:1] in (" ", "\t"):
            in_warning = False
            continue
        in_warning = bool(_WARNING.search(line))
        if line.strip() and not in_warning and not _PROGRESS.match(line):
            left.append(line)
    return "\n".join(left)


def _of_result(data: Any, test: Mark, language: str) -> Credit:
    text = data.get("text/plain", "")
    text = text.strip() if isinstance(text, str) else ""
    if language == "r" and (shown := _R_VALUE.fullmatch(text)):
        text = shown[1]
    points = _number(text)
    if points is None:
        if _no_points(text, data):
            return FULL
        return Credit(None, _no_number(text, test.grade_id), is_unknown=True)
    if 0 <= points <= test.points:
        return Credit(points)
    note = Words.of(
        noop("“%(name)s”: its test gave %(points)s of %(most)s points. Grade it by hand."),
        name=test.grade_id,
        points=points,
        most=test.points,
    )
    return Credit(None, note, is_unknown=True)


def _no_number(text: str, name: str) -> Words:
    if told := _NO_NUMBER.fullmatch(_short(text)):
        return Words.of(
            noop(
                "“%(name)s”: its last line gave no number of points but a value of type "
                "“%(kind)s”. Grade it by hand."
            ),
            name=name,
            kind=told[1],
        )
    return Words.of(
        noop(
            "“%(name)s”: its last line gave no number of points but “%(value)s”. Grade it by hand."
        ),
        name=name,
        value=_short(text),
    )


def _number(text: str) -> float | None:
    try:
        if shown := _SHOWN.fullmatch(text):
            text = next(filter(None, shown.groups()))
        elif shown := _FRACTION.fullmatch(text):
            return int(shown[1]) / int(shown[2])
        return float(text)
    except (ValueError, ZeroDivisionError, OverflowError):
        return None


def _no_points(text: str, data: Any) -> bool:
    """Whether a result cannot be meant as points: nothing, a truth, a picture, a table, a thing."""
    if text in ("", "True", "TRUE", "true", "np.True_"):
        return True
    if any(kind == "text/html" or kind.startswith("image/") for kind in data):
        return True
    return not re.search(r"\w", _OBJECT.sub("", text))


def _short(text: str) -> str:
    first = text.strip().split("\n")[0]
    return first if len(first) <= 80 else f"{first[:79]}…"
