"""The grading page: one student's collected work beside its score, comment and history."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from classroom.grading import collected
from classroom.grading.neighbours import place_of
from classroom.grading.selection import Filter
from classroom.grading.submitted import submitted
from classroom.grading.work_state import STATES, state_of
from classroom.models import (
    UNWAIVED,
    WAIVED,
    Assignment,
    GradeChange,
    Kind,
    Membership,
    Submission,
    Transfer,
)
from classroom.pages.access import assignment_of, staff_of, student_in, submission_of
from classroom.rules import renewal
from classroom.rules.deadlines import is_early
from classroom.rules.last_submit import failures
from classroom.rules.late_words import late_of
from classroom.rules.looks import MOST as LOOK_MOST
from classroom.rules.looks import looks_of
from classroom.rules.scoring import (
    COMMENT_MOST,
    Conflict,
    grade_set,
    is_bonus,
    last_change,
    number,
    score_check,
    score_read,
)
from classroom.steps.approved import version_of
from embedding.views.access import user_of

HISTORY = 50  # changes that are shown
# How a score was given that nobody typed here.
HOW = {
    "import": "by import",
    "autograder": "by the autograder",
    "command": "by a command",
    "rescale": "rescaled to other points",
    WAIVED: "late penalty waived",
    UNWAIVED: "late penalty taken again",
}


class GradeForm(forms.Form):
    """A score and a comment, and which change and which work its giver has seen last."""

    score = forms.CharField(required=False, max_length=30)
    comment = forms.CharField(
        required=False, max_length=COMMENT_MOST, strip=False, widget=forms.Textarea
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    work = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    def __init__(self, assignment: Assignment, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._assignment = assignment
        self.fields["score"].widget.attrs = {
            "inputmode": "decimal",
            "autocomplete": "off",
            "aria-describedby": "score-of",
        }
        self.fields["comment"].widget.attrs = {"rows": 7}

    def clean_score(self) -> object:
        return score_check(self._assignment, score_read(self.cleaned_data["score"]))

    def clean_comment(self) -> str:
        # Browsers send CR LF; what is kept has one kind of line's end.
        return str(self.cleaned_data["comment"]).replace("\r\n", "\n").rstrip()


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def grade(request: HttpRequest, course: int, assignment: int, member: int) -> HttpResponse:
    """Show a student's work, and take its score and comment."""
    membership = staff_of(request, course)
    work = submission_of(
        _graded(assignment_of(membership.course, assignment)),
        student_in(membership.course, member),
    )
    wanted = Filter.of(request.GET)
    if request.method != "POST":
        return _show(request, membership, work, wanted, _form(work))
    form = GradeForm(work.assignment, request.POST)
    if not form.is_valid():
        return _show(request, membership, work, wanted, form, status=400)
    if form.cleaned_data["work"] not in ("", _work_seen(work)):
        form.add_error(
            None,
            "Not saved: newer work of this student was collected while you had this page open. "
            "Look at it, then save again.",
        )
        form.data = request.POST.dict() | {"work": _work_seen(work)}
        return _show(request, membership, work, wanted, form, status=409)
    # Where it goes on is decided before the score changes who is shown.
    place = place_of(work.assignment, work.student, wanted)
    try:
        change = grade_set(
            work,
            score=form.cleaned_data["score"],
            comment=form.cleaned_data["comment"],
            by=user_of(request),
            how="page",
            seen=form.cleaned_data["seen"],
        )
    except Conflict as conflict:
        work.refresh_from_db(fields=["score", "comment", "graded"])
        # Who sends it once more has seen what the other wrote.
        form.data = request.POST.dict() | {"seen": str(conflict.change.pk)}
        return _show(request, membership, work, wanted, form, conflict.change, status=409)
    except ValidationError as error:  # the points were changed this very moment
        work.assignment.refresh_from_db(fields=["points"])
        form.add_error("score", error)
        return _show(request, membership, work, wanted, form, status=400)
    _tell(request, work, change)
    target = place.next if "next" in request.POST and place.next else work.student.pk
    if "next" in request.POST and place.next is None:
        messages.info(request, "This was the last one.")
    return redirect(_address(work.assignment, target, wanted))


def _graded(assignment: Assignment) -> Assignment:
    if assignment.handout:
        raise Http404
    return assignment


