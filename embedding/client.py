"""The process's one CoCalc client, made from the settings and what CoCalc is."""

import logging
import threading
from collections.abc import Mapping
from typing import Any, Literal

from django.core.signals import setting_changed
from django.dispatch import Signal

from embedding import breaker, calls, key, which
from embedding.cocalc.client import Client, Identity, Proof
from embedding.cocalc.conat import ConatClient
from embedding.cocalc.errors import CocalcError, NoKey, RefusedKey
from embedding.cocalc.kinds import Spoken
from embedding.cocalc.v1 import V1Client
from embedding.conf import conf
from embedding.turns import seconds_for

log = logging.getLogger(__name__)

# A project's files could be read by other projects, and no longer can: `project_id`.
home_was_open = Signal()

_lock = threading.Lock()
_made: dict[Spoken, Client] = {}  # two where CoCalc was upgraded meanwhile
_made_with = ""  # the key of all of them
_whose: tuple[Client, Identity] | None = None  # a client of theirs, and whose key it has


def client() -> Client:
    """Return the client; its connections are pooled and shared by all threads.

    Raises NoKey where users sign in to CoCalc themselves, and where it is not set which generation
    it is, what `embedding.which.spoken` raises.
    """
    if conf().own_sign_in:
        raise NoKey("client")
    return _client()


def sign_in() -> Literal["address", "impersonate", "door", "own"]:
    """Return how browsers sign in to CoCalc: as set, or as its generation has it.

    By the door where there is one and CoCalc lets a server sign in (`embedding.door`).
    """
    chosen = conf().sign_in
    if chosen != "auto":
        return chosen
    style = client().sign_in
    return "door" if style == "impersonate" and conf().door else style


def proofs() -> frozenset[Proof]:
    """Return which messages of CoCalc's prove to a page that a file is open."""
    if not conf().own_sign_in:
        return client().proofs
    generation: str = conf().generation
    if generation == "auto":
        try:
            generation = which.current().found.generation
        except CocalcError as error:
            log.info("Which CoCalc it is, is not known: %s", error)
    return V1Client.proofs if generation in ("v1", "late-v1") else ConatClient.proofs


def service_identity() -> Identity:
    """Return whose key the site holds; asked of CoCalc once per process and key."""
    global _whose
    cocalc, known = client(), _whose
    if known is None or known[0] is not cocalc:
        known = _whose = (cocalc, cocalc.identify())
    return known[1]


def forget() -> None:
    """Close the client; the next use makes a new one from the settings."""
    with _lock:
        for made in _made.values():
            made.close()
        _made.clear()
    which.forget()
    breaker.forget()


def _client() -> Client:
    global _made_with
    generation, now = which.spoken(), key.current()
    with _lock:
        if _made_with != now:
            # Who still uses one of before ends its call, and then its connections go.
            _made.clear()
            _made_with = now
        if generation not in _made:
            _made[generation] = client_with(generation, now)
        return _made[generation]


def client_with(generation: Spoken, api_key: str) -> Client:
    """Return a client of its own with this key, as the site's own is otherwise.

    Whoever asks for it closes it. Raises NoKey where the site has none itself.
    """
    if conf().own_sign_in:
        raise NoKey("client")
    options: dict[str, Any] = {
        "before_call": _before,
        "on_call": calls.told(generation, _called),
        "on_open_home": _home_was_open,
    }
    if generation == "v1":
        return V1Client(conf().api_url, api_key, **options)
    return ConatClient(conf().api_url, api_key, organization=conf().organization, **options)


def _before(operation: str, fields: Mapping[str, Any]) -> float:
    breaker.check(operation)  # before the turn: what is refused takes none
    return seconds_for(operation, fields)


def _called(_operation: str, _seconds: float, code: str | None) -> None:
    which.doubt(code)
    breaker.heard(code)
    if code == RefusedKey.code:
        key.doubt()


def _home_was_open(project_id: str) -> None:
    home_was_open.send_robust(sender=None, project_id=project_id)


def _settings_changed(*, setting: str, **_: object) -> None:
    if setting == "EMBEDDING":
        forget()


setting_changed.connect(_settings_changed)
