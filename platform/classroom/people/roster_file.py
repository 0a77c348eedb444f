"""A list of people as schools export it: each line of the table a person, or what is wrong with it.

Nobody is lost without a word: each line that holds anything ends as a person, as a line with a
problem in words, or among those left out, which are named. Nothing here knows of users or of a
database.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from classroom.people import roster_addresses, roster_words
from classroom.people.roster_columns import Columns, recognise
from classroom.people.roster_table import MOST_LINES, Rows, Table, Unreadable, too_many_lines
from embedding.names import tidy

_LENGTHS = {
    "username": 150,
    "email": 254,
    "first_name": 150,
    "last_name": 150,
    "number": 60,
    "section": 60,
    "role": 60,
}
_TOO_LONG = {
    "username": gettext_lazy("The user name is too long."),
    "email": gettext_lazy("The e-mail address is too long."),
    "first_name": gettext_lazy("The first name is too long."),
    "last_name": gettext_lazy("The last name is too long."),
    "number": gettext_lazy("The number is too long."),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it was read; `problem` says what is wrong with it.

    `role` is what the list calls those who are no students.
    """

    number_in_file: int
    username: str = ""
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    number: str = ""
    section: str = ""
    role: str = ""
    problem: str = ""

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def text(self) -> str:
        """The line in short, to tell it by."""
        parts = (self.name, self.username, self.email, self.number)
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Reading:
    """A list as it was read: the lines of people, and those that are nobody, with their words."""

    lines: list[Line]
    left_out: list[tuple[int, str]]


def read(table: Table, columns: Columns) -> Reading:
    """Return what stands in a table. Unreadable where it is too long, or there is nobody in it."""
    lines: list[Line] = []
    left_out: list[tuple[int, str]] = []
    header = -1 if columns.header is None else columns.header
    for at, (number, raw) in enumerate(table.rows):
        cells = [tidy(cell) if "\n" not in cell else cell for cell in raw]
        if at == header or not any(cells):
            continue
        line = _line(number, cells, columns)
        again = header >= 0 and raw == table.rows[header][1]
        if at < header or again or (header >= 0 and _is_nobody(line)):
            left_out.append((number, _shown(cells)))
        else:
            lines.append(line)
    if not lines:
        raise Unreadable(
            _("This list has column names, but no people below them.")
            if header >= 0
            else _("This list is empty.")
        )
    if len(lines) > MOST_LINES:
        raise too_many_lines()
    return Reading(lines, left_out)


def choose(tables: Sequence[Table]) -> Table:
    """Return the first table whose columns say who is who; else the first."""
    return next((table for table in tables if not recognise(table).ask), tables[0])


def line_of(who: str, **given: str) -> Line:
    """Return a line for one person, named by user name or e-mail address."""
    cells = {column: tidy(cell) for column, cell in given.items()}
    who = tidy(who)
    return _checked(1, cells | {"email" if "@" in who else "username": who})


def first_lines(rows: Rows, columns: Columns, count: int) -> list[list[str]]:
    """Return the first lines of people, cell by cell, to show what stands in each column."""
    start = 0 if columns.header is None else columns.header + 1
    return [[tidy(cell) for cell in cells] for _at, cells in rows[start : start + count]]


def _line(number: int, cells: Sequence[str], columns: Columns) -> Line:
    meanings = columns.meanings
    if swallowed := _swallowed(cells, meanings):
        problem = _("A quotation mark opens here, but closes in a later line.")
        return Line(number, first_name=swallowed, problem=problem)
    given = {column: cell for column, cell in zip(meanings, cells, strict=False) if column and cell}
    if any(cells[columns.width :]):
        problem = _("This line has more cells than the list has column names.")
        return Line(number, first_name=_shown(cells), problem=problem)
    if either := given.pop("either", ""):
        given.setdefault("email" if "@" in either else "username", either)
    for column in ("username", "number"):
        if column in given:
            given[column] = _bare(given[column])
    names = _names(given.pop("name", ""))
    if "email" in given:
        people, rest = roster_addresses.people_in(given["email"])
        if len(people) == 1 and not rest:
            names |= _names(people[0][0])
            given["email"] = people[0][1]
        given["email"] = given["email"].lower()
    if "role" in given and roster_words.is_student(given["role"]):
        del given["role"]
    for column in ("role", "section"):  # of several, the first ones tell enough
        if len(given.get(column, "")) > _LENGTHS[column]:
            given[column] = given[column][: _LENGTHS[column] - 1] + "…"
    line = _checked(number, names | given)
    if not line.text and (seen := _shown(cells)):
        return replace(line, first_name=seen)
    return line


def _swallowed(cells: Sequence[str], meanings: Sequence[str]) -> str:
    """Return the start of a cell that goes over several lines, unless it is a mere comment."""
    for at, cell in enumerate(cells):
        if "\n" not in cell:
            continue
        written = cell.split("\n")
        needed = at >= len(meanings) or meanings[at]
        if needed or any(_may_be_people(line, len(meanings)) for line in written):
            return tidy(written[0])[:150] or "…"
    return ""


def _may_be_people(line: str, width: int) -> bool:
    return "@" in line or len(re.split(r"[,;\t|]", line)) >= width


def _bare(cell: str) -> str:
    """Return a name or a number without the mark that keeps spreadsheets from counting with it."""
    return re.sub(r"^#\s*|^'(?=\d)", "", cell)


def _names(name: str) -> dict[str, str]:
    """Cut a full name: "Lovelace, Ada" and "Ada King Lovelace" alike."""
    if "," in name:
        last, _comma, first = (part.strip() for part in name.partition(","))
    else:
        first, _space, last = name.rpartition(" ") if " " in name else (name, "", "")
    return {"first_name": first, "last_name": last} if name else {}


def _is_nobody(line: Line) -> bool:
    """Whether a line is a system's own: of points, or of a test student."""
    return "@" not in line.email and roster_words.is_nobody(line.name)


def _shown(cells: Sequence[str]) -> str:
    """Return a line as it stands, in short."""
    return ", ".join(tidy(cell) for cell in cells if cell)[:150]


def _checked(number: int, given: dict[str, str]) -> Line:
    if "email" in given:
        given["email"] = given["email"].lower()
    long = [column for column, cell in given.items() if len(cell) > _LENGTHS[column]]
    line = Line(number, **{column: cell[: _LENGTHS[column]] for column, cell in given.items()})
    if long:
        return replace(line, problem=str(_TOO_LONG[long[0]]))
    if not line.username and not line.email:
        return replace(line, problem=_("The user name or the e-mail address is missing."))
    if line.username and " " in line.username:
        return replace(line, problem=_("A user name cannot contain spaces."))
    if line.email:
        try:
            validate_email(line.email)
        except ValidationError:
            return replace(line, problem=_("This is not an e-mail address."))
    return line
