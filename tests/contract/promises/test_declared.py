"""The table of capabilities: complete, shown by tests, and the same as the page for people."""

import importlib
import pkgutil
from pathlib import Path

import pytest

from embedding.cocalc.capabilities import CAPABILITIES, Capability, capability, not_supported
from embedding.cocalc.client import Client
from embedding.cocalc.errors import NotSupported
from tests.contract import promises
from tests.contract.page import PAGE, in_page, table
from tests.contract.promises.support import OPERATIONS, Side

ATTRIBUTES = {"proofs", "sign_in"}
PUBLIC = {name for name in [*vars(Client), *Client.__annotations__] if not name.startswith("_")}


def test_every_operation_stands_in_the_table() -> None:
    named = {name for row in CAPABILITIES for name in row.by}
    assert named == PUBLIC - {"close"}


def test_every_operation_is_tried() -> None:
    assert set(OPERATIONS) == PUBLIC - {"close"} - ATTRIBUTES


def test_every_row_is_shown_by_a_test() -> None:
    tests = {
        value
        for module in pkgutil.iter_modules(promises.__path__, f"{promises.__name__}.")
        for value in vars(importlib.import_module(module.name)).values()
        if hasattr(value, "capability")
    }
    assert {test.capability for test in tests} == {row.name for row in CAPABILITIES}
    for test in tests:
        left_out = any(mark.name == "any_key" for mark in getattr(test, "pytestmark", []))
        assert not (left_out and capability(test.capability).organization), test


@pytest.mark.parametrize("row", CAPABILITIES, ids=lambda row: row.name)
def test_a_row_says_what_differs(row: Capability) -> None:
    assert capability(row.name) is row
    for way in (row.v1, row.conat, row.organization or row.conat):
        assert bool(way.words) == (way.can != "yes")
    assert row.v1.can == "yes" or row.conat.can == "yes" or row.v1.words != row.conat.words
    assert row.organization != row.conat


@pytest.mark.parametrize("row", CAPABILITIES, ids=lambda row: row.name)
def test_what_a_generation_cannot_do_is_not_sent(side: Side, row: Capability) -> None:
    way = side.way(row.name)
    calls: list[str] = []
    with side.client(on_call=lambda operation, *_: calls.append(operation)) as client:
        for operation in row.by if way.can == "no" else ():
            with pytest.raises(NotSupported) as refusal:
                OPERATIONS[operation](client, "", "")
            assert refusal.value.words == way.words
            assert not refusal.value.recoverable
    assert calls == []


def test_the_page_for_people_says_the_same() -> None:
    assert in_page(Path(PAGE).read_text(encoding="utf-8")) == table()


def test_the_error_says_why() -> None:
    error = not_supported("revoke_token", "v1")
    assert error.operation == "revoke_token"
    assert error.words == capability("revoke_token").v1.words
