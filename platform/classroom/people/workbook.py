"""The sheets of a workbook (XLSX, XLS, ODS), read in a process of its own.

A workbook of a few kilobytes can unpack to gigabytes, or name one cell a million rows away, and
the library makes room for all that lies between. So it runs where memory and seconds are limited,
and where its end is not the site's: see `workbook_reading`.
"""

import json
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

from django.utils.translation import gettext as _

from embedding.conf import MEGABYTE

_OLD = b"\xd0\xcf\x11\xe0"
_ZIP = b"PK\x03\x04"
MOST_UNPACKED = 64 * MEGABYTE
_SECONDS = 20
_READER = Path(__file__).with_name("workbook_reading.py")


class NoWorkbook(Exception):
    """It cannot be read as a workbook: a sentence says why."""


def is_workbook(content: bytes) -> bool:
    """Whether a file says that it is a workbook, or some other zip."""
    return content.startswith((_ZIP, _OLD))


def sheets(content: bytes, *, rows: int, columns: int) -> list[tuple[str, list[list[str]]]]:
    """Return the visible sheets: name and cells as people see them, up to so many. NoWorkbook."""
    if content.startswith(_ZIP):
        _check_zip(content)
    try:
        done = subprocess.run(  # noqa: S603  our own program, and the file is its input
            [sys.executable, "-I", str(_READER), str(rows), str(columns)],
            input=content,
            env={},  # it needs nothing of ours, and no secret
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NoWorkbook(
            _(
                "It takes too long to read this workbook. Save the list as CSV in your spreadsheet "
                "program, then choose that file."
            )
        ) from None
    if done.returncode:
        raise NoWorkbook(
            _(
                "This workbook is damaged, locked or too large. Save the list as CSV in your "
                "spreadsheet program, then choose that file."
            )
        )
    found: list[tuple[str, list[list[str]]]] = json.loads(done.stdout)
    return found


def _check_zip(content: bytes) -> None:
    """Look at what the zip says of itself. It may lie: the limit of memory holds all the same."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            names = archive.namelist()
            size = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile:
        raise NoWorkbook(
            _(
                "This workbook is damaged. Save the list as CSV in your spreadsheet program, then "
                "choose that file."
            )
        ) from None
    if not {"xl/workbook.xml", "xl/workbook.bin", "content.xml"} & set(names):
        raise NoWorkbook(
            _("This is a ZIP file, not a workbook. Unpack it, then choose the list in it.")
        )
    if size > MOST_UNPACKED:
        raise NoWorkbook(
            _(
                "This workbook is too large. Save the list as CSV in your spreadsheet program, "
                "then choose that file."
            )
        )
