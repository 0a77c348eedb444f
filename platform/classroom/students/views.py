"""What a student does in a course: see where they stand, open work, and submit it."""

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.db.transaction import non_atomic_requests
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classroom.models import Course, Membership, Snapshot, Submission
from classroom.pages.access import assignment_of, student_of, submission_of
from classroom.pages.text import ago, second
from classroom.rules.own_total import own_total
from classroom.students import opening, saving, submissions
from classroom.students.receipts import receipt_of, reservation, sentence
from classroom.students.standing import Standing, course_standings, standings
from classroom.students.time_left import time_left
from embedding.cocalc.errors import CocalcError
from embedding.problems import Busy, Problem, of_cocalc
from embedding.views.access import answer, signed_out, visited


def course_page(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Show a student where they stand in a course; `membership` is the visitor's own."""
    project = membership.project
    context = {
        "membership": membership,
        "zone": membership.course.zone,
        "standings": course_standings(membership),
        "total": own_total(membership),
        "lately": saving.folders_lately(membership),
        "project": str(project.project_id) if project and project.project_id else "",
        # Of the assignment that somebody submitted who was signed out.
        "unsent": request.GET.get("unsent", ""),
    }
    return render(request, "classroom/students/course.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@login_required
def open_work(request: HttpRequest, course: int, assignment: int) -> HttpResponse:
    """Lead to the notebook or the folder, or show what it waits for; a POST tries again."""
    membership = student_of(request, course)
    submission = _out(membership, assignment)
    try:
        visited(request)
    except Problem as problem:
        return HttpResponse(problem.message, status=problem.status, content_type="text/plain")
    if place := opening.place_of(submission):
        opening.opened(submission)
        page = "embedding:notebook" if place.is_notebook else "embedding:folder"
        return redirect(page, place.project, place.path)
    if membership.course.archived:  # nothing is on its way any more
        raise Http404
    waiting = opening.hurry(submission, again=request.method == "POST")
    if request.method == "POST":
        return redirect("classroom:open", course, assignment)
    context = {
        "membership": membership,
        "assignment": submission.assignment,
        "waiting": waiting,
    }
    return render(request, "classroom/students/waiting.html", context)


@never_cache
@require_safe
@login_required
def saved(request: HttpRequest, course: int, assignment: int) -> HttpResponse:
    """Show what a submit would take, and when each file was saved; to a script as JSON.

    `since` is when the student came to submit, if that was before.
    """
    membership = student_of(request, course)
    standing = _standing(membership, assignment)
    if not standing.can_submit:
        return _not_taken(request, standing)
    since = _since(request.GET.get("since", "")) or timezone.now()
    context = _saved_context(membership, standing, since)
    try:
        look = saving.look(standing.submission, since)
    except (CocalcError, Problem) as error:
        problem = of_cocalc(error) if isinstance(error, CocalcError) else error
        if _asks_for_json(request):
            return answer(problem)
        context["problem"] = problem.message
        return render(request, "classroom/students/saved.html", context, status=problem.status)
    context = _saved_context(membership, standing, since, look)
    if not _asks_for_json(request):
        return render(request, "classroom/students/saved.html", context)
    return JsonResponse(
        {
            "files": [{"path": file.path, "modified": file.modified} for file in look.files],
            "seconds": look.seconds,
            "unsaved": _unsaved(look, since),
            "deadline": time_left(standing),
            "html": render_to_string("classroom/students/saved_files.html", context, request),
        }
    )


@never_cache
@require_POST
@non_atomic_requests
def submit(request: HttpRequest, course: int, assignment: int) -> HttpResponse:
    """Take a snapshot of the work as it is now; the moment is when the request came.

    Where more may be typed than is saved, it asks by the page of `saved`; `how`=now has been asked,
    and `how`=wait asks again until all is saved. A script that asks for JSON has seen to
    that, and is answered with the receipt. Where the student is to be asked something else, it asks
    as well; what is then posted is the answer (`_answers`).
    """
    at = timezone.now()
    page = reverse("classroom:course", args=[course])
    if not request.user.is_authenticated:
        if _asks_for_json(request):
            return answer(signed_out())
        # Back to where *Submit* is: signing in must not submit, nor end at a page that is none.
        # The page says that nothing was submitted.
        return redirect_to_login(f"{page}?unsent={assignment}")
    membership = student_of(request, course)
    standing = _standing(membership, assignment)
    submission = standing.submission
    if _asks_for_json(request):
        return _submit_for_script(request, submission, at)
    since = _since(request.POST.get("since", "")) or at
    # No redirect to that page: where a file is saved on the way, nothing would go on by itself.
    if request.POST.get("how") != "now" and (look := _unsaved_now(submission, since)):
        context = _saved_context(membership, standing, since, look) | {"submits": True}
        return render(request, "classroom/students/saved.html", context, status=409)
    context = {"membership": membership, "assignment": submission.assignment}
    try:
        snapshot = submissions.submit(submission, at, **_answers(request))
    except submissions.Refused as refusal:
        context["text"] = refusal.message
        return render(request, "classroom/students/refused.html", context, status=409)
    except submissions.Question as question:
        context["question"] = question
        return render(request, "classroom/students/asked.html", context, status=409)
    except (Busy, Problem):
        pass  # the page shows what is under way, and what failed and why
    else:
        receipt = receipt_of(snapshot, membership.course.zone)
        is_well = not snapshot.late and not receipt.warnings  # which its card shows
        level = messages.SUCCESS if is_well else messages.WARNING
        said = (
            sentence(receipt, submission.assignment),
            reservation(submission, snapshot, membership.course.zone),
        )
        messages.add_message(request, level, " ".join(said).strip())
    return redirect(f"{page}#a{assignment}")


def _answers(request: HttpRequest) -> dict[str, Any]:
    """Return what the student has said: which submission in time is given up, and `as_it_is`."""
    given = request.POST.get("instead_of", "")
    is_id = given.isascii() and given.isdigit() and len(given) < 19
    return {
        "instead_of": int(given) if is_id else None,
        "as_it_is": request.POST.get("as_it_is") == "1",
    }


@never_cache
@require_safe
@login_required
def submitting(request: HttpRequest, course: int, assignment: int) -> HttpResponse:
    """Tell a script how the last submit goes, or went, as the submit itself would have been told.

    A browser is led to the course's page, which shows it.
    """
    membership = student_of(request, course)
    standing = _standing(membership, assignment)
    if not _asks_for_json(request):
        return redirect(f"{reverse('classroom:course', args=[course])}#a{assignment}")
    if standing.is_submitting:
        return _under_way()
    failure = standing.failure
    if failure and (question := submissions.question_of(standing.submitting)):
        return _asked(question)
    if failure:
        return answer(Problem(failure.code, failure.words, status=409))
    newest = standing.snapshots[0].pk if standing.snapshots else 0
    return _receipt(standing.submission, get_object_or_404(Snapshot, pk=newest))


@never_cache
@require_safe
@login_required
def time_left_now(request: HttpRequest, course: int, assignment: int) -> HttpResponse:
    """Tell the pages with the work how much time is left by now. It asks CoCalc nothing."""
    membership = student_of(request, course)
    return JsonResponse({"deadline": time_left(_standing(membership, assignment))})


def _submit_for_script(request: HttpRequest, submission: Submission, at: datetime) -> HttpResponse:
    try:
        snapshot = submissions.submit(submission, at, **_answers(request))
    except submissions.Question as question:
        return _asked(question)
    except Problem as problem:
        return answer(problem)
    except Busy:
        return _under_way()
    return _receipt(submission, snapshot)


def _asked(question: submissions.Question) -> HttpResponse:
    asked = {
        "title": question.title,
        "yes": question.yes,
        "no": question.no,
        "answer": question.answers.options,
    }
    error = {"code": question.code, "message": question.message, "question": asked}
    return JsonResponse({"error": error}, status=question.status)


def _under_way() -> HttpResponse:
    text = _("This takes a while. You can go on working or leave this page.")
    return JsonResponse({"title": _("Being submitted"), "text": text, "lines": []}, status=202)


def _receipt(submission: Submission, snapshot: Snapshot) -> HttpResponse:
    assignment = submission.assignment
    receipt = receipt_of(snapshot, assignment.course.zone)
    lines = [[line.path, line.detail] for line in receipt.lines]
    if receipt.more:
        more = ngettext("and %(count)s more", "and %(count)s more", receipt.more)
        lines.append([more % {"count": receipt.more}, ""])
    text = f"{assignment}, {receipt.size}, {receipt.taken}."
    but = reservation(submission, snapshot, assignment.course.zone)
    return JsonResponse(
        {
            "title": receipt.title,
            "text": f"{text} {but}".strip(),
            "lines": lines,
            "warnings": receipt.warnings,
            "link": {
                "url": reverse(
                    "classroom:submitted", args=[assignment.course_id, assignment.pk, snapshot.pk]
                ),
                "text": _("Look at what was submitted"),
            },
            "deadline": time_left(_standing(submission.student, assignment.pk)),
        }
    )


def _not_taken(request: HttpRequest, standing: Standing) -> HttpResponse:
    """Tell a page that was open over the due time; for any other there is nothing here."""
    if _asks_for_json(request):
        try:
            submissions.check(standing.submission, timezone.now())
        except Problem as refusal:
            return answer(refusal)
    raise Http404


def _unsaved(look: saving.Look, since: datetime) -> dict[str, object] | None:
    """Say to a page that knows nothing of the open files what may not be saved."""
    files = pgettext("list", ", ").join(look.opened or look.left)
    if look.opened:
        text = _(
            "You have %(files)s open in another tab. CoCalc saves by itself every %(seconds)s "
            "seconds. Press Save there, or wait. Then try again."
        ) % {"files": files, "seconds": saving.AUTOSAVE}
    elif look.left:
        text = ngettext(
            "You closed %(files)s a moment ago. CoCalc needs a few seconds to save it.",
            "You closed %(files)s a moment ago. CoCalc needs a few seconds to save them.",
            len(look.left),
        ) % {"files": files}
    else:
        return None
    return {"text": text, "since": f"{since.timestamp():.3f}", "is_closing": not look.opened}


def _unsaved_now(submission: Submission, since: datetime) -> saving.Look | None:
    """Return what a submit would find where more may be typed than is saved."""
    if not saving.was_open(submission):
        return None
    try:
        look = saving.look(submission, since)
    except (CocalcError, Problem):
        return None  # submitting will say what is wrong
    return look if look.unsaved else None


def _saved_context(
    membership: Membership, standing: Standing, since: datetime, look: saving.Look | None = None
) -> dict[str, Any]:
    context: dict[str, Any] = {
        "membership": membership,
        "assignment": standing.assignment,
        "standing": standing,
        "since": since,
        "autosave": saving.AUTOSAVE,
    }
    if look:
        context |= {
            "look": look,
            "names": pgettext("list", ", ").join(look.opened or look.left),
            "lines": _lines(look, membership.course),
        }
    return context


def _since(text: str) -> datetime | None:
    """Return a moment as we wrote it into an address; None for anything else."""
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _lines(look: saving.Look, course: Course) -> list[dict[str, object]]:
    now = timezone.now()
    return [
        {
            "path": file.path,
            "size": file.size,
            "ago": ago(file.age),
            "at": second(file.at, course.zone, beside=now),
            "unsaved": file.path in look.unsaved,
        }
        for file in look.files
    ]


def _asks_for_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept") == "application/json"


def _standing(membership: Membership, assignment: int) -> Standing:
    """Return where the student stands with what is out; Http404 for what is not, or unknown."""
    submission = submission_of(assignment_of(membership.course, assignment), membership)
    found = standings(Submission.objects.filter(pk=submission.pk))
    if not found or not found[0].is_out:
        raise Http404
    found[0].submission = submission
    return found[0]


def _out(membership: Membership, assignment: int) -> Submission:
    return _standing(membership, assignment).submission
