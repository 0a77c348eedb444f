"""Answers of CoCalc's, the call of a driver's that they come to, and the error it ends in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from embedding.cocalc.conat import ConatClient, Limits
from embedding.cocalc.errors import CocalcError
from tests.cocalc.server import KEY, Reply, Request, Server
from tests.contract.read import EXCHANGES, reply_of, table_of


@dataclass(frozen=True)
class Call:
    """A call of the driver's, and what it asks that the case answers: a function, or a table."""

    asks: str
    run: Callable[[ConatClient], object]
    organization: str = ""


@dataclass(frozen=True)
class Fails:
    """The error a case ends in. Its words are those of the answer, unless they are given here."""

    kind: type[CocalcError]
    words: str | None = None
    status: int | None = 200
    retry_after: int | None = None
    exit_code: int | None = None

    def check(self, error: CocalcError, words: Callable[[], str]) -> None:
        """Compare an error; `words` gives those of the answer."""
        assert type(error) is self.kind
        assert error.status == self.status
        assert error.words == (words() if self.words is None else self.words)
        assert getattr(error, "retry_after", None) == self.retry_after
        assert getattr(error, "exit_code", None) == self.exit_code


def words_of(case: str) -> str:
    """The words of an answer's error, as far as they are not about the call itself."""
    answer = EXCHANGES[case]["response"]
    if isinstance(answer, str):
        return answer.removeprefix("<!DOCTYPE html>")
    if "issues" in answer:
        return "; ".join(f"{field}: {text}" for field, text in answer["issues"].items())
    return str(answer["error"]).partition(" - callHub:")[0].strip()


def drive(
    server: Server, case: str, call: Call, expected: object, usual: Mapping[str, str]
) -> None:
    """Make the call, and let what it asks be answered by the case; the rest as `usual`."""

    def answer(request: Request) -> Reply:
        asked = table_of(request.fields) or request.fields.get("name") or request.event
        return reply_of(EXCHANGES[case if asked == call.asks else usual[asked]])

    server.answer = answer
    limits = Limits(call=10, start=2, margin=5, backoff=0.001, backoff_most=0.001)
    client = ConatClient(server.url, KEY, organization=call.organization, limits=limits)
    try:
        if not isinstance(expected, Fails):
            assert call.run(client) == expected
            return
        with pytest.raises(CocalcError) as caught:
            call.run(client)
    finally:
        client.close()
    expected.check(caught.value, lambda: words_of(case))
