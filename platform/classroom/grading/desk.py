"""The grading page: one student's collected work beside its points, comment and history."""

from urllib.parse import unquote

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from classroom.grading import desk_shown
from classroom.grading.grade_form import GradeForm
from classroom.grading.kept_comments import comment_keep, comment_used
from classroom.grading.neighbours import place_of
from classroom.grading.selection import Filter
from classroom.models import Assignment, GradeChange, Membership, Submission
from classroom.pages.access import assignment_of, staff_of, student_in, submission_of
from classroom.rules.questions import work_name
from classroom.rules.scoring import Conflict, grade_set, is_bonus, number_text
from embedding.views.access import user_of


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def grade(request: HttpRequest, course: int, assignment: int, member: int) -> HttpResponse:
    """Show a student's work, and take its points and comment."""
    membership = staff_of(request, course)
    work = submission_of(
        _graded(assignment_of(membership.course, assignment)),
        student_in(membership.course, member),
    )
    wanted = Filter.of(request.GET)
    if request.method != "POST":
        return _show(request, membership, work, wanted, GradeForm(work))
    form = GradeForm(work, request.POST)
    if form.is_outdated:
        return _show(request, membership, work, wanted, _renewed(form), status=409)
    if not form.is_valid():
        return _show(request, membership, work, wanted, form, status=400)
    if form.cleaned_data["work"] not in ("", work_name(work) or "none"):
        form.add_error(
            None,
            _(
                "Not saved: newer work of this student was collected while you had this page open. "
                "Look at it, then save again."
            ),
        )
        form.data = request.POST.dict() | {"work": work_name(work) or "none"}
        return _show(request, membership, work, wanted, form, status=409)
    # Where it goes on is decided before the score changes who is shown.
    place = place_of(work.assignment, work.student, wanted)
    before = work.comment
    try:
        change = grade_set(
            work,
            score=form.cleaned_data["score"],
            comment=form.cleaned_data["comment"],
            by=user_of(request),
            how="page",
            seen=form.cleaned_data["seen"],
            questions=form.questions,
        )
    except Conflict as conflict:
        work.refresh_from_db(fields=["score", "comment", "graded", "given", "unfinished"])
        # Who sends it once more has seen what the other wrote.
        form.data = request.POST.dict() | {"seen": str(conflict.change.pk)}
        return _show(request, membership, work, wanted, form, conflict.change, status=409)
    except ValidationError as error:  # the points were changed this very moment
        work.assignment.refresh_from_db(fields=["points"])
        form.add_error(None, error)
        return _show(request, membership, work, wanted, form, status=400)
    _tell(request, work, change, form)
    comment_used(membership.course, before, work.comment)
    if form.cleaned_data["keep"] and (why := comment_keep(membership.course, work.comment)):
        messages.warning(request, why)
    target = place.next if "next" in request.POST and place.next else work.student.pk
    if "next" in request.POST and place.next is None:
        messages.info(request, _("This was the last student."))
    return redirect(desk_shown.address(work.assignment, target, wanted, _kept(request.POST)))


def _graded(assignment: Assignment) -> Assignment:
    if assignment.handout:
        raise Http404
    return assignment


def _renewed(form: GradeForm) -> GradeForm:
    """Return the form for the questions as they are now, and say so."""
    renewed = form.renewed()
    whole = str(form.data.get("score", "")).strip()
    renewed.add_error(
        None,
        _(
            "Not saved: the questions or the autograder’s scores changed while you had this page "
            "open. Look at them, then save again."
        ),
    )
    if whole and renewed.tally.questions:
        renewed.add_error(None, _("You typed the score %(score)s.") % {"score": whole[:30]})
    return renewed


def _kept(given: QueryDict) -> dict[str, str]:
    """Return what the next student's page keeps of this one: the file, and the question."""
    # The file as in an address: its name may hold what turns the text around it.
    return {
        "file": unquote(given.get("file", ""))[:500],
        "question": given.get("question", "")[:500],
    }


def _tell(
    request: HttpRequest, work: Submission, change: GradeChange | None, form: GradeForm
) -> None:
    name = work.student.name
    if change is None:
        messages.info(request, _("%(name)s: nothing was changed.") % {"name": name})
        return
    questions = form.questions
    if questions and questions.open:
        words = ngettext(
            "%(name)s: saved. Not graded yet: %(count)s question has no points.",
            "%(name)s: saved. Not graded yet: %(count)s questions have no points.",
            questions.open,
        )
        messages.success(request, words % {"name": name, "count": questions.open})
    else:
        messages.success(request, _("%(name)s: saved.") % {"name": name})
    if is_bonus(work.assignment, work.score):
        messages.warning(
            request,
            _("%(name)s has %(score)s of %(points)s points: more than the maximum.")
            % {
                "name": name,
                "score": number_text(work.score),
                "points": number_text(work.assignment.points),
            },
        )


def _show(
    request: HttpRequest,
    membership: Membership,
    work: Submission,
    wanted: Filter,
    form: GradeForm,
    conflict: GradeChange | None = None,
    status: int = 200,
) -> HttpResponse:
    context = desk_shown.context(work, wanted, file=request.GET.get("file", ""))
    context |= {
        "membership": membership,
        "tab": "grades",
        "form": form,
        "conflict": conflict,
        "conflict_given": desk_shown.given_of(conflict) if conflict else [],
        "question": request.POST.get("question") or request.GET.get("question", ""),
    }
    return render(request, "classroom/grading/desk.html", context, status=status)
