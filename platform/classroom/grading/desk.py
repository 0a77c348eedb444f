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
from classroom.grading.grade_form import GradeForm, work_mark
from classroom.grading.kept_comments import comment_keep, comment_used
from classroom.grading.selection import Filter
from classroom.grading.whose import page_of, shown_by_code, shown_by_name
from classroom.models import Assignment, GradeChange, Membership, Submission
from classroom.pages.access import assignment_of, staff_of, student_in
from classroom.pages.looking import looked
from classroom.rules.anonymity import called, is_hidden
from classroom.rules.scoring import Conflict, grade_set, is_bonus, number_text
from embedding.views.access import user_of


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def grade(request: HttpRequest, course: int, assignment: int, member: int) -> HttpResponse:
    """Show a student's work, and take its points and comment."""
    membership = staff_of(request, course)
    found = _graded(assignment_of(membership.course, assignment))
    work = shown_by_name(found, student_in(membership.course, member))
    return _grade(request, membership, work, Filter.of(request.GET))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def grade_hidden(request: HttpRequest, course: int, assignment: int, code: str) -> HttpResponse:
    """Do the same for a work whose name is hidden; where it was returned, its name is in order."""
    membership = staff_of(request, course)
    found = _graded(assignment_of(membership.course, assignment))
    work = shown_by_code(membership.course, found, code)
    if request.method != "POST" and not is_hidden(work):
        return redirect(page_of(found, work.student.pk))
    return _grade(request, membership, work, Filter(state=Filter.of(request.GET).state))


def _grade(
    request: HttpRequest, membership: Membership, work: Submission, wanted: Filter
) -> HttpResponse:
    if request.method != "POST":
        looked(
            request,
            membership,
            "course.grading_seen",
            whom=work.student,
            assignment=work.assignment,
        )
        return _show(request, membership, work, wanted, GradeForm(work))
    form = GradeForm(work, request.POST)
    if form.is_outdated:
        return _show(request, membership, work, wanted, _renewed(form), status=409)
    if not form.is_valid():
        return _show(request, membership, work, wanted, form, status=400)
    if form.cleaned_data["work"] not in ("", work_mark(work)):
        form.add_error(
            None,
            _(
                "Not saved: newer work of this student was collected while you had this page open. "
                "Look at it, then save again."
            ),
        )
        form.data = request.POST.dict() | {"work": work_mark(work)}
        return _show(request, membership, work, wanted, form, status=409)
    # Where it goes on is decided before the score changes who is shown.
    place = desk_shown.place(work, wanted)
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
    target = place.next if "next" in request.POST and place.next else desk_shown.whose(work)
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
    name = called(work)
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
    hidden = is_hidden(work)
    shown = desk_shown.context_hidden if hidden else desk_shown.context
    context = shown(work, wanted, file=request.GET.get("file", ""))
    context |= {
        "membership": membership,
        "tab": "grades",
        "form": form,
        "conflict": conflict,
        "conflict_given": desk_shown.given_of(conflict) if conflict else [],
        "question": request.POST.get("question") or request.GET.get("question", ""),
    }
    template = "classroom/grading/desk_hidden.html" if hidden else "classroom/grading/desk.html"
    return render(request, template, context, status=status)
