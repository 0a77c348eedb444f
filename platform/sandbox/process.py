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

from sandbox.config import Generation

_START_SECONDS = 60
_STOP_SECONDS = 20
_CALL_SECONDS = 30


class StartError(Exception):
    """The sandbox ended, or said nothing, before it answered."""


@dataclass
class SandboxProcess:
    """A running sandbox. Use it as a context manager, or call `stop`.

    `url` and `port` are the main address; `faces` has one for each generation played.
    """

    url: str
    port: int
    generation: Generation
    faces: dict[str, str]
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
        generation: Generation = "v1",
        both: bool = False,
        second_port: int = 0,
        second_public_host: str | None = None,
        dns: str | None = None,
        log: Path | None = None,
        **quirks: Any,
    ) -> Self:
        """Start one and wait until it answers.

        `tls` is (certificate chain, key), `other_tls` the same for the quirk wrong_certificate,
        `verify` the CA that signed it, `public_host` a name
        besides the loopback ones that it answers to, `iframe_hosts` who may use the kiosk's
        channel (empty: as it was), `development_origins` which pages of this machine may too.
        `generation` is which CoCalc it plays; with `both` the other one too, with the same
        accounts and projects, at a second address (`second_port`, `second_public_host`).
        `dns` is the site setting that the sign-in of conat redirects to, a host; None: that of
        the public address.
        The admin key goes by the environment, which `ps` does not show.
        """
        scheme = "https" if tls else "http"
        options = ["--data", str(data), "--port", str(port), "--quirks", json.dumps(quirks)]
        options += ["--generation", generation]
        if iframe_hosts:
            options += ["--iframe-hosts", iframe_hosts]
        if development_origins:
            options += ["--development-origins", development_origins]
        if public_host:
            options += ["--public-url", f"{scheme}://{public_host}"]
        if both:
            options += ["--both", "--second-port", str(second_port)]
        if second_public_host:
            options += ["--second-public-url", f"{scheme}://{second_public_host}"]
        if dns is not None:
            options += ["--dns", dns]
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
        ports: dict[str, int] = ready["ports"]
        faces = {name: f"{scheme}://127.0.0.1:{found}" for name, found in ports.items()}
        return cls(
            url=faces[generation],
            port=ports[generation],
            generation=generation,
            faces=faces,
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

    def forward(self, seconds: float) -> None:
        """Move the clock of caches, tokens, cookies and bans ahead."""
        self._control("POST", "clock", {"forward": seconds})

    def ban(self, account_id: str, banned: bool = True) -> None:
        self._control("POST", f"accounts/{account_id}/ban", {"banned": banned})

    def make_admin(self, account_id: str) -> None:
        self._control("POST", f"accounts/{account_id}/admin", {})

    def delete_account(self, account_id: str) -> None:
        """As somebody who deletes his own account: its address and its sign-ins are gone."""
        self._control("POST", f"accounts/{account_id}/delete", {})

    def make_key(self, account_id: str, **fields: Any) -> str:
        """A key of the account, or with `project_id` one of that project, made by the account.

        `expire`: its end in seconds since 1970.
        """
        key: str = self._control("POST", f"accounts/{account_id}/keys", fields)["key"]
        return key

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
        waiting = select.poll()  # `select` knows no number beyond 1,023
        waiting.register(pipe, select.POLLIN)
        if not waiting.poll(_START_SECONDS * 1000):
            raise StartError(f"The sandbox did not answer within {_START_SECONDS} s.")
        said = pipe.read()
    if not said:
        raise StartError("The sandbox ended at its start: its log says why.")
    ready: dict[str, Any] = json.loads(said)
    return ready
