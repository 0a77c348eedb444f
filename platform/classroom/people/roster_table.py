"""A list as a table: rows of cells with the number of each line, out of text or of a workbook.

Nothing here knows what a column means but for lists of addresses, which have no columns: there
each person gets a row of their own, though several stand in one line.
"""

import csv
import io
import re
from dataclasses import dataclass

from django.utils import formats
from django.utils.translation import gettext as _

from classroom.people import roster_addresses, roster_words, workbook
from classroom.rules.decoding import NoText, text_of
from embedding.conf import MEGABYTE

MOST_BYTES = 2 * MEGABYTE
MOST_LINES = 2_000
MOST_COLUMNS = 500
_AROUND = 50  # lines above and below those of people
_CELL = 300  # letters: what is longer is no name, and comments need not be carried

# Of lists of addresses, and what the cells of their rows are.
ADDRESSES = ("name", "email", "username")

Rows = list[tuple[int, list[str]]]


class Unreadable(Exception):
    """The whole is no list of people: a sentence says why."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows that hold anything, each with the number of its line.

    `columns` says what they are where that is certain from the start; `sheet` names the one of a
    workbook that has several.
    """

    rows: Rows
    columns: tuple[str, ...] = ()
    sheet: str = ""


def too_many_lines() -> Unreadable:
    """Say that a list is too long."""
    most = formats.number_format(MOST_LINES, force_grouping=True)
    said = _("This list has more than %(count)s lines. Please split it.")
    return Unreadable(said % {"count": most})


def tables_of(content: bytes) -> list[Table]:
    """Return the tables in a file: one, or one for each sheet of a workbook. Unreadable."""
    if len(content) > MOST_BYTES:
        raise Unreadable(_("The file is larger than 2 MB."))
    if not workbook.is_workbook(content):
        try:
            return [table_of(text_of(content))]
        except NoText as said:
            raise Unreadable(str(said)) from None
    try:
        sheets = workbook.sheets(content, rows=MOST_LINES + _AROUND + 1, columns=MOST_COLUMNS)
    except workbook.NoWorkbook as said:
        raise Unreadable(str(said)) from None
    tables = []
    for name, lines in sheets:
        rows = [(at, cells) for at, cells in enumerate(lines, start=1) if any(cells)]
        if rows:
            tables.append(Table(_limited(rows), sheet=name if len(sheets) > 1 else ""))
    if not tables:
        raise Unreadable(_("This list is empty."))
    return tables


def table_of(text: str) -> Table:
    """Return the table that a text is. Unreadable where it is too long, or there is no line."""
    if len(text) > MOST_BYTES:
        raise Unreadable(_("This list is longer than 2 MB."))
    text = text.removeprefix("\ufeff").replace("\0", " ")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if re.match(r"\s*<(!doctype|html|table|\?xml)\b", text, re.IGNORECASE):
        raise Unreadable(
            _("This is a web page. Open it in a spreadsheet program and save it as CSV.")
        )
    told = re.match(r'"?sep=(.)"?[ \t]*\n', text, re.IGNORECASE)
    if not told and _is_of_addresses(text):
        return Table(_limited(_address_rows(text)), ADDRESSES)
    rows = _cells(text, told[1] if told else _delimiter(text), after=bool(told))
    if not rows:
        raise Unreadable(_("This list is empty."))
    return Table(_limited(rows))


def _is_of_addresses(text: str) -> bool:
    """Whether the first line with an address is a list of them, and none above names columns."""
    for line in text.split("\n"):
        if "@" in line:
            return roster_addresses.is_list(line)
        if re.search(r"[,;|\t]", line) or roster_words.known([line]):
            return False
    return False


def _address_rows(text: str) -> Rows:
    rows: Rows = []
    for number, line in enumerate(text.split("\n"), start=1):
        people, rest = roster_addresses.people_in(line)
        rows += [(number, [name, address, ""]) for name, address in people]
        for each in rest:
            alone = not people and " " not in each and "," not in each
            rows.append((number, ["", "", each] if alone else [each, "", ""]))
    return rows


def _cells(text: str, delimiter: str, *, after: bool) -> Rows:
    """Cut text into cells; `after` a first line that says how."""
    rows: Rows = []
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=delimiter != "\t"
    )
    begins = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row) and not (after and begins == 1):
                rows.append((begins, [_plain(cell) for cell in row]))
            if len(rows) > MOST_LINES + _AROUND:
                break
            begins = reader.line_num + 1
    except csv.Error:
        said = _("Cannot read line %(line)s: it may lack a quotation mark, or be too long.")
        raise Unreadable(said % {"line": begins}) from None
    return rows


def _plain(cell: str) -> str:
    """Return a cell without what keeps spreadsheet programs from taking it for a number."""
    kept = re.fullmatch(r'\s*="(.*)"\s*', cell)
    return (kept[1].replace('""', '"') if kept else cell).strip()


def _limited(rows: Rows) -> Rows:
    if len(rows) > MOST_LINES + _AROUND:
        raise too_many_lines()
    if max(len(cells) for _at, cells in rows) > MOST_COLUMNS:
        said = _("This list has more than %(count)s columns.")
        raise Unreadable(said % {"count": MOST_COLUMNS})
    return [(number, [_short(cell) for cell in cells]) for number, cells in rows]


def _short(cell: str) -> str:
    # The lines of a cell tell whether a quotation mark swallowed a person, so they are kept.
    return cell if "\n" in cell else cell[:_CELL]


def _delimiter(text: str) -> str:
    """Return what separates the cells: what cuts the first lines most evenly, then most often."""
    start = re.sub(r'"[^"]*"', "x", "\n".join(text.split("\n", 40)[:40]))
    lines = [line for line in start.split("\n") if line.strip()]

    def cuts(mark: str) -> tuple[int, int]:
        found = [line.count(mark) for line in lines]
        usual = max(set(found), key=lambda count: (found.count(count), count), default=0)
        return (found.count(usual) if usual else 0, sum(found))

    if any("\t" in line.strip(" ") for line in lines):
        return "\t"
    return max((",", ";", "|"), key=cuts)
