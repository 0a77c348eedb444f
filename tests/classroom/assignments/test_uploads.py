"""What teachers upload, and what enemies would: names, zips and bombs."""

import io
import json
import struct
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classroom.assignments import uploads
from classroom.assignments.uploads import Upload, paths_of, read_upload
from embedding.cocalc.paths import clean_path
from embedding.problems import Problem
from embedding.sizes import size_text

NOTEBOOK = nbformat.writes(nbformat.v4.new_notebook()).encode()


def zipped(
    files: dict[str, bytes], change: Callable[[zipfile.ZipInfo], None] | None = None
) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            if change:
                change(info)
            archive.writestr(info, content)
    return buffer.getvalue()


def read(*files: tuple[str, bytes], unpack: bool = True) -> Upload:
    return read_upload([(name, io.BytesIO(content)) for name, content in files], unpack=unpack)


def refusal(*files: tuple[str, bytes]) -> str:
    with pytest.raises(Problem) as caught:
        read(*files)
    assert not caught.value.recoverable
    return caught.value.message


def test_single_files_are_taken_as_they_are() -> None:
    upload = read(("a.ipynb", NOTEBOOK), ("data.csv", b"1,2"))
    assert upload.files == {"a.ipynb": NOTEBOOK, "data.csv": b"1,2"}
    assert upload.left_out == []


def test_a_zip_is_unpacked_without_its_outer_folder_and_junk() -> None:
    content = zipped(
        {
            "Homework 1/": b"",
            "Homework 1/a.ipynb": NOTEBOOK,
            "Homework 1/data/x.csv": b"1",
            "Homework 1/.DS_Store": b"",
            "Homework 1/.ipynb_checkpoints/a.ipynb": b"broken",
            "Homework 1/a.ipynb.bak": b"solved",
            "Homework 1/.a.ipynb.swp": b"solved",
            "Homework 1/.git/config": b"",
            "__MACOSX/Homework 1/._a.ipynb": b"",
        }
    )
    upload = read(("hw.ZIP", content))
    assert upload.files == {"a.ipynb": NOTEBOOK, "data/x.csv": b"1"}
    assert len(upload.left_out) == 6
    assert "Homework 1/a.ipynb.bak (an editor's leftover)" in upload.left_out
    assert "Homework 1/.DS_Store (a leftover of the system)" in upload.left_out


def test_a_zip_can_stay_a_zip() -> None:
    content = zipped({"a": b"1"})
    assert read(("data.zip", content), unpack=False).files == {"data.zip": content}


def test_a_folder_student_is_no_outer_folder() -> None:
    assert list(read(("x.zip", zipped({"student/a": b""}))).files) == ["student/a"]


def test_a_zip_of_windows_names_has_folders() -> None:
    assert set(read(("x.zip", zipped({"a\\b.txt": b"", "c": b""}))).files) == {"a/b.txt", "c"}


def test_names_that_macos_wrote_are_read_as_it_meant_them() -> None:
    given = (Path(__file__).parents[2] / "cases/macos.zip").read_bytes()
    assert list(read(("macos.zip", given)).files) == ["Übung 1.ipynb"]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Übung.txt".encode("cp437"), "Übung.txt"),
        (b"QUARTZO \xb8.txt", "QUARTZO ╕.txt"),
        ("朗读版.mp3".encode(), "朗读版.mp3"),
        (unicodedata.normalize("NFD", "é/ü.txt").encode(), "é/ü.txt"),
    ],
)
def test_names_without_the_flag_are_utf8_first_and_then_dos(written: bytes, name: str) -> None:
    raw = zipped({"x" * len(written): b"", "y": b""}).replace(b"x" * len(written), written)
    assert set(read(("x.zip", raw)).files) == {name, "y"}


def test_names_of_a_folder_are_composed_as_well() -> None:
    assert list(read((unicodedata.normalize("NFD", "é.txt"), b"")).files) == ["é.txt"]


def test_links_in_a_zip_are_left_out() -> None:
    def link(info: zipfile.ZipInfo) -> None:
        if info.filename == "link":
            info.external_attr = 0o120777 << 16

    upload = read(("x.zip", zipped({"a": b"", "link": b"/etc/passwd"}, link)))
    assert list(upload.files) == ["a"]
    assert upload.left_out == ["link (a link)"]


@pytest.mark.parametrize(
    "name",
    ["../x", "a/../../x", "/etc/passwd", "a//b", "..\\x", "C:\\..\\x", "a/./b", "a\nb", "x" * 300],
)
def test_names_that_lead_out_are_refused(name: str) -> None:
    assert "has a name that will not do" in refusal(("x.zip", zipped({"ok": b"", name: b""})))


def test_a_bomb_is_refused_while_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zipped({f"zeros-{number}": bytes(21_000_000) for number in range(5)})
    assert len(bomb) < 200_000
    assert "100 MB in all, unpacked" in refusal(("bomb.zip", bomb))
    big = zipped({"zeros": bytes(25 * 1024**2 + 1)})
    assert "can have up to 25 MB" in refusal(("big.zip", big))
    # What a page calls 25 MB is within a limit of 25 MB.
    most = zipped({"zeros": bytes(25 * 1024**2)})
    assert size_text(read(("most.zip", most)).size) == "25 MB"


