"""CSV that spreadsheets open as it is meant: as UTF-8, and without running anything in it."""

import csv
import io
from collections.abc import Iterable

from embedding.spreadsheets import BOM as BOM
from embedding.spreadsheets import plain as plain
from embedding.spreadsheets import safe as safe


def written(rows: Iterable[Iterable[str]]) -> str:
    """Write rows as CSV that spreadsheets open as UTF-8."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for row in rows:
        # A negative number, which no score is, would be taken for a formula too.
        writer.writerow([safe(cell) for cell in row])
    return BOM + text.getvalue()
