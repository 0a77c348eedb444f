"""Functions `org.*`: organizations, their admins and members, and tokens for these.

Surprises that were read in the source: a site admin may name an organization that does not exist;
an address is taken as it was sent, in whatever case; any key may end any token.
"""

import secrets
import sqlite3
from typing import Any

from sandbox.conat import texts
from sandbox.conat.access import caller_of, is_site_admin, server_has
from sandbox.conat.functions import Call, Thrown, hub_function
from sandbox.conat.power import start
from sandbox.conat.times import moment
from sandbox.conat.tokens import mint
from sandbox.hub import Hub
from sandbox.organizations import Organization
from sandbox.settings import site_url
from sandbox.store import Account

_STOPPED_FIRST = "2025-09-30"
"""Since then the project of a new account is not started, and only site admins move accounts."""
_FIELDS = ("title", "description", "link", "email_address")
_LONGEST_NAME = 39


def _check_admin_of(call: Call, name: Any) -> None:
    organization = call.hub.store.organizations.get(str(name))
    ours = organization is not None and caller_of(call).account_id in organization.admins
    if not ours and not is_site_admin(call):
        raise Thrown("Error: user must be an admin of the organization or site-admin")


def _account(call: Call) -> Account | None:
    return call.hub.store.account_named(call.given.get("user"))


def _known(call: Call) -> Account:
    account = _account(call)
    if account is None:
        raise Thrown(f"Error: cannot find user '{call.given.get('user')}'")
    return account


def _admins(organization: Organization) -> list[str] | None:
    return organization.admins or None


@hub_function("org.getAll")
async def get_all(call: Call) -> list[dict[str, Any]]:
    if not is_site_admin(call):
        raise Thrown("Error: must be a site admin")
    return [
        {"name": one.name, "title": one.title, "admin_account_ids": _admins(one)}
        for one in call.hub.store.organizations.all()
    ]


@hub_function("org.create")
async def create(call: Call) -> str:
    if not is_site_admin(call):
        raise Thrown("Error: only admins may create organizations")
    name = str(call.given.get("name"))
    if call.hub.store.organizations.get(name):
        raise Thrown(f"Error: name {name} is already used by some account or organization")
    if len(name) > _LONGEST_NAME:
        raise Thrown(f"error: value too long for type character varying({_LONGEST_NAME})")
    return call.hub.store.organizations.create(name).organization_id


@hub_function("org.get")
async def get(call: Call) -> dict[str, Any]:
    name = call.given.get("name")
    _check_admin_of(call, name)
    found = call.hub.store.organizations.get(str(name))
    if found is None:
        raise Thrown(f"Error: no org named '{name}'")
    return {
        "name": found.name,
        **{field: getattr(found, field) for field in _FIELDS},
        "admin_account_ids": _admins(found),
    }


@hub_function("org.set")
async def change(call: Call) -> None:
    _check_admin_of(call, call.given.get("name"))
    found = call.hub.store.organizations.get(str(call.given.get("name")))
    if found is None:
        return
    for field in _FIELDS:
        if call.given.get(field) is not None:
            setattr(found, field, str(call.given[field]))
    call.hub.store.organizations.save(found)


@hub_function("org.addAdmin")
async def add_admin(call: Call) -> None:
    """Make somebody an admin, and thereby a member."""
    name, account = call.given.get("name"), _account(call)
    if account is None:
        raise Thrown(f"Error: no such account '{call.given.get('user')}'")
    if server_has(call.hub, _STOPPED_FIRST):
        if not is_site_admin(call):
            raise Thrown("Error: only site admins can make a user an organization admin right now")
    else:
        _check_admin_of(call, name)
    if account.org is not None and account.org != name:
        raise Thrown(
            f"Error: User '{call.given.get('user')}' is already member of another organization"
        )
    found = call.hub.store.organizations.get(str(name))
    if found and account.account_id not in found.admins:
        found.admins.append(account.account_id)
        call.hub.store.organizations.save(found)
    call.hub.store.move_account(account.account_id, str(name))


@hub_function("org.removeAdmin")
async def remove_admin(call: Call) -> None:
    _check_admin_of(call, call.given.get("name"))
    account = _known(call)
    found = call.hub.store.organizations.get(str(call.given.get("name")))
    if found and account.account_id in found.admins:
        found.admins.remove(account.account_id)
        call.hub.store.organizations.save(found)


@hub_function("org.addUser")
async def add_user(call: Call) -> None:
    """Move an account here, out of wherever it was; here need not exist."""
    name = call.given.get("name")
    if server_has(call.hub, _STOPPED_FIRST):
        if not is_site_admin(call):
            raise Thrown("Error: only site admins can add/move a user to an org right now")
    else:
        _check_admin_of(call, name)
    account = _known(call)
    call.hub.store.move_account(account.account_id, str(name))


@hub_function("org.removeUser")
async def remove_user(call: Call) -> None:
    _check_admin_of(call, call.given.get("name"))
    account = _known(call)
    found = call.hub.store.organizations.get(str(call.given.get("name")))
    if found and account.account_id in found.admins:
        raise Thrown(
            "Error: admin cannot be removed from org; first remove them from being an admin"
        )
    call.hub.store.move_account(account.account_id, None)


@hub_function("org.createUser")
async def create_user(call: Call) -> str:
    """A new account. No mail is sent, and no rule for address, names or password is checked."""
    given = call.given
    _check_admin_of(call, given.get("name"))
    try:
        account = call.hub.store.create_account(
            email=str(given.get("email") or "") or None,
            first_name=str(given.get("firstName") or ""),
            last_name=str(given.get("lastName") or ""),
            password=str(given.get("password") or secrets.token_urlsafe(12)),
            org=str(given.get("name")),
            owner_id=caller_of(call).account_id,
        )
    except sqlite3.IntegrityError:
        raise Thrown(texts.EMAIL_TAKEN) from None
    started = not server_has(call.hub, _STOPPED_FIRST)
    call.hub.spawn(first_project(call.hub, account, started=started))
    return account.account_id


async def first_project(hub: Hub, account: Account, *, started: bool) -> None:
    """The project that every new account gets, while nobody waits for it."""
    project = hub.store.create_project(account.account_id, "My First Project", "")
    if started:
        await start(hub, project.project_id)


@hub_function("org.createToken")
async def create_token(call: Call) -> dict[str, str]:
    """A token for a member, for a day or until `expire`; null for that is 1970."""
    account = _account(call)
    if account is None or not account.org:
        raise Thrown("Error: user is not in an org")
    _check_admin_of(call, account.org)
    expires = moment(call.given["expire"]) if "expire" in call.given else None
    token = mint(call.hub, account.account_id, expires)
    address = site_url(call.hub.store.settings().get("dns", ""))
    return {"token": token, "url": f"{address}/auth/impersonate?auth_token={token}"}


@hub_function("org.expireToken")
async def expire_token(call: Call) -> None:
    call.hub.store.revoke("token", str(call.given.get("token")))


@hub_function("org.getUsers")
async def get_users(call: Call) -> list[dict[str, Any]]:
    _check_admin_of(call, call.given.get("name"))
    return [
        {
            "first_name": account.first_name,
            "last_name": account.last_name,
            "account_id": account.account_id,
            "email_address": account.email,
            "last_active": None,
        }
        for account in call.hub.store.accounts()
        if account.org == call.given.get("name")
    ]
