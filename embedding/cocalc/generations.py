"""Which generation of CoCalc answers at an address: at most four requests, which change nothing.

    1  GET  BASE/customize              is it CoCalc at all? Only then is the key sent anywhere.
    2  POST BASE/api/conat/hub          `system.ping`; HTTP 404 before 29 August 2025
       where that is there:
    3  POST BASE/api/conat/hub          the account of the key, which CoCalc-AI keeps from it
    4  POST BASE/api/conat/hub          `projects.state` of no project: which functions are there?
       or  GET  BASE/auth/impersonate   where the key says nothing
       where it is not:
    3  POST BASE/api/v1/ping            HTTP 404 since summer 2025
    4  GET  BASE/auth/impersonate       without a token; HTTP 404 before 19 October 2024

A server that does not answer, a gateway that answers for it, and a key that is refused are no
signs of another generation. (CoCalc of 2024 recorded; CoCalc of 2025 and 2026, and CoCalc-AI, read
in their source.)
"""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from embedding.cocalc.customize import Customize, customize_in
from embedding.cocalc.kinds import KINDS, SPOKEN, Generation, Kind
from embedding.cocalc.reading import Response, json_of, readable
from embedding.cocalc.wire import Key, Session

MOST = 4 * 1024 * 1024  # bytes of an answer that are read

# Texts of CoCalc's. The last two were read, and not seen on a running server.
_BAD_KEY: Final = re.compile(
    r"MUST provide an api key|Is your API key wrong\?|^Unknown authorization type"
    r'|^error: value "\d+" is out of range for type integer$'
)
_NO_KEY: Final = "You must provide authentication via an API key."
_NO_FUNCTION: Final = "unknown function"
_NO_EVENT: Final = re.compile(r"unknown (message event type|endpoint)")
_NO_TOKEN: Final = "invalid empty token"  # noqa: S105 -- what /auth/impersonate says without one
_AI_REFUSES: Final = "API keys are not allowed to call hub RPC"
_AI_NO_GRANT: Final = "grant_id"

# From when on the function that is looked for is there, and from when on all of the API.
STATE_SINCE: Final = "2025-11-21"
CONAT_SINCE: Final = "2025-08-29"

Verdict = Literal["yes", "no", "unclear"]


@dataclass(frozen=True, slots=True)
class Said:
    """What one request was answered; free of secrets."""

    request: str
    answer: str


@dataclass(frozen=True, slots=True)
class Found:
    """What answers at an address.

    Attributes:
        key_is_good: None where no key was sent, or nothing was said of it.
        since: for conat, the day since which its source has all that was found (ISO).
        customize: how it is set up, where it told.
        said: the requests and what was answered, in their order.
    """

    generation: Generation
    said: tuple[Said, ...]
    key_is_good: bool | None = None
    since: str = ""
    customize: Customize | None = None

    @property
    def kind(self) -> Kind:
        """Which it is, why it cannot be embedded, and what to do."""
        return KINDS[self.generation]

    @property
    def is_spoken(self) -> bool:
        """Whether there is a driver for it."""
        return self.generation in SPOKEN

    @property
    def is_certain(self) -> bool:
        """Whether it is known to be CoCalc of a certain generation."""
        return self.generation not in ("other", "unknown")


def detect(base_url: str, api_key: str = "", *, limit: float = 10.0) -> Found:
    """Ask which generation answers; in at most `limit` seconds, and about one more.

    Args:
        base_url: CoCalc's address with its base path.
        api_key: the site's key, or "": then it cannot be said whether the key is good.
    """
    probes = _Probes(base_url, api_key, limit)
    try:
        return _look(probes)
    finally:
        probes.close()


def _look(probes: "_Probes") -> Found:
    front = probes.get("customize")
    if front is None:
        return probes.found("unknown")
    setup = customize_in(json_of(front)) if front.status == 200 else None
    probes.trusted = setup is not None
    probes.customize = setup
    bridge = probes.hub("system.ping")
    there = _is_bridge(bridge)
    if there == "yes":
        return _conat_or_ai(probes, bridge)
    if there == "unclear" and setup:
        return probes.found("unknown")
    return _before_conat(probes, front)


def _is_bridge(answer: "Response | None") -> Verdict:
    if answer is None:
        return "unclear"
    told = json_of(answer)
    if answer.status == 200 and isinstance(told, dict) and ({"now"} <= told.keys() or _error(told)):
        return "yes"
    return _missing(answer)


def _conat_or_ai(probes: "_Probes", ping: "Response | None") -> Found:
    """The bridge is there, which both have: what a key may do there tells them apart."""
    words = _error(json_of(ping)) if ping else ""
    if _AI_REFUSES in words:
        return probes.found("ai", key_is_good=True)
    key_is_good = None if words else True
    if _BAD_KEY.search(words):
        key_is_good = False
    if key_is_good:
        answer = probes.hub(
            "db.userQuery", {"query": {"accounts": {"account_id": None, "groups": None}}}
        )
        told = json_of(answer) if answer else None
        if _AI_REFUSES in _error(told):
            return probes.found("ai", key_is_good=True)
        if isinstance(told, dict) and isinstance(told.get("accounts"), dict):
            return probes.found("conat", key_is_good=True, since=_since(probes))
    door = probes.impersonate()
    if door and _AI_NO_GRANT in _text(door):
        return probes.found("ai", key_is_good=key_is_good)
    is_conat = door and _NO_TOKEN in _text(door)
    return probes.found("conat" if is_conat else "unknown", key_is_good=key_is_good)


