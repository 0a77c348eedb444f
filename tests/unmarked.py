"""Finds texts that a person may see and that no translator gets to see: they are not marked.

A text in a template is all that is left when Django's tags are taken out. In Python and scripts a
text is a string that reads like one: a capital letter and words, or three words.
"""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from babel.messages.jslexer import Token, tokenize

from tests.messages import KEYWORDS, ROOT

# --- templates ------------------------------------------------------------------------------

_HIDDEN = re.compile(
    r"{#.*?#}|{% ?comment.*?endcomment ?%}|{% ?blocktrans.*?endblocktrans(?:late)? ?%}"
    # Blocks that stand within a tag.
    r"|{% block (?:body_class|nav_\w+) %}.*?{% endblock %}",
    re.DOTALL,
)
_TAG = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
_LITERAL = re.compile(r"(?<!_\()(\"[^\"]*\"|'[^']*')")
_WORD = re.compile(r"[^\W\d_]{2,}")
_NO_TEXT = {"script", "style", "code", "kbd", "pre"}
_SHOWN = {"alt", "aria-description", "aria-label", "label", "placeholder", "title"}
# Names, and what is the same in all languages.
_NAMES = {
    "CoCalc",
    "Lectern",
    "Markdown",
    "KaTeX",
    "JavaScript",
    "CSV",
    "ipynb",
    "nbgrader",
    "zip",
    "html",
}
_SPEAKING = re.compile(r"(?:with|default|default_if_none|yesno|add|join)\b")


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        # The elements of one name that are open, from one on that is no text for translators.
        self._mute: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if self._mute[:1] == [tag] or (
            not self._mute
            and (tag in _NO_TEXT or given.get("translate") == "no" or "lang" in given)
        ):
            self._mute.append(tag)
        for name, value in () if self._mute else attrs:
            is_button = name == "value" and given.get("type") in {"submit", "button", "reset"}
            is_sentence = name.startswith("data-") and re.search(r"\w [a-z]", value or "")
            if name in _SHOWN or is_button or is_sentence:
                self.found.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        if self._mute[:1] == [tag]:
            self._mute.pop()

    def handle_data(self, data: str) -> None:
        if not self._mute:
            self.found.append(data)


def in_template(source: str) -> Iterator[str]:
    """Give what a template says in words of its own."""
    bare = _HIDDEN.sub(" ", source)
    for tag in _TAG.findall(bare):
        if not re.match(r"{%-? ?(?:translate|trans|load|url|static|extends)\b", tag):
            yield from (
                text
                for match in _LITERAL.finditer(tag)
                if _SPEAKING.search(tag[: match.start()])
                and re.search(r"[A-Z][a-z]|\w [a-z]", text := match[1].strip("\"'"))
            )
    parser = _Texts()
    parser.feed(_TAG.sub("", bare))
    parser.close()
    for text in parser.found:
        if set(_WORD.findall(text)) - _NAMES:
            yield " ".join(text.split())


# --- Python ---------------------------------------------------------------------------------

_READS = re.compile(r"^[“(]?[A-Z][a-z’]*,? \w|[a-z’]{2,},? [a-z’]{2,},? [a-z’]{2,}")
_FOR_PROGRAMMERS = {
    *("ValueError", "TypeError", "RuntimeError", "KeyError", "LookupError", "AssertionError"),
    *("ImproperlyConfigured", "NotImplementedError", "TemplateSyntaxError", "ConfigurationError"),
    *("debug", "info", "warning", "error", "exception", "critical", "log"),
    *("compile", "noop", "getLogger", "execute", "ContextVar"),
}


class _Strings(ast.NodeVisitor):
    def __init__(self) -> None:
        self.found: list[tuple[int, str]] = []

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and _READS.search(node.value):
            self.found.append((node.lineno, node.value))

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a docstring
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name not in KEYWORDS and name not in _FOR_PROGRAMMERS:
            self.generic_visit(node)

    def visit_Assert(self, node: ast.Assert) -> None:
        self.visit(node.test)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value:
            self.visit(node.value)


def in_python(source: str) -> Iterator[tuple[int, str]]:
    """Give the strings of a module that read like a text, with their lines."""
    visitor = _Strings()
    visitor.visit(ast.parse(source))
    yield from visitor.found


# --- scripts --------------------------------------------------------------------------------

_SPOKEN = re.compile(r"^[“(]?[A-Z][a-z’]+(?:[ .…:?!]|$)|[a-z’]{2,},? [a-z’]{2,},? [a-z’]{2,}")
_KEYS = re.compile(
    r"^(?:Arrow\w+|Escape|Enter|Tab|Home|End|Delete|Backspace|Page\w+|Control|Meta)$"
)


def in_script(source: str) -> Iterator[tuple[int, str]]:
    """Give the strings of a script that read like a text, with their lines."""
    before: list[Token] = []
    for token in tokenize(source, jsx=False):
        if token.type in {"string", "template_string"}:
            text = token.value[1:-1]
            if _SPOKEN.search(text) and not _KEYS.match(text) and not _is_marked(before):
                yield token.lineno, text
        if token.type not in {"linecomment", "multilinecomment"}:
            before.append(token)


def _is_marked(before: list[Token]) -> bool:
    """Whether the call that a string stands in, as one of its arguments, is a marking one."""
    depth = 0
    for index in range(len(before) - 1, 0, -1):
        value = before[index].value
        if value in {")", "]", "}"}:
            depth += 1
        elif value in {"(", "[", "{"}:
            if depth == 0:
                return value == "(" and before[index - 1].value in {*KEYWORDS, "Error", "TypeError"}
            depth -= 1
        elif value == ";" and depth == 0:
            return False
    return False


def of(path: Path) -> Iterator[str]:
    """Give each unmarked text of a file, with its place."""
    place = path.relative_to(ROOT).as_posix()
    source = path.read_text()
    if path.suffix == ".py":
        yield from (f"{place}, line {line}: {text}" for line, text in in_python(source))
    elif path.suffix == ".js":
        yield from (f"{place}, line {line}: {text}" for line, text in in_script(source))
    else:
        yield from (f"{place}: {text}" for text in in_template(source))