def test_a_zip_that_lies_about_its_sizes_is_refused() -> None:
    content = bytearray(zipped({"zeros": bytes(30_000_000)}))
    at = content.rfind(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 10)  # it says that ten bytes come out
    assert refusal(("liar.zip", bytes(content)))


def test_notebooks_that_are_vast_in_all_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = [nbformat.v4.new_code_cell() for _ in range(3)]
    notebook = nbformat.writes(nbformat.v4.new_notebook(cells=cells)).encode()
    monkeypatch.setattr(uploads, "MOST_PARTS", 6)
    read(("a.ipynb", notebook), ("b.ipynb", notebook))
    words = refusal(*((f"{name}.ipynb", notebook) for name in "abc"))
    assert "more than 6 cells and outputs in all" in words


def test_too_many_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_FILES", 10)
    assert len(read(("x.zip", zipped({f"{n}": b"" for n in range(10)}))).files) == 10
    assert "too many files" in refusal(("x.zip", zipped({f"{n}": b"" for n in range(11)})))


def test_an_enormous_list_of_names_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "_MAX_DIRECTORY", 1000)
    assert "too many files" in refusal(("x.zip", zipped({f"{n}": b"" for n in range(30)})))


def test_a_list_hidden_behind_zip64_is_refused_unread() -> None:
    content = zipped({"a": b""})
    at = content.rfind(b"PK\x05\x06")
    hidden = content[:at] + b"PK\x06\x07" + bytes(16) + content[at:]
    assert "too many files" in refusal(("x.zip", hidden))


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip at all", zipped({"a": b"x" * 99})[:60]])
def test_what_is_no_zip_is_refused(content: bytes) -> None:
    assert "cannot be unpacked" in refusal(("x.zip", content))


def test_a_damaged_zip_is_refused() -> None:
    content = bytearray(zipped({"a": bytes(range(256)) * 50}))
    content[40] ^= 0xFF
    assert "cannot be unpacked" in refusal(("x.zip", bytes(content)))


def test_a_locked_zip_is_refused() -> None:
    content = bytearray(zipped({"a": b"secret"}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.find(mark) + offset] |= 1
    assert "locked by a password" in refusal(("x.zip", bytes(content)))


def test_two_files_of_one_name_are_refused() -> None:
    assert "two files called “a”" in refusal(("a", b"1"), ("a", b"2"))


def test_a_name_that_is_file_and_folder_is_refused() -> None:
    assert "both a file and a folder" in refusal(("x.zip", zipped({"a": b"", "a/b/c": b""})))


def test_an_upload_of_nothing_is_refused() -> None:
    assert "no files in it" in refusal(("x.zip", zipped({"__MACOSX/a": b""})))


def test_files_that_the_site_writes_are_left_out() -> None:
    upload = read(("DUE_DATE.txt", b""), ("a", b""))
    assert list(upload.files) == ["a"]
    assert upload.left_out == ["DUE_DATE.txt (the site writes it)"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"cells": 3}', b"\xff\xfe", b"<p>"])
def test_what_is_no_notebook_is_refused(content: bytes) -> None:
    assert "“in/a.ipynb” is not a Jupyter notebook" in refusal(
        ("x.zip", zipped({"in/a.ipynb": content, "b": b""}))
    )


def test_paths_are_believed_only_of_their_own_files() -> None:
    names = ["a.txt", "b.txt"]
    assert paths_of(names, json.dumps(["hw/a.txt", "hw/in/b.txt"])) == ["hw/a.txt", "hw/in/b.txt"]
    assert paths_of(names, json.dumps(["hw/c.txt", "hw/b.txt"])) == ["a.txt", "hw/b.txt"]
    for wrong in ("", "{", "[]", "{}", "null", "[1, 2]", '["hw/a.txt"]', "[" * 100_000):
        assert paths_of(names, wrong) == names


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_zip_or_a_sentence(content: bytes) -> None:
    try:
        read(("x.zip", content))
    except Problem as problem:
        assert problem.message.endswith(".")  # noqa: PT017  it may also be taken


def test_a_file_without_a_name_is_refused() -> None:
    with pytest.raises(Problem, match="a name that will not do"):
        read(("x.zip", zipped({"\0": b""})))


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(st.text(min_size=1, max_size=30), st.binary(max_size=20), max_size=6), st.data()
)
def test_what_comes_out_of_a_zip_stays_in_its_folder(
    files: dict[str, bytes], data: st.DataObject
) -> None:
    try:
        content = bytearray(zipped(files))
    except (ValueError, UnicodeError):
        return  # no zip can hold such names
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    try:
        upload = read(("x.zip", bytes(content)))
    except Problem:
        return
    assert all(clean_path(path) == path for path in upload.files)
