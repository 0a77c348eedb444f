"""What lies in a student's collected folder, as far as the site's own rows know it."""

from classroom.models import Kind, Submission, Transfer
from classroom.rules import names
from classroom.rules.counting import counting
from classroom.rules.questions import notebooks_of
from classroom.steps.autograde import autograded
from embedding.cocalc.paths import is_notebook

MOST = 200  # files that are listed


def folder_of(submission: Submission) -> str:
    """Return where the collected work lies in the course's project."""
    return names.collected_of(submission)


def files_of(submission: Submission) -> list[str]:
    """Return the paths of the collected files, relative to the folder.

    The notebooks that are graded come first, then what the autograder made of them, then others.

    CoCalc is not asked. What was collected is known from the step itself; else from what was
    submitted, else from what was handed out. Of a notebook that the autograder ran there is a
    second one.
    """
    found = _collected(submission) or _submitted(submission) or _paths(submission.assignment.files)
    run = submission.details.get("notebooks")
    ran = run if isinstance(run, list) else []
    ours = [autograded(path) for path in ran]
    graded = {*notebooks_of(submission.assignment), *ran}
    unique = dict.fromkeys(path for path in [*found, *ours] if path)
    return sorted(
        unique,
        key=lambda path: (path not in graded, path not in ours, not is_notebook(path), path),
    )[:MOST]


def _collected(submission: Submission) -> list[str]:
    last = (
        Transfer.objects.filter(
            assignment=submission.assignment,
            member=submission.student,
            kind=Kind.COLLECT,
            state=Transfer.State.DONE,
        )
        .order_by("-pk")
        .first()
    )
    return _paths(last.result.get("files")) if last else []


def _submitted(submission: Submission) -> list[str]:
    snapshot = counting(submission)
    return _paths(snapshot.files) if snapshot else []


def _paths(files: object) -> list[str]:
    if not isinstance(files, list):
        return []
    paths = (file.get("path") if isinstance(file, dict) else file for file in files)
    return [path for path in paths if isinstance(path, str)]
