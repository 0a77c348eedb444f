"""The script that runs a prepared notebook in the student's project.

`RUNNER` is its text, for `python3 - "$notebook"` with the text on stdin. How it is called, what it
prints and its exit codes are said at its top: `run_notebook.py`.
"""

from pathlib import Path

from classroom.nbgrader import guarding

_HERE = Path(__file__).parent


def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _guard() -> str:
    """Return the texts of the guard as one, which imports nothing of ours."""
    parts = ("whose", "probes", "integrity", "results", "guard")
    lines = "\n".join(_text(f"kernel_{part}.py") for part in parts).split("\n")
    return "\n".join(line for line in lines if not line.startswith("from classroom.nbgrader."))


GUARD = guarding.GUARD = _guard()

_IMPORT = "from classroom.nbgrader import cutting, guarding\n"
_PARTS = "".join(
    f"{name} = types.ModuleType({name!r})\n"
    f"exec(compile({_text(f'{name}.py')!r}, '{name}.py', 'exec'), vars({name}))\n"
    for name in ("cutting", "guarding")
)
RUNNER = _text("run_notebook.py").replace(
    _IMPORT, f"import types\n\n{_PARTS}guarding.GUARD = {GUARD!r}\n"
)

DONE, UNREADABLE, NO_JUPYTER, NO_KERNEL, STOPPED, FAILED = 0, 2, 3, 4, 5, 6


def runner(secret: str) -> str:
    """Return the script with a secret, which its answer repeats."""
    return RUNNER.replace('SECRET = ""', f"SECRET = {secret!r}", 1)
