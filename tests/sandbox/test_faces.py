"""Two generations of CoCalc at two addresses, with the same accounts and projects."""

from pathlib import Path

import pytest
import requests

from sandbox.config import GENERATIONS, Generation
from sandbox.process import SandboxProcess
from tests.sandbox.support import ADMIN_KEY, PATIENCE, Api


def status(url: str, path: str, method: str = "GET") -> int:
    return requests.request(method, url + path, json={}, timeout=PATIENCE).status_code


@pytest.mark.parametrize("generation", GENERATIONS)
def test_both(tmp_path: Path, generation: Generation) -> None:
    with SandboxProcess.start(
        tmp_path, admin_key=ADMIN_KEY, generation=generation, both=True, start_seconds=0
    ) as sandbox:
        assert sandbox.url == sandbox.faces[generation]
        assert set(sandbox.faces) == set(GENERATIONS)
        v1, conat = sandbox.faces["v1"], sandbox.faces["conat"]
        assert v1 != conat
        assert status(conat, "/api/v1/ping", "POST") == 404
        assert status(v1, "/auth/impersonate") == 404
        assert status(conat, "/hub/sign-in", "POST") == 404
        # The control door is on both, and counts the same calls.
        sandbox.url = v1
        Api(sandbox)("ping")
        for sandbox.url in (v1, conat):
            assert sandbox.calls()["counts"] == {"ping": 1}


def test_one_alone(tmp_path: Path) -> None:
    with SandboxProcess.start(tmp_path, admin_key=ADMIN_KEY, generation="conat") as sandbox:
        assert sandbox.faces == {"conat": sandbox.url}
        assert status(sandbox.url, "/customize") == 200
