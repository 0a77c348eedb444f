"""What the grading page shows of a student's work, besides the form."""

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from classroom.grading import collected
from classroom.grading.kept_comments import kept_of
from classroom.grading.neighbours import Place, place_of
from classroom.grading.selection import Filter
from classroom.grading.submitted import submitted
from classroom.grading.whose import nameless_place, page_of, state_without_name
from classroom.grading.work_state import STATES, state_of
from classroom.models import UNWAIVED, WAIVED, Assignment, GradeChange, Kind, Submission, Transfer
from classroom.rules import renewal
from classroom.rules.anonymity import called, is_hidden
from classroom.rules.deadlines import is_early
from classroom.rules.last_submit import failures
from classroom.rules.late_words import late_of
from classroom.rules.looks import MOST as LOOK_MOST
from classroom.rules.looks import looks_of
from classroom.rules.own_due import own_dues
from classroom.rules.questions import signed
from classroom.rules.scoring import number, number_text
from classroom.steps.approved import version_of

HISTORY = 50  # changes that are shown
# How a score was given that nobody typed on the grading page.
HOW = {
    "import": gettext_lazy("by import"),
    "autograder": gettext_lazy("by the autograder"),
    "command": gettext_lazy("by a command"),
    "rescale": gettext_lazy("rescaled to other points"),
    "table": gettext_lazy("in the table"),
    WAIVED: gettext_lazy("late penalty waived"),
    UNWAIVED: gettext_lazy("late penalty counts again"),
}
# How a score is given as a whole, whatever the questions come to.
AS_A_WHOLE = {
    "page": gettext_lazy("Total entered as a whole: %(total)s."),
    "import": gettext_lazy("Total from an import: %(total)s."),
    "command": gettext_lazy("Total from a command: %(total)s."),
    "rescale": gettext_lazy("Total rescaled to other points: %(total)s."),
    "table": gettext_lazy("Total entered in the table: %(total)s."),
}


def address(
    assignment: Assignment, whose: int | str, wanted: Filter, kept: dict[str, str] | None = None
) -> str:
    """Return the address of a work's grading page; `kept` is what it goes on with."""
    found = page_of(assignment, whose)
    more = urlencode({name: value for name, value in (kept or {}).items() if value})
    query = "&".join(filter(None, [wanted.query, more]))
    return f"{found}?{query}" if query else found


def whose(work: Submission) -> int | str:
    """Return what the address of its page names it by: its student's id, or its code."""
    return work.code if is_hidden(work) else work.student.pk


def place(work: Submission, wanted: Filter) -> Place:
    """Return where it stands among those that a filter shows."""
    if is_hidden(work):
        return nameless_place(work.assignment.course, work, wanted.state)
    return place_of(work.assignment, work.student, wanted)


def context_hidden(work: Submission, wanted: Filter, *, file: str) -> dict[str, Any]:
    """Return what the page's template needs where names are hidden, and nothing else."""
    assignment = work.assignment
    history = [each for each in _history(work) if each["change"].how not in (WAIVED, UNWAIVED)]
    name, words = state_without_name(work, timezone.now())
    listed = reverse("classroom:grade-list", args=[assignment.course.pk, assignment.pk])
    shown = _context(work, wanted, history, file)
    return shown | {
        "hidden": True,
        "name": called(work),
        "code": work.code,
        "state": {"name": name, "words": words},
        "filter_words": STATES.get(wanted.state, ""),
        "listed": listed + shown["query"],
    }


def _context(
    work: Submission, wanted: Filter, history: list[dict[str, Any]], file: str
) -> dict[str, Any]:
    """Return what the page needs in any case: nothing in it tells whose the work is, but `work`."""
    where, shown = place(work, wanted), _files(work, file)

    def beside(other: int | str | None) -> str | None:
        return address(work.assignment, other, wanted, shown["going_on"]) if other else None

    return shown | {
        "work": work,
        "points": number(work.assignment.points),  # for the page's script
        "history": history,
        "given_total": _given_total(work, history),
        "notes": _notes(work),
        "copies": _copies(work),
        "kept_comments": kept_of(work.assignment.course),
        "place": where,
        "previous": beside(where.previous),
        "next": beside(where.next),
        "wanted": wanted,
        "query": f"?{wanted.query}" if wanted.query else "",
    }


