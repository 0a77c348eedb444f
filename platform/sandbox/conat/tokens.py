"""Tokens for signing in: minted by a site admin, or with the target's password; and ended."""

from sandbox.conat.access import caller_of, is_site_admin
from sandbox.conat.functions import Call, Thrown, hub_function
from sandbox.hub import Hub
from sandbox.ids import is_uuid

_DAY = 24 * 3600
_BAN = 30


def mint(hub: Hub, account_id: str, expires: float | None = None) -> str:
    """A token; `expires`: its end in seconds since 1970, else in a day.

    It proves nothing about the account, not even that there is one.
    """
    ends = hub.clock.now() + _DAY if expires is None else expires
    return hub.store.issue("token", account_id, expires=ends)


@hub_function("system.generateUserAuthToken")
async def generate_user_auth_token(call: Call) -> str:
    target = call.given.get("user_account_id")
    caller = caller_of(call)
    ban = ("wrong password", caller.account_id, str(target))
    if call.hub.caches.is_noted(ban):
        raise Thrown(
            "Error: banned -- please wait at least #{BAN_TIME_MS/1000}s before trying again"
        )
    if not is_uuid(target):
        raise Thrown(f'error: invalid input syntax for type uuid: "{target}"')
    password = str(call.given.get("password") or "")
    if not is_site_admin(call) and not call.hub.store.check_password(str(target), password):
        call.hub.caches.note(ban, _BAN)
        raise Thrown("Error: incorrect password")
    return mint(call.hub, str(target))


@hub_function("system.revokeUserAuthToken")
async def revoke_user_auth_token(call: Call) -> None:
    """Arguments: the token. Any account's key may, and an unknown token is fine."""
    call.hub.store.revoke("token", str(call.args[0] if call.args else ""))
