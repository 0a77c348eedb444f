"""Text from the bytes of a file, in whatever encoding a spreadsheet program saved it.

UTF-8 and UTF-16, with a mark in front or without; else the one-byte letters of Western Europe, in
which any bytes mean something: so what is plainly no text is told by its zeros and by its start.
"""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

_STARTS = {
    b"%PDF": _("This is a PDF. Save it as CSV or plain text first."),
    b"PK\x03\x04": _("This is a zip file or a spreadsheet. Save it as CSV first."),
    b"\xd0\xcf\x11\xe0": _("This is an old spreadsheet. Save it as CSV first."),
    b"{\\rtf": _("This is a text document. Save it as CSV or plain text first."),
}
_NO_TEXT = _("This file is not text. Save it as CSV or plain text first.")


class NoText(Exception):
    """The file is no text: a sentence says what it is, and what to do."""


def text_of(content: bytes) -> str:
    """Return the text of a file, without a mark in front. NoText for what is none."""
    for start, said in _STARTS.items():
        if content.startswith(start):
            raise NoText(str(said))
    for encoding in _encodings(content):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            continue
        return text.removeprefix("\ufeff")
    raise NoText(str(_NO_TEXT))


def _encodings(content: bytes) -> Iterator[str]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        yield "utf-16"
        return
    start = content[:1000]
    # Of UTF-16 without a mark every second byte of plain letters is zero.
    if start[1::2].count(0) > len(start) // 4:
        yield "utf-16-le"
    if start[0::2].count(0) > len(start) // 4:
        yield "utf-16-be"
    yield "utf-8"
    yield "cp1252"
    yield "latin-1"
