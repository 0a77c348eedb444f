"""What answers have tried in order to get points: each with what undoes it, and what it is called.

They run one after the other in one kernel, each before a test that the answer does not pass.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Attack:
    """An answer, what puts all back, and a part of the reason; empty where the test just fails."""

    code: str
    undo: str
    reason: str = ""
    test: str = "assert squares(2) == [0, 1]"
    score: float = 0


RIGHT = "def squares(n):\n    return [number * number for number in range(n)]\n"
WRONG = "def squares(n):\n    return [7]\n"
ATTACKS = {
    "ast-transformer": Attack(
        """import ast
class Drop(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.copy_location(ast.Pass(), node)
get_ipython().ast_transformers.append(Drop())""",
        "get_ipython().ast_transformers.pop()",
        "changes the code before it runs",
    ),
    "input-transformer": Attack(
        """def drop(lines):
    return ['pass\\n' if 'assert' in line or 'go_now' in line else line for line in lines]
def drop_asserts(lines):
    return ['pass\\n' if line.startswith('assert') else line for line in lines]
get_ipython().input_transformers_post.append(drop_asserts)""",
        "get_ipython().input_transformers_post.pop()",
        "changes the code before it runs",
    ),
    "input-transformer-that-drops-all": Attack(
        """def drop(lines):
    return lines if any('input_transformers' in line for line in lines) else ['pass\\n']
get_ipython().input_transformers_post.append(drop)""",
        "get_ipython().input_transformers_post.clear()",
        "did not report",
    ),
    "all": Attack(
        "import builtins\nkept = builtins.all\nbuiltins.all = lambda *_: True",
        "builtins.all = kept",
        "replaces Python's own “all”",
        "assert all([squares(2) == [0, 1]])",
    ),
    "all-of-ones-own": Attack(
        "all = lambda *_: True",
        "del all",
        "replaces Python's own “all”",
        "assert all([squares(2) == [0, 1]])",
    ),
    "all-as-a-mock": Attack(
        "from unittest.mock import Mock\nall = Mock(return_value=True)",
        "del all",
        "replaces Python's own “all”",
        "assert all([squares(2) == [0, 1]])",
    ),
    "abs-and-round": Attack(
        "kept = abs, round\nbuiltins.abs = builtins.round = lambda *_: 0",
        "builtins.abs, builtins.round = kept",
        "replaces Python's own “abs”",
        "assert abs(squares(2)[0] - 3) < 1e-6",
    ),
    "assertion-error": Attack(
        "class Nothing(Exception):\n    pass\nkept = AssertionError\n"
        "builtins.AssertionError = Nothing",
        "builtins.AssertionError = kept",
        "replaces Python's own “AssertionError”",
    ),
    "own-builtins": Attack(
        "__builtins__ = {**vars(builtins), 'all': lambda *_: True}",
        "__builtins__ = builtins",
        "replaces Python's own functions",
        "assert all([squares(2) == [0, 1]])",
    ),
    "part-of-a-module": Attack(
        "import statistics\nkept = statistics.mean\nstatistics.mean = lambda found: 0.5",
        "statistics.mean = kept",
        "replaces a part of “statistics”",
        "import statistics\nassert statistics.mean(squares(2)) == 0.5",
    ),
    "part-that-is-a-mock": Attack(
        "import sys, math as real\nkept = real.isclose\nreal.isclose = Mock(return_value=True)",
        "real.isclose = kept",
        "replaces a part of “math”",
        "assert math.isclose(squares(2)[0], 0)",
    ),
    "file-in-a-modules-place": Attack(
        "with open('colorsys.py', 'w') as file:\n"
        "    file.write('def rgb_to_hsv(*found):\\n    return True')\n"
        "import importlib\nimportlib.invalidate_caches()\nsys.path.insert(0, '')",
        "import os\nsys.path.remove('')\nos.remove('colorsys.py')\nsys.modules.pop('colorsys')",
        "takes the place of Python's “colorsys”",
        "import colorsys\nassert colorsys.rgb_to_hsv(squares(2)) is True",
    ),
    "functions-of-no-cell": Attack(
        "made = {}\nexec('def isclose(*found, **more):\\n    return True', made)\n"
        "real.isclose = made['isclose']",
        "real.isclose = kept",
        "replaces a part of “math”",
        "assert math.isclose(squares(2)[0], 0)",
    ),
    "unittest": Attack(
        "import unittest\nkept = unittest.TestCase.assertEqual\n"
        "unittest.TestCase.assertEqual = lambda *a: None",
        "unittest.TestCase.assertEqual = kept",
        "replaces a part of “unittest",
        "unittest.TestCase().assertEqual(squares(2), [0, 1])",
    ),
    "module-of-ones-own": Attack(
        "class Fake:\n    def __getattr__(self, name):\n        return lambda *a, **k: True\n"
        "math = Fake()",
        "import math",
        "replaces “math”, which the assignment imports",
        "assert math.isclose(squares(2)[0], 0)",
    ),
    "always-equal": Attack(
        """class Equal:
    def __eq__(self, other):
        return True
squares = lambda n: Equal()""",
        WRONG,
        "equal to everything",
    ),
    "always-equal-in-a-list": Attack(
        "squares = lambda n: [Equal(), Equal()]", WRONG, "equal to everything"
    ),
    "always-equal-list": Attack(
        """class Equals(list):
    def __eq__(self, other):
        return isinstance(other, list)
squares = lambda n: Equals()""",
        WRONG,
        "equal to everything",
    ),
    "mock-any": Attack(
        "from unittest.mock import ANY as anything\nsquares = lambda n: anything",
        WRONG,
        "equal to everything",
    ),
    "always-less": Attack(
        """class Less:
    def __sub__(self, other):
        return self
    def __abs__(self):
        return self
    def __lt__(self, other):
        return True
    def __gt__(self, other):
        return True
squares = lambda n: [Less()]""",
        WRONG,
        "equal to everything",
        "assert abs(squares(2)[0] - 1) < 1e-6",
    ),
    "pre-run-cell": Attack(
        """def rewrite(info):
    info.raw_cell = 'pass'
get_ipython().events.register('pre_run_cell', rewrite)""",
        "get_ipython().events.unregister('pre_run_cell', rewrite)",
        "changes what happens before and after a cell",
    ),
    "run-cell": Attack(
        """from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult
shell = get_ipython()
kept = shell.run_cell, shell.run_cell_async
def fake(raw_cell, *a, **k):
    if 'undone' in raw_cell:
        return kept[0](raw_cell, *a, **k)
    result = ExecutionResult(ExecutionInfo(raw_cell, True, False, True, None))
    result.execution_count = 9
    return result
async def fake_async(raw_cell, *a, **k):
    return fake(raw_cell) if 'undone' not in raw_cell else await kept[1](raw_cell, *a, **k)
shell.run_cell, shell.run_cell_async = fake, fake_async""",
        "undone = True\ndel shell.run_cell, shell.run_cell_async",
        "did not report",
    ),
    "shell-class": Attack(
        "kept = type(shell).run_code\nasync def no_code(self, *a, **k):\n"
        "    return await kept(self, *a, **k)\ntype(shell).run_code = no_code",
        "type(shell).run_code = kept",
        "replaces a part of the notebook's shell",
    ),
    "showtraceback": Attack(
        "shell.showtraceback = lambda *a, **k: None",
        "del shell.showtraceback",
        "replaces a part of the notebook's shell",
    ),
    "excepthook-alone": Attack(
        "import sys\nsys.excepthook = lambda *a: None", "sys.excepthook = sys.__excepthook__"
    ),
    "settrace": Attack(
        "import sys\ndef follow(*a):\n    return follow\n"
        "def squares(n):\n    sys.settrace(follow)\n    sys._getframe(1).f_trace = follow\n"
        "    return [7]",
        "sys.settrace(None)\n" + WRONG,
        "follows each step",
    ),
    "setprofile": Attack(
        "sys.setprofile(lambda *a: None)", "sys.setprofile(None)", "follows each step"
    ),
    "thread": Attack(
        """import threading, time
stop = threading.Event()
def meanwhile():
    while not stop.is_set():
        time.sleep(0.001)
threading.Thread(target=meanwhile, daemon=True).start()""",
        "stop.set(); time.sleep(0.05)",
        "goes on running in the background",
    ),
    "task": Attack(
        """import asyncio
async def meanwhile_too():
    while True:
        await asyncio.sleep(0.001)
task = asyncio.get_running_loop().create_task(meanwhile_too())""",
        "task.cancel()",
        "goes on running in the background",
    ),
    "alarm": Attack(
        "import signal\nsignal.signal(signal.SIGALRM, lambda *a: None)",
        "signal.signal(signal.SIGALRM, signal.SIG_DFL)",
        "interrupts the code that runs",
    ),
    "patched-while-the-test-runs": Attack(
        """def squares(n):
    builtins.all = lambda *_: True
    return [7]
kept = builtins.all""",
        "builtins.all = kept\n" + WRONG,
        "replaces Python's own “all”",
        "found = squares(2)\nassert all([found == [0, 1]])",
    ),
    "helper-of-the-assignment": Attack(
        "kept = must_be\nmust_be = lambda *a: None",
        "must_be = kept",
        "replaces “must_be”, which the assignment defines",
        "must_be(squares(2), [0, 1])",
    ),
    "guard-called-by-hand": Attack(
        """for name, module in list(sys.modules.items()):
    if name.startswith('_') and hasattr(module, 'go_now'):
        module.go_now('anything')
        kept = name, module
        sys.modules[name] = type('M', (), {'go_now': staticmethod(lambda *a: None)})""",
        "sys.modules[kept[0]] = kept[1]",
        "did not report",
    ),
    "points": Attack(
        "shell.display_formatter.formatters['text/plain'].for_type(float, lambda x, p, c: "
        "p.text('2.0'))",
        "shell.display_formatter.formatters['text/plain'].type_printers.pop(float)",
        test="0.5",
        score=0.5,
    ),
}
