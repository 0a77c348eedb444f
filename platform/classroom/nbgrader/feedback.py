"""What a student gets back: the graded notebook."""

import re
from collections.abc import Iterator
from typing import Any

import nbformat

from classroom.nbgrader.cutting import NOTE
from classroom.nbgrader.hidden_lines import ANSI, HiddenLines, split
from classroom.nbgrader.reading import read, write
from classroom.nbgrader.student_version import original
from classroom.nbgrader.words import Translate, noop

LINE = noop("[a line of a hidden test]")
FRAME = noop("[a hidden test]")
FAILED = noop("A hidden test failed.")
CUT = noop("… the rest of the output was left out …")
TOO_LONG = noop("The cell took too long.")  # as `run_notebook` has it
_ARROW = re.compile(r"\s*-+> ")
_ERROR = re.compile(r"[\w.]*(?:Error|Exception): ")
_NUMBER = re.compile(r"\s*(?:-+> )?\s*\d+\s")

_Place = tuple[Any, Any]  # what holds a text, and under which key


def feedback_notebook(executed: bytes, source: bytes, translate: Translate = str) -> bytes:
    """Return a notebook that was autograded without hidden tests and mark schemes.

    No line of theirs is left, neither in the teacher's cells nor in any output, tracebacks
    included; `source` is the teacher's notebook. Of a failed assertion of theirs not even the
    message is. What stands in their place is said in the student's language. Raises MarkingError.
    """
    notebook, teachers = read(executed), original(source)
    notebook.metadata.pop("lectern", None)  # what `prepare` told the runner
    regions = [region for cell in teachers.cells for region in split(cell.source)[0]]
    known = []
    with_hidden = []
    for cell in notebook.cells:
        hidden, others = split(cell.source)
        known += others
        if hidden:
            cell.source = "\n".join(others)
            with_hidden.append(cell)
    if regions:
        lines = HiddenLines(regions, known)
        messages = HiddenLines(regions, known).with_messages(regions)
        _hide_in_outputs(notebook, lines, messages, translate)
        for cell in notebook.cells:
            for output in cell.get("outputs", []):
                if output.output_type == "error":
                    _hide_in_error(output, messages, translate)
    for cell in with_hidden:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                output.traceback = [f"{output.ename}: {output.evalue}"]
    _say(notebook, translate)
    return write(notebook)


def _say(notebook: nbformat.NotebookNode, translate: Translate) -> None:
    """Translate what the runner has written into the outputs."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.text == NOTE:
                output.text = f"\n{translate(CUT)}\n"
            elif output.output_type == "error" and output.evalue == TOO_LONG:
                output.evalue = translate(TOO_LONG)
                output.traceback = [f"{output.ename}: {output.evalue}"]


def _hide_in_outputs(
    notebook: nbformat.NotebookNode,
    lines: HiddenLines,
    messages: HiddenLines,
    translate: Translate,
) -> None:
    """Hide in all but errors. Texts of one kind are looked at as one, wherever they stand."""
    kinds: dict[str, list[_Place]] = {}
    holders = [notebook.metadata]
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "stream":
                kinds.setdefault(f"stream {output.name}", []).append((output, "text"))
            elif output.output_type != "error":
                holders += [output.data, output.metadata]
    for holder in holders:
        for key in list(holder):
            value = holder[key]
            if isinstance(value, str) and not lines.among([key]):
                if not key.startswith("image/") or key == "image/svg+xml":
                    kinds.setdefault(key, []).append((holder, key))
            elif lines.among([text for each in (key, value) for text in _texts(each)]):
                del holder[key]
    for places in kinds.values():
        _hide(places, lines, messages, translate(LINE))


def _hide(places: list[_Place], lines: HiddenLines, messages: HiddenLines, instead: str) -> None:
    texts = [holder[key].split("\n") for holder, key in places]
    together = [line for text in texts for line in text]
    found = lines.among(together)
    for number, line in enumerate(together):
        if _ERROR.match(line) and messages.among([line]):
            found.add(number)
    start = 0
    for (holder, key), text in zip(places, texts, strict=True):
        hit = {number for number in range(len(text)) if start + number in found}
        start += len(text)
        if hit:
            holder[key] = "\n".join(_replaced(text, hit, instead))


def _replaced(text: list[str], hit: set[int], instead: str) -> Iterator[str]:
    for number, line in enumerate(text):
        if number not in hit:
            yield line
        elif number - 1 not in hit:
            yield ("\x1b[0m" if "\x1b" in line else "") + instead


def _texts(value: Any) -> Iterator[str]:
    """Give all texts within what JSON can hold, names included, line by line."""
    if isinstance(value, str):
        yield from value.split("\n")
    elif isinstance(value, dict):
        for key, each in value.items():
            yield str(key)
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _hide_in_error(output: nbformat.NotebookNode, lines: HiddenLines, translate: Translate) -> None:
    """Hide whole frames of hidden code, and of frames beside it all but the line that ran."""
    hidden = translate(FRAME)
    parts = [part.split("\n") for part in output.traceback]
    found = lines.among([line for part in parts for line in part])
    frames: list[str] = []
    open_frames = hidden_frames = False
    start = 0
    for part in parts:
        hit = {number for number in range(len(part)) if start + number in found}
        start += len(part)
        plain = [ANSI.sub("", line) for line in part]
        arrow = next((number for number, line in enumerate(plain) if _ARROW.match(line)), None)
        if arrow is not None and arrow not in hit:
            open_frames = True
            if hit:
                kept = [n for n, line in enumerate(plain) if n == arrow or not _NUMBER.match(line)]
                part = [part[number] for number in kept if number not in hit]
        elif hit:
            hidden_frames = True
            part = [hidden]
        frames.append("\n".join(part))
    told = output.evalue
    if lines.among(output.ename.split("\n")):
        output.ename = "Error"
    if (output.ename == "AssertionError" and (hidden_frames or not open_frames)) or lines.among(
        told.split("\n")
    ):
        output.evalue = translate(FAILED)
        frames = [*frames[:-1], f"{output.ename}: {output.evalue}"]
    output.traceback = [
        part for n, part in enumerate(frames) if not n or part != hidden or part != frames[n - 1]
    ]
