"""Which generation answers: from a few harmless requests, and from nothing that is no answer."""

import socket
from collections.abc import Callable
from threading import Event
from typing import Any

import pytest

from embedding.cocalc.generations import CONAT_SINCE, MOST, STATE_SINCE, Found, detect
from embedding.cocalc.kinds import KINDS
from tests.cocalc import kinds
from tests.cocalc.kinds import KEY, Asked, Kind

HARMLESS = {
    ("GET", "/customize", ""),
    ("GET", "/auth/impersonate", ""),
    ("POST", "/api/v1/ping", ""),
    ("POST", "/api/conat/hub", "system.ping"),
    ("POST", "/api/conat/hub", "db.userQuery"),
    ("POST", "/api/conat/hub", "projects.state"),
}


def found_at(kind: Kind, key: str = KEY, **options: Any) -> Found:
    """Detect it, and look at what was asked."""
    with kind.running():
        found = detect(kind.url, key, **options)
    assert 1 <= len(kind.asked) <= 4
    assert {(asked.method, asked.path, asked.name) for asked in kind.asked} <= HARMLESS
    assert all(asked.key is None for asked in kind.asked if not asked.path.startswith("/api/"))
    assert not any(asked.cookies for asked in kind.asked)
    assert [said.request.split()[0] for said in found.said] == [each.method for each in kind.asked]
    assert not key or key not in repr(found)
    return found


@pytest.mark.parametrize(
    ("make", "generation"),
    [
        (kinds.v1, "v1"),
        (kinds.late_v1, "late-v1"),
        (kinds.hollow, "v2"),
        (kinds.v2, "v2"),
        (kinds.conat, "conat"),
        (kinds.ai, "ai"),
        (kinds.other, "other"),
    ],
)
def test_each_generation_is_known(make: Callable[[], Kind], generation: str) -> None:
    found = found_at(make())
    assert found.generation == generation
    assert found.is_spoken == (generation in ("v1", "conat"))
    assert found.is_certain == (generation != "other")


@pytest.mark.parametrize(
    ("make", "generation"),
    [
        (kinds.v1, "v1"),
        (lambda: kinds.v1(kinds.V1_BAD_KEY_TOO), "v1"),
        (kinds.late_v1, "late-v1"),
        (kinds.conat, "conat"),
        (kinds.ai, "ai"),
    ],
)
def test_a_bad_key_is_no_other_generation(make: Callable[[], Kind], generation: str) -> None:
    found = found_at(make(), "sk-wrong-wrong-wrong-0000")
    assert found.generation == generation
    assert found.key_is_good is False


@pytest.mark.parametrize(
    ("make", "generation"),
    [
        (kinds.v1, "v1"),
        (kinds.late_v1, "late-v1"),
        (kinds.v2, "v2"),
        (kinds.conat, "conat"),
        (kinds.ai, "ai"),
    ],
)
def test_without_a_key(make: Callable[[], Kind], generation: str) -> None:
    kind = make()
    found = found_at(kind, "")
    assert (found.generation, found.key_is_good) == (generation, None)
    assert all(asked.key is None for asked in kind.asked)


def test_the_key_goes_to_no_stranger() -> None:
    kind = kinds.other()
    found_at(kind)
    assert kind.asked
    assert all(asked.key is None for asked in kind.asked)


@pytest.mark.parametrize(
    ("state", "since"),
    [
        (kinds.NO_STATE, CONAT_SINCE),
        (kinds.NO_UUID, STATE_SINCE),
        ({"error": "timeout - callHub: subject='s', name='n', code='408' "}, CONAT_SINCE),
    ],
)
def test_how_new_it_is_at_least(state: object, since: str) -> None:
    assert found_at(kinds.conat(state)).since == since


def test_how_it_is_set_up() -> None:
    assert found_at(kinds.conat()).customize is not None
    setup = found_at(kinds.v1()).customize
    assert setup is not None
    assert (setup.site_name, setup.iframe_comm_hosts) == ("School", ("learn.school.test",))


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_gateway_before_all_of_it_is_no_generation(status: int) -> None:
    assert found_at(kinds.other((status, kinds.MAINTENANCE))).generation == "unknown"


PATHS = ("/api/conat/hub", "/api/conat/hub system.ping", "/api/v1/ping", "/auth/impersonate")


@pytest.mark.parametrize("make", [kinds.v1, kinds.late_v1, kinds.v2, kinds.conat, kinds.ai])
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "answer",
    [
        (502, kinds.MAINTENANCE),
        (503, kinds.MAINTENANCE),
        (200, kinds.MAINTENANCE),
        (401, "<html>Sign in</html>"),
        (403, {"message": "Forbidden"}),
        (302, "", {"Location": "https://login.school.test/?secret=1"}),
        (200, {"ok": True}),
        (200, []),
    ],
)
def test_who_answers_in_its_place_makes_it_no_other(
    make: Callable[[], Kind], path: str, answer: Any
) -> None:
    """It is what it is, or it cannot be told: never another one."""
    kind = make()
    right = found_at(make()).generation
    found = found_at(Kind(kind.answers | {path: answer}))
    assert found.generation in (right, "unknown")
    assert "secret" not in repr(found)


def test_a_front_page_that_is_elsewhere_leads_nowhere() -> None:
    kind = kinds.other((301, "", {"Location": "https://cocalc.example.edu/base/customize"}))
    found = found_at(kind)
    assert found.generation == "other"
    assert found.said[0].answer == "HTTP 301, redirects to https://cocalc.example.edu"


def test_where_it_leads_is_not_looked_at() -> None:
    found = found_at(kinds.other((301, "", {"Location": "http://["})))
    assert found.generation == "other"


def test_a_base_path_that_is_missing() -> None:
    """CoCalc is there, but below `/base`."""
    kind = kinds.v1()
    kind.answers = {f"/base{path}": answer for path, answer in kind.answers.items()}
    with kind.running():
        assert detect(kind.url, KEY).generation == "other"
        assert detect(f"{kind.url}/base/", KEY).generation == "v1"


def test_nobody_answers() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found = detect(f"http://127.0.0.1:{free.getsockname()[1]}", KEY)
    assert found.generation == "unknown"
    assert len(found.said) == 1
    assert found.said[0].answer.startswith("no answer")


@pytest.mark.parametrize("path", ["/customize", "/api/conat/hub system.ping", "/api/v1/ping"])
def test_what_hangs_is_no_other_generation(path: str) -> None:
    over = Event()

    def hang(asked: Asked) -> None:
        over.wait(20)

    kind = Kind(kinds.v1().answers | {path: hang})
    with kind.running():
        found = detect(kind.url, KEY, limit=0.3)
        over.set()
    assert found.generation == "unknown"
    assert found.said[-1].answer.startswith("no answer")


def test_an_endless_page_is_not_read_to_its_end() -> None:
    assert found_at(kinds.other("x" * (MOST + 10))).generation == "unknown"


def test_cookies_of_one_answer_are_not_sent_with_the_next() -> None:
    kind = kinds.v1()
    cookie = (200, kinds.CUSTOMIZE, {"Set-Cookie": "remember_me=x; Path=/"})
    kind.answers["/customize"] = cookie
    assert found_at(kind).generation == "v1"


def test_whoever_cannot_be_embedded_is_told_why_and_what_to_do() -> None:
    for generation, kind in KINDS.items():
        assert kind.name
        assert bool(kind.why) == bool(kind.advice) == (generation not in ("v1", "conat"))
