"""Test: the notebooks of one submission are run as the autograder runs them, and give no grade.

They run in a project that is made for this student's tests alone, and that nobody may open, the
student least of all: what hidden tests say could be kept there by an answer, but not fetched. So
what was submitted, and no project in which somebody works, is what is tested; and nothing that
comes back is shown but points: of hidden tests neither names nor lines, and of a run that failed
no word that a program could have written.

Only the open tests are run, in a notebook that never held a hidden one, unless the teacher chose
all. What did not even begin is tried again, and uses up no attempt.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.models import Assignment, Kind, Snapshot, Submission, TestRun, Transfer
from classroom.nbgrader.open_tests import hidden_tests
from classroom.nbgrader.student_version import student_version
from classroom.rules import manifest, scoring
from classroom.rules.counting import counting
from classroom.rules.course_projects import slot_of_tests
from classroom.steps import approved, autograde, folders
from classroom.steps.registry import Skip, step
from classroom.steps.submit import counts_now
from embedding.cocalc.errors import CannotConnect, CannotStart, CocalcError, Limited
from embedding.models import CocalcProject
from embedding.problems import Problem, of_cocalc
from embedding.services import care, mapping

# The student's own notebook is the cause: told to the student, and not tried again.
_OWN = ("not_run", "garbled", "unreadable", "too_large")
_NOT_BEGUN = (CannotConnect, CannotStart, Limited)


@step(Kind.TEST)
def run(transfer: Transfer) -> dict[str, Any]:
    """Run the tests of the snapshot `options["snapshot"]`, and write down what they gave."""
    tests = (
        TestRun.objects.filter(transfer=transfer, snapshot=transfer.options.get("snapshot"))
        .select_related("snapshot", "submission__student__user", "submission__assignment")
        .first()
    )
    if tests is None or tests.snapshot is None:
        raise Skip(_("This submission is no longer kept."))
    if tests.state == TestRun.State.DONE:
        return {}
    tests.submission.assignment.course = transfer.course
    try:
        _write_down(tests, *_tested(tests.submission, tests.snapshot))
    except Problem as problem:
        if problem.code not in _OWN:
            raise
        words, begun = _words(problem.code)
        _end(tests, words=words, is_attempt=begun)
    except CocalcError as error:
        if isinstance(error, _NOT_BEGUN):
            raise of_cocalc(error) from error
        # It may have begun, and an answer can bring this about: again and again is no way on.
        words, begun = _words("not_run")
        _end(tests, words=words, is_attempt=begun)
    return {}


def _tested(
    submission: Submission, snapshot: Snapshot
) -> tuple[list[autograde.Graded], dict[str, set[str]]]:
    """Run the notebooks; return what they gave, and which tests of each are hidden."""
    assignment = submission.assignment
    course = folders.course_project(assignment.course)
    listed = manifest.of_folder(course, assignment.folder)
    sources = autograde.sources(assignment, course, listed)
    if not sources:
        raise Problem(
            "not_marked", _("No notebook of this assignment is marked for nbgrader."), status=409
        )
    approved.check(assignment, course, listed)
    hidden = {path: hidden_tests(source) for path, source in sources.items()}
    if assignment.tests == Assignment.Tests.OPEN:
        sources = {path: student_version(source) for path, source in sources.items()}
    files = {file["path"]: file for file in snapshot.files}
    project = _project(submission)
    grader = autograde.Grader(
        submission, course, snapshot.path, project, files, sources, keeps=False
    )
    graded = [grader.grade(path, source) for path, source in sorted(sources.items())]
    if assignment.tests == Assignment.Tests.OPEN:
        graded = [_without(each, hidden[each.path]) for each in graded]
    return graded, hidden


def _without(graded: autograde.Graded, hidden: set[str]) -> autograde.Graded:
    """Leave out the tests of which lines were not run: nobody has passed those."""
    cells = tuple(cell for cell in graded.result.cells if cell.grade_id not in hidden)
    return replace(graded, result=replace(graded.result, cells=cells))


def _project(submission: Submission) -> str:
    """Make sure that there is a project for the student's tests, of which nobody is a member."""
    student = submission.student
    course = submission.assignment.course
    row, _made = CocalcProject.objects.get_or_create(
        slot=slot_of_tests(student),
        defaults={"title": f"Tests - {course.title}"[:200]},
    )
    mapping.project_ensure(row)
    if care.is_due(row, care.STEP_EVERY):
        care.mend_quietly(row)
    return str(row.project_id)


def _write_down(
    tests: TestRun, graded: Sequence[autograde.Graded], hidden: dict[str, set[str]]
) -> None:
    cells: list[dict[str, Any]] = []
    missing, unknown = [], False
    score, most = Decimal(), Decimal()
    for each in graded:
        if each.copies or not each.handed_in:
            missing.append(each.path)
        for cell in each.result.cells:
            by_hand = cell.needs_manual and not cell.held
            unknown = unknown or cell.held
            name = "" if cell.grade_id in hidden[each.path] else cell.grade_id
            if name and len(graded) > 1:
                name = f"{each.path}: {name}"
            points = None if cell.needs_manual else cell.score
            cells.append({"name": name, "score": points, "max": cell.max_score, "manual": by_hand})
            score += Decimal(str(points or 0))
            most += Decimal() if by_hand else Decimal(str(cell.max_score))
    words = [_("“%(path)s” is not among what you submitted.") % {"path": path} for path in missing]
    if unknown and not missing:
        words.append(_("Some tests did not run to their end, or could not be judged."))
    if tests.submission.assignment.tests == Assignment.Tests.OPEN and any(hidden.values()):
        words.append(_("Hidden tests run when your teacher grades."))
    _end(tests, words=" ".join(words), cells=cells, score=_cents(score), most=_cents(most))


def _end(
    tests: TestRun,
    *,
    words: str,
    is_attempt: bool = True,
    cells: Sequence[dict[str, Any]] = (),
    score: Decimal | None = None,
    most: Decimal | None = None,
) -> None:
    """Keep the result; where the best submission counts, it may be this one now."""
    tests.state, tests.ended = TestRun.State.DONE, timezone.now()
    tests.words, tests.is_attempt, tests.cells = words, is_attempt, list(cells)
    tests.score, tests.most = score, most
    with transaction.atomic():
        row = Submission.objects.select_for_update(no_key=True).get(pk=tests.submission_id)
        row.assignment, row.student = tests.submission.assignment, tests.submission.student
        before = counting(row)
        tests.save()
        Snapshot.objects.filter(test_run=tests).update(tested=score)
        now = counting(row)
        if now and now != before:
            counts_now(row, now)


def _words(code: str) -> tuple[str, bool]:
    """Return what the student is told, and whether the tests had begun to run."""
    if code == "unreadable":
        return _("Your notebook could not be read, so it was not tested. Save it again."), False
    if code == "too_large":
        return _("Your notebook is too large to be tested."), False
    return (
        _(
            "Your notebook stopped the tests, or took too long, so they have no result. Run all "
            "its cells from the top, and find the cell that never ends or that stops the kernel."
        ),
        True,
    )


def _cents(points: Decimal) -> Decimal:
    return points.quantize(scoring.CENT, ROUND_HALF_UP)
