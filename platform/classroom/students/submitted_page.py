"""What was submitted, to be looked at and taken away: by its student, and by the course's staff."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_safe

from classroom.carrying.zipping import Names
from classroom.models import Membership, Role, Snapshot
from classroom.pages.access import assignment_of, membership_of, seen_or_refused
from classroom.pages.looking import looked
from classroom.pages.sending import attach
from classroom.rules.anonymity import refuse_hidden
from classroom.rules.counting import counting
from classroom.rules.deadlines import came_late
from classroom.rules.manifest import File
from classroom.students import submitted_files
from classroom.students.receipts import saved_at
from embedding.cocalc.errors import CocalcError
from embedding.names import visible
from embedding.problems import Busy, Problem, of_cocalc


@never_cache
@require_safe
@login_required
def submitted(request: HttpRequest, course: int, assignment: int, snapshot: int) -> HttpResponse:
    """Show a snapshot: its files, and one of them, by its place in the list (`file`)."""
    membership, found = _snapshot_of(request, course, assignment, snapshot)
    index, file = _file_of(request, found)
    _looked(request, membership, found, "course.work_seen", file, once=True)
    problem = look = None
    if file is not None:
        try:
            look = submitted_files.file_look(_project(membership), found, file)
        except (CocalcError, Problem, Busy) as error:
            problem = _problem(error)
    work = found.submission
    counts = counting(work)
    context = {
        "membership": membership,
        "assignment": work.assignment,
        "student": work.student,
        "is_own": work.student_id == membership.pk,
        "snapshot": found,
        "is_late": came_late(work, found),
        "counts": found == counts,
        "others": [each for each in work.snapshots.defer("files") if each != found],
        "counting": counts,
        "files": [_line(each, membership, found) for each in found.files],
        "index": index,
        "file": file,
        "look": look,
        "problem": problem,
    }
    status = problem.status if problem else 200
    return render(request, "classroom/students/submitted.html", context, status=status)


@never_cache
@require_GET
@login_required
def download(request: HttpRequest, course: int, assignment: int, snapshot: int) -> HttpResponse:
    """Send one file of a snapshot, by its place in the list (`file`)."""
    membership, found = _snapshot_of(request, course, assignment, snapshot)
    _index, file = _file_of(request, found)
    if file is None:
        raise Http404
    try:
        content = submitted_files.file_content(_project(membership), found, file)
    except (CocalcError, Problem) as error:
        return _refused(request, membership, found, error)
    _looked(request, membership, found, "course.work_downloaded", file)
    response = HttpResponse(content, content_type="application/octet-stream")
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    attach(response, visible(file["path"].rpartition("/")[2]) or "file")
    return response


@never_cache
@require_GET
@login_required
def download_all(
    request: HttpRequest, course: int, assignment: int, snapshot: int
) -> HttpResponse | StreamingHttpResponse:
    """Send all files of a snapshot as one zip."""
    membership, found = _snapshot_of(request, course, assignment, snapshot)
    work = found.submission
    try:
        items = submitted_files.files_taken(_project(membership), found)
    except (CocalcError, Problem, Busy) as error:
        return _refused(request, membership, found, error)
    taken = timezone.localtime(found.taken, work.assignment.course.zone)
    name = Names().name(f"{work.assignment.folder} {taken:%Y-%m-%d %H.%M}")
    response = StreamingHttpResponse(
        submitted_files.zipped(items, name), content_type="application/zip"
    )
    attach(response, f"{name}.zip")
    _looked(request, membership, found, "course.work_downloaded")
    return response


def _looked(
    request: HttpRequest,
    membership: Membership,
    snapshot: Snapshot,
    action: str,
    file: File | None = None,
    *,
    once: bool = False,
) -> None:
    work = snapshot.submission
    path = {"path": file["path"]} if file else {}
    looked(
        request,
        membership,
        action,
        whom=work.student,
        assignment=work.assignment,
        once=once,
        students=1,
        **path,
    )


def _snapshot_of(
    request: HttpRequest, course: int, assignment: int, snapshot: int
) -> tuple[Membership, Snapshot]:
    """Return the visitor's membership, and a snapshot of that assignment; Http404 for others'.

    A student sees their own, staff everybody's; PermissionDenied for an assistant of other sections
    than its student's.
    """
    membership = membership_of(request, course)
    rows = Snapshot.objects.filter(
        submission__assignment=assignment_of(membership.course, assignment)
    ).select_related("submission__assignment__course__project", "submission__student__user")
    if membership.role == Role.STUDENT:
        rows = rows.filter(submission__student=membership)
    found = get_object_or_404(rows, pk=snapshot)
    seen_or_refused(membership.course, found.submission.student)
    if membership.role != Role.STUDENT:
        refuse_hidden(found.submission)
    return membership, found


def _file_of(request: HttpRequest, snapshot: Snapshot) -> tuple[int | None, File | None]:
    """Return the file that the request names by its place; Http404 where there is none such."""
    given = request.GET.get("file")
    if given is None:
        index = submitted_files.first_shown(snapshot)
    elif given.isascii() and given.isdigit() and len(given) < 7:
        index = int(given)
    else:
        raise Http404
    if index is None:
        return None, None
    if index >= len(snapshot.files):
        raise Http404
    return index, snapshot.files[index]


def _project(membership: Membership) -> str:
    project = membership.course.project.project_id
    if project is None:
        raise Problem("unprepared", _("The course’s project is still being prepared."), status=409)
    return str(project)


def _line(file: File, membership: Membership, snapshot: Snapshot) -> dict[str, Any]:
    saved = saved_at(file, membership.course.zone, beside=snapshot.taken)
    return {"path": file["path"], "size": file["size"], "saved": saved}


def _problem(error: CocalcError | Problem | Busy) -> Problem:
    if isinstance(error, Busy):
        words = _("These are too many files to download at once. Download them one by one.")
        return Problem("too_large", words, status=409)
    return of_cocalc(error) if isinstance(error, CocalcError) else error


def _refused(
    request: HttpRequest,
    membership: Membership,
    snapshot: Snapshot,
    error: CocalcError | Problem | Busy,
) -> HttpResponse:
    problem = _problem(error)
    context = {
        "membership": membership,
        "assignment": snapshot.submission.assignment,
        "snapshot": snapshot,
        "text": problem.message,
        "again": "",
    }
    if problem.recoverable or isinstance(error, CocalcError):
        context["again"] = request.get_full_path()
    template = "classroom/students/not_sent.html"
    return render(request, template, context, status=problem.status)
