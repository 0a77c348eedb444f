"""What a log may not become: as long as what somebody sends."""

import io
import logging
from typing import Any

import pytest
from django.conf import settings

from config.logs import MOST, Short


def lines_of(text: str, error: Exception | None = None) -> str:
    """What is written of one record."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(Short("{levelname}: {message}", style="{"))
    info = (type(error), error, None) if error else None
    record = logging.LogRecord("x", logging.ERROR, "f", 1, "%s", (text,), info)
    handler.handle(record)
    return out.getvalue()


def test_a_short_record_stays_as_it_is() -> None:
    assert lines_of("Hello") == "ERROR: Hello\n"


@pytest.mark.parametrize("error", [None, ValueError("y" * 1_000_000 + " the end")])
def test_of_a_long_one_the_middle_is_left_out(error: Exception | None) -> None:
    written = lines_of("the beginning" + "x" * 1_000_000 + " the end", error)
    assert len(written) < MOST + 100
    assert written.startswith("ERROR: the beginning")
    assert "characters left out" in written
    assert written.endswith(" the end\n")


def test_the_site_logs_so() -> None:
    logging_: Any = settings.LOGGING
    console = logging_["handlers"]["console"]
    assert logging_["formatters"][console["formatter"]]["()"] == "config.logs.Short"
