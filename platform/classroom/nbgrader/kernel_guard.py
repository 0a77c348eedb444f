"""Runs marked tests inside a Python kernel so that the answers are not in charge of how they run.

`run_notebook` puts this text into a file that the kernel executes before any cell of the notebook,
so it stands alone, for any Python from 3.8. What it needs it has at hand then: it compiles the
tests before any answer runs, and keeps the compiled code, its own copy of the builtins and its key
where no name leads to them. A test is then run by `exec` on that code, past the shell. Before and
after, it looks for what answers alter, and each verdict is signed into a file; a verdict that is
missing or not signed is none.

It is no wall. The answers share the process with it: whoever sets out to find the key by looking
through the process's memory may forge a verdict. docs/grading.md says so.
"""
# mypy: ignore-errors

import ast
import hashlib
import inspect
import json
import linecache
import os
import sys
import types
import warnings

from classroom.nbgrader.kernel_integrity import integrity
from classroom.nbgrader.kernel_probes import probing
from classroom.nbgrader.kernel_results import telling
from classroom.nbgrader.kernel_whose import whose

# Put into the names of this text by `guarding`: {"key", "verdicts": path, "name", "tests": {id:
# source}, "locked": {id: names it defines}, "imports": names, "tokens": {token: [what, id]}}.
GIVEN = globals().get("GIVEN")


def start(given):
    """Compile the tests, take the snapshot, and say that it is ready."""
    shell = get_ipython()  # noqa: F821
    space = shell.user_ns
    key = given["key"].encode()
    file = os.open(given["verdicts"], os.O_WRONLY | os.O_APPEND)
    write, dumps, sha256, run = os.write, json.dumps, hashlib.sha256, exec
    marks = set()  # what the test that runs has found
    show, display = shell.showtraceback, shell.displayhook
    stop_tracing = (sys.settrace, sys.setprofile)
    known = {}
    made_here, from_cell, in_folder = whose(space)
    snapshot, altered = integrity(shell, given, known, made_here, from_cell, in_folder)
    Probing, filled = probing(made_here, marks)  # noqa: N806
    told = telling(made_here)
    shell.ask_exit = lambda: None  # `exit()` in an answer does not take the tests after it along

    def say(**verdict):
        text = dumps(verdict).encode()
        write(file, sha256(key + text + key).hexdigest().encode() + b" " + text + b"\n")

    # --- running a test

    awaiting = getattr(ast, "PyCF_ALLOW_TOP_LEVEL_AWAIT", 0)

    def compiled(name, source):
        text = shell.transform_cell(source)
        tree = compile(text, "<test>", "exec", ast.PyCF_ONLY_AST | awaiting)
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        for node in ast.walk(tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                names |= {each.name for each in node.names}
                names.add(getattr(node, "module", None) or "")
        # What a test itself puts in place of something, as of builtins.input, and may not put back.
        mentioned = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                mentioned.add(node.attr)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                mentioned.add(node.id)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                mentioned.update(node.value.replace(".", " ").split())
        last = None
        quiet = text.rstrip().endswith(";")
        if tree.body and isinstance(tree.body[-1], ast.Expr) and not quiet:
            last = ast.Expression(tree.body.pop().value)
        file = f"<test {name}>"
        lines = text.splitlines(True)
        linecache.cache[file] = (len(text), None, lines, file)
        # A text that the teacher has written there says nothing of the answer.
        fixed = isinstance(getattr(last, "body", None), ast.Constant) and (
            type(last.body.value) not in (bool, int, float)
        )
        tag = os.urandom(12).hex()
        codes = []
        for part, mode in ((tree, "exec"), (last, "eval")):
            if part is not None:
                part = ast.fix_missing_locations(
                    Probing(tag, "ANY" in names | mentioned).visit(part)
                )
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    codes.append(filled(compile(part, file, mode, awaiting), tag))
        return codes, names, mentioned, fixed

    canary = compile("assert not (lambda: True)()", "<test canary>", "exec")

    async def test(name):
        """Run a test; its outputs are the cell's, and the verdict is written down."""
        marks.clear()
        codes, names, mentioned, fixed = tests[name]
        found = altered(names, ())
        for stop in stop_tracing:
            stop(None)
        if not isinstance(failure(lambda: run(canary, space)), AssertionError):
            found.add("it changes what an assertion does")
        value, error = None, None
        # A warning is no failure: nothing is written of it, and all else of it is as ever.
        form = warnings.formatwarning
        warnings.formatwarning = silent
        try:
            for code in codes:
                if isinstance(code, Exception):
                    raise code
                value = evaluate(code, space)
                if code.co_flags & inspect.CO_COROUTINE:
                    value = await value
        except BaseException as caught:
            error = caught
        if warnings.formatwarning is silent:
            warnings.formatwarning = form
        found |= altered(names, mentioned) | marks
        verdict = {"cell": name, "passed": error is None, "found": sorted(found)}
        if error is not None:
            verdict["ename"] = type(error).__name__
            verdict["evalue"] = words(error)
        else:
            verdict["value"] = None if fixed else told(value)
        say(**verdict)
        if error is not None:
            trace = error.__traceback__
            while trace is not None and trace.tb_frame.f_code.co_filename == "<lectern>":
                trace = trace.tb_next
            if not isinstance(error, SystemExit):
                failure(lambda: show((type(error), error, trace)))
        elif value is not None:
            failure(lambda: display(value))

    def silent(*_, **__):
        return ""

    def words(error):
        try:
            return str(error)[:1000]
        except Exception:
            return ""

    def failure(call):
        try:
            call()
        except BaseException as error:
            return error
        return None

    evaluate = eval

    # --- the teacher's own cells may alter things

    def before(name):
        """Look before a locked cell of the teacher's runs."""
        nonlocal clean
        clean = not altered((), ())

    def after(name):
        """Take what it has altered for the teacher's, and remember what it defines."""
        if clean:
            snapshot()
            for each in given["locked"][name]:
                if isinstance(space.get(each), (type, types.FunctionType)):
                    known[each] = space[each]

    async def go(token):
        """Do what a token stands for, once; it is what the runner's cells call."""
        what, name = tokens.pop(token)
        if what == "test":
            await test(name)
        else:
            (before if what == "before" else after)(name)

    def go_now(token):
        return failure(lambda: go(token).send(None)) and None

    clean, tokens, tests = False, dict(given["tokens"]), {}
    for name, source in given["tests"].items():
        try:
            tests[name] = compiled(name, source)
        except (SyntaxError, ValueError) as error:
            tests[name] = [error], set(), set(), False
    module = types.ModuleType(given["name"])
    module.go, module.go_now = go, go_now
    sys.modules[given["name"]] = module
    snapshot()
    say(ready=True)


if GIVEN:
    start(GIVEN)
