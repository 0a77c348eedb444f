"""A notebook as a page to be read: what is shown of it, and what nobody can do with it."""

import base64
import json
import re
from typing import Any

import pytest
from django.template.loader import render_to_string

from classroom.pages import notebook_shown
from classroom.pages.notebook_shown import NotShown, Output, picture_of, plain, shown_notebook
from embedding.ipynb import reading

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


def notebook(*cells: dict[str, Any]) -> bytes:
    whole = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    return json.dumps(whole).encode()


def code(source: str = "", *outputs: dict[str, Any], number: int | None = 1) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "metadata": {},
        "source": source,
        "execution_count": number,
        "outputs": list(outputs),
    }


def text(source: str, kind: str = "markdown") -> dict[str, Any]:
    return {"cell_type": kind, "metadata": {}, "source": source}


def stream(words: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": words}


def data(**kinds: Any) -> dict[str, Any]:
    found = {kind.replace("__", "/"): value for kind, value in kinds.items()}
    return {"output_type": "display_data", "data": found, "metadata": {}}


def html(*cells: dict[str, Any]) -> str:
    shown = shown_notebook(notebook(*cells))
    return str(render_to_string("classroom/pages/notebook.html", {"notebook": shown}))


def outputs(*given: dict[str, Any]) -> list[Output]:
    return shown_notebook(notebook(code("", *given))).cells[0].outputs


def test_cells_are_shown_with_numbers_and_outputs() -> None:
    error = {
        "output_type": "error",
        "ename": "NameError",
        "evalue": "no x",
        "traceback": ["\x1b[0;31mNameError\x1b[0m: no x"],
    }
    page = html(
        text("# Title\n\n*why*"),
        code("print(1 < 2)", stream("True\n"), number=7),
        code("x", error, number=None),
        text("as it is & raw", "raw"),
    )
    assert "<h3>Title</h3>" in page
    assert "<em>why</em>" in page
    assert "print(1 &lt; 2)" in page
    assert "[7]" in page
    assert "Code, run as number 7" in page
    assert "Code, not run" in page
    assert ">True\n</pre>" in page
    assert ">NameError: no x</pre>" in page
    assert "as it is &amp; raw" in page


def test_pictures_come_with_the_page_and_only_true_ones() -> None:
    written = base64.b64encode(PNG).decode()
    assert outputs(data(image__png=written + "\n", text__plain="<Figure>")) == [
        Output(picture=f"data:image/png;base64,{written}")
    ]
    for lie in ("x", "\u00e9", base64.b64encode(b"<svg onload=alert(1)>").decode(), {"a": 1}):
        (found,) = outputs(data(image__png=lie))
        assert (found.picture, found.text) == ("", "")
        assert found.note
    assert picture_of(b"<svg>") == ""


@pytest.mark.parametrize(
    "kind", ["text__html", "application__javascript", "image__svg+xml", "application__x+json"]
)
def test_what_a_browser_would_run_is_named_and_left_out(kind: str) -> None:
    lure = "<script>alert(1)</script>"
    (found,) = outputs(data(**{kind: lure}))
    assert found == Output(note="Part of this output is only shown in CoCalc.")
    both = outputs(data(**{kind: lure, "text__plain": "a table"}))
    assert [each.text for each in both] == ["a table", ""]
    assert "alert" not in html(code("", data(**{kind: lure})))


HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![x](javascript:alert(1))",
    "[x](javascript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "<svg><a xlink:href='javascript:alert(1)'>x</a></svg>",
    "</pre></div><iframe src=//evil.test></iframe>",
    "<style>*{display:none}</style>",
    "<a href='https://evil.test' style='position:fixed;inset:0' id=main class=bar>x</a>",
)


@pytest.mark.parametrize("lure", HOSTILE)
def test_nothing_in_it_runs_or_loads(lure: str) -> None:
    error = {"output_type": "error", "ename": lure, "evalue": lure, "traceback": []}
    page = html(
        text(lure),
        text(lure, "raw"),
        code(lure, stream(lure), error, data(text__plain=lure, text__html=lure)),
    )
    tags = set(re.findall(r"<(\w+)", page))
    assert tags <= {"div", "p", "pre", "code", "span", "a"}
    # What is left of them is text.
    for tag in re.findall(r"<[^>]*>", page):
        assert not re.search(r"javascript:|data:|\bon\w+=|style=|evil.test/", tag), tag


def test_control_characters_and_progress_bars_are_readable() -> None:
    assert plain("a\x1b[31mred\x1b[0m\x00b\x9b") == "ared\ufffdb\ufffd"
    assert plain("10%\r 50%\r100%\r\ndone\n") == "100%\ndone\n"


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff\xfe\x00", b"null", b'{"cells": 3, "nbformat": 4}', PNG],
)
def test_what_is_no_notebook_says_so(content: bytes) -> None:
    with pytest.raises(NotShown, match="cannot be read as a notebook"):
        shown_notebook(content)


def test_what_is_too_much_says_so() -> None:
    with pytest.raises(NotShown, match="is too large"):
        shown_notebook(b"[" * (reading.MOST_BRACKETS + 1))
    with pytest.raises(NotShown, match="too large"):
        shown_notebook(b" " * (notebook_shown.MOST_BYTES + 1))
    deep: Any = 1
    for _ in range(700):
        deep = [deep]
    nested = json.dumps(deep).replace("1", "[" * 900_000 + "]" * 900_000)
    with pytest.raises(NotShown):
        shown_notebook(notebook(code()).replace(b'"metadata": {}', f'"x": {nested}'.encode(), 1))


def test_long_outputs_and_notebooks_are_cut_and_say_so() -> None:
    (found,) = outputs(stream("x" * 100_000))
    assert len(found.text) == notebook_shown.LONGEST
    assert found.note == "The rest of this output is not shown here."
    many = shown_notebook(notebook(*[code()] * (notebook_shown.MOST_CELLS + 1)))
    assert len(many.cells) == notebook_shown.MOST_CELLS
    assert many.cut
    long = shown_notebook(notebook(*[code("y" * 90_000)] * 50))
    assert sum(len(cell.source) for cell in long.cells) < 1_200_000
    assert long.cut
    wordy = shown_notebook(notebook(code("", *[stream("z" * 19_000)] * 400)))
    assert sum(len(each.text) for each in wordy.cells[0].outputs) <= notebook_shown.MOST_TEXT
    picture = base64.b64encode(PNG + b"\0" * 1_500_000).decode()
    shown = outputs(*[data(image__png=picture)] * 3)
    assert [bool(each.picture) for each in shown] == [True, True, False]
    assert shown[2].note == "A picture, which is not shown here."


def test_markdown_that_takes_long_to_render_is_shown_as_it_is() -> None:
    """Rendering may take ten times as long as reading: so much of it, and no more."""
    lure = "[" * (notebook_shown.LONGEST_MARKDOWN - 1)
    cells = shown_notebook(notebook(text(lure + "[["), *[text(lure)] * 11)).cells
    kinds = [cell.kind for cell in cells]
    assert kinds == ["raw", *["markdown"] * 10, "raw"]
