"""What a student does in a course: see where they stand, open work, and submit it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.db.transaction import non_atomic_requests
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import filesizeformat, pluralize
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from classroom.models import Assignment, Membership, Snapshot, Submission
from classroom.pages.access import assignment_of, student_of, submission_of
from classroom.pages.text import moment
from classroom.students import opening, submissions
from classroom.students.standing import course_standings, standings
from embedding.problems import Busy, Problem
from embedding.views.access import visited


def course_page(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Show a student where they stand in a course; `membership` is the visitor's own."""
    project = membership.project
    context = {
        "membership": membership,
        "zone": membership.course.zone,
        "standings": course_standings(membership),
        "project": str(project.project_id) if project and project.project_id else "",
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
@require_POST
@non_atomic_requests
def submit(request: HttpRequest, course: int, assignment: int) -> HttpResponse:
    """Take a snapshot of the work as it is now; the moment is when the request came."""
    at = timezone.now()
    page = reverse("classroom:course", args=[course])
    if not request.user.is_authenticated:
        # Back to where *Submit* is: signing in must not submit, nor end at a page that is none.
        return redirect_to_login(page)
    membership = student_of(request, course)
    submission = _out(membership, assignment)
    try:
        snapshot = submissions.submit(submission, at)
    except submissions.Refused as refusal:
        context = {
            "membership": membership,
            "assignment": submission.assignment,
            "text": refusal.message,
        }
        return render(request, "classroom/students/refused.html", context, status=409)
    except (Busy, Problem):
        pass  # the page shows what is under way, and what failed and why
    else:
        messages.add_message(request, *_told(snapshot, submission.assignment))
    return redirect(f"{page}#a{assignment}")


def _out(membership: Membership, assignment: int) -> Submission:
    """Return the student's row of what is out; Http404 for what is not, announced or unknown."""
    submission = submission_of(assignment_of(membership.course, assignment), membership)
    found = standings(Submission.objects.filter(pk=submission.pk))
    if not found or not found[0].is_out:
        raise Http404
    return submission


def _told(snapshot: Snapshot, assignment: Assignment) -> tuple[int, str]:
    """Say what was submitted, and when; plainly, if that was late."""
    size = filesizeformat(sum(file["size"] for file in snapshot.files))
    count = len(snapshot.files)
    what = f"{count} file{pluralize(count)}, {size}".replace("\xa0", " ")
    when = moment(snapshot.taken, assignment.course.zone)
    if snapshot.late:
        return messages.WARNING, f"“{assignment}” was submitted late: {what}, {when}."
    return messages.SUCCESS, f"“{assignment}” was submitted: {what}, {when}."
