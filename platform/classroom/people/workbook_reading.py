"""A program of its own: reads a workbook from its input, writes its sheets as JSON.

Run by `workbook`. It takes so much memory and so many seconds and no more, and imports nothing of
the site.
"""

import json
import resource
import sys
from datetime import date, datetime, time
from io import BytesIO

from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

_MEMORY = 512 * 1024 * 1024  # bytes of addresses, of which the interpreter takes some
_SECONDS = 10
_MOST_SHEETS = 20


def limit() -> None:
    """Take no more than this from now on."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def sheets(content: bytes, rows: int, columns: int) -> list[tuple[str, list[list[str]]]]:
    """Return name and cells of the visible sheets."""
    found = []
    with CalamineWorkbook.from_filelike(BytesIO(content)) as book:
        shown = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet
        ]
        for name in shown[:_MOST_SHEETS]:
            cells = book.get_sheet_by_name(name).to_python(skip_empty_area=False, nrows=rows)
            found.append((name, [[text(cell) for cell in row[: columns + 1]] for row in cells]))
    return found


def text(cell: object) -> str:
    """Return a cell as people see it: 417, not 417.0."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell).strip()


def main() -> None:
    limit()
    found = sheets(sys.stdin.buffer.read(), int(sys.argv[1]), int(sys.argv[2]))
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
