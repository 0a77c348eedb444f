"""Which columns of a list a page shows, each with its first cells; the others are folded away."""

from dataclasses import dataclass

from classroom.people.roster_columns import Columns
from classroom.people.roster_file import first_lines
from classroom.people.roster_table import Table

_SHOWN_LINES = 3
_SHOWN_COLUMNS = 6  # those of no use beyond it are folded away: gradebooks have hundreds
_ASKED_COLUMNS = 12


@dataclass(frozen=True, slots=True)
class Column:
    """A column on the page."""

    at: int
    name: str
    cells: list[str]
    meaning: str


def columns_shown(table: Table, columns: Columns) -> tuple[list[Column], list[Column]]:
    """Return the columns to show, and those to fold away; none for a mere list of addresses."""
    if table.columns:
        return [], []
    names = [] if columns.header is None else table.rows[columns.header][1]
    lines = first_lines(table.rows, columns, _SHOWN_LINES)
    found = [
        Column(
            at,
            names[at] if at < len(names) else "",
            [line[at] if at < len(line) else "" for line in lines],
            meaning,
        )
        for at, meaning in enumerate(columns.meanings)
    ]
    first = _ASKED_COLUMNS if columns.ask else _SHOWN_COLUMNS
    shown = [column for column in found if column.meaning or column.at < first]
    return shown, [column for column in found if column not in shown]
