"""No error, repr, log line or traceback of the bridges' driver holds a key, token or password."""

import copy
import logging
from collections.abc import Callable
from typing import Any

import pytest

from embedding.cocalc.conat import ConatClient
from embedding.cocalc.errors import CocalcError
from tests.cocalc.conat.conftest import Make
from tests.cocalc.conat.hub import PROJECT, STUDENT, TOKEN, Hub
from tests.cocalc.server import KEY, Reply
from tests.cocalc.test_secrets import check, clean

Answer = Callable[[str], Any]


SPARED = {"accounts", "org.get", "org.getUsers", "system.ping"}  # so that the calls get further
ANSWERS: dict[str, Answer] = {
    "refused": lambda said: {"error": f"Error: {said}"},
    "no access": lambda said: {"error": f"Error: must be an admin {said}"},
    "late": lambda said: {"error": f"timeout - {said}"},
    "killed": lambda said: {"error": f"killed command '{said}'"},
    "bad key": lambda said: {"error": f"must be signed in {said}"},
    "foreign": lambda said: {"said": said, "error": said},
    "a text": lambda said: said,
    "issues": lambda said: {"issues": {"email": said}},
    "too large": lambda said: Reply(f"<p>{said}</p>", 413),
    "page": lambda said: Reply(f"<p>{said}</p>", 502),
}
CALLS: dict[str, Callable[[ConatClient], object]] = {
    "mint_token": lambda client: client.mint_token(STUDENT),
    "revoke_token": lambda client: client.revoke_token(TOKEN),
    "create_account": lambda client: client.create_account(
        email="a@b.test", first_name="", last_name=""
    ),
    "project_state": lambda client: client.project_state(PROJECT),
    "set_role": lambda client: client.set_role(PROJECT, STUDENT, "owner"),
    "delete_project": lambda client: client.delete_project(PROJECT),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
@pytest.mark.parametrize("organization", ["", "ORG"])
def test_no_error_tells(
    make: Make,
    hub: Hub,
    caplog: pytest.LogCaptureFixture,
    answer: Answer,
    call: Callable[[ConatClient], object],
    organization: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets: list[str] = []

    def told(fields: dict[str, Any]) -> Any:
        # All that was sent to us, and the key: what a careless server might say.
        secrets.append(str(fields.get("password") or TOKEN))
        return answer(f"you sent Bearer {KEY} and {fields}")

    for function in {*hub.functions, "sign-up"} - SPARED:
        hub.functions[function] = told
    seen: list[object] = []

    def before(*given: object) -> float:
        seen.append(given)
        return 5.0

    client = make(organization=organization, before_call=before)
    with pytest.raises(CocalcError) as caught:
        call(client)
    check(caught.value, with_locals=False)
    told_of = f"{caught.value!r} {vars(caught.value)} {caplog.text} {seen}"
    assert clean(told_of)
    assert secrets
    assert not [secret for secret in secrets if secret in told_of]


def test_no_repr_tells(client: ConatClient) -> None:
    assert repr(client).startswith("<ConatClient http://127.0.0.1")
    for value in (client, copy.copy(client), *vars(client).values()):
        assert KEY not in repr(value)
