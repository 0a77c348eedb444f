"""ping, create_account, user_auth, user_search, get_usernames."""

import json
import re
import time
from collections import deque
from typing import Any

from sandbox.api.messages import Call, Message, RefusedError
from sandbox.hub import Hub
from sandbox.ids import is_uuid, now_iso, random_text
from sandbox.store import Account

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_URL = re.compile(r"\b(?:https?://\S+|(?:[a-z0-9-]+\.)+[a-z]{2,})", re.IGNORECASE)
_HALF_HOUR = 30 * 60
_BAN_SECONDS = 60


async def ping(hub: Hub, call: Call) -> Message:
    return {"event": "pong", "now": now_iso()}


class AccountLimit:
    """How many accounts were made from one address in the last half hour."""

    def __init__(self) -> None:
        self._times: dict[str, deque[float]] = {}

    def is_reached(self, address: str, limit: int) -> bool:
        times = self._times.setdefault(address, deque())
        while times and times[0] < time.monotonic() - _HALF_HOUR:
            times.popleft()
        return len(times) >= limit

    def count(self, address: str) -> None:
        self._times.setdefault(address, deque()).append(time.monotonic())


class Accounts:
    """The two operations that remember something: the limit of new accounts, and the bans."""

    def __init__(self) -> None:
        self.limit = AccountLimit()
        self._bans: dict[tuple[str, str], float] = {}

    async def create_account(self, hub: Hub, call: Call) -> Message:
        reason = self._objections(hub, call)
        if reason:
            return {"event": "account_creation_failed", "reason": reason}
        account = hub.store.create_account(
            email=str(call["email_address"]).lower(),
            first_name=call["first_name"] or "",
            last_name=call["last_name"] or "",
            password=call["password"],
        )
        self.limit.count(call.address)
        reply = {"event": "account_created", "account_id": account.account_id}
        if call["get_api_key"]:
            reply["api_key"] = "sk_" + random_text(16)
            hub.store.keyring.set_only(account.account_id, reply["api_key"])
        return reply

    def _objections(self, hub: Hub, call: Call) -> dict[str, str]:
        email, password = call["email_address"], call["password"]
        reason: dict[str, str] = {}
        if not email:
            return {"other": "Anonymous sign up is disabled."}
        if not _EMAIL.fullmatch(email):
            reason["email_address"] = "Email address does not appear to be valid."
        if password is not None and not 6 <= len(password) <= 64:
            reason |= {"password": "Password must be between 6 and 64 characters in length."}
        if reason:
            return reason
        for name in ("first_name", "last_name"):
            if found := _URL.search(call[name] or ""):
                return {"other": f"{name} not valid: URLs are not allowed. Found {found[0]}"}
        if hub.store.account_by_email(email):
            return {"email_address": "This e-mail address is already taken."}
        limit = hub.quirks.account_limit
        if self.limit.is_reached(call.address, limit):
            return {
                "other": f"Too many accounts are being created from the ip address {call.address};"
                f" try again later.  By default at most {limit} accounts can be created every 30"
                " minutes from one IP; if you're using the API and need a higher limit,"
                " contact us."
            }
        return {}

    async def user_auth(self, hub: Hub, call: Call) -> Message:
        """Mint a token. It proves nothing: an account that does not exist gets one too."""
        target, password = call["account_id"], call["password"]
        if not is_uuid(target):
            raise RefusedError(f"invalid account_id -- {target}")
        pair = (call.caller.account_id, target)
        if self._bans.get(pair, 0) > time.monotonic():
            raise RefusedError(
                f"banned -- please wait at least {_BAN_SECONDS}s before trying again"
            )
        as_admin = password == "" and call.caller.is_admin
        if not as_admin and not hub.store.check_password(target, password):
            self._bans[pair] = time.monotonic() + _BAN_SECONDS
            raise RefusedError("incorrect password")
        return {"event": "user_auth_token", "auth_token": hub.store.issue("token", target)}


async def user_search(hub: Hub, call: Call) -> Message:
    as_admin = bool(call["admin"])
    if as_admin and not call.caller.is_admin:
        raise RefusedError("must be logged in and a member of the admin group")
    query = str(call["query"]).strip().lower()
    limit = int(call["limit"])
    if not call.caller.is_admin:
        limit = min(limit, 50)
    found = search(hub, query) if query else []
    by_email = "@" in query
    return {
        "event": "user_search_results",
        "results": [hit(account, as_admin, by_email) for account in found[:limit]],
    }


def search(hub: Hub, query: str) -> list[Account]:
    """An address or an id matches whole; a name where it holds every word of the query."""
    if is_uuid(query):
        account = hub.store.account(query)
        return [account] if account else []
    if _EMAIL.fullmatch(query):
        account = hub.store.account_by_email(query)
        return [account] if account else []
    words = query.split()
    return [
        account
        for account in hub.store.accounts()
        if all(word in f"{account.first_name} {account.last_name}".lower() for word in words)
    ]


def hit(account: Account, as_admin: bool, by_email: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "account_id": account.account_id,
        "first_name": account.first_name,
        "last_name": account.last_name,
        "name": None,
    }
    if as_admin or by_email:
        shown["email_address"] = account.email
    shown |= {"last_active": None, "created": account.created}
    if as_admin:
        shown["banned"] = account.banned or None
    return shown | {"email_address_verified": None}


async def get_usernames(hub: Hub, call: Call) -> Message:
    account_ids = call["account_ids"]
    names: dict[str, dict[str, str]] = {}
    for account_id in account_ids:
        if not is_uuid(account_id):
            listed = json.dumps(account_ids, separators=(",", ":"))
            raise RefusedError(f"invalid uuid {account_id} in account_ids -- {listed}")
        account = hub.store.account(account_id)
        names[account_id] = (
            {"first_name": account.first_name, "last_name": account.last_name} if account else {}
        )
    return {"event": "usernames", "usernames": names}
