"""Reading a list of students as schools export it: text or a file, with or without a header.

Commas, semicolons or tabs; UTF-8, UTF-16 or Latin-1; quoted or not. What a line cannot be read
as is said in words. Nothing here knows of users or of a database.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from email.utils import parseaddr

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from embedding.conf import MEGABYTE
from embedding.names import tidy

MOST_BYTES = 2 * MEGABYTE
MOST_LINES = 2_000

_COLUMNS = {
    "username": {"username", "user", "login", "loginname", "loginid", "userid", "account"},
    "email": {"email", "mail", "emailaddress", "mailaddress", "address", "primaryemail"},
    "first_name": {"firstname", "first", "givenname", "given", "forename", "forenames"},
    "last_name": {"lastname", "last", "surname", "familyname", "family"},
    "name": {"name", "fullname", "studentname", "student", "displayname"},
    "number": {
        *("number", "no", "id", "idnumber", "studentid", "studentno", "studentnumber"),
        *("matriculation", "matriculationnumber", "matric", "matricnumber", "registrationnumber"),
        *("sisid", "sisuserid", "externalid"),
    },
}
_MEANING = {word: column for column, words in _COLUMNS.items() for word in words}
_LENGTHS = {"username": 150, "email": 254, "first_name": 150, "last_name": 150, "number": 60}
_SAID = {
    "username": "user name",
    "email": "e-mail address",
    "first_name": "first name",
    "last_name": "last name",
    "number": "number",
}


class Unreadable(Exception):
    """The whole is no list of people: a sentence says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it was read; `problem` says what is wrong with it."""

    number_in_file: int
    username: str = ""
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    number: str = ""
    problem: str = ""

    @property
    def text(self) -> str:
        """The line in short, to tell it by."""
        name = f"{self.first_name} {self.last_name}".strip()
        return ", ".join(part for part in (name, self.username, self.email, self.number) if part)


def decode(content: bytes) -> str:
    """Make text of a file's bytes. Unreadable for what is no text at all."""
    if len(content) > MOST_BYTES:
        raise Unreadable("The file is larger than 2 MB.")
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise Unreadable("This is a workbook. Save it as CSV in your spreadsheet program first.")
    if content.startswith(b"%PDF"):
        raise Unreadable("This is a PDF. A list is wanted as CSV or plain text.")
    for encoding in _encodings(content):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def _encodings(content: bytes) -> Iterator[str]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        yield "utf-16"
    start = content[:1000]
    # Of UTF-16 without a mark every second byte of plain letters is zero.
    if start[1::2].count(0) > len(start) // 4:
        yield "utf-16-le"
    if start[0::2].count(0) > len(start) // 4:
        yield "utf-16-be"
    yield "utf-8-sig"
    yield "cp1252"


def read(text: str) -> list[Line]:
    """Return the lines that are not empty. Unreadable where it is too long, or there are none."""
    if len(text) > MOST_BYTES:
        raise Unreadable("This is longer than 2 MB.")
    text = text.removeprefix("\ufeff").replace("\0", " ")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    rows = _rows(text)
    if not rows:
        raise Unreadable("There is no line in it.")
    columns = _header(rows[0][1])
    if columns:
        rows = rows[1:]
        if not rows:
            raise Unreadable("There is only a header in it.")
    else:
        columns = _guess([cells for _, cells in rows])
    return [_line(number, cells, columns) for number, cells in rows]


def line_of(who: str, **given: str) -> Line:
    """Return a line for one person, named by user name or e-mail address."""
    cells = {column: tidy(cell) for column, cell in given.items()}
    who = tidy(who)
    return _checked(1, cells | {"email" if "@" in who else "username": who})


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """Return what is in the lines that hold anything, with the number of each."""
    rows = []
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=_delimiter(text), skipinitialspace=True
    )
    begins = 1
    try:
        for row in reader:
            cells = [tidy(cell) if "\n" not in cell else cell for cell in row]
            if any(cells):
                rows.append((begins, cells))
            if len(rows) > MOST_LINES + 1:  # one may be the header
                break
            begins = reader.line_num + 1
    except csv.Error:
        raise Unreadable(
            f"Line {begins} cannot be read: a quotation mark may be missing, or it is too long."
        ) from None
    if len(rows) > MOST_LINES + bool(rows and _header(rows[0][1])):
        raise Unreadable(f"These are more than {MOST_LINES:,} lines. Split the list, please.")
    return rows


