"""What other programs write into notebooks that is not as Jupyter's format has it, put right.

Jupyter and CoCalc open such files all the same, most of them without a word; who is strict refuses
a student's work for a key too many. Three tables hold one function for each kind of thing that was
seen in the world, in the order in which they are done: of a notebook (`whole`), of each cell
(`cells`) and of each output (`outputs`). Each changes what it is given, takes one look at it, and
leaves alone what is sound. What none of them knows is left to the validator, which refuses it.
"""

from embedding.ipynb import cells, outputs, whole
from embedding.ipynb.parts import CODE, Part
from embedding.ipynb.whole import repair_ids

STRICTEST = 5  # the newest minor version whose keys are all known; a later one may have more


def repair(notebook: Part) -> None:
    """Put right what can be put right, in place.

    Its cells are known to be a list of dicts; what is worse raises as wrong types do.
    """
    for each in whole.REPAIRS:
        if not each.drops or notebook["nbformat_minor"] <= STRICTEST:
            each.does(notebook)
    is_known = notebook["nbformat_minor"] <= STRICTEST
    of_cell, of_output = (
        [each.does for each in table if is_known or not each.drops]
        for table in (cells.REPAIRS, outputs.REPAIRS)
    )
    for cell in notebook["cells"]:
        for does in of_cell:
            does(cell)
        for output in cell["outputs"] if _named(cell["cell_type"]) == CODE else ():
            _named(output.setdefault("output_type", ""))
            for does in of_output:
                does(output)
    repair_ids(notebook)


def _named(kind: object) -> object:
    """Return a type; TypeError for what is no name of one, also in a version yet to come."""
    if not isinstance(kind, str):
        raise TypeError("a type is a text")
    return kind
