"""Finds what answers have altered of what tests stand on, by a snapshot from before.

A part of `kernel_guard`, with which it runs inside the kernel.
"""
# mypy: ignore-errors
# ruff: noqa: SIM905  (it runs in a kernel that is not ours, on any Python from 3.8)

import asyncio
import builtins
import gc
import importlib.machinery
import os
import signal
import sys
import threading
import types

# What a test's verdict goes through. Others, as print and input, are often replaced in earnest.
JUDGES = frozenset(
    "abs all any bool bytes callable chr complex dict dir divmod enumerate eval exec filter float "
    "frozenset getattr globals hasattr hash hex id int isinstance issubclass iter len list locals "
    "map max min next object oct ord pow range repr reversed round set slice sorted str sum super "
    "tuple type vars zip BaseException Exception AssertionError ArithmeticError AttributeError "
    "IndexError KeyError NameError NotImplementedError OverflowError RuntimeError StopIteration "
    "TypeError ValueError ZeroDivisionError __build_class__".split()
)
JUDGING_MODULES = (
    "cmath",
    "doctest",
    "math",
    "numpy",
    "numpy._core.numeric",
    "numpy.core.numeric",
    "numpy.testing",
    "numpy.testing._private.utils",
    "operator",
    "pandas",
    "pandas._testing.asserters",
    "pandas.testing",
    "statistics",
    "sympy",
    "unittest",
    "unittest.case",
)
SHELL_PARTS = (
    "run_cell run_cell_async _run_cell run_code run_ast_nodes transform_cell transform_ast "
    "showtraceback _showtraceback should_run_async compile user_expressions CustomTB"
).split()
KERNEL_PARTS = "do_execute execute_request".split()


def integrity(shell, given, known, made_here, from_cell, in_folder):
    """Return `snapshot` and `altered`, for a shell.

    `known` are the objects that the teacher's cells have defined, by name; `given["imports"]` the
    names that they import.
    """
    space = shell.user_ns
    kernel = getattr(shell, "kernel", None)
    here = os.path.realpath(".") + os.sep
    frames, all_tasks, thread = sys._current_frames, asyncio.all_tasks, threading.get_ident
    find = importlib.machinery.PathFinder.find_spec
    monitoring = getattr(sys, "monitoring", None)
    tracers = (sys.gettrace, sys.getprofile, lambda: monitoring and monitors())
    base = {}

    def monitors():
        return [monitoring.get_tool(number) for number in range(6)]

    def pipeline():
        """Return what a cell's code goes through on its way, by name."""
        manager = getattr(shell, "input_transformer_manager", None)
        lists = {"the code before it runs": [*getattr(shell, "ast_transformers", [])]}
        for owner in (shell, manager):
            for name in ("cleanup_transforms", "line_transforms", "token_transformers"):
                lists["the code before it runs"] += getattr(owner, name, None) or []
            for name in ("input_transformers_cleanup", "input_transformers_post"):
                lists["the code before it runs"] += getattr(owner, name, None) or []
        lists["what happens before and after a cell"] = [
            call for calls in getattr(shell.events, "callbacks", {}).values() for call in calls
        ]
        return lists

    def parts():
        found = {}
        for owner, names in ((shell, SHELL_PARTS), (kernel, KERNEL_PARTS)):
            for name in names:
                value = getattr(owner, name, None)
                found[name] = getattr(value, "__func__", value)
        for name, value in dict(getattr(kernel, "shell_handlers", None) or {}).items():
            found["on " + str(name)] = getattr(value, "__func__", value)
        return found

    def snapshot():
        """Take all as it is now for what it should be."""
        base["builtins"] = {name: getattr(builtins, name, None) for name in JUDGES}
        base["trace"] = [ask() for ask in tracers]
        base["pipeline"] = {id(each): each for calls in pipeline().values() for each in calls}
        base["parts"] = parts()
        base["kernel"] = {name: dict(vars(module)) for name, module in judging()}

    def judging(names=()):
        for name in {*JUDGING_MODULES, *names} - {"builtins", "__main__"}:
            module = sys.modules.get(name)
            if isinstance(module, types.ModuleType):
                yield name, module

    def altered(names, mentioned):
        """Say what the answers have altered of what this test stands on."""
        found = set()
        for name, value in base["builtins"].items():
            if getattr(builtins, name, None) is not value and name not in mentioned:
                found.add(f"it replaces Python's own “{name}”")
        own_builtins = space.get("__builtins__", builtins)
        if own_builtins is not builtins and own_builtins is not vars(builtins):
            found.add("it replaces Python's own functions")
        if [ask() for ask in tracers] != base["trace"]:
            found.add("it follows each step of the code that runs")
        for what, calls in pipeline().items():
            if any(id(each) not in base["pipeline"] and made_here(each) for each in calls):
                found.add("it changes " + what)
        if any(
            base["parts"].get(name) is not value and made_here(value)
            for name, value in parts().items()
        ):
            found.add("it replaces a part of the notebook's shell")
        found.update(background())
        found.update(replaced(names, mentioned))
        return found

    def background():
        for number, frame in frames().items():
            if number != thread() and running_here(frame):
                yield "a part of it goes on running in the background"
        try:
            tasks = all_tasks(kernel.io_loop.asyncio_loop)
        except Exception:
            tasks = ()
        for task in tasks:
            code = getattr(task.get_coro(), "cr_code", None)
            if code is not None and from_cell(code):
                yield "a part of it goes on running in the background"
        timers = (signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF)
        calls = [signal.getsignal(each) for each in timers]
        if any(callable(each) and made_here(each) for each in [*calls, *gc.callbacks]):
            yield "a part of it interrupts the code that runs"

    def running_here(frame):
        while frame is not None:
            if frame.f_globals is space or from_cell(frame.f_code):
                return True
            frame = frame.f_back
        return False

    def replaced(names, mentioned):
        """Look at the functions by which a test judges, and at what the teacher's cells define."""
        for name in names:
            value = space.get(name)
            if name in space and name in JUDGES and callable(value) and made_here(value):
                yield f"it replaces Python's own “{name}”"
            if name in given["imports"] and name in space and made_here(value, folder=False):
                if getattr(sys.modules.get("unittest.mock"), name, None) is value:
                    continue
                yield f"it replaces “{name}”, which the assignment imports"
            if name in known and value is not known[name]:
                yield f"it replaces “{name}”, which the assignment defines"
        roots = [space.get(name) for name in names]
        modules = [each.__name__ for each in roots if isinstance(each, types.ModuleType)]
        for name, module in judging([*modules, *names]):
            if shadows(module):
                yield f"a file of it takes the place of Python's “{name}”"
                continue
            before = base["kernel"].get(name, {})
            for attribute, value in () if own(module) else list(vars(module).items()):
                if before.get(attribute) is value and not isinstance(value, type):
                    continue
                if attribute in mentioned:
                    continue
                inside = list(vars(value).values()) if isinstance(value, type) else []
                if any(
                    isinstance(each, types.FunctionType) and made_here(each) for each in inside
                ) or (callable(value) and made_here(value)):
                    yield f"it replaces a part of “{name}”"

    def own(module):
        return module.__name__ == "__main__" or in_folder(getattr(module, "__file__", None))

    def shadows(module):
        if module.__name__ == "__main__" or not own(module):
            return False
        others = [path for path in sys.path if path and os.path.realpath(path) + os.sep != here]
        top = module.__name__.partition(".")[0]
        try:
            return top in sys.builtin_module_names or find(top, others) is not None
        except Exception:
            return True

    return snapshot, altered
