"""A sandbox in a process of its own, for the demo and for tests."""

import json
import os
import select
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

_START_SECONDS = 60
_STOP_SECONDS = 20
_CALL_SECONDS = 30


class StartError(Exception):
    """The sandbox ended, or said nothing, before it answered."""


@dataclass
class SandboxProcess:
    """A running sandbox. Use it as a context manager, or call `stop`."""

    url: str
    port: int
    admin_key: str = field(repr=False)
    admin_account_id: str
    verify: str | bool
    process: subprocess.Popen[bytes]

    @classmethod
    def start(
        cls,
        data: Path,
        *,
        admin_key: str,
        port: int = 0,
        tls: tuple[Path, Path] | None = None,
        other_tls: tuple[Path, Path] | None = None,
        verify: Path | None = None,
        iframe_hosts: str = "",
        development_origins: str = "",
        public_host: str | None = None,
        log: Path | None = None,
        **quirks: Any,
    ) -> Self:
        """Start one and wait until it answers.

        `tls` is (certificate chain, key), `other_tls` the same for the quirk wrong_certificate,
        `verify` the CA that signed it, `public_host` a name
        besides the loopback ones that it answers to, `iframe_hosts` who may use the kiosk's
        channel (empty: as it was), `development_origins` which pages of this machine may too.
        The admin key goes by the environment, which `ps` does not show.
        """
        options = ["--data", str(data), "--port", str(port), "--quirks", json.dumps(quirks)]
        if iframe_hosts:
            options += ["--iframe-hosts", iframe_hosts]
        if development_origins:
            options += ["--development-origins", development_origins]
        if public_host:
            options += ["--public-url", f"{'https' if tls else 'http'}://{public_host}"]
        if tls:
            options += ["--tls-cert", str(tls[0]), "--tls-key", str(tls[1])]
        if other_tls:
            options += ["--other-tls-cert", str(other_tls[0]), "--other-tls-key", str(other_tls[1])]
        data.mkdir(parents=True, exist_ok=True)
        readable, writable = os.pipe()
        try:
            with (log or data / "sandbox.log").open("ab") as output:
                process = subprocess.Popen(  # noqa: S603 - our own module, our own options
                    [sys.executable, "-m", "sandbox", *options, "--ready-fd", str(writable)],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env={**os.environ, "SANDBOX_ADMIN_KEY": admin_key},
                    pass_fds=[writable],
                )
        except BaseException:
            os.close(readable)
            raise
        finally:
            os.close(writable)
        try:
            ready = _wait_for(readable)
        except BaseException:
            process.kill()
            process.wait()
            raise
        scheme = "https" if tls else "http"
        return cls(
            url=f"{scheme}://127.0.0.1:{ready['port']}",
            port=ready["port"],
            admin_key=admin_key,
            admin_account_id=ready["admin_account_id"],
            verify=str(verify) if verify else True,
            process=process,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End it with all that runs in its projects. Harmless where it has ended already."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def quirks(self, **changes: Any) -> dict[str, Any]:
        """Set the named quirks (none: only look); return all. See sandbox/quirks.py."""
        if not changes:
            return self._control("GET", "quirks")
        return self._control("POST", "quirks", changes)

    def reset_quirks(self) -> dict[str, Any]:
        """Back to the quirks it was started with."""
        return self._control("POST", "reset-quirks")

    def calls(self) -> dict[str, Any]:
        """`counts` by event, and `log`: the API calls since the last reset."""
        return self._control("GET", "calls")

    def reset_calls(self) -> None:
        self._control("POST", "calls/reset")

    def stop_project(self, project_id: str) -> None:
        self._control("POST", f"projects/{project_id}/stop")

    def _control(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        response = requests.request(
            method,
            f"{self.url}/sandbox/{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.admin_key}"},
            verify=self.verify,
            timeout=_CALL_SECONDS,
        )
        if response.status_code == 400:
            raise ValueError(response.json()["error"])
        response.raise_for_status()
        answer: dict[str, Any] = response.json()
        return answer


def _wait_for(readable: int) -> dict[str, Any]:
    with os.fdopen(readable, "rb") as pipe:
        if not select.select([pipe], [], [], _START_SECONDS)[0]:
            raise StartError(f"The sandbox did not answer within {_START_SECONDS} s.")
        said = pipe.read()
    if not said:
        raise StartError("The sandbox ended at its start: its log says why.")
    ready: dict[str, Any] = json.loads(said)
    return ready
