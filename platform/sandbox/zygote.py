"""The parent of every project's Jupyter Server: imports Jupyter once, and forks.

A server is up in a quarter of a second that way, and shares its memory with the others. The zygote
also is the one who notices when the front dies, however it dies: the pipe between them closes, and
everything that ran in a project is killed. Run as `python -m sandbox.zygote FD INSTANCE`.
"""

import contextlib
import ctypes
import gc
import importlib
import itertools
import json
import os
import select
import signal
import socket
import sys
from pathlib import Path
from typing import Any, NoReturn

from sandbox.processes import kill_marked

_PR_SET_PDEATHSIG = 1
_PRELOAD = (
    "IPython.display",
    "jupyter_lsp",
    "jupyter_server.nbconvert.handlers",
    "jupyter_server.services.contents.largefilemanager",
    "jupyter_server.services.kernels.connection.channels",
    "jupyter_server_terminals",
    "jupyter_server_terminals.app",
    "jupyterlab.extensions.readonly",
    # Asks Node for its settings: a quarter of a second, and a log in the home.
    "jupyterlab.labapp",
    "notebook.app",
    "notebook_shim.nbserver",
    "sandbox.checkpoints",
)


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    children: set[int] = set()
    try:
        _preload()
        _serve(control, children)
    finally:
        # Not after a fork: the children leave by os._exit.
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        kill_marked(sys.argv[2])


def _preload() -> None:
    handlers = importlib.import_module("jupyter_server.serverapp").JUPYTER_SERVICE_HANDLERS
    for name in (*_PRELOAD, *itertools.chain.from_iterable(filter(None, handlers.values()))):
        # A part that some version of Jupyter does not have is no loss: it is only slower then.
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    # What is there stays shared with the children, as long as nobody counts through it.
    gc.collect()
    gc.freeze()


def _serve(control: socket.socket, children: set[int]) -> None:
    """Take orders, one a message, until the front is gone; tell it who has ended."""
    # A byte on this pipe wakes the loop for each child that ends.
    wake, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        readable, _, _ = select.select([control.fileno(), wake], [], [])
        if wake in readable:
            os.read(wake, 4096)
            _reap(children)
        if control.fileno() in readable:
            message = control.recv(65536)
            if not message:
                return
            order = json.loads(message)
            parent = os.getpid()
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                control.close()
                _become_server(order, parent)
            children.add(pid)
            control.send(json.dumps({"project_id": order["project_id"], "pid": pid}).encode())


def _reap(children: set[int]) -> None:
    while children:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        children.discard(pid)


def _become_server(order: dict[str, Any], parent: int) -> NoReturn:
    """In the child: turn into the Jupyter Server of one project. Never returns."""
    status = 1
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)  # It died before we could ask to die with it.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        with Path(order["log"]).open("ab", buffering=0) as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        os.environ.clear()
        os.environ.update(order["environment"])
        os.chdir(order["environment"]["HOME"])
        sys.argv = ["jupyter-notebook"]
        app = importlib.import_module("notebook.app").JupyterNotebookApp
        app.launch_instance(argv=order["options"])
        status = 0
    except SystemExit:
        status = 0
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
