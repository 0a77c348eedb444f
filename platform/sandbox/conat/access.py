"""Who may do what, and which server this is."""

from sandbox.conat.functions import Call, Thrown
from sandbox.hub import Hub
from sandbox.ids import is_uuid
from sandbox.store import Account

NO_UUID = "invalid account_id or project_id -- all must be valid uuid's"


def server_has(hub: Hub, since: str) -> bool:
    """Whether a server of the day we play has what came on that day."""
    return not hub.quirks.server_date or hub.quirks.server_date >= since


def is_collaborator(hub: Hub, account: Account, project_id: object) -> bool:
    """Whether an entry of the project makes the account a member; a site admin's rights do not.

    Raises Thrown where the id is none.
    """
    if not is_uuid(project_id):
        raise Thrown(f"Error: {NO_UUID}")
    return hub.caches.is_collaborator(account.account_id, str(project_id))


def caller_of(call: Call) -> Account:
    """The account behind a call. Raises Thrown where there is none."""
    if call.caller is None:
        raise Thrown("Error: must be signed in")
    return call.caller


def is_site_admin(call: Call) -> bool:
    return call.caller is not None and call.hub.caches.is_admin(call.caller.account_id)
