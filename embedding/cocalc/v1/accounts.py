"""Whose key it is, accounts, and tokens to sign in with."""

from collections.abc import Sequence

from embedding.cocalc.caller import Retry
from embedding.cocalc.capabilities import not_supported
from embedding.cocalc.client import Account, Identity
from embedding.cocalc.errors import NotCocalc
from embedding.cocalc.reading import (
    checked_uuid,
    id_in,
    is_admin_in,
    rows_in,
    text_in,
    words_in,
    words_of,
)
from embedding.cocalc.v1.answers import refused_account
from embedding.cocalc.v1.calls import Calls


class Accounts(Calls):
    """The operations on accounts."""

    def identify(self) -> Identity:
        fields = {"account_id": None, "email_address": None, "groups": None}
        row = self._query("identify", {"accounts": fields}, retry=Retry.ALWAYS).get("accounts")
        if not isinstance(row, dict):
            raise NotCocalc("identify", "the answer has no account", status=200)
        is_admin = is_admin_in("identify", row)
        return Identity(
            account_id=id_in("identify", row, "account_id"),
            email=words_in("identify", row, "email_address"),
            is_admin=is_admin,
            may_sign_in=is_admin,
        )

    def create_account(self, *, email: str, first_name: str, last_name: str) -> str:
        """Create an account with no password at all: CoCalc allows it, so nothing is to be guessed.

        A name that reads like a URL is a BadRequest with CoCalc's words.
        """
        answer = self._transport.call(
            "create_account",
            "create_account",
            {
                "email_address": email,
                "first_name": first_name,
                "last_name": last_name,
                "agreed_to_terms": True,
            },
            success=("account_created", "account_creation_failed"),
            limit=self._limits.call,
        )
        if answer["event"] == "account_creation_failed":
            words = self._readable(words_of(answer.get("reason")))
            raise refused_account("create_account", words, 200)
        return id_in("create_account", answer, "account_id")

    def find_account(self, email: str) -> Account | None:
        answer = self._transport.call(
            "find_account",
            "user_search",
            {"query": email},
            success=("user_search_results",),
            limit=self._limits.call,
            retry=Retry.ALWAYS,
        )
        # CoCalc also searches names, and several addresses at once: only the very one counts.
        for row in rows_in("find_account", answer, "results"):
            found = row.get("email_address")
            if isinstance(found, str) and found.lower() == email.lower():
                return Account(
                    account_id=id_in("find_account", row, "account_id"),
                    email=found,
                    first_name=words_in("find_account", row, "first_name"),
                    last_name=words_in("find_account", row, "last_name"),
                )
        return None

    def mint_token(self, account_id: str) -> str:
        # Once more is harmless but after "incorrect password", and that one is never repeated.
        answer = self._transport.call(
            "mint_token",
            "user_auth",
            {"account_id": checked_uuid(account_id), "password": ""},
            success=("user_auth_token",),
            limit=self._limits.call,
            retry=Retry.ALWAYS,
        )
        return text_in("mint_token", answer, "auth_token")

    def revoke_token(self, token: str) -> None:
        """API v1 knows no way (recorded: "revoke_auth_token valid")."""
        raise not_supported("revoke_token", "v1")

    def set_message_hosts(self, hosts: Sequence[str]) -> None:
        setting = {"name": "iframe_comm_hosts", "value": ", ".join(hosts)}
        self._query("set_message_hosts", {"site_settings": setting}, retry=Retry.ALWAYS)
