"""Runs a script of ours as CoCalc would, in a folder of the test's."""

import subprocess
from pathlib import Path

from embedding.cocalc.client import Output


def run(script: str, home: Path) -> Output:
    done = subprocess.run(["bash", "-c", script], cwd=home, capture_output=True, timeout=60)
    return Output(
        done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"), done.returncode
    )
