"""What the repairs have in common: rows of a table, and values as other programs write them."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Part = dict[str, Any]
Does = Callable[[Part], None]

MARKDOWN, CODE, RAW = "markdown", "code", "raw"
HEADINGS = range(1, 7)
_JSON = re.compile(r"application/(.*\+)?json")
_KEYS = {
    CODE: {"id", "cell_type", "metadata", "source", "outputs", "execution_count"},
    MARKDOWN: {"id", "cell_type", "metadata", "source", "attachments"},
    RAW: {"id", "cell_type", "metadata", "source", "attachments"},
    "notebook": {"nbformat", "nbformat_minor", "metadata", "cells"},
    "stream": {"output_type", "name", "text"},
    "error": {"output_type", "ename", "evalue", "traceback"},
    "display_data": {"output_type", "data", "metadata"},
    "execute_result": {"output_type", "data", "metadata", "execution_count"},
}


@dataclass(frozen=True, slots=True)
class Repair:
    """One row of a table: what is done to each notebook, cell or output."""

    does: Does
    drops: bool  # whether it takes away what a later version of the format may know

    @property
    def name(self) -> str:
        """What it is called."""
        return self.does.__name__


def row(table: list[Repair], *, drops: bool = False) -> Callable[[Does], Does]:
    """Make a function the next row of a table."""

    def add(does: Does) -> Does:
        table.append(Repair(does, drops))
        return does

    return add


def joined(value: Any) -> Any:
    """Return a text of lines as other programs may write it: null, and numbers among the lines.

    What is none of that comes back as it is, for the validator to refuse.
    """
    if value is None:
        return ""
    if isinstance(value, int | float):
        return str(value)
    if not isinstance(value, list) or all(isinstance(line, str) for line in value):
        return value
    if all(line is None or isinstance(line, str | int | float) for line in value):
        return "".join("" if line is None else str(line) for line in value)
    return value


def text(value: Any) -> Any:
    """Return a text for what an output shows; nobody decides by it."""
    found = joined(value)
    if isinstance(found, str) or (
        isinstance(found, list) and all(isinstance(line, str) for line in found)
    ):
        return found
    return json.dumps(found)


def bundle(data: Part) -> Part:
    """Return data by their kind, each a text; JSON may be anything."""
    for kind, value in data.items():
        if not _JSON.fullmatch(kind):
            data[kind] = text(value)
    return data


def number(value: Any) -> int | None:
    """Return the number of a cell that ran."""
    if isinstance(value, str) and value.isdecimal() and len(value) < 10:
        return int(value)
    return value if type(value) is int and value >= 0 else None


def drop_unknown(part: Part, kind: str) -> None:
    """Drop the keys that the format does not know."""
    for key in part.keys() - _KEYS[kind]:
        del part[key]


def drop_unless(part: Part, key: str, is_sound: Callable[[Any], object]) -> None:
    """Drop an entry that is not as the format has it."""
    if key in part and not is_sound(part[key]):
        del part[key]
