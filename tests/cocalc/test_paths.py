"""Which paths are taken: hypothesis looks for one that leaves the home."""

import posixpath
from pathlib import PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from embedding.cocalc.paths import clean_path, parent

COMPONENTS = st.sampled_from(["a", "..", ".", "", "~", "-n", "ü", "a b", "...", ".x", "\\", "\0"])


@given(st.lists(COMPONENTS, max_size=6).map("/".join) | st.text())
@example("a/..")
@example("\udcff")
@example("a\x85b")
def test_what_is_taken_stays_in_the_home(path: str) -> None:
    try:
        cleaned = clean_path(path)
    except ValueError:
        return
    assert cleaned == path
    inside = posixpath.normpath(f"/home/{cleaned}")
    assert inside == f"/home/{cleaned}"  # nothing to be normalised: no "..", no empty part
    cleaned.encode()
    assert all(ord(character) >= 32 for character in cleaned)
    assert all(len(part.encode()) <= 255 for part in PurePosixPath(cleaned).parts)


@pytest.mark.parametrize(
    "path",
    ["a", "a/b.ipynb", ".hidden", "...", "~", "-rf", "a\\b", "Ünï/文 件", "ü" * 127, "a b/c"],
)
def test_taken(path: str) -> None:
    assert clean_path(path) == path


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", "empty"),
        ("/", "start"),
        ("/a", "start"),
        ("..", r"“\.\.”"),
        ("a/./b", r"“\.”"),
        ("a//b", "“//”"),
        ("a/", "“//”"),
        ("a\tb", "not allowed"),
        ("a\x7f", "not allowed"),
        ("\ud83d", "not allowed"),
        ("ü" * 128, "255 bytes"),
        ("/".join(["x" * 200] * 21), "4,096 bytes"),
    ],
)
def test_refused(path: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        clean_path(path)


def test_the_home_only_where_it_will_do() -> None:
    assert clean_path("", home=True) == ""
    assert parent("a") == ""
    assert parent("a/b/c") == "a/b"
