"""Patterns of queries, in either generation: one row of a table, with `null` for what is asked."""

from typing import Any

Row = dict[str, Any]

PROJECT = (
    "project_id",
    "title",
    "description",
    "users",
    "deleted",
    "state",
    "status",
    "action_request",
    "last_edited",
    "created",
    "course",
    "name",
    "settings",
    "last_active",
)
"""The columns of a project."""


def has_null(value: Any) -> bool:
    """Whether it asks for anything; otherwise it is a change."""
    if isinstance(value, dict):
        return any(has_null(inner) for inner in value.values())
    return value is None


def limit_in(options: Any) -> int | None:
    """How many rows are wanted at most; None: all."""
    for option in options if isinstance(options, list) else []:
        if isinstance(option, dict) and isinstance(option.get("limit"), int):
            return int(option["limit"])
    return None


def fits(found: Row, pattern: Row) -> bool:
    """Whether a row has all that the pattern names."""
    return all(value is None or found.get(name) == value for name, value in pattern.items())


def without_null(found: Row, pattern: Row) -> Row:
    """The asked fields, without the ones that are null."""
    return {name: found[name] for name in pattern if found.get(name) is not None}
