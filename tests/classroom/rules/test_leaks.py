"""What of the teacher's is found in files that go out, however they are kept."""

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classroom.rules import archives
from classroom.rules.leaks import Found, ends_alone, find, is_suspect, left_in, meant
from tests.classroom.nbgrader.notebooks import answer, code, content, notebook, raw, text

CASES = Path(__file__).parents[2] / "cases"
REGION = "def dbl(n):\n    ### BEGIN SOLUTION\n    return 2 * n\n    ### END SOLUTION\n"
MARKED = content(notebook(answer("return 2 * n")))  # all of the cell is the solution
PLAIN = content(notebook(code("1 + 1")))


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, inner in files.items():
            archive.writestr(name, inner)
    return buffer.getvalue()


def tarred(files: dict[str, bytes], mode: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, inner in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(inner)
            archive.addfile(info, io.BytesIO(inner))
    return buffer.getvalue()


def found(path: str, given: bytes) -> Found:
    """What is found in a file, which the course's project must have picked out as well."""
    assert is_suspect(path, given)
    report = find(path, given)
    assert report is not None
    return report


def places(path: str, given: bytes) -> list[str]:
    return [line["where"] for line in found(path, given)["lines"]]


def escaped(source: bytes) -> bytes:
    return source.replace(b"BEGIN", b"\\u0042EGIN").replace(b"END", b"\\u0045ND")


def locked() -> bytes:
    given = bytearray(zipped({"a": b"secret"}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        given[given.find(mark) + offset] |= 1
    return bytes(given)


def document(text_: str) -> bytes:
    """An office document as Word writes it, with what is written cut up by formatting."""
    runs = [
        f"<w:p><w:r><w:t>{line[:9]}</w:t></w:r><w:r><w:t>{line[9:]}</w:t></w:r></w:p>"
        for line in text_.split("\n")
    ]
    return zipped({"word/document.xml": "".join(runs).encode(), "word/media/a.png": b"\x89PNG"})


TEXT = ["line 2", "line 4"]
CELL = ["cell 1, line 2", "cell 1, line 4"]


@pytest.mark.parametrize(
    ("path", "given", "where"),
    [
        ("a.py", REGION.encode(), TEXT),
        ("a.py", REGION.replace("\n", "\r\n").encode(), TEXT),
        ("a.py", REGION.replace("\n", "\r").encode(), TEXT),
        ("a", REGION.replace("    ", "\t").encode(), TEXT),
        ("a.txt", REGION.encode("utf-16"), TEXT),
        ("a.txt", REGION.encode("utf-16-be"), TEXT),
        ("a.txt", REGION.encode("utf-32"), TEXT),
        ("a.txt", f"ä{REGION}".encode("latin-1"), TEXT),
        ("a.txt", f"ä{REGION}".encode("utf-8-sig"), TEXT),
        ("a.html", b'<span class="c1">### BEGIN SOLUTION</span>', ["line 1"]),
        ("a.tex", b"\\begin{solution}\n42\n\\end{solution}", ["line 1", "line 3"]),
        ("a.ipynb", content(notebook(code(REGION))), CELL),
        ("a.IPYNB", content(notebook(raw(REGION))), CELL),
        ("a.ipynb", escaped(content(notebook(text(REGION)))), CELL),
        ("a.json", content(notebook(code(REGION))), CELL),
        ("a.json", content(notebook(code(REGION))).decode().encode("utf-16"), CELL),
        ("in/b/a.zip", zipped({"b/x.py": REGION.encode()}), [f"“b/x.py” in it, {t}" for t in TEXT]),
        ("a.tar.gz", tarred({"x": REGION.encode()}, "w:gz"), [f"“x” in it, {t}" for t in TEXT]),
        ("a.TAR", tarred({"x": REGION.encode()}, "w"), [f"“x” in it, {t}" for t in TEXT]),
        ("a.txz", tarred({"x": REGION.encode()}, "w:xz"), [f"“x” in it, {t}" for t in TEXT]),
        (
            "d/a.py.gz",
            gzip.compress(REGION.encode(), mtime=0),
            [f"“a.py” in it, {t}" for t in TEXT],
        ),
        ("a.DOCX", document(REGION), [f"“word/document.xml” in it, {t}" for t in TEXT]),
        ("a.zip", zipped({"b.docx": document(REGION)}), [f"“b.docx” in it, {t}" for t in TEXT]),
        ("a.py.bz2", bz2.compress(REGION.encode()), [f"“a.py” in it, {t}" for t in TEXT]),
        ("a.py.xz", lzma.compress(REGION.encode()), [f"“a.py” in it, {t}" for t in TEXT]),
    ],
)
def test_markers_are_found_however_they_are_kept(path: str, given: bytes, where: list[str]) -> None:
    assert places(path, given) == where


def test_all_of_a_notebook_is_looked_through() -> None:
    cell = code("1")
    cell.outputs[0].text = "a\n### BEGIN HIDDEN TESTS"
    cell.metadata["mine"] = {"deep": ["# BEGIN MARK SCHEME"]}
    made = notebook(cell)
    made.metadata["widgets"] = {"state": {"x": {"value": "# END SOLUTION"}}}
    assert places("a.ipynb", content(made)) == [
        "cell 1, its metadata",
        "cell 1, its outputs",
        "the notebook's metadata",
    ]


def test_a_notebook_of_format_3_is_looked_through_under_any_name() -> None:
    given = (CASES / "source-format-3.ipynb").read_bytes()
    for name in ("week1.ipynb", "week1.txt", "week1"):
        assert places(name, given)[:2] == ["cell 1, line 2", "cell 1, line 4"]
    assert found("week1.txt", given)["why"].startswith("This is a notebook marked for nbgrader")


@pytest.mark.parametrize("name", ["a.ipynb.txt", "a.json", "a", "a.txt"])
def test_a_marked_notebook_under_another_ending_is_found_without_markers(name: str) -> None:
    assert found(name, MARKED)["why"].startswith("This is a notebook marked for nbgrader under")
    assert find("a.ipynb", MARKED) is None, "this one is made into a student version"
    assert find(name, PLAIN) is None


@pytest.mark.parametrize(
    ("path", "given", "why"),
    [
        ("a.zip", zipped({"b/hw.ipynb": MARKED}), "“b/hw.ipynb” in it is a notebook marked"),
        ("a.zip", zipped({"b.zip": zipped({})}), "“b.zip” in it is an archive, too"),
        ("a.pptx", b"no zip", "it is damaged"),
        ("a.zip", locked(), "locked by a password"),
        ("a.zip", b"PK no zip", "it is damaged"),
        ("a.tgz", b"no tar", "it is damaged"),
        ("a.tar.gz", gzip.compress(b"no tar" * 200, mtime=0), "it is damaged"),
        ("a.7z", b"", "of a kind that this site does not open"),
        ("a.zip", zipped({f"{n}": bytes(30_000_000) for n in range(3)}), "too much is in it"),
        ("a.gz", gzip.compress(bytes(70_000_000), mtime=0), "too much is in it"),
    ],
)
def test_what_cannot_be_looked_into_is_never_harmless(path: str, given: bytes, why: str) -> None:
    assert why in found(path, given)["why"]


def test_an_archive_of_too_many_files_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_FILES", 2)
    assert find("a.zip", zipped({"1": b"", "2": b""})) is None
    assert "too much" in found("a.zip", zipped({"1": b"", "2": b"", "3": b""}))["why"]


@pytest.mark.parametrize(
    ("line", "marker"),
    [
        ("###BEGIN SOLUTION", ""),
        ("// END HIDDEN TESTS", ""),
        ("### BEGIN SOLUTON", "BEGIN SOLUTION"),
        ("### BEGN SOLUTION", "BEGIN SOLUTION"),
        ("# begin solution", "BEGIN SOLUTION"),
        ("x = 1  # begin solution", "BEGIN SOLUTION"),
        ("### BEGIN-SOLUTION", "BEGIN SOLUTION"),
        ("### BEGIN_SOLUTION ###", "BEGIN SOLUTION"),
        ("### BEGIN  SOLUTION", "BEGIN SOLUTION"),
        ("#\tBEGIN\tSOLUTION", "BEGIN SOLUTION"),
        ("### BEGIN\N{NO-BREAK SPACE}SOLUTION", "BEGIN SOLUTION"),
        ("BEGIN SOL\N{ZERO WIDTH SPACE}UTION", "BEGIN SOLUTION"),
        ("ＢＥＧＩＮ ＳＯＬＵＴＩＯＮ", "BEGIN SOLUTION"),  # noqa: RUF001
        ("### START SOLUTION", "BEGIN SOLUTION"),
        ("### SOLUTION BEGIN", "BEGIN SOLUTION"),
        ("### END OF SOLUTION", "END SOLUTION"),
        ("### END SOLUITON", "END SOLUTION"),
        ("### BEGIN HIDDEN TEST", "BEGIN HIDDEN TESTS"),
        ("### Begin hidden", "BEGIN HIDDEN TESTS"),
        ("### BEGIN MARKING SCHEME", "BEGIN MARK SCHEME"),
        ("**BEGIN** SOLUTION", "BEGIN SOLUTION"),
        ("<b>BEGIN</b>&nbsp;SOLUTION", "BEGIN SOLUTION"),
        ("<!-- begin solution -->", "BEGIN SOLUTION"),
    ],
)
def test_a_marker_with_a_slip_is_told_with_what_was_meant(line: str, marker: str) -> None:
    assert meant(line) == marker


@pytest.mark.parametrize(
    "line",
    [
        "",
        "## Solution",
        "## Hidden tests",
        "# YOUR SOLUTION HERE",
        "# BEGIN YOUR SOLUTION",
        "### START CODE HERE ###",
        "# end section",
        "# begin hidden layer",
        "# start evolution",
        "The end solution is good.",
        "# End of the marking period",
        "def solution():",
        "begin solution " * 20,
    ],
)
def test_what_only_sounds_like_one_is_let_be(line: str) -> None:
    assert meant(line) is None


def test_a_long_report_is_cut_and_says_so() -> None:
    report = found("a.py", b"### BEGIN SOLUTION\n" * 25)
    assert (len(report["lines"]), report["more"]) == (20, 5)
    (line,) = found("a.js", b"x" * 5000 + b"BEGIN SOLUTION" + b"y" * 5000)["lines"]
    assert "BEGIN SOLUTION" in line["text"]
    assert len(line["text"]) < 150


def test_lines_that_were_taken_out_are_found_in_metadata() -> None:
    made = notebook(answer("### BEGIN SOLUTION\nreturn 2 * n\n### END SOLUTION"), code("1 + 1 + 1"))
    made.cells[1].metadata["copy"] = "def dbl(n):\n    return 2 * n"
    before = content(made)
    made.cells[0].source = "# YOUR CODE HERE"
    (line,) = left_in(before, content(made))
    assert (line["where"], line["text"]) == ("cell 2, its metadata", "return 2 * n")
    del made.cells[1].metadata["copy"]
    assert left_in(before, content(made)) == []


def test_ends_without_a_beginning_are_found_in_the_source() -> None:
    made = notebook(
        answer(f"{REGION}x\n# END HIDDEN TESTS\n# END SOLUTION"), code("# END SOLUTION")
    )
    assert [line["where"] for line in ends_alone(content(made))] == [
        "cell 1, line 6",
        "cell 1, line 7",
        "cell 2, line 1",
    ]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["a.ipynb", "a.zip", "a.tar.gz", "a.gz", "a.txt"]),
    st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=9),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["cells", "worksheets", "metadata", "nbgrader", "source"]),
                    inner,
                    max_size=3,
                )
            ),
        ).map(lambda value: json.dumps(value).encode()),
    ),
)
def test_any_bytes_are_looked_through(path: str, given: bytes) -> None:
    report = find(path, given)
    json.dumps(report, ensure_ascii=False).encode()


def test_a_notebook_is_looked_through_however_deeply_it_is_nested() -> None:
    deep = "[" * 900 + '"# BEGIN SOLUTION"' + "]" * 900
    given = f'{{"nbformat": 4, "cells": [], "metadata": {deep}}}'
    assert places("a.txt", given.encode()) == ["the notebook's metadata"]
