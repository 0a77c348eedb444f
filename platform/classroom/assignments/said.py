"""What a teacher is told after the dates of an assignment were stored."""

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
    people = ", ".join(extension.student.name for extension in moot[:5])
    more = f" and {len(moot) - 5} more" if len(moot) > 5 else ""
    return (
        f"The extension of {people}{more} does not end later than the assignment is due. "
        "Change or remove it under Extensions."
    )
