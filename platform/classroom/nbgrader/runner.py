"""The script that runs a prepared notebook in the student's project.

`RUNNER` is its text, for `python3 - "$notebook"` with the text on stdin. How it is called, what it
prints and its exit codes are said at its top: `run_notebook.py`.
"""

from pathlib import Path

RUNNER = Path(__file__).with_name("run_notebook.py").read_text(encoding="utf-8")

DONE, UNREADABLE, NO_JUPYTER, NO_KERNEL, STOPPED, FAILED = 0, 2, 3, 4, 5, 6
