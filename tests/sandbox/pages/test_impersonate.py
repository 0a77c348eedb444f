"""`/auth/impersonate`: what it answers, and the cookies it sets, letter by letter."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from sandbox.process import SandboxProcess
from tests.sandbox.support import ADMIN_KEY, PATIENCE, Api, Person

_DATE = r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT"
_ERROR = "ERROR: impersonate error -- Error: "


@pytest.fixture
def plain_http(tmp_path: Path) -> Iterator[Api]:
    """Without https and without a `dns`."""
    with SandboxProcess.start(
        tmp_path, admin_key=ADMIN_KEY, generation="conat", both=True
    ) as sandbox:
        api = Api(sandbox)
        with api.session:
            yield api


def enter(api: Api, query: str, **headers: str) -> requests.Response:
    # Each on its own: no cookie of one is sent with the next.
    return requests.get(
        f"{api.sandbox.url}/auth/impersonate{query}",
        headers=headers,
        verify=api.sandbox.verify,
        timeout=PATIENCE,
    )


def cookies(answer: requests.Response) -> list[str]:
    return list(answer.raw.headers.getlist("Set-Cookie"))


def test_a_good_token(api: Api, person: Person) -> None:
    token = api.token(person.account_id)
    answer = enter(api, f"?auth_token={token}&fullscreen=kiosk")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    own, session = cookies(answer)
    assert re.fullmatch(f"account_id={person.account_id}; path=/; expires={_DATE}", own)
    assert re.fullmatch(
        rf"remember_me=sha512\$\w+\$\d+\$[\w-]+; path=/; expires={_DATE}; "
        "samesite=strict; secure; httponly",
        session,
    )
    ends = re.search(_DATE, own)
    assert ends
    left = time.mktime(time.strptime(ends[0], "%a, %d %b %Y %H:%M:%S GMT")) - time.mktime(
        time.gmtime()
    )
    assert 12 * 3600 - 60 < left <= 12 * 3600
    assert '"https://cocalc.school.test/app"' in answer.text
    for name in ("X-Frame-Options", "Content-Security-Policy", "Cross-Origin-Opener-Policy"):
        assert name not in answer.headers
    # It stays good.
    assert len(cookies(enter(api, f"?auth_token={token}"))) == 2


def test_languages(api: Api, person: Person) -> None:
    token = api.token(person.account_id)
    for given, passed in (("de", "?lang_temp=de"), ("xx", "")):
        text = enter(api, f"?auth_token={token}&lang_temp={given}").text
        assert f'"https://cocalc.school.test/app{passed}"' in text


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("", "invalid empty token"),
        ("?auth_token=", "invalid empty token"),
        ("?auth_token=" + "x" * 24, f"unknown or expired token: '{'x' * 24}'"),
        ("?auth_token=<b>x</b>", "unknown or expired token: '<b>x</b>'"),
    ],
)
def test_refusals(api: Api, query: str, why: str) -> None:
    answer = enter(api, query)
    assert (answer.status_code, answer.text) == (200, _ERROR + why)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert cookies(answer) == []


def test_no_script_of_a_refusal_runs(api: Api) -> None:
    answer = enter(api, "?auth_token=<script>alert()</script>")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'"


def test_tokens_and_sessions_end(plain_http: Api) -> None:
    person = plain_http.person()
    token = plain_http.token(person.account_id)
    session = cookies(enter(plain_http, f"?auth_token={token}"))[1].partition(";")[0]

    def who() -> object:
        hello = f"{plain_http.sandbox.url}/hub/hello"
        answer = requests.post(hello, headers={"Cookie": session}, timeout=PATIENCE)
        return answer.json()["account_id"]

    assert who() == person.account_id
    plain_http.sandbox.forward(12 * 3600 + 1)
    assert who() is None
    answer = enter(plain_http, f"?auth_token={token}")
    assert answer.text == f"{_ERROR}unknown or expired token: '{token}'"


def test_a_banned_account_gets_one_cookie(
    sandbox: SandboxProcess, api: Api, person: Person
) -> None:
    sandbox.ban(person.account_id)
    token = api.token(person.account_id)
    answer = enter(api, f"?auth_token={token}")
    assert (answer.status_code, answer.text) == (200, _ERROR + "user is banned")
    [only] = cookies(answer)
    assert only.startswith(f"account_id={person.account_id}; path=/")


def test_without_https_or_a_dns(plain_http: Api) -> None:
    token = plain_http.token(plain_http.person().account_id)
    answer = enter(plain_http, f"?auth_token={token}")
    assert cookies(answer)[1].endswith("; samesite=strict; httponly")
    assert '"https:/app"' in answer.text
    behind = enter(plain_http, f"?auth_token={token}", **{"X-Forwarded-Proto": "https"})
    assert cookies(behind)[1].endswith("; samesite=strict; secure; httponly")
    setting = {"name": "samesite_remember_me", "value": "none"}
    plain_http("query", query={"site_settings": setting})
    assert "; samesite=none; " in cookies(enter(plain_http, f"?auth_token={token}"))[1]
