"""Whose key it is, accounts, and tokens to sign in with.

With an organization, accounts are made in it, and tokens are only for its members: an admin of it
is enough, and a token has a short life. Without one, a site admin's key does both.
"""

import secrets
from collections.abc import Sequence
from typing import Any

from embedding.cocalc.caller import Retry
from embedding.cocalc.capabilities import not_supported
from embedding.cocalc.client import Account, Identity
from embedding.cocalc.conat.answers import (
    is_object,
    is_rows,
    is_text,
    is_void,
    refused_account,
)
from embedding.cocalc.conat.calls import Calls
from embedding.cocalc.errors import Forbidden, NotCocalc, NotFound
from embedding.cocalc.impersonation import TOKEN
from embedding.cocalc.reading import checked_uuid, id_in, is_admin_in, words_in, words_of

TOKEN_LIFE = 300  # seconds; time enough to sign in with it


class Accounts(Calls):
    """The operations on accounts."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._members: frozenset[str] = frozenset()  # of the organization, as last seen
        self._organization_seen = False

    def identify(self) -> Identity:
        row = self._account("identify")
        is_admin = is_admin_in("identify", row)
        return Identity(
            account_id=id_in("identify", row, "account_id"),
            email=words_in("identify", row, "email_address"),
            is_admin=is_admin,
            may_sign_in=self._is_organizer() if self._organization else is_admin,
        )

    def set_message_hosts(self, hosts: Sequence[str]) -> None:
        """Left to whoever runs CoCalc: a key for this would have to be a site admin's."""
        raise not_supported("set_message_hosts", "conat")

    def create_account(self, *, email: str, first_name: str, last_name: str) -> str:
        """Create an account with a password that nobody knows.

        In the organization, which must exist: for a site admin's key CoCalc also makes accounts in
        one that does not. Without an organization by API v2, which sends a mail, and starts the
        account's first project. CoCalc takes an address in capitals for another one, which its
        search never finds: it is sent in small letters.
        """
        address = _address(email)
        names = {"firstName": first_name, "lastName": last_name}
        if not self._organization:
            return self._sign_up(address, names)
        self._see_organization("create_account")
        account_id = self._hub(
            "create_account",
            "org.createUser",
            {"name": self._organization, "email": address, **names},
            shape=is_text,
        )
        account_id = id_in("create_account", {"account_id": account_id}, "account_id")
        self._members |= {account_id}
        return account_id

    def find_account(self, email: str) -> Account | None:
        address = _address(email)
        rows = self._hub(
            "find_account",
            "system.userSearch",
            {"query": address, "only_email": True, "limit": 1},
            shape=is_rows,
            retry=Retry.ALWAYS,
        )
        # What is no valid address is looked for among the names: only the very address counts.
        for row in rows:
            account_id = id_in("find_account", row, "account_id")
            if row.get("email_address") == address:
                return Account(
                    account_id=account_id,
                    email=address,
                    first_name=words_in("find_account", row, "first_name"),
                    last_name=words_in("find_account", row, "last_name"),
                )
        return None

    def mint_token(self, account_id: str) -> str:
        """With an organization, for its members alone; also where the key could do more."""
        checked_uuid(account_id)
        if not self._organization:
            token = self._hub(
                "mint_token",
                "system.generateUserAuthToken",
                {"user_account_id": account_id, "password": ""},
                shape=is_text,
                retry=Retry.ALWAYS,
            )
            return _checked_token(token)
        self._check_member(account_id)
        # By CoCalc's clock: with another's, a token may be born expired, and looks like any other.
        # In milliseconds; in seconds it would end in 1970.
        end = self._now("mint_token") + TOKEN_LIFE * 1000
        answer = self._hub(
            "mint_token",
            "org.createToken",
            {"user": account_id, "expire": end},
            shape=is_object,
            retry=Retry.ALWAYS,
        )
        return _checked_token(answer.get("token"))

    def revoke_token(self, token: str) -> None:
        if not TOKEN.fullmatch(token):
            raise ValueError("Not a token of CoCalc's.")

        def by_organization() -> None:
            fields = {"token": token}
            self._hub(
                "revoke_token",
                "org.expireToken",
                fields,
                shape=is_void,
                retry=Retry.ALWAYS,
                secret=token,
            )

        def by_system() -> None:
            self._bridges.hub(
                "revoke_token",
                "system.revokeUserAuthToken",
                [token],
                shape=is_void,
                limit=self._limits.call,
                retry=Retry.ALWAYS,
                secret=token,
            )

        # Either ends the tokens of both kinds; servers without organizations have only one.
        self._newer("org.expireToken", by_organization, by_system)

    def _account(self, operation: str) -> dict[str, Any]:
        fields = {"account_id": None, "email_address": None, "groups": None}
        answer = self._query(operation, {"accounts": fields}, shape=is_object, retry=Retry.ALWAYS)
        row = answer.get("accounts")
        if not isinstance(row, dict):
            raise NotCocalc(operation, "the answer has no account", status=200)
        id_in(operation, row, "account_id")
        return row

    def _is_organizer(self) -> bool:
        try:
            self._see_organization("identify")
        except (Forbidden, NotFound):
            return False
        return True

    def _see_organization(self, operation: str) -> None:
        """Make sure that the organization is there and the key its admin's (or a site admin's)."""
        if not self._organization_seen:
            fields = {"name": self._organization}
            answer = self._hub(operation, "org.get", fields, shape=is_object, retry=Retry.ALWAYS)
            if answer.get("name") != self._organization:
                raise NotCocalc(operation, "the answer is no such organization", status=200)
            self._organization_seen = True

    def _check_member(self, account_id: str) -> None:
        if account_id in self._members:
            return
        rows = self._hub(
            "mint_token",
            "org.getUsers",
            {"name": self._organization},
            shape=is_rows,
            retry=Retry.ALWAYS,
        )
        self._members = frozenset(id_in("mint_token", row, "account_id") for row in rows)
        if account_id not in self._members:
            words = "the account is not in the organization"
            raise Forbidden("mint_token", words, status=200)

    def _now(self, operation: str) -> int:
        """Return CoCalc's time, in milliseconds since 1970."""
        answer = self._hub(operation, "system.ping", {}, shape=is_object, retry=Retry.ALWAYS)
        now = answer.get("now")
        if type(now) is not int:  # True is none
            raise NotCocalc(operation, "the answer has no time", status=200)
        return now

    def _sign_up(self, address: str, names: dict[str, str]) -> str:
        # With a key that CoCalc does not take, it would be anybody's sign-up, and succeed.
        if not is_admin_in("create_account", self._account("create_account")):
            words = "only a site admin's key, or an organization's admin's, may make accounts"
            raise Forbidden("create_account", words, status=200)
        password = secrets.token_urlsafe(36)  # 48 characters; 64 are the most
        answer = self._bridges.v2(
            "create_account",
            "auth/sign-up",
            {"email": address, "password": password, "terms": True, **names},
            shape=_is_sign_up,
            limit=self._limits.call,
            secret=password,
        )
        if issues := answer.get("issues"):
            words = words_of(issues).replace(password, "[secret]")
            raise refused_account("create_account", self._readable(words))
        return id_in("create_account", answer, "account_id")


def _is_sign_up(answer: Any) -> bool:
    if not isinstance(answer, dict) or len(answer) != 1:
        return False
    return is_text(answer.get("account_id")) or bool(isinstance(answer.get("issues"), dict))


def _address(email: str) -> str:
    address = email.strip().lower()
    if not address:  # CoCalc would make an account without
        raise ValueError("An account needs an e-mail address.")
    return address


def _checked_token(token: Any) -> str:
    """Return a token that may be put into an address: CoCalc writes any into its page."""
    if not isinstance(token, str) or not TOKEN.fullmatch(token):
        raise NotCocalc("mint_token", "the answer has no token", status=200)
    return token
