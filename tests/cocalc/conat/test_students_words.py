"""A project's answers are its student's words: none of them stands for CoCalc's own."""

import pytest

from embedding.cocalc.conat import ConatClient
from embedding.cocalc.errors import CannotStart, CocalcError, RefusedKey, ServerFault
from tests.cocalc.conat.hub import PROJECT, Hub

# What excuses a student at the due time (asked again later, as nothing was asked), and what the
# whole site would believe.
EXCUSES = [
    "1",
    "spawn pnpm ENOENT",
    "Error: spawn pnpm EACCES",
    "Cannot create property 'message' on number '1'",
    "Error: banned",
    "incorrect password",
    "must sign in as project or account",
    "API keys are not allowed to call hub RPC 'system.exec'",
]


@pytest.mark.parametrize("words", EXCUSES)
def test_an_excuse_of_a_projects_is_none(client: ConatClient, hub: Hub, words: str) -> None:
    hub.functions["system.exec"] = {"error": words}
    with pytest.raises(CocalcError) as caught:
        client.read_file(PROJECT, "a")
    assert type(caught.value) is ServerFault
    assert hub.asked[-1] == "projects.start"


def test_what_the_hub_says_too_is_believed(client: ConatClient, hub: Hub) -> None:
    for words, kind in (("1", CannotStart), ("must be authenticated", RefusedKey)):
        hub.functions |= {"system.exec": {"error": words}, "projects.start": {"error": words}}
        with pytest.raises(kind):
            client.read_file(PROJECT, "a")