def _form(work: Submission) -> GradeForm:
    last = last_change(work)
    return GradeForm(
        work.assignment,
        initial={
            "score": number(work.score),
            "comment": work.comment,
            "seen": last.pk if last else 0,
            "work": _work_seen(work),
        },
    )


def _work_seen(work: Submission) -> str:
    """Name the work that the page shows."""
    since = renewal.work_of(work)
    return since.isoformat() if since else "none"


def _tell(request: HttpRequest, work: Submission, change: GradeChange | None) -> None:
    if change is None:
        messages.info(request, f"{work.student.name}: nothing was changed.")
        return
    messages.success(request, f"{work.student.name}: saved.")
    if is_bonus(work.assignment, work.score):
        messages.warning(
            request,
            f"{work.student.name} has {number(work.score)} of {number(work.assignment.points)} "
            "points: more than there are.",
        )


def _address(assignment: Assignment, member: int, wanted: Filter) -> str:
    address = reverse("classroom:grade", args=[assignment.course.pk, assignment.pk, member])
    return f"{address}?{wanted.query}" if wanted.query else address


def _show(
    request: HttpRequest,
    membership: Membership,
    work: Submission,
    wanted: Filter,
    form: GradeForm,
    conflict: GradeChange | None = None,
    status: int = 200,
) -> HttpResponse:
    place = place_of(work.assignment, work.student, wanted)
    files = collected.files_of(work) if work.collected else []
    file = request.GET.get("file", "")
    if file not in files:
        file = files[0] if files else ""
    folder = collected.folder_of(work)
    state, words = state_of(work, timezone.now())
    snapshots = submitted(work)
    query = f"?{wanted.query}" if wanted.query else ""
    context = {
        "membership": membership,
        "tab": "grades",
        "work": work,
        "points": number(work.assignment.points),
        "state": {"name": state, "words": words},
        "form": form,
        "conflict": conflict,
        "news": renewal.news(work),
        "is_uncollected": renewal.is_uncollected(work) or not work.collected,
        "is_early": is_early(work, timezone.now()),
        "collecting": _is_collecting(work),
        "history": [
            (change, HOW.get(change.how, ""))
            for change in GradeChange.objects.filter(submission=work).select_related("by")[:HISTORY]
        ],
        "submitted": snapshots,
        "failure": failures([work]).get(work.student_id),
        "lateness": late_of(work),
        "details": _details(work),
        "looks": looks_of(work),
        "most": LOOK_MOST,
        "copies": _copies(work),
        "files": files,
        "file": file,
        "folder": folder,
        "path": f"{folder}/{file}" if file else "",
        "extension": work.assignment.extensions.filter(student=work.student).first(),
        "place": place,
        "previous": place.previous and _address(work.assignment, place.previous, wanted),
        "next": place.next and _address(work.assignment, place.next, wanted),
        "wanted": wanted,
        "filter_words": STATES.get(wanted.state, ""),
        "query": query,
        "matrix": reverse("classroom:grades", args=[membership.course.pk]) + query,
    }
    return render(request, "classroom/grading/desk.html", context, status=status)


def _is_collecting(work: Submission) -> bool:
    rows = Transfer.objects.filter(assignment=work.assignment, member=work.student)
    return rows.filter(kind=Kind.COLLECT, state__in=Transfer.ACTIVE).exists()


def _copies(work: Submission) -> list[tuple[str, str]]:
    """Return the notebooks that wait for a decision, each with a file that has its cells."""
    copies = work.details.get("copies") if work.held else None
    if not isinstance(copies, dict):
        return []
    return [(path, copy) for path, found in copies.items() for copy in found[:3]]


def _details(work: Submission) -> dict[str, Any] | None:
    """Return the autograder's table, as far as it is one."""
    details = work.details
    cells = details.get("cells") if isinstance(details, dict) else None
    if not isinstance(cells, dict):
        return None
    rows = [
        {
            "name": name,
            "score": number(pair[0]),
            "most": number(pair[1]),
            "manual": pair[0] is None,
        }
        for name, pair in cells.items()
    ]
    return {
        "rows": rows,
        "score": number(details.get("score")),
        "max": number(details.get("max")),
        "manual": bool(details.get("manual")),
        "notes": details.get("notes", []),
        "older": bool(details.get("version")) and details["version"] != version_of(work.assignment),
    }
