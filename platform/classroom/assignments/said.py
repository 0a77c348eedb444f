"""What a teacher is told after the dates of an assignment were stored."""

from collections.abc import Iterable, Sequence

from django.utils.translation import ngettext, pgettext

from classroom.assignments.extensions import moot_extensions
from classroom.assignments.forms import AssignmentForm
from classroom.models import Assignment


def warnings_of(form: AssignmentForm) -> list[str]:
    """Say what of the stored dates and numbers may not be meant, or is to be known."""
    return [*form.warnings(), *form.notes().values()]


def extensions_overtaken(assignment: Assignment) -> str:
    """Say whose extension is none any more; empty where that is nobody's."""
    moot = moot_extensions(assignment)
    if not moot:
        return ""
    said = ngettext(
        "The extension for %(people)s gives no extra time any more: it does not end after the due "
        "time. Change or remove it under Extensions.",
        "The extensions for %(people)s give no extra time any more: they do not end after the due "
        "time. Change or remove them under Extensions.",
        len(moot),
    )
    return said % {"people": few([extension.student.name for extension in moot])}


def listed(names: Iterable[str]) -> str:
    """Name all of them."""
    return pgettext("list", ", ").join(names)


def few(names: Sequence[str], most: int = 5) -> str:
    """Name some, and say how many more there are."""
    shown = listed(names[:most])
    more = len(names) - most
    if more <= 0:
        return shown
    said = ngettext("%(names)s and %(count)s more", "%(names)s and %(count)s more", more)
    return said % {"names": shown, "count": more}
