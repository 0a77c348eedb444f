"""The process's one CoCalc client, made from the settings."""

import threading
from functools import cache

from django.core.signals import setting_changed
from django.dispatch import Signal

from embedding.cocalc.client import Client, Identity
from embedding.cocalc.v1 import V1Client
from embedding.conf import conf
from embedding.turns import seconds_for

# A project's files could be read by other projects, and no longer can: `project_id`.
home_was_open = Signal()

_lock = threading.Lock()


@cache
def _client() -> Client:
    return V1Client(
        conf().api_url,
        conf().api_key,
        before_call=seconds_for,
        on_open_home=_home_was_open,
    )


def _home_was_open(project_id: str) -> None:
    home_was_open.send_robust(sender=None, project_id=project_id)


def client() -> Client:
    """Return the client; its connections are pooled and shared by all threads."""
    with _lock:
        return _client()


@cache
def service_identity() -> Identity:
    """Return whose key the site holds; asked of CoCalc once per process."""
    return client().identify()


def forget() -> None:
    """Close the client; the next use makes a new one from the settings."""
    with _lock:
        if _client.cache_info().currsize:
            _client().close()
        _client.cache_clear()
        service_identity.cache_clear()


def _settings_changed(*, setting: str, **_: object) -> None:
    if setting == "EMBEDDING":
        forget()


setting_changed.connect(_settings_changed)
