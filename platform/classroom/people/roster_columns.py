"""Which column of a list is what: by the line that names them, by what stands in them, or asked.

A user name is never guessed: it lets somebody in at once, and who has that name here may be
somebody else. So it is taken from a column that says so, from a list of nothing but user names,
or from what a teacher chose.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from classroom.people import roster_words
from classroom.people.roster_table import Rows, Table

MEANINGS = {
    "username": gettext_lazy("User name"),
    "email": gettext_lazy("E-mail address"),
    "either": gettext_lazy("User name or e-mail address"),
    "first_name": gettext_lazy("First name"),
    "last_name": gettext_lazy("Last name"),
    "name": gettext_lazy("Full name"),
    "number": gettext_lazy("Student number"),
    "role": gettext_lazy("Role"),
    "section": gettext_lazy("Section"),
}
_TELLS_WHO = frozenset({"username", "email", "either"})
_HANDLE = "identifier"  # of GitHub Classroom: an address, a name, a number, as a teacher chose
_HEADER_WITHIN = 15  # lines: above it may stand a title, a course, a date

NO_NAMES = gettext_lazy("This list has no column names. Please choose what each column contains.")
NOT_KNOWN = gettext_lazy(
    "We do not recognise these column names. Please choose what each column contains."
)
NAMES = gettext_lazy("Are these user names or first names? Please choose what the column contains.")
WHOSE = gettext_lazy(
    "The column “%(name)s” contains e-mail addresses. Please choose whether they are the students’."
)
NOBODY = gettext_lazy("Please choose the column with the user name or the e-mail address.")


@dataclass(frozen=True, slots=True)
class Columns:
    """What each column is (empty: nothing that is taken), and how that is known.

    `header` is where in the rows the line stands that names them, None for no such line, and
    `width` how many it names: in a line with more cells they are not under their names. `ask` is a
    sentence where a teacher has to say first. `shape` is the same for files of the same kind.
    """

    meanings: tuple[str, ...]
    width: int
    header: int | None = None
    ask: str = ""
    shape: str = ""

    def chosen(self, meanings: Sequence[str], *, has_header: bool) -> "Columns":
        """Return what a teacher said these columns are; `ask` says what is still missing."""
        header = (self.header or 0) if has_header else None
        last = max((at for at, meaning in enumerate(meanings, start=1) if meaning), default=0)
        width = max(self.width, last)
        return replace(
            self, meanings=tuple(meanings), width=width, header=header, ask=_wrong(meanings)
        )


def recognise(table: Table) -> Columns:
    """Return what the columns are, as far as that is certain, and what to ask about the rest."""
    if table.columns:
        return Columns(table.columns, len(table.columns))
    rows = table.rows
    header = _header(rows)
    if header is not None:
        return _named(rows, header)
    return _alone(rows) or _offered(rows)


def _named(rows: Rows, header: int) -> Columns:
    """Return the columns by the line that names them."""
    names = rows[header][1]
    found, ask = _by_content(roster_words.meanings(names), names, rows[header + 1 :])
    found += [""] * (_width(rows) - len(names))
    return Columns(tuple(found), len(names), header, ask, _shape_of_names(names))


def _alone(rows: Rows) -> Columns | None:
    """Return the only column, which has user names or addresses; None where there are several."""
    filled = {at for _at, cells in rows for at, cell in enumerate(cells) if cell}
    if len(filled) > 1:
        return None
    only, width = min(filled), _width(rows)
    if any(_looks_like_a_name(cells[only]) for _at, cells in rows):
        return Columns(("",) * width, width, None, str(NAMES), _shape("names in one column"))
    return Columns(tuple("either" if at == only else "" for at in range(width)), width)


def _offered(rows: Rows) -> Columns:
    """Return what the columns may be, to be asked about."""
    width = _width(rows)
    kinds = [_kind(rows[1:] or rows, at) for at in range(width)]
    names = rows[0][1]
    likely = tuple(_likely(kinds))
    if len(rows) > 1 and _is_foreign(names, kinds):
        return Columns(likely, width, 0, str(NOT_KNOWN), _shape_of_names(names))
    return Columns(likely, width, None, str(NO_NAMES), _shape("kinds", *kinds))


def _width(rows: Rows) -> int:
    return max(len(cells) for _at, cells in rows)


def _wrong(meanings: Sequence[str]) -> str:
    """Say what is missing in a choice, or twice in it."""
    for meaning, said in MEANINGS.items():
        if list(meanings).count(meaning) > 1:
            twice = _("Two columns are “%(name)s”. Please keep one and ignore the other.")
            return twice % {"name": said}
    return "" if _TELLS_WHO & set(meanings) else str(NOBODY)


def _header(rows: Rows) -> int | None:
    """Return where the line stands that names the columns: the one with most words we know."""
    best, most = None, 0
    for at, (_at, cells) in enumerate(rows[:_HEADER_WITHIN]):
        if any("@" in cell for cell in cells):
            break  # a person: names stand above all of them
        known = roster_words.known(cells)
        tells_who = _TELLS_WHO & set(roster_words.meanings(cells))
        alone = at == 0 and (tells_who or sum(map(bool, cells)) == 1)
        if known > most and (known > 1 or alone):
            best, most = at, known
    return best


def _by_content(found: list[str], names: Sequence[str], rows: Rows) -> tuple[list[str], str]:
    """Correct what names say by what stands below them; and say what to ask.

    Where people sign in with their addresses, those are their user names there. But a column of
    addresses under a name that is not known may be of parents, or of who teaches.
    """
    if "email" not in found:
        for at, meaning in enumerate(found):
            signs_in = meaning in ("username", "either") or roster_words.key(names[at]) == _HANDLE
            cells = _filled(rows, at) if signs_in else []
            if cells and all("@" in cell for cell in cells):
                return [*found[:at], "email", *found[at + 1 :]], ""
    if _TELLS_WHO & set(found):
        return found, ""
    for at, meaning in enumerate(found):
        if not meaning and _kind(rows, at) == "@":
            return [*found[:at], "email", *found[at + 1 :]], WHOSE % {"name": names[at][:60]}
    return found, str(NOBODY)


def _is_foreign(names: Sequence[str], kinds: Sequence[str]) -> bool:
    """Whether a line names columns in words not known here: no address where others have one."""
    there = [at for at, kind in enumerate(kinds) if kind == "@"]
    return (
        bool(there)
        and all("@" not in cell for cell in names)
        and any(at < len(names) and names[at] for at in there)
    )


def _looks_like_a_name(cell: str) -> bool:
    """Whether a word is written as names are, and user names are not: "Ada", but not "ADA7"."""
    return "@" not in cell and cell[:1].isupper() and cell[1:2].islower()


def _kind(rows: Rows, at: int) -> str:
    """Return what stands in a column: addresses, digits, several words, one word, nothing."""
    cells = _filled(rows, at)
    if not cells:
        return ""
    if 2 * sum("@" in cell for cell in cells) > len(cells):
        return "@"
    if all(cell.strip("#'").isdecimal() for cell in cells):
        return "0"
    return "a b" if 2 * sum(" " in cell or "," in cell for cell in cells) > len(cells) else "a"


def _filled(rows: Rows, at: int) -> list[str]:
    return [cells[at] for _at, cells in rows if at < len(cells) and cells[at]]


def _likely(kinds: Sequence[str]) -> list[str]:
    """Return what to offer first where nothing says what is what; never a user name."""
    found = ["" for _ in kinds]
    if "@" in kinds:
        found[kinds.index("@")] = "email"
    if kinds.count("0") == 1:
        found[kinds.index("0")] = "number"
    words = [at for at, kind in enumerate(kinds) if kind in ("a", "a b")]
    if len(words) == 2:
        found[words[0]], found[words[1]] = "first_name", "last_name"
    elif len(words) == 1 and kinds[words[0]] == "a b":
        found[words[0]] = "name"
    return found


def _shape_of_names(names: Sequence[str]) -> str:
    return _shape("names", *map(roster_words.key, names))


def _shape(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
