"""What a site of conat tells anybody, and which addresses it knows."""

import json
from pathlib import Path

import pytest
import requests

from sandbox.process import SandboxProcess
from tests.sandbox.support import ADMIN_KEY, PATIENCE, Api


def test_customize(api: Api) -> None:
    answer = api.get("/customize", headers={"Host": "cocalc.school.test"})
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.text == json.dumps(answer.json(), indent=2)
    configuration = answer.json()["configuration"]
    assert configuration["dns"] == "cocalc.school.test"
    assert configuration["samesite_remember_me"] == "strict"
    assert configuration["iframe_comm_hosts"] == ["learn.school.test", ".wild.test"]
    assert api.get("/customize").json()["configuration"]["dns"].startswith("127.0.0.1:")


def test_the_hosts_as_the_setting_is_read(tmp_path: Path) -> None:
    with SandboxProcess.start(
        tmp_path, admin_key=ADMIN_KEY, generation="conat", both=True
    ) as sandbox:

        def configuration() -> dict[str, object]:
            answer = requests.get(f"{sandbox.url}/customize", timeout=PATIENCE)
            found: dict[str, object] = answer.json()["configuration"]
            return found

        assert "iframe_comm_hosts" not in configuration()
        setting = {"name": "iframe_comm_hosts", "value": "leArn.school.test, .wild.test"}
        Api(sandbox)("query", query={"site_settings": setting})
        expected = ["le", "rn.school.test", ".wild.test"]
        assert configuration()["iframe_comm_hosts"] == expected


def test_the_manifest(api: Api) -> None:
    answer = api.get("/customize?type=manifest")
    assert answer.headers["Content-Type"].startswith("application/manifest+json")
    assert answer.json()["name"]


def test_alive(api: Api) -> None:
    answer = api.get("/alive")
    assert (answer.status_code, answer.text) == (200, "alive: YES")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_what_is_not_there(api: Api) -> None:
    answer = api.get("/static/nope.js")
    assert (answer.status_code, answer.content) == (404, b"")
    assert "Content-Type" not in answer.headers
    for path in ("/auth/impersonate", "/static/app.html", "/customize"):
        answer = api.session.post(
            api.sandbox.url + path, verify=api.sandbox.verify, timeout=PATIENCE
        )
        assert answer.status_code == 404, path
    assert api.get("/hub/sign-in").status_code == 404


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/app?fullscreen=kiosk", "/static/app.html?fullscreen=kiosk"),
        (
            "/projects/P/files/a/x.ipynb?fullscreen=kiosk&session=",
            (
                "/static/app.html?target="
                "%2Fprojects%2FP%2Ffiles%2Fa%2Fx.ipynb%3Ffullscreen%3Dkiosk%26session%3D"
            ),
        ),
    ],
)
def test_the_ways_to_the_page(api: Api, path: str, location: str) -> None:
    answer = api.get(path, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (302, location)
    page = api.get(path)
    assert page.status_code == 200
    for name in ("X-Frame-Options", "Cross-Origin-Opener-Policy", "Permissions-Policy"):
        assert name not in page.headers
    assert "frame-ancestors" not in page.headers.get("Content-Security-Policy", "")
