"""Cuts the outputs of a notebook that was run, so that what decides the scores stays.

Like `run_notebook`, of which it becomes a part in the project, it stands alone, for any Python from
3.8.
"""

from __future__ import annotations

import json
from typing import Any

CELL_BYTES = 500_000
ALL_BYTES = 4_000_000
NOTE = "\n… the rest of the output was left out …\n"


def cells_of(notebook: dict[str, Any]) -> list[Any]:
    return [
        cell
        for cell in notebook["cells"]
        if isinstance(cell, dict) and cell.get("cell_type") == "code"
    ]


def cut_outputs(notebook: dict[str, Any]) -> bool:
    """Cut each cell's outputs to its share. Returns whether anything was left out."""
    left = ALL_BYTES
    any_cut = False
    for cell in cells_of(notebook):
        cell["outputs"], used, was_cut = cut(cell.get("outputs", []), min(CELL_BYTES, left))
        left = max(0, left - used)
        any_cut = any_cut or was_cut
    return any_cut


def cut(outputs: list[Any], share: int) -> tuple[list[Any], int, bool]:
    sizes = [size_of(output) for output in outputs]
    if sum(sizes) <= share:
        return outputs, sum(sizes), False
    results = [n for n, output in enumerate(outputs) if output["output_type"] == "execute_result"]
    kept: list[Any] = []
    left = share
    for number, (output, size) in enumerate(zip(outputs, sizes)):  # noqa: B905
        kind = output["output_type"]
        if size <= left:
            kept.append(output)
            left -= size
        elif kind == "stream" and (left > 0 or output["name"] == "stderr"):
            if left > 0 or not wrote_to_stderr(kept):
                text = joined(output["text"]).encode()[: max(left, 200)].decode("utf-8", "ignore")
                kept.append(dict(output, text=text))
                left = 0
        elif kind == "error" and not any(known["output_type"] == "error" for known in kept):
            kept.append(dict(output, evalue=output["evalue"][:1000], traceback=["…"]))
        elif results and number == results[-1]:
            text = joined(output["data"].get("text/plain", ""))[:200]
            kept.append(dict(output, data={"text/plain": text}, metadata={}))
    kept.append({"output_type": "stream", "name": "stdout", "text": NOTE})
    return kept, share - left, True


def size_of(output: Any) -> int:
    return len(json.dumps(output, default=str, ensure_ascii=False).encode("utf-8", "replace"))


def joined(text: Any) -> str:
    return text if isinstance(text, str) else "".join(text)


def wrote_to_stderr(outputs: Any) -> bool:
    return any(output.get("name") == "stderr" for output in outputs)
