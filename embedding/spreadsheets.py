"""Cells that no spreadsheet runs.

What a spreadsheet would take for a formula gets an apostrophe in front; so does what already
looks like that, so that reading takes off exactly what writing put on.
"""

import re

BOM = "\ufeff"
# What starts a formula, wide forms included; and where a cell may start: where the spreadsheet
# cuts at semicolons, as in half of Europe, it does so within our quotation marks as well.
_BEGIN, _FORMULA = "(^|[;\t\r\n])", "(?=[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20])"
_UNSAFE = re.compile(f"{_BEGIN}('*){_FORMULA}")
_SAFE = re.compile(f"{_BEGIN}'('*){_FORMULA}")


def safe(text: str) -> str:
    """Make a text one that no spreadsheet runs."""
    return _UNSAFE.sub(r"\1'\2", text)


def plain(cell: str) -> str:
    """Undo `safe`."""
    return _SAFE.sub(r"\1\2", cell)
