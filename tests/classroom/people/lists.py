"""Lists of people as tests give them: read as the page reads them."""

from classroom.people.roster_columns import recognise
from classroom.people.roster_file import Line, Reading, choose, read
from classroom.people.roster_table import table_of, tables_of


def reading(content: str | bytes) -> Reading:
    """Read a text or a file whose columns are certain."""
    table = table_of(content) if isinstance(content, str) else choose(tables_of(content))
    columns = recognise(table)
    assert not columns.ask
    return read(table, columns)


def lines(content: str | bytes) -> list[Line]:
    """Return the lines of a text or a file whose columns are certain."""
    return reading(content).lines


def asked(content: str | bytes) -> str:
    """Return what is asked about a text or a file; an empty text where its columns are certain."""
    table = table_of(content) if isinstance(content, str) else choose(tables_of(content))
    return recognise(table).ask
