"""The site as it is run in earnest, by processes of its own on the test's database."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from django.conf import settings as site
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]


class Served:
    """One gunicorn, with one process unless more are asked for; `url` is its address."""

    def __init__(self, log: Path, *, threads: int = 8, workers: int = 1, **variables: str) -> None:
        database = {
            name: value for name, value in connection.settings_dict.items() if name != "TEST"
        }
        given = json.dumps({"DATABASE": database, "EMBEDDING": site.EMBEDDING})
        with socket.create_server(("127.0.0.1", 0)) as listener, log.open("ab") as file:
            self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            self._server = subprocess.Popen(
                [
                    *(sys.executable, "-m", "gunicorn", "--config", "python:config.gunicorn"),
                    *("--workers", str(workers), "--bind", f"fd://{listener.fileno()}"),
                    "--no-control-socket",
                ],
                cwd=ROOT,
                env={
                    **os.environ,
                    "DJANGO_SETTINGS_MODULE": "tests.config.served",
                    "WEB_THREADS": str(threads),
                    "TESTS_SERVED": given,
                    **variables,
                },
                pass_fds=[listener.fileno()],
                stdout=file,
                stderr=file,
                start_new_session=True,
            )

    def kill(self) -> None:
        """Nothing of it runs any more; what it was doing is left as it was."""
        if self._server.poll() is None:
            os.killpg(self._server.pid, signal.SIGKILL)
            self._server.wait()
