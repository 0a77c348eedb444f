"""Who calls: the key in the header, and whose it is. Bridges never look at cookies."""

import base64
import binascii
from dataclasses import dataclass

from aiohttp import web

from sandbox.conat import texts
from sandbox.conat.functions import Thrown
from sandbox.hub import Hub
from sandbox.store import Account


@dataclass(frozen=True)
class Caller:
    """An account, or a project by a key of its own."""

    account: Account | None = None
    project_id: str | None = None


def key_in(request: web.Request) -> str | None:
    """The key that a request brings; None: no header at all. Raises Thrown."""
    header = request.headers.get("Authorization")
    if header is None:
        return None
    kind, blank, value = header.partition(" ")
    if kind == "Bearer":
        return value.strip()
    if kind == "Basic":
        if not blank:
            raise Thrown(texts.NO_CREDENTIALS)
        try:
            return base64.b64decode(value).decode("utf-8", "replace").partition(":")[0]
        except binascii.Error:
            return ""
    raise Thrown(f"Unknown authorization type '{kind or 'undefined'}'")


def caller_of(hub: Hub, request: web.Request) -> Caller | None:
    """Whose key it is; None: nobody's, a banned account's, an expired one. Raises Thrown."""
    key = key_in(request)
    if key is None:
        raise Thrown("You must provide authentication via an API key.")
    return caller_by_key(hub, key)


def caller_by_key(hub: Hub, key: str) -> Caller | None:
    found = hub.caches.key(key)
    if found is None:
        return None
    if found.project_id is not None:
        # The key dies with its maker's membership.
        if not hub.caches.is_collaborator(found.account_id, found.project_id):
            hub.store.keyring.delete(found.id)
            return None
        return Caller(project_id=found.project_id)
    if hub.caches.is_banned(found.account_id):
        return None
    account = hub.store.account(found.account_id)
    return Caller(account) if account else None
