"""Each of CoCalc's failures has a sentence for the user, a status and a code."""

import pytest

from embedding.cocalc import errors
from embedding.problems import again_in, of_cocalc

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.CocalcError) and kind is not errors.Away
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind(kind: type[errors.CocalcError]) -> None:
    more = {"retry_after": 1800} if issubclass(kind, errors.Limited) else {}
    error = kind("operation", "the server's words.", status=200, **more)
    problem = of_cocalc(error)
    assert problem.status >= 400
    assert problem.code == kind.code
    assert problem.recoverable is kind.recoverable
    assert problem.message.endswith(".")
    assert "{" not in problem.message
    assert "the server's words" in problem.detail


def test_words_that_look_like_a_template_do_no_harm() -> None:
    problem = of_cocalc(errors.BadRequest("operation", "{0} {x} %s"))
    assert problem.message == "CoCalc refused the request: {0} {x} %s."


def test_waiting_is_said_in_round_terms() -> None:
    limited = of_cocalc(errors.Limited("create_account", retry_after=1800))
    assert "in 30 minutes" in limited.message
    assert limited.retry_after == 1800
    assert again_in(1) == "Please try again in 1 second."
    assert again_in(60) == "Please try again in 60 seconds."
    assert again_in(91) == "Please try again in 2 minutes."
