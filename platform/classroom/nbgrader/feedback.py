"""What a student gets back: the graded notebook."""

import nbformat

from classroom.nbgrader.reading import read, write

_HIDDEN = ("HIDDEN TESTS", "MARK SCHEME")


def feedback_notebook(executed: bytes) -> bytes:
    """Return a notebook that was autograded without its hidden tests and mark schemes.

    Their lines would be in the tracebacks too: of a cell with hidden tests only the error's name
    and message are kept. Raises MarkingError.
    """
    notebook = read(executed)
    notebook.metadata.pop("lectern", None)  # what `prepare` told the runner
    for cell in notebook.cells:
        if any(f"BEGIN {words}" in cell.source for words in _HIDDEN):
            cell.source = _without_hidden(cell.source)
            _shorten_tracebacks(cell)
    return write(notebook)


def _without_hidden(source: str) -> str:
    lines, inside = [], False
    for line in source.split("\n"):
        if any(f"BEGIN {words}" in line for words in _HIDDEN):
            inside = True
        elif any(f"END {words}" in line for words in _HIDDEN):
            inside = False
        elif not inside:
            lines.append(line)
    return "\n".join(lines)


def _shorten_tracebacks(cell: nbformat.NotebookNode) -> None:
    for output in cell.get("outputs", []):
        if output.output_type == "error":
            output.traceback = [f"{output.ename}: {output.evalue}"]
