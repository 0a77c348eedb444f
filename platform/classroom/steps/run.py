"""Run something in a student's project: a teacher's command, or the autograder.

The options are {"autograde": true}, or {"command", "timeout", "scores"}: the command as bash takes
it, the seconds it may take, and the name of the JSON file that it may write a score to ("" where
none counts). It runs in the assignment's folder, or in the home where there is no assignment.
"""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from classroom.models import Kind, Submission, Transfer
from classroom.rules import anonymity, scoring
from classroom.steps import autograde, commands
from classroom.steps.prepare import student_ready
from classroom.steps.registry import Skip, step

TIMEOUT, TIMEOUT_MOST = 60, 600  # seconds
MAY_HAVE_RUN = gettext_lazy(
    "The answer was lost. The command may or may not have run. "
    "Check the project before you run it again."
)


@step(Kind.RUN, when_lost=MAY_HAVE_RUN)
def run(transfer: Transfer) -> dict[str, Any]:
    """Run it; return {"exit_code", "seconds", "stdout", "stderr", "cut", "timed_out", …}.

    A command that fails is done: what it said is what was wanted. With scores, the result has
    "score" and "comment", or says in "scores_error" why there is none.
    """
    student = transfer.member
    if student is None:
        raise Skip(_("There is no student."))
    if transfer.options.get("autograde"):
        return autograde.run(transfer)
    assignment = transfer.assignment
    scores = str(transfer.options.get("scores") or "") if assignment else ""
    output = commands.run(
        student_ready(student),
        str(transfer.options["command"]),
        folder=assignment.folder if assignment else "",
        timeout=min(int(transfer.options.get("timeout") or TIMEOUT), TIMEOUT_MOST),
        file=scores,
    )
    result = output.as_dict()
    if scores:
        result |= _score(transfer, output.file)
    return result


def _score(transfer: Transfer, content: bytes | None) -> dict[str, Any]:
    submission = (
        Submission.objects.filter(assignment=transfer.assignment, student=transfer.member)
        .select_related("assignment")
        .first()
    )
    if submission is None:
        return {"scores_error": _("This assignment no longer exists.")}
    if anonymity.is_hidden(submission):
        return {"scores_error": _("No scores are taken while names are hidden.")}
    try:
        score, comment = commands.score_of(content)
        actor = transfer.batch.actor if transfer.batch else None
        scoring.grade_set(submission, score=score, comment=comment, by=actor, how="command")
    except ValidationError as error:
        return {"scores_error": " ".join(error.messages)}
    return {"score": scoring.number(score), "comment": comment or ""}