def _files(work: Submission, file: str) -> dict[str, Any]:
    """Return the collected files, and which of them is shown; `file` is what was asked for."""
    files = collected.files_of(work) if work.collected else []
    first = files[0] if files else ""
    file = file if file in files else first
    folder = collected.folder_of(work)
    return {
        "files": files,
        "file": file,
        # The first one is the first for the next student, too, whatever its name is there.
        "going_on": {"file": "" if file == first else file},
        "folder": folder,
        "path": f"{folder}/{file}" if file else "",
    }


def context(work: Submission, wanted: Filter, *, file: str) -> dict[str, Any]:
    """Return what the page's template needs; `file` is the one that was asked for, or ""."""
    now = timezone.now()
    name, words = state_of(work, now)
    section = "" if wanted.section == "-" else wanted.section
    shown = _context(work, wanted, _history(work), file)
    return shown | {
        "state": {"name": name, "words": words},
        "news": renewal.news(work),
        "is_uncollected": renewal.is_uncollected(work) or not work.collected,
        "is_early": is_early(work, now),
        "collecting": _is_collecting(work),
        "submitted": submitted(work),
        "failure": failures([work]).get(work.student_id),
        "lateness": late_of(work),
        "looks": looks_of(work),
        "most": LOOK_MOST,
        "own_due": own_dues(work.student, [work])[work.assignment_id],
        "filter_words": " · ".join(filter(None, [str(STATES.get(wanted.state, "")), section])),
        "matrix": reverse("classroom:grades", args=[work.assignment.course.pk]) + shown["query"],
    }


def _is_collecting(work: Submission) -> bool:
    rows = Transfer.objects.filter(assignment=work.assignment, member=work.student)
    return rows.filter(kind=Kind.COLLECT, state__in=Transfer.ACTIVE).exists()


def _copies(work: Submission) -> list[tuple[str, str]]:
    """Return the notebooks that wait for a decision, each with a file that has its cells."""
    copies = work.details.get("copies") if work.held else None
    if not isinstance(copies, dict):
        return []
    return [(path, copy) for path, found in copies.items() for copy in found[:3]]


def _notes(work: Submission) -> dict[str, Any] | None:
    """Return what the autograder has to say; None where that is nothing."""
    details = work.details
    if not isinstance(details, dict) or not details.get("cells"):
        return None
    older = bool(details.get("version")) and details["version"] != version_of(work.assignment)
    notes = details.get("notes", [])
    return {"notes": notes, "older": older} if notes or older else None


def _history(work: Submission) -> list[dict[str, Any]]:
    """Return the changes of the grade, with what was given for each question."""
    changes = GradeChange.objects.filter(submission=work).select_related("by")[:HISTORY]
    return [
        {
            "change": change,
            "how": HOW.get(change.how, ""),
            "questions": given_of(change),
        }
        for change in changes
    ]


def given_of(change: GradeChange) -> list[tuple[str, str]]:
    """Return (question, “2 / 3”) of each that a change gave a score, and its adjustment."""
    questions = change.questions
    rows = [
        (name, f"{number_text(score)} / {number_text(most)}")
        for name, score, most in questions.get("points", [])
        if score is not None
    ]
    if adjustment := questions.get("adjustment"):
        rows.append((_("Adjustment"), signed(Decimal(str(adjustment)))))
    return rows


def _given_total(work: Submission, history: list[dict[str, Any]]) -> str:
    """Say how the score was given that the work has as a whole."""
    how = "page"
    for each in history:
        change = each["change"]
        if change.how in AS_A_WHOLE and not change.questions and change.score == work.score:
            how = change.how
            break
    return AS_A_WHOLE[how] % {"total": number_text(work.score)}
