"""The log's two forms, for a person at a terminal and for a collector, and what neither holds.

That is an address that lets in whoever has it, a key or a token of CoCalc's, and line upon line of
one thing. Each line says what it is about (`embedding.trail`): the request, the transfer.
"""

import logging
import re
from types import TracebackType
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from embedding import trail

MOST = 8_000  # characters of one record
_SECRETS = (
    (
        re.compile(r"/(invitations|join|address|calendar|password/new|unsubscribe)/[^/\s\"'<>]+"),
        r"/\1/…",
    ),
    (re.compile(r"\b(auth_token|token)=[^&\s\"'<>]+"), r"\1=…"),
    (re.compile(r"\bsk[_-][A-Za-z0-9_-]{16,}"), "sk-…"),
)
# Of what a record brings along, all that is written; `fields` of a record are ours.
_WRITTEN = ("time", "level", "logger", "message", "exc_info", "stack_info")

Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def clean(text: str) -> str:
    """Return a text without the secret part of links that let in or prove, of keys and tokens."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


def short(text: str) -> str:
    """Leave out the middle of what is long: a library may well write all that somebody sent."""
    over = len(text) - MOST
    if over <= 0:
        return text
    return f"{text[: MOST // 2]}\n[… {over:,} characters left out …]\n{text[-MOST // 2 :]}"


class NoLinks(logging.Filter):
    """Takes the secret out of a record's message, as in a line about a refused request."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record; it is always kept."""
        message = record.getMessage()
        cleaned = clean(message)
        if cleaned != message:
            record.msg, record.args = cleaned, ()
        return True


class Short(logging.Formatter):
    """Lines for a person: what happened, and in brackets what it was about."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's name
        """Return the first line."""
        about = ", ".join(f"{name} {value}" for name, value in trail.marks().items())
        line = super().formatMessage(record)
        return f"{line} [{about}]" if about else line

    def formatException(self, ei: Raised) -> str:  # noqa: N802
        """Return the traceback, whose last line may quote anything."""
        return clean(super().formatException(ei))

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, with its traceback if there is one."""
        return short(super().format(record))


class Json(JsonFormatter):
    """One JSON object a line, for a program that collects them."""

    def __init__(self) -> None:
        super().__init__(
            ["levelname", "name", "message"],
            rename_fields={"levelname": "level", "name": "logger"},
            timestamp="time",
            json_ensure_ascii=False,
        )

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Choose what is written: a library may attach a whole request to its record."""
        fields = log_data.get("fields")
        ours = fields if isinstance(fields, dict) else {}
        written = {name: log_data[name] for name in _WRITTEN if name in log_data}
        return {
            name: short(clean(value)) if isinstance(value, str) else value
            for name, value in (written | ours | dict(trail.marks())).items()
        }
