"""The names in a zip, as whoever packed it meant them."""

import contextlib
import unicodedata
from zipfile import ZipInfo

_IS_UTF8 = 0x800  # the flag of an entry whose name is said to be UTF-8


def name_of(entry: ZipInfo) -> str:
    """Return an entry's name, with composed characters and “/” between folders.

    macOS writes UTF-8 and does not say so; only what is no UTF-8 is a name of the old DOS kind.
    """
    name = entry.filename
    if not entry.flag_bits & _IS_UTF8:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return unicodedata.normalize("NFC", name).replace("\\", "/")
