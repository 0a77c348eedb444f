"""Mathematics in what people write: what is a formula, and that nothing else comes of it."""

import re

import pytest

from classroom.pages.text import markdown
from config.katex import katex


def inline(tex: str) -> str:
    return f'<code class="math">{tex}</code>'


def display(tex: str) -> str:
    return f'<code class="math display">{tex}</code>'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("$x_1 * y_1 * z$ is 4", f"{inline('x_1 * y_1 * z')} is 4"),
        (r"a \(a_b < c_d\) b", f"a {inline('a_b &lt; c_d')} b"),
        (r"a \[x\] b $$y$$ c", f"a {display('x')} b {display('y')} c"),
        (r"$\frac{1}{2}\\ \{a\}$", inline(r"\frac{1}{2}\\ \{a\}")),
        (r"$5 \$ a$.", inline(r"5 \$ a") + "."),
        ("*$a*b$* c", f"<em>{inline('a*b')}</em> c"),
        ("[$x$](https://a.test)", inline("x")),
        ("$a\nb$", inline("a\nb")),
    ],
)
def test_a_formula_is_kept_as_it_was_typed(text: str, html: str) -> None:
    assert html in markdown(text)


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5 and $6.",
        "It costs $5-$10, or $5/$10.",
        "$ a $ b",
        "$a $",
        "$$ $$",
        "One $ alone, and 5$",
        r"\$x\$",
        r"\\(x\\)",
        r"\(x",
        "`$x$`",
        "    $$\n    x",
        "```\n$$\nx\n$$\n```",
    ],
)
def test_what_is_no_formula_stays_text(text: str) -> None:
    assert "math" not in markdown(text)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("$$\na\n- b\n= c\n+ d\n$$\nmore", display("a\n- b\n= c\n+ d") + "</p>\n<p>more"),
        ("so\n\\[\n# a_1\n\\]", "<p>so</p>\n<p>" + display("# a_1")),
        ("$$x$$", f"<p>{display('x')}</p>"),
        ("> $$\n> x\n> $$", f"<p>{display('x')}</p>\n</blockquote>"),
        ("- a\n  $$\n  x\n  $$\n- b", display("x")),
    ],
)
def test_a_formula_in_lines_of_its_own(text: str, html: str) -> None:
    assert html in markdown(text)


def test_an_unclosed_one_swallows_nothing() -> None:
    assert "math" not in markdown("$$\na\n\nb $$ c")
    assert markdown("> $$\n> a\n\nb $$").count("<p>") == 2
    assert "<h1>" in markdown("- $$\n\n# b\n\n$$")


@pytest.mark.parametrize(
    "text",
    [
        '$</code><script>alert(1)</script><img src=x onerror="alert(1)">$',
        '$$\n</code><b onclick="alert(1)">\n$$',
        r'\("><svg onload=alert(1)>\)',
    ],
)
def test_nothing_runs_in_a_formula(text: str) -> None:
    html = markdown(text)
    assert not re.search(r"<(?!/?(p|code)\b)", html)
    assert "<code" in html


def test_no_other_class_comes_through() -> None:
    html = markdown("```math display\nx\n```\n\n```unseen\nx\n```")
    assert html.count("<pre>") == html.count('<code class="">') == 2


def test_text_full_of_openings_is_read_at_once() -> None:
    """Each of these took a time like the square of its length with the usual rules."""
    for part in ("$a ", r"\( ", "\\[\n", "$$\n", "$$ a\n", r"$a\$", "> $$\n", "- \\[\n"):
        text = (part * 20_000)[:20_000]
        assert markdown(text)


def test_katex_comes_with_its_files() -> None:
    for name in ("katex.min.js", "katex.min.css", "fonts/KaTeX_Main-Regular.woff2"):
        assert (katex() / name).is_file(), name
