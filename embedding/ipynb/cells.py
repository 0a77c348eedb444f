"""Repairs of a cell."""

from typing import Any

from embedding.ipynb.parts import (
    CODE,
    HEADINGS,
    MARKDOWN,
    RAW,
    Part,
    Repair,
    bundle,
    drop_unknown,
    drop_unless,
    joined,
    number,
    row,
)

REPAIRS: list[Repair] = []


@row(REPAIRS)
def heading(cell: Part) -> None:
    """Make a Markdown cell of a heading, which is one of format 3 (notebookjs#21)."""
    if cell.get("cell_type") == "heading":
        level = cell.get("level")
        signs = "#" * (level if type(level) is int and level in HEADINGS else 1)
        source = joined(cell.get("source"))
        text = "".join(source) if isinstance(source, list) else source
        if isinstance(text, str):
            cell["source"] = f"{signs} {' '.join(text.splitlines())}"
        cell["cell_type"] = MARKDOWN


@row(REPAIRS, drops=True)
def cell_type(cell: Part) -> None:
    """Show as it is what is no cell of Jupyter's: other notebooks have cells for SQL, say."""
    if isinstance(cell["cell_type"], str) and cell["cell_type"] not in (CODE, MARKDOWN, RAW):
        cell["cell_type"] = RAW


@row(REPAIRS)
def cell_metadata(cell: Part) -> None:
    """Have some: programs that write notebooks leave them out (vscode#273697), or write a list.

    The list is reported in ipython#7869.
    """
    if not isinstance(cell.get("metadata"), dict):
        cell["metadata"] = {}


@row(REPAIRS)
def cell_source(cell: Part) -> None:
    """Have a text, not null or a list with numbers; format 3 calls it `input`."""
    if "source" not in cell and "input" in cell:
        cell["source"] = cell["input"]
    cell["source"] = joined(cell.get("source"))


@row(REPAIRS)
def cell_outputs(cell: Part) -> None:
    """Have a list of outputs, also where there are none."""
    if cell["cell_type"] == CODE:
        given = cell.get("outputs")
        found = [each for each in given if isinstance(each, dict)] if given else []
        cell["outputs"] = found


@row(REPAIRS)
def cell_number(cell: Part) -> None:
    """Have a number or null: PyCharm leaves it out (ipython#9638, agency-swarm#41).

    So did VS Code after clearing outputs (vscode-python#8772), and JupyterLab after interrupting
    (jupyterlab#1211). Format 3 calls it `prompt_number`.
    """
    if cell["cell_type"] == CODE:
        cell["execution_count"] = number(cell.get("execution_count", cell.get("prompt_number")))


@row(REPAIRS, drops=True)
def cell_keys(cell: Part) -> None:
    """Drop what the format does not know.

    `outputs` and `execution_count` on text cells by VS Code (vscode-jupyter#2063, #2673) and
    Snakemake (snakemake#718); `outputExpanded` by nteract (nbformat#73); `attachments` on all cells
    by VS Code (vscode-jupyter#13522); `transient` by many (vscode-python#11151).
    """
    drop_unknown(cell, cell["cell_type"])


@row(REPAIRS)
def attachments(cell: Part) -> None:
    """Have pictures as the format has them, or none, also not null (azuredatastudio#14515)."""
    found = cell.get("attachments")
    if "attachments" not in cell:
        return
    if not isinstance(found, dict):
        del cell["attachments"]
        return
    for name, data in list(found.items()):
        if isinstance(data, dict):
            bundle(data)
        else:
            del found[name]


@row(REPAIRS)
def tags(cell: Part) -> None:
    """Have a list of different words, not one word, or an object (jupyterlite-sphinx#189)."""
    metadata = cell["metadata"]
    if "tags" in metadata:
        given = metadata["tags"]
        words = [given] if isinstance(given, str) else given if isinstance(given, list) else []
        sound = (word for word in words if isinstance(word, str) and word and "," not in word)
        metadata["tags"] = list(dict.fromkeys(sound))


@row(REPAIRS)
def cell_details(cell: Part) -> None:
    """Drop what says nothing: `collapsed` as a text, null for `scrolled`, times as numbers.

    None of it changes what the cell does.
    """
    metadata = cell["metadata"]
    drop_unless(metadata, "name", lambda value: isinstance(value, str) and value.strip())
    drop_unless(metadata, "jupyter", lambda value: isinstance(value, dict))
    if cell["cell_type"] == CODE:
        drop_unless(metadata, "collapsed", lambda value: isinstance(value, bool))
        drop_unless(metadata, "scrolled", lambda value: isinstance(value, bool) or value == "auto")
        drop_unless(metadata, "execution", _is_texts)
    if cell["cell_type"] == RAW:
        drop_unless(metadata, "format", lambda value: isinstance(value, str))


def _is_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())
