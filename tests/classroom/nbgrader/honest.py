"""An honest notebook that alters much: the teacher's setup, an answer, and tests of all kinds."""

SETUP = """\
%load_ext autoreload
%autoreload 2
from IPython.core.magic import register_line_magic
from unittest.mock import patch, ANY
import math, io, contextlib, collections, dataclasses, statistics, functools, doctest, unittest
@register_line_magic
def greet(line):
    return 'hello ' + line
import ast
class Twice(ast.NodeTransformer):
    pass
get_ipython().ast_transformers.append(Twice())
def example(x):
    return x
def check(a, b):
    assert a == b
"""
ANSWER = """\
from dataclasses import dataclass, field
from collections import namedtuple, Counter
import logging, warnings, concurrent.futures, functools, threading
get_ipython().InteractiveShell = None
from IPython.core.interactiveshell import InteractiveShell
InteractiveShell.ast_node_interactivity = "all"
InteractiveShell.ast_node_interactivity = "last_expr"
sum = 0; list_ = [1]
del sum
@dataclass(order=True)
class P:
    x: int
    y: int = 0
Pt = namedtuple('Pt', 'x y')
class Frac:
    def __init__(s, a, b): s.a, s.b = a, b
    def __eq__(s, o): return s.a*o.b == s.b*o.a if isinstance(o, Frac) else s.a/s.b == o
    def __lt__(s, o): return s.a/s.b < o
    def __gt__(s, o): return s.a/s.b > o
    def __hash__(s): return 1
pool = concurrent.futures.ThreadPoolExecutor(2)
list(pool.map(str, range(3)))
@functools.lru_cache
def fib(n): return n if n < 2 else fib(n-1)+fib(n-2)
def ask(): return int(input('n?')) + 1
def hello(): print('hi')
async def later(): return 5
def example(x): return x+1
def doc(x):
    '''
    >>> doc(2)
    4
    '''
    return x*2
"""
TESTS = [
    "assert example(1) == 2",
    "check(fib(10), 55)",
    "assert P(1) == P(1, 0) and P(1) < P(2)",
    "assert Pt(1,2) == (1,2)",
    "assert Frac(1,2) == Frac(2,4) and Frac(1,2) == 0.5 and Frac(1,2) < 0.6 and Frac(1,2) in [0.5]",
    "with patch('builtins.input', return_value='3'):\n    assert ask() == 4",
    "import builtins\nbuiltins.input = lambda *_: '5'\nassert ask() == 6",
    (
        "out = io.StringIO()\nwith contextlib.redirect_stdout(out):\n    hello()\n"
        "assert out.getvalue() == 'hi\\n'"
    ),
    "shown = %greet you\nassert shown == 'hello you'",
    "assert (await later()) == 5",
    (
        "class T(unittest.TestCase):\n    def test_it(self):\n        self.assertEqual(fib(3), 2)\n"
        "suite = unittest.defaultTestLoader.loadTestsFromTestCase(T)\n"
        "assert unittest.TextTestRunner(stream=io.StringIO()).run(suite).wasSuccessful()"
    ),
    "assert {'a': 1, 'b': fib(3)} == {'a': ANY, 'b': 2}",
    "assert doctest.testmod().failed == 0",
    "%%capture out2\nassert fib(2) == 1",
    "import time\nassert time.time() > 0; fib(2) / 1",
    "assert all(fib(n) >= 0 for n in range(5))\nassert [fib(n) for n in range(3)] == [0, 1, 1]",
    "points = 0\nif fib(3) == 2:\n    points += 1\npoints",
    "assert isinstance(fib(2), int) and abs(math.sqrt(2) - 1.41) < 0.01",
    "import random\nrandom.seed(1)\nassert 0 <= random.random() < 1",
]
