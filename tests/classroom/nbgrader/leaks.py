"""How answers have tried to bring the lines of hidden tests into what they get back.

Each stands in a cell of its own, behind a test with a hidden helper; `S` is the helper's text.
"""

HIDDEN = """\
def _secret(f):
    assert f(2) == 12, "twelve it should be"
    n = 9
    assert f(10) == 300
    return n + 4"""
# What of it must not be in anything returned, whatever is put between its characters.
TRACES = (
    "def_secret(f):",
    "assertf(2)==12",
    "twelveitshould",
    "n=9",
    "assertf(10)==300",
    "returnn+4",
)

FIRST = """\
import html, inspect, json, linecache, logging, pprint, sys, textwrap, traceback, warnings
from IPython.display import HTML, JSON, SVG, Latex, Markdown, Pretty, display
S = inspect.getsource(_secret)"""
LEAKS = {
    "source": "print(S)",
    "history": "print(In, _i, _ih)\n%history -n",
    "file": "print(open('hw.ipynb').read())",
    "file-read": "[cell['source'] for cell in json.load(open('hw.ipynb'))['cells']]",
    "lines-of-a-file": "print([*linecache.cache.values()])",
    "repr": "S",
    "json": "print(json.dumps({'a': S.split('\\n')}))",
    "pprint": "pprint.pprint({'a': S, 'b': [S]}, width=30)",
    "escaped": "print(''.join(f'\\\\x{ord(c):02x}' for c in S))",
    "unicode-escaped": "print(''.join(f'\\\\u{ord(c):04x}' for c in S))",
    "a-character-a-line": "for c in S: print(c)",
    "a-character-a-display": "for c in S: display(c)",
    "a-line-a-display": "for c in S.split('\\n'): display(Pretty(c))",
    "twenty-columns": "print('\\n'.join(textwrap.wrap(S, 20)))",
    "part-of-it": "print(S[3:66])",
    "colours": "print(''.join(f'\\x1b[3{n % 8}m{c}' for n, c in enumerate(S)))",
    "capitals": "print(S.upper())",
    "in-and-between": "print('well: ' + S.replace('\\n', ' and '))",
    "stderr": "sys.stderr.write(S)",
    "both-streams": (
        "for n, c in enumerate(S.split('\\n')):\n    print(c, file=[sys.stdout, sys.stderr][n % 2])"
    ),
    "log": "logging.error(S)",
    "warning": "warnings.warn(S)",
    "html": "HTML('<pre>' + html.escape(S) + '</pre>')",
    "html-in-spans": "HTML(''.join(f'<span class=a>&#{ord(c)};</span>' for c in S))",
    "markdown": (
        "display(Markdown('```\\n' + S + '```'), Latex(S))\n"
        "display(SVG(data=f'<svg><text>{html.escape(S)}</text></svg>'))"
    ),
    "json-display": "JSON({'a': [{'b': S.split('\\n')}]})",
    "name-in-json": "JSON({line: 1 for line in S.split('\\n')})",
    "metadata": "display({'text/plain': 'a'}, raw=True, metadata={'text/plain': {'b': S}})",
    "kind-of-display": "display({'text/plain': 'a', S: 'b'}, raw=True)",
    "display-changed-later": "h = display('a', display_id=True)\nh.update(Pretty(S))",
    "pager": "_secret??",
    "error": "raise ValueError(S)",
    "name-of-an-error": "raise type(S, (Exception,), {})('a')",
    "note-of-an-error": "e = ValueError('a')\ne.add_note(S)\nraise e",
    "error-in-it": "_secret(lambda n: n)",
    "error-below-it": "_secret(lambda n: n / 0)",
    "cause": (
        "try:\n    _secret(lambda n: n)\nexcept Exception as e:\n    raise RuntimeError('a') from e"
    ),
    "context": "try:\n    _secret(lambda n: n)\nexcept Exception:\n    1 / 0",
    "group": "raise ExceptionGroup('a', [ValueError(S)])",
    "syntax": "exec(S.replace('== 12', '=== 12'))",
    "traceback": "try:\n    _secret(lambda n: n)\nexcept Exception:\n    traceback.print_exc()",
    "traceback-again": "%tb",
    "traceback-in-other-ways": "%xmode Verbose\n_secret(lambda n: n)",
    "plain-traceback": "%xmode Plain\n_secret(lambda n: n)",
    "minimal-traceback": "%xmode Minimal\n_secret(lambda n: n)",
    "following": (
        "%xmode Context\ndef tell(frame, event, _):\n"
        "    print(linecache.getline(frame.f_code.co_filename, frame.f_lineno))\n    return tell\n"
        "sys.settrace(tell)\ntry:\n    _secret(lambda n: 12)\nexcept Exception:\n    pass\n"
        "sys.settrace(None)"
    ),
}
