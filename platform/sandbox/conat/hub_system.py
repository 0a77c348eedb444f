"""Functions of the hub's `system`: who is asking, who is there, what the site is called."""

from typing import Any

from sandbox.api.accounts import hit, search
from sandbox.conat.access import caller_of, is_site_admin
from sandbox.conat.functions import Call, Thrown, hub_function
from sandbox.config import SITE_NAME
from sandbox.hub import Hub
from sandbox.ids import is_uuid
from sandbox.settings import site_url
from sandbox.store import Account

_FOUND = 15
_ROWS = 20


@hub_function("system.ping")
async def ping(call: Call) -> dict[str, Any]:
    return {"now": milliseconds(call.hub)}


@hub_function("system.test", since="2025-10-23")
async def test(call: Call) -> dict[str, Any]:
    return {"account_id": call.given["account_id"], "server_time": milliseconds(call.hub)}


@hub_function("system.terminate")
async def terminate(call: Call) -> None:
    """A site admin would end the hub's API by it, until somebody restarts the server."""
    if not is_site_admin(call):
        raise Thrown("only admin can terminate")


@hub_function("system.getCustomize")
async def get_customize(call: Call) -> dict[str, Any]:
    """Arguments: a list of the wanted fields; nothing: all."""
    return customize(call.hub, call.args[0] if call.args else None)


def customize(hub: Hub, fields: Any) -> dict[str, Any]:
    """What the site tells about itself by functions: here `dns` is the setting."""
    dns = hub.store.settings().get("dns", "")
    site = {"dns": dns, "siteURL": site_url(dns), "siteName": SITE_NAME, "kucalc": "no"}
    if not isinstance(fields, list):
        return site
    return {name: site[name] for name in fields if name in site}


@hub_function("system.getNames")
async def get_names(call: Call) -> dict[str, Any]:
    """Arguments: a list of account ids. Unknown ones are left out."""
    asked = call.args[0] if call.args and isinstance(call.args[0], list) else []
    found = [call.hub.store.account(one) for one in asked if is_uuid(one)]
    return {
        account.account_id: {"first_name": account.first_name, "last_name": account.last_name}
        for account in found
        if account
    }


@hub_function("system.userSearch")
async def user_search(call: Call) -> list[dict[str, Any]]:
    if call.given.get("admin") and not is_site_admin(call):
        raise Thrown("Error: Must be an admin to do admin search.")
    return find_accounts(call.hub, call.given, caller_of(call).account_id)


def find_accounts(hub: Hub, given: dict[str, Any], asking: str | None) -> list[dict[str, Any]]:
    """Rows of accounts. An address finds one at most; rows found are kept, "nobody" is not."""
    query = str(given.get("query") or "").strip().lower()
    as_admin, limit = bool(given.get("admin")), int(given.get("limit") or _ROWS)
    if not query:
        return []

    def look() -> list[Account]:
        return search(hub, query)

    place = ("search", asking or "", query, str(as_admin))
    found = hub.caches.ask(place, look, lambda rows: _FOUND if rows else 0)
    if given.get("only_email"):
        found = [account for account in found if account.email == query]
    return [hit(account, as_admin, "@" in query) for account in found[:limit]]


def milliseconds(hub: Hub) -> int:
    return int(hub.clock.now() * 1000)
