"""A project that really runs the commands, in a folder, as CoCalc's bridges have it run them."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.cocalc.server import Reply, Request

MOST = 1_048_576  # bytes of a request
TOO_SOON = 0.2  # seconds by which an upload's answer is before its file


@dataclass
class HomeProject:
    """Runs `system.exec`, takes uploads, and knows the few functions of the hub that these need."""

    home: Path
    is_old: bool = False  # before 2025-11-21: does not start by itself
    runs: bool = True
    answers: dict[str, Any] = field(default_factory=dict)  # by function, instead of doing it
    after: Callable[[str, Reply], Reply] = lambda _, reply: reply
    uploaded: Callable[[Path], object] = lambda _: None  # once the file has its name
    called: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> Reply:
        route = urlsplit(request.path)
        name = "upload" if route.path == "/upload" else request.fields["name"]
        self.called.append(name)
        if name in self.answers:
            answer = self.answers[name]
            return answer if isinstance(answer, Reply) else _json(answer)
        if name == "upload":
            query = {name: values[0] for name, values in parse_qs(route.query, True).items()}
            return self.after(name, self._upload(query, request))
        return self.after(name, self._call(name, request))

    def _call(self, name: str, request: Request) -> Reply:
        if len(request.body) > MOST:
            return Reply("Body exceeded 1mb limit", 413)
        if name == "projects.state" and not self.is_old:
            return _json({"error": "Error: project_id must be a valid uuid"})
        if name == "projects.start":
            self.runs = True
            return _json(None)
        if name == "system.exec" and request.path == "/api/conat/project":
            return self._exec(request.fields, request.fields["args"][0])
        return _json({"error": f"Error: unknown function '{name}'"})

    def _exec(self, fields: dict[str, Any], argument: dict[str, Any]) -> Reply:
        if not self.runs and self.is_old:
            subject = f"project.{fields['project_id']}.0.api"
            return _json(
                {
                    "error": f"request -- no subscribers matching '{subject}' - callHub: "
                    f"subject='{subject}', name='system.exec', code='503' "
                }
            )
        self.runs = True
        assert argument["bash"] is True
        assert argument["err_on_exit"] is False
        folder = self.home / argument.get("path", "")
        if not folder.is_dir():
            told = '{"errno":-2,"code":"ENOENT","syscall":"spawn bash","path":"bash"}'
            return _json({"error": f"command ''bash' ()' was not able to run -- stderr='{told}'"})
        script = self.home.parent / "a.sh"
        script.write_text(f"ulimit -t {argument['timeout']}\n{argument['command']}")
        with subprocess.Popen(
            ["bash", str(script)],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            try:
                stdout, stderr = process.communicate(timeout=argument["timeout"])
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                return _json({"error": f"killed command 'bash {script}'"})
        return _json(
            {
                "type": "blocking",
                "stdout": _by_blocks(stdout),
                "stderr": _by_blocks(stderr),
                # What a signal has ended has none, and CoCalc makes 0 of it.
                "exit_code": max(process.returncode, 0),
            }
        )

    def _upload(self, query: dict[str, str], request: Request) -> Reply:
        assert query["compute_server_id"] == "0"
        boundary = request.headers["content-type"].partition("boundary=")[2].encode()
        head, _, rest = request.body.partition(b"\r\n\r\n")
        end = b"\r\n--" + boundary + b"--\r\n"
        assert head.startswith(b"--" + boundary + b"\r\n")
        assert rest.endswith(end)
        name = re.search(rb'name="file"; filename="([^"]*)"', head)
        assert name
        target = self.home / query["path"] / name[1].decode()
        partial = target.with_name(f"{target.name}.partialupload-2A3B4C5D6E")
        partial.write_bytes(rest.removesuffix(end))

        def rename() -> None:
            if partial.exists():
                partial.rename(target)
                self.uploaded(target)

        Timer(TOO_SOON, rename).start()
        return Reply('{\n  "status": "ok"\n}')


def _by_blocks(output: bytes) -> str:
    """Decode as Node does: each block of a pipe by itself."""
    blocks = (output[start : start + 65536] for start in range(0, len(output), 65536))
    return "".join(block.decode(errors="replace") for block in blocks)


def _json(answer: Any) -> Reply:
    return Reply(json.dumps(answer))
