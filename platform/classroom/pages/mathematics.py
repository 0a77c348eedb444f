r"""Mathematics within Markdown, as people write it: `$…$` and `\(…\)`, `$$…$$` and `\[…\]`.

It comes out as code that says what it is, as it was typed; `pages/mathematics.js` typesets it.
One dollar is mathematics where a text would not be: nothing but its own text touches it from
within, and no digit follows the closing one. So “it costs $5 and $6” stays what it is.
"""

from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

CLASSES = {"math", "display"}
# The longer mark first. Those that stand in lines of their own are display mathematics, too.
_DISPLAY = (("$$", "$$"), ("\\[", "\\]"))
_INLINE = (*_DISPLAY, ("$", "$"), ("\\(", "\\)"))
_MOST_LINES = 40  # of one formula; so that text full of openings is read in a time like its length


def mathematics(markdown: MarkdownIt) -> None:
    """Let a Markdown parser know mathematics."""
    interrupted = ["paragraph", "reference", "blockquote", "list"]
    markdown.block.ruler.before("fence", "math", _block, {"alt": interrupted})
    markdown.inline.ruler.before("escape", "math", _inline)
    markdown.add_render_rule("math", _render)


def _render(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    token = tokens[index]
    kind = "math display" if token.markup in dict(_DISPLAY) else "math"
    code = f'<code class="{kind}">{escapeHtml(token.content)}</code>'
    return f"<p>{code}</p>\n" if token.block else code


def _inline(state: StateInline, silent: bool) -> bool:
    text, begin = state.src, state.pos
    found = next((pair for pair in _INLINE if text.startswith(pair[0], begin)), None)
    if found is None:
        return False
    mark, closing = found
    start = begin + len(mark)
    end = _closing(text, closing, start)
    content = text[start:end] if 0 < end <= state.posMax - len(closing) else ""
    if not content.strip():
        return False
    after = end + len(closing)
    if mark == "$" and (content != content.strip() or text[after : after + 1].isdigit()):
        return False
    if not silent:
        token = state.push("math", "", 0)
        token.content, token.markup = content.strip(), mark
    state.pos = after
    return True


def _closing(text: str, closing: str, start: int) -> int:
    """Find where the closing mark begins; -1: nowhere. One after a backslash is a character."""
    end = text.find(closing, start)
    while closing[0] == "$" and end > start and _is_escaped(text, end):
        end = text.find(closing, end + 1)
    return end


def _is_escaped(text: str, at: int) -> bool:
    before = text[:at]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def _block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if state.is_code_block(start):
        return False
    text = _line(state, start)
    found = next((pair for pair in _DISPLAY if text.startswith(pair[0])), None)
    if found is None:
        return False
    mark, closing = found
    lines = [text[len(mark) :]]
    number = start
    while not lines[-1].rstrip().endswith(closing):
        number += 1
        if number >= min(end, start + _MOST_LINES) or state.sCount[number] < state.blkIndent:
            return False
        lines.append(_line(state, number))
        if not lines[-1].strip():
            return False  # an empty line ends a paragraph, and so what was no formula
    content = "\n".join(lines).rstrip().removesuffix(closing).strip()
    if not content or closing in content:
        return False  # several in one line are for the rule of inline text
    if silent:
        return True
    token = state.push("math", "", 0)
    token.block, token.markup, token.content = True, mark, content
    token.map = [start, number + 1]
    state.line = number + 1
    return True


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]
