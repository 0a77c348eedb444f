"""What the settings' own handler writes, in either form."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from config.logs import Json


def console() -> "logging.StreamHandler[Any]":
    """The handler that writes the site's log."""
    (handler,) = [each for each in logging.getLogger().handlers if each.name == "console"]
    assert isinstance(handler, logging.StreamHandler)
    return handler


@contextmanager
def written() -> Iterator[io.StringIO]:
    """The log of the block, as it is written."""
    handler, out = console(), io.StringIO()
    before = handler.setStream(out)
    try:
        yield out
    finally:
        handler.setStream(before)


@contextmanager
def objects() -> Iterator[list[dict[str, Any]]]:
    """The log of the block with LOG_FORMAT=json: the list is filled at its end."""
    handler, found = console(), list[dict[str, Any]]()
    before = handler.formatter
    handler.setFormatter(Json())
    try:
        with written() as out:
            yield found
    finally:
        handler.setFormatter(before)
        found += [json.loads(line) for line in out.getvalue().splitlines()]
