"""Repairs of a notebook as a whole: its versions, its kernel and the ids of its cells."""

import re

from embedding.ipynb.parts import Part, Repair, drop_unknown, drop_unless, row

REPAIRS: list[Repair] = []
_CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")


@row(REPAIRS)
def minor_version(notebook: Part) -> None:
    """Say which: a number of notebooks in the world do not (nbformat#237), or say it as a text."""
    given = notebook.get("nbformat_minor")
    if isinstance(given, str) and given.isdecimal() and len(given) < 4:
        given = int(given)
    if isinstance(given, float) and given.is_integer():
        given = int(given)
    notebook["nbformat_minor"] = given if type(given) is int and given >= 0 else 4


@row(REPAIRS)
def notebook_metadata(notebook: Part) -> None:
    """Have some: VS Code wrote none for new notebooks (vscode-python#8102; 3W#71)."""
    if not isinstance(notebook.get("metadata"), dict):
        notebook["metadata"] = {}


@row(REPAIRS)
def kernel(notebook: Part) -> None:
    """Name the kernel: CoCalc wrote an empty kernelspec where a kernel is missing (cocalc#2612).

    JupyterLab leaves the name alone where the kernel was removed (jupyterlab#17303).
    """
    metadata = notebook["metadata"]
    spec = metadata.get("kernelspec")
    if "kernelspec" not in metadata:
        return
    if isinstance(spec, dict) and isinstance(spec.get("name"), str):
        if not isinstance(spec.get("display_name"), str):
            spec["display_name"] = spec["name"]
        return
    del metadata["kernelspec"]
    if isinstance(spec, dict) and isinstance(spec.get("language"), str):
        metadata.setdefault("language_info", {"name": spec["language"]})


@row(REPAIRS)
def language(notebook: Part) -> None:
    """Name the language: some kernels tell all of it but its name (ray#63359, ipython#7640)."""
    metadata = notebook["metadata"]
    info = metadata.get("language_info")
    if "language_info" not in metadata:
        return
    named = metadata.get("kernelspec", {}).get("language")
    if isinstance(info, dict) and not isinstance(info.get("name"), str) and isinstance(named, str):
        info["name"] = named
    if not isinstance(info, dict) or not isinstance(info.get("name"), str):
        del metadata["language_info"]
        return
    drop_unless(info, "codemirror_mode", lambda value: isinstance(value, str | dict))
    for key in ("file_extension", "mimetype", "pygments_lexer"):
        drop_unless(info, key, lambda value: isinstance(value, str))


@row(REPAIRS)
def notebook_details(notebook: Part) -> None:
    """Drop what says nothing: null, say, for a title. `orig_nbformat` is never to be in a file."""
    metadata = notebook["metadata"]
    drop_unless(metadata, "orig_nbformat", lambda value: type(value) is int and value >= 1)
    drop_unless(metadata, "title", lambda value: isinstance(value, str))
    drop_unless(metadata, "authors", lambda value: isinstance(value, list))


@row(REPAIRS, drops=True)
def notebook_keys(notebook: Part) -> None:
    """Drop what the format does not know, such as `worksheets` left by half a conversion."""
    drop_unknown(notebook, "notebook")


def repair_ids(notebook: Part) -> None:
    """Give every cell an id of its own where the format has ids, and none where it has not.

    Missing ids are written by older programs under the new number (nbformat#335), the same one
    twice by what copies cells (notebook#6091), and ids in older formats by others (snakemake#718,
    jupytext#764).
    """
    if notebook["nbformat_minor"] < 5:
        for cell in notebook["cells"]:
            cell.pop("id", None)
        return
    taken: set[str] = set()
    for number, cell in enumerate(notebook["cells"]):
        given = cell.get("id")
        if not isinstance(given, str) or not _CELL_ID.fullmatch(given) or given in taken:
            given = _free_id(number, taken)
            cell["id"] = given
        taken.add(given)


def _free_id(number: int, taken: set[str]) -> str:
    candidate = f"cell-{number + 1}"
    while candidate in taken:
        candidate += "x"
    return candidate
