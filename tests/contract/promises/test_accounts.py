"""Accounts, and the tokens that sign them in."""

from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest

from embedding.cocalc.client import Account, Client, Identity
from embedding.cocalc.customize import customize
from embedding.cocalc.errors import Duplicate, Forbidden, Limited, NotSupported
from tests.contract.promises.support import (
    Person,
    Side,
    new_email,
    shows,
)


@pytest.fixture
def account(client: Client) -> str:
    return client.create_account(email=new_email(), first_name="Ada", last_name="Love")


@shows("identify")
def test_the_key_is_known(client: Client, side: Side, stranger: Person) -> None:
    own = client.identify()
    assert own.account_id == side.account_id
    assert "@" in own.email
    assert own.is_admin == (not side.organization)
    assert own.may_sign_in
    with side.client(key=stranger.key) as theirs:
        found = theirs.identify()
    assert found == Identity(stranger.account_id, stranger.email, is_admin=False, may_sign_in=False)


@shows("create_account")
@pytest.mark.parametrize("again", [str, str.upper])
def test_an_address_is_given_to_one_account(side: Side, client: Client, again: Any) -> None:
    email = new_email()
    account_id = client.create_account(email=email, first_name="Zoë", last_name="李")
    with pytest.raises(Duplicate):
        client.create_account(email=again(email), first_name="Ada", last_name="Love")
    found = client.find_account(email)
    assert found == Account(account_id, email, "Zoë", "李")


def test_an_address_of_anybody_else_is_taken(client: Client, stranger: Person) -> None:
    with pytest.raises(Duplicate):
        client.create_account(email=stranger.email, first_name="Ada", last_name="Love")
    found = client.find_account(stranger.email)
    assert found
    assert found.account_id == stranger.account_id


def test_an_address_is_kept_in_small_letters(client: Client) -> None:
    email = new_email()
    account_id = client.create_account(email=email.upper(), first_name="Ada", last_name="Love")
    with pytest.raises(Duplicate):
        client.create_account(email=email, first_name="Ada", last_name="Love")
    found = client.find_account(email)
    assert found
    assert (found.account_id, (found.email or "").lower()) == (account_id, email)


@shows("find_account")
def test_an_account_is_found_by_its_whole_address_alone(side: Side, client: Client) -> None:
    email = new_email()
    account_id = client.create_account(email=email, first_name="Ada", last_name="Love")
    for spelling in (email, email.upper(), email.title()):
        found = client.find_account(spelling)
        assert found
        assert found.account_id == account_id
    for other in (email[1:], email[:-1], f"{email}x", "Ada", "Ada Love", account_id, new_email()):
        assert client.find_account(other) is None


@shows("account_limit")
def test_many_accounts_are_created_or_the_site_is_told_to_wait(
    side: Side, client: Client, quirks: Any
) -> None:
    quirks(account_limit=1)

    def create() -> str:
        return client.create_account(email=new_email(), first_name="Ada", last_name="Love")

    if side.way("account_limit").can == "yes":
        assert len({create() for _ in range(3)}) == 3
        return
    with suppress(Limited):  # where others have been created already
        create()
    with pytest.raises(Limited) as refusal:
        create()
    assert refusal.value.retry_after > 0
    assert refusal.value.recoverable


@shows("mint_token")
def test_a_token_is_for_whoever_the_key_may_sign_in(
    side: Side, client: Client, account: str, stranger: Person
) -> None:
    assert side.signs_in(client.mint_token(account), client)
    if side.way("mint_token").can == "differs":
        with pytest.raises(Forbidden):
            client.mint_token(stranger.account_id)
        return
    assert side.signs_in(client.mint_token(stranger.account_id), client)


def test_nobody_else_signs_anybody_in(side: Side, account: str, stranger: Person) -> None:
    with side.client(key=stranger.key) as theirs, pytest.raises((Forbidden, Limited)):
        theirs.mint_token(account)


def test_a_token_signs_in_more_than_once(side: Side, client: Client, account: str) -> None:
    token = client.mint_token(account)
    other = client.mint_token(account)
    assert token != other
    assert side.signs_in(token, client)
    assert side.signs_in(token, client)
    assert side.signs_in(other, client)
    assert not side.signs_in("x" * 24, client)


@shows("revoke_token")
def test_a_token_that_was_ended_signs_nobody_in(side: Side, client: Client, account: str) -> None:
    token, other = client.mint_token(account), client.mint_token(account)
    client.revoke_token(token)
    assert not side.signs_in(token, client)
    assert side.signs_in(other, client)
    client.revoke_token(token)
    client.revoke_token("x" * 24)


def test_a_session_outlives_its_token(side: Side, client: Client, account: str) -> None:
    token = client.mint_token(account)
    browser = side.sign_in(token, client)
    assert side.signed_in(browser) == account
    revoke = side.way("revoke_token")
    if revoke.can == "no":
        with pytest.raises(NotSupported, match=revoke.words):
            client.revoke_token(token)
    else:
        client.revoke_token(token)
    assert side.signed_in(browser) == account
    again = side.sign_in(token, client)
    assert side.signed_in(again) == (account if revoke.can == "no" else None)
    assert side.signed_in(browser) == account


@shows("token_life")
def test_a_token_ends_by_its_time(side: Side, client: Client, account: str) -> None:
    hour = 3600
    life = {"v1": 12 * hour, "conat": 24 * hour}[side.generation]
    if side.organization:
        life = 300
    token = client.mint_token(account)
    browser = side.sign_in(token, client)
    side.sandbox.forward(life - 60)
    assert side.signs_in(token, client)
    side.sandbox.forward(120)
    assert not side.signs_in(token, client)
    if life < 12 * hour:
        assert side.signed_in(browser) == account


@shows("sign_in")
def test_a_browser_signs_in_as_the_driver_says(side: Side, client: Client) -> None:
    differs = side.way("sign_in").can == "differs"
    assert client.sign_in == ("impersonate" if differs else "address")


@shows("proofs")
def test_the_driver_says_what_proves_an_open_file(side: Side, client: Client) -> None:
    expected = {"v1": {"project-log"}, "conat": {"project-log-time"}}
    assert client.proofs == expected[side.generation]


def test_an_id_of_another_form_is_not_sent(client: Client) -> None:
    for bad in ("", "nobody", str(uuid4()).upper(), f"{uuid4()}'"):
        with pytest.raises(ValueError, match=r"[Ii]d|badly formed"):
            client.mint_token(bad)


@shows("set_message_hosts")
def test_whose_messages_are_answered(client: Client, side: Side) -> None:
    client.set_message_hosts(["learn.test", ".school.test"])
    assert customize(side.url).iframe_comm_hosts == ("learn.test", ".school.test")