def _since(probes: "_Probes") -> str:
    """Ask for a function with what is no id of a project: it is refused, or not known."""
    answer = probes.hub("projects.state", {"project_id": "x"})
    words = _error(json_of(answer)) if answer else ""
    if not words or words.startswith("timeout"):
        return CONAT_SINCE
    return CONAT_SINCE if _NO_FUNCTION in words else STATE_SINCE


def _before_conat(probes: "_Probes", front: Response) -> Found:
    """There is no bridge: API v1 with all its parts, what came after it, or no CoCalc."""
    ping = probes.v1_ping()
    told = json_of(ping) if ping else None
    words = _error(told)
    pong = isinstance(told, dict) and told.get("event") == "pong"
    key_is_good = True if pong else False if _BAD_KEY.search(words) else None
    has_v1 = pong or key_is_good is False or words == _NO_KEY
    hollow = bool(_NO_EVENT.search(words))
    if ping is None or not (has_v1 or hollow or _missing(ping) == "no"):
        known = probes.trusted or front.status in (429, 500, 502, 503, 504)
        return probes.found("unknown" if known else "other", key_is_good=key_is_good)
    if not probes.trusted and not has_v1 and not hollow:
        gateway = front.status in (429, 500, 502, 503, 504)
        return probes.found("unknown" if gateway else "other")
    door = probes.impersonate()
    two_steps: Verdict = "unclear"
    if door:
        two_steps = "yes" if _NO_TOKEN in _text(door) else _missing(door)
    table: dict[tuple[bool, Verdict], Generation] = {
        (True, "no"): "v1",
        (True, "yes"): "late-v1",
        (False, "yes"): "v2",
    }
    return probes.found(table.get((has_v1, two_steps), "unknown"), key_is_good=key_is_good)


def _missing(answer: Response) -> Verdict:
    """Say whether the address does not exist there: "no", or it cannot be told."""
    return "no" if answer.status in (404, 405) else "unclear"


def _error(told: Any) -> str:
    error = told.get("error") if isinstance(told, dict) else None
    return error if isinstance(error, str) else ""


def _text(answer: Response) -> str:
    return answer.body[:2000].decode("utf-8", "replace")


class _NoAuth(AuthBase):
    """Nothing; being set, it keeps passwords of a netrc file out."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class _Probes:
    """The requests, what was answered, and until when they may go on."""

    def __init__(self, base_url: str, api_key: str, limit: float) -> None:
        self._base = base_url.rstrip("/")
        self._has_key = bool(api_key)
        self._key = Key(api_key or "-", "Bearer")  # which both APIs take
        self._deadline = time.monotonic() + limit
        self._session = Session()
        self._session.headers["User-Agent"] = "lectern"
        self._said: list[Said] = []
        self.trusted = False
        self.customize: Customize | None = None

    def close(self) -> None:
        self._session.close()

    def found(
        self, generation: Generation, *, key_is_good: bool | None = None, since: str = ""
    ) -> Found:
        if not (self.trusted and self._has_key):
            key_is_good = None
        return Found(generation, tuple(self._said), key_is_good, since, self.customize)

    def get(self, path: str) -> Response | None:
        return self._ask("GET", path, None, path)

    def impersonate(self) -> Response | None:
        return self._ask("GET", "auth/impersonate", None, "auth/impersonate")

    def hub(self, function: str, *args: Any) -> Response | None:
        body = {"name": function, "args": list(args), "timeout": 5000}
        return self._ask("POST", "api/conat/hub", body, f"api/conat/hub {function}")

    def v1_ping(self) -> Response | None:
        return self._ask("POST", "api/v1/ping", {}, "api/v1/ping")

    def _ask(self, method: str, path: str, body: Any, shown: str) -> Response | None:
        """Return what came back; None where nothing whole did."""
        left = max(self._deadline - time.monotonic(), 0.1)
        with_key = method == "POST" and self.trusted and self._has_key
        answer: Response | None = None
        try:
            with self._session.request(
                method,
                f"{self._base}/{path}",
                data=None if body is None else json.dumps(body),
                headers={} if body is None else {"Content-Type": "application/json"},
                auth=self._key if with_key else _NoAuth(),
                timeout=(min(5.0, left), left),
                allow_redirects=False,
                stream=True,
            ) as response:
                content = self._read(response)
                answer = Response(response.status_code, response.headers, content)
                words = _summary(answer, self._key.redact)
        except (requests.RequestException, HTTPError, OSError) as failure:
            words = f"no answer ({type(failure).__name__})"
        self._session.cookies.clear()
        self._said.append(Said(f"{method} /{shown}", words))
        return answer

    def _read(self, response: requests.Response) -> bytes:
        pieces, size = [], 0
        while piece := response.raw.read1(65536, decode_content=True):
            pieces.append(piece)
            size += len(piece)
            if size > MOST or time.monotonic() > self._deadline:
                raise TimeoutError
        return b"".join(pieces)


def _summary(answer: Response, redact: Callable[[str], str]) -> str:
    """Say what came back, in a few words for an administrator."""
    told = json_of(answer)
    if 300 <= answer.status < 400:
        target = "/".join(answer.headers.get("Location", "").split("/")[:3])
        return f"HTTP {answer.status}, redirects to {readable(redact(target)) or 'another path'}"
    if isinstance(told, dict):
        words = _error(told) or "JSON with " + ", ".join(sorted(map(str, told))[:5])
    elif told is not None:
        words = "JSON of another shape"
    else:
        plain = re.sub(r"(?is)<(style|script)\b.*?</\1>|<!.*?>|<[^>]*>", " ", _text(answer))
        words = " ".join(plain.split()) or "nothing"
    return f"HTTP {answer.status}: {readable(redact(words))[:120]}"
