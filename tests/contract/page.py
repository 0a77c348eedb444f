"""The table of capabilities in docs/cocalc.md: `python -m tests.contract.page` writes it anew."""

from pathlib import Path

from embedding.cocalc.capabilities import CAPABILITIES, Capability, Way

PAGE = Path(__file__).parents[2] / "docs" / "cocalc.md"
_BEGIN, _END = "<!-- the table of capabilities -->\n", "<!-- end of the table -->\n"
_HEAD = "| What the site does | API v1 | conat | How sure |\n|---|---|---|---|\n"


def table() -> str:
    """The table, as it has to stand in the page."""
    rows = [
        (row.words, _cell(row.v1), _conat(row), f"{row.v1.sure}, {row.conat.sure}")
        for row in CAPABILITIES
    ]
    return _HEAD + "".join(f"| {' | '.join(cells)} |\n" for cells in rows)


def in_page(text: str) -> str:
    """The table that stands in the page."""
    return text.partition(_BEGIN)[2].partition(_END)[0]


def _conat(row: Capability) -> str:
    cell = _cell(row.conat)
    return f"{cell}; with an organization: {_cell(row.organization)}" if row.organization else cell


def _cell(way: Way) -> str:
    if way.can == "yes":
        return "yes"
    return f"no: {way.words}" if way.can == "no" else way.words


if __name__ == "__main__":
    before, begin, rest = PAGE.read_text(encoding="utf-8").partition(_BEGIN)
    PAGE.write_text(before + begin + table() + _END + rest.partition(_END)[2], encoding="utf-8")
