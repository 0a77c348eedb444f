"""Which files stayed as a student has changed them, when an assignment was handed out again."""

from typing import Any

from django.db.models import QuerySet
from django.db.models.fields.json import KeyTransform
from django.utils.translation import ngettext

from classroom.models import Kind, Transfer
from classroom.steps.folders import few


def with_stayed(rows: QuerySet[Transfer]) -> QuerySet[Transfer]:
    """Read of the results, which may be large, no more than `stayed_of` needs."""
    return rows.defer("result").annotate(
        changed=KeyTransform("changed", "result"), changed_of=KeyTransform("of", "result")
    )


def stayed_of(transfer: Any) -> str:
    """Say which files stayed, in a sentence; empty where none did, or where that does not matter.

    `transfer` was read by `with_stayed`.
    """
    paths = transfer.changed
    if transfer.kind != Kind.HAND_OUT or transfer.state != Transfer.State.DONE:
        return ""
    if not isinstance(paths, list) or not paths:
        return ""
    count = transfer.changed_of if isinstance(transfer.changed_of, int) else len(paths)
    words = ngettext(
        "The student changed %(files)s, so it stayed as it was.",
        "The student changed %(files)s, so they stayed as they were.",
        count,
    )
    return words % {"files": few(paths, count)}
