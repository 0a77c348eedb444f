"""Notebooks of the formats 1 to 3, which IPython wrote until 2015, as notebooks of format 4.

nbformat knows how; but what it checks on the way takes minutes for some files, so its functions
for a single cell are used, and what they would stumble over is put right before. Marks for
nbgrader lie in the cells' metadata, which stay.
"""

from typing import Any

import nbformat
from nbformat.v3.rwbase import rejoin_lines
from nbformat.v4.convert import upgrade_cell

from embedding.ipynb.parts import HEADINGS, MARKDOWN, joined, text

_OUTPUTS = ("pyout", "display_data", "pyerr", "stream")


def converted(raw: dict[str, Any], major: int) -> dict[str, Any]:
    """Return a notebook of format 4, which may need repairs; its cells are known to be dicts."""
    if major == 1:
        return {**_START, "metadata": raw.get("metadata"), "cells": [*map(_of_1, raw["cells"])]}
    notebook = nbformat.from_dict(raw)
    for sheet in notebook.worksheets:
        for cell in sheet.cells:
            _prepare(cell)
    rejoin_lines(notebook)
    cells = [upgrade_cell(cell) for sheet in notebook.worksheets for cell in sheet.cells]
    metadata = notebook.get("metadata")
    if isinstance(metadata, dict):
        metadata.pop("name", None)
        metadata.pop("signature", None)
    return {**_START, "metadata": metadata, "cells": cells}


# Without ids, which would be others each time that it is read.
_START = {"nbformat": 4, "nbformat_minor": 4}


def _of_1(cell: dict[str, Any]) -> dict[str, Any]:
    if cell.get("cell_type") == "code":
        return {"cell_type": "code", "metadata": {}, "source": cell.get("code")}
    return {"cell_type": MARKDOWN, "metadata": {}, "source": cell.get("text")}


def _prepare(cell: Any) -> None:
    kind = cell.setdefault("cell_type", "raw")
    if not isinstance(cell.get("metadata"), dict):
        cell.metadata = nbformat.NotebookNode()
    if kind != "code":
        cell.source = joined(cell.get("source"))
        if cell.get("level") not in HEADINGS:
            cell.pop("level", None)
        return
    cell.input = joined(cell.get("input"))
    outputs = cell.get("outputs")
    cell.outputs = [
        output
        for output in (outputs if isinstance(outputs, list) else [])
        if isinstance(output, dict) and output.get("output_type") in _OUTPUTS
    ]
    for output in cell.outputs:
        output.pop("json", None)  # a text that is read again, and may be anything
        if not isinstance(output.get("metadata", {}), dict):
            del output["metadata"]
        for key in ("text", "html", "svg", "latex", "javascript"):
            if key in output:
                output[key] = text(output[key])