def _delimiter(text: str) -> str:
    """Return what separates the cells, by what stands most often in the first lines."""
    start = re.sub(r'"[^"]*"', "", "\n".join(text.split("\n", 30)[:30]))
    if "\t" in start:
        return "\t"
    return ";" if start.count(";") > start.count(",") else ","


def _header(cells: Sequence[str]) -> list[str]:
    """Return what each column means where this is a header; else nothing."""
    if any("@" in cell for cell in cells):
        return []
    found: list[str] = []
    for cell in cells:
        meaning = _MEANING.get(re.sub(r"[^a-z0-9]", "", cell.lower()), "")
        found.append("" if meaning in found else meaning)
    return found if {"username", "email"} & set(found) else []


def _guess(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return what each column means where no header says so, by where the addresses stand."""
    width = max(len(row) for row in rows)
    whole = [row for row in rows if not any("\n" in cell for cell in row)]
    addresses = [sum("@" in row[at] for row in whole if at < len(row)) for at in range(width)]
    at = addresses.index(max(addresses)) if any(addresses) else -1
    if width == 1:
        return ["either"]
    if at == 0:
        return ["email", "first_name", "last_name", "number"]
    if at == 1:
        return ["username", "email", "first_name", "last_name", "number"]
    if at == 2:
        return ["first_name", "last_name", "email", "number"]
    if at >= 3:
        return ["username", "first_name", "last_name", *[""] * (at - 3), "email", "number"]
    if all(len(row) < 2 or not row[1] for row in rows):
        return ["username", "email", "first_name", "last_name", "number"]
    return ["username", "first_name", "last_name", "number"]


def _line(number: int, cells: Sequence[str], columns: Sequence[str]) -> Line:
    if any("\n" in cell for cell in cells):
        start = next(tidy(cell.split("\n")[0]) for cell in cells if "\n" in cell)
        problem = "A quotation mark is opened here and closed in a later line."
        return Line(number, first_name=start[:150], problem=problem)
    given = {column: cell for column, cell in zip(columns, cells, strict=False) if column and cell}
    if either := given.pop("either", ""):
        given["email" if "@" in either else "username"] = either
    if name := given.pop("name", ""):
        first, _, last = _halves(name)
        given = {"first_name": first, "last_name": last} | given
    if "<" in given.get("email", ""):
        name, given["email"] = parseaddr(given["email"])
        first, _, last = _halves(name)
        given = {"first_name": first, "last_name": last} | given
    return _checked(number, given)


def _halves(name: str) -> tuple[str, str, str]:
    """Cut a full name: "Lovelace, Ada" and "Ada King Lovelace" alike."""
    if "," in name:
        last, comma, first = (part.strip() for part in name.partition(","))
        return first, comma, last
    return name.rpartition(" ") if " " in name else (name, "", "")


def _checked(number: int, given: dict[str, str]) -> Line:
    if "email" in given:
        given["email"] = given["email"].lower()
    long = [column for column, cell in given.items() if len(cell) > _LENGTHS[column]]
    line = Line(number, **{column: cell[: _LENGTHS[column]] for column, cell in given.items()})
    if long:
        return replace(line, problem=f"The {_SAID[long[0]]} is too long.")
    if not line.username and not line.email:
        return replace(line, problem="There is neither a user name nor an e-mail address.")
    if line.email:
        try:
            validate_email(line.email)
        except ValidationError:
            return replace(line, problem="This is no e-mail address.")
    return line
