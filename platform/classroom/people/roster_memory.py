"""What a teacher said the columns of a list are, kept for the next list of the same shape."""

from django.contrib.auth.models import User

from classroom.models import RosterShape
from classroom.people.roster_columns import MEANINGS, Columns

_MOST = 100  # shapes a user; the oldest go


def remembered(user: User, columns: Columns) -> Columns | None:
    """Return what this user chose for a list of this shape; None for no such choice."""
    if not columns.shape:
        return None
    row = RosterShape.objects.filter(user=user, shape=columns.shape).first()
    if row is None:
        return None
    meanings = [each if each in MEANINGS else "" for each in row.columns["meanings"]]
    meanings += [""] * (len(columns.meanings) - len(meanings))
    chosen = columns.chosen(meanings[: len(columns.meanings)], has_header=row.columns["has_header"])
    return None if chosen.ask else chosen


def remember(user: User, columns: Columns) -> None:
    """Keep a choice in place of an earlier one."""
    if not columns.shape:
        return
    kept = {"meanings": list(columns.meanings), "has_header": columns.header is not None}
    RosterShape.objects.update_or_create(user=user, shape=columns.shape, defaults={"columns": kept})
    rows = RosterShape.objects.filter(user=user).order_by("-changed", "-pk")
    RosterShape.objects.filter(pk__in=list(rows.values_list("pk", flat=True)[_MOST:])).delete()
