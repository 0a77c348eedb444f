"""v2: making an account, finding one, queries, and what the site is called."""

import sqlite3
from typing import Any

from sandbox.conat import texts
from sandbox.conat.functions import Thrown
from sandbox.conat.hub_system import customize, find_accounts
from sandbox.conat.organization_functions import first_project
from sandbox.conat.query import query
from sandbox.conat.v2 import V2Call, v2_function

_SHORTEST, _LONGEST = 8, 64
_FEWEST_LETTERS = 5


@v2_function("auth/sign-up")
async def sign_up(call: V2Call) -> dict[str, Any]:
    """Make an account, for site admins. Its first project is started."""
    given = call.given
    email = str(given.get("email") or "").strip().lower()
    password = str(given.get("password") or "")
    issues: dict[str, str] = {}
    if not given.get("terms"):
        issues["terms"] = "You must agree to the terms of usage."
    if _is_weak(password):
        issues["password"] = "Your password must not be very easy to guess."  # noqa: S105 - no password
    if issues:
        return {"issues": issues}
    there = call.hub.store.account_by_email(email)
    if there and call.hub.store.check_password(there.account_id, password):
        return {"account_id": there.account_id}
    if call.hub.store.settings().get("email_signup") == "no":
        return {"issues": {"email": "Email account creation is disabled."}}
    if call.account_id is None:
        return {"issues": {"reCaptcha": texts.CAPTCHA}}
    if not call.is_admin():
        text = "Error: Only users in the group 'admin' are allowed to create new users."
        return {"issues": {"api": text}}
    try:
        account = call.hub.store.create_account(
            email=email,
            first_name=str(given.get("firstName") or ""),
            last_name=str(given.get("lastName") or ""),
            password=password,
        )
    except sqlite3.IntegrityError:
        return {"issues": {"email": f'Email address "{email}" already in use.'}}
    call.hub.spawn(first_project(call.hub, account, started=True))
    return {"account_id": account.account_id}


def _is_weak(password: str) -> bool:
    """A server guesses for real; here, what is short or of few letters is weak."""
    return not _SHORTEST <= len(password) <= _LONGEST or len(set(password)) < _FEWEST_LETTERS


@v2_function("accounts/search")
async def search(call: V2Call) -> list[dict[str, Any]]:
    """Nobody need be signed in for it."""
    wanted = {"query": call.given.get("query"), "limit": call.given.get("limit")}
    return find_accounts(call.hub, wanted, None)


@v2_function("user-query")
async def user_query(call: V2Call) -> dict[str, Any]:
    """As db.userQuery, but nobody acts as somebody else, and the answer is inside `query`."""
    wanted = call.given.get("query")
    try:
        account = call.account
        if account is None:
            table = next(iter(wanted), "") if isinstance(wanted, dict) else ""
            raise Thrown(texts.ANONYMOUS_QUERY.format(table=table))
        return {"query": await query(call.hub, account, wanted)}
    except Thrown as thrown:
        return {"error": str(thrown.what).removeprefix("Error: ")}


@v2_function("customize")
async def fields(call: V2Call) -> dict[str, Any]:
    return customize(call.hub, call.given.get("fields"))
