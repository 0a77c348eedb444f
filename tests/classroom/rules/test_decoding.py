"""Bytes that spreadsheet programs save are text; others get a sentence."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classroom.rules.decoding import NoText, text_of

TEXT = "login;name\njose;José Nuñez Müller\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"]
)
def test_what_programs_save(encoding: str) -> None:
    assert text_of(TEXT.encode(encoding)) == TEXT


def test_letters_of_windows_alone() -> None:
    assert text_of("jö – “x” €".encode("cp1252")) == "jö – “x” €"
    assert text_of(b"a\x81b") == "a\x81b"  # in no Windows table: Latin-1 has all
    assert text_of(b"") == ""


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"%PDF-1.7", "PDF"),
        (b"PK\x03\x04", "spreadsheet"),
        (b"\xd0\xcf\x11\xe0", "spreadsheet"),
        (b"{\\rtf1", "document"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not text"),
        (b"\xff\xfe\x00", "not text"),
    ],
)
def test_what_is_no_text(content: bytes, words: str) -> None:
    with pytest.raises(NoText, match=words):
        text_of(content)


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff")))
def test_any_text_in_utf8_comes_back(text: str) -> None:
    try:
        assert text_of(text.encode()) == text
    except NoText:
        assert text.startswith(("%PDF", "{\\rtf", "PK\x03\x04"))
