"""The files of an assignment: where they come from, and the student version that is approved."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.transaction import non_atomic_requests
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classroom.assignments import assignments, sources, uploads
from classroom.assignments.said import few, listed
from classroom.models import Assignment, Transfer
from classroom.pages.access import assignment_of, assignment_of_teacher, staff_of
from classroom.pages.looking import looked
from classroom.pages.telling import Telling
from classroom.rules import going_out, leftovers
from classroom.rules.source_folder import STUDENT, is_sound
from classroom.steps.approved import not_as_approved
from embedding.bodies import body_up_to
from embedding.client import client
from embedding.cocalc.client import Entry
from embedding.cocalc.errors import NotFound
from embedding.conf import MEGABYTE, conf
from embedding.problems import Problem
from embedding.services.sessions import clean
from embedding.views.access import user_of

Version = Assignment.Version
_FORM = 1 * MEGABYTE  # what the form may have around its files, which may be many


@dataclass(frozen=True, slots=True)
class Row:
    """A file as the page lists it; `path` is within the assignment's folder.

    `open` is its path in the course's project; empty for a name that no address can hold.
    """

    path: str
    name: str
    size: int
    open: str


@never_cache
@require_safe
@login_required
def files(request: HttpRequest, course: int, assignment: int) -> HttpResponse:
    """Show what lies in the assignment's folder and how far it is; only teachers can change it.

    Asks CoCalc nothing.
    """
    membership = staff_of(request, course)
    found = assignment_of(membership.course, assignment)
    own = found.has_student_folder and not found.version_report
    allowed = going_out.allowed_of(found.going_out)
    context = {
        "membership": membership,
        "tab": "course",
        "assignment": found,
        "page": "files",
        "project": membership.course.project.project_id,
        "sources": _rows(found.sources, found.folder),
        "student": _rows(found.files, f"{found.folder}/{STUDENT}", f"{STUDENT}/") if own else [],
        "size": sum(file["size"] for file in found.sources),
        "stalled": sources.is_stalled(found),
        "trouble": _trouble(found),
        "held": going_out.open_of(found.going_out),
        "allowed": allowed,
        "allowed_names": listed(allowed),
        "allowed_by": found.going_out.get("by", ""),
        "left_out": listed(leftovers.told(path) for path in found.going_out.get("left_out", [])),
        "differences": not_as_approved(found) if found.marked else [],
        "having": assignments.students_with(found),
        "earlier": [
            other
            for other in assignments.earlier_assignments(membership.course, user_of(request))
            if other.sources or other.files
        ],
        "max_file": conf().upload_max_bytes // MEGABYTE,
        "max_bytes": uploads.MAX_BYTES // MEGABYTE,
        "max_files": uploads.MAX_FILES,
    }
    return render(request, "classroom/assignments/files.html", context)


@require_POST
@non_atomic_requests
@login_required
@body_up_to(lambda: uploads.MAX_BYTES + _FORM)
def upload(request: HttpRequest, course: int, assignment: int) -> HttpResponse:
    """Store uploaded files, beside or in place of what is there."""
    _membership, found = assignment_of_teacher(request, course, assignment)
    with Telling(request):
        taken = _uploaded(request)
        replace = bool(request.POST.get("replace"))
        sources.files_add(found, taken.files, replace=replace, by=user_of(request))
        count = len(taken.files)
        stored = ngettext("%(count)s file was stored.", "%(count)s files were stored.", count)
        _tell(request, found, stored % {"count": count})
        if taken.left_out:
            messages.info(request, _("Left out: %(names)s.") % {"names": few(taken.left_out)})
    return redirect("classroom:assignment-files", course, assignment)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@non_atomic_requests
@login_required
def browse(request: HttpRequest, course: int, assignment: int) -> HttpResponse:
    """Choose a folder of the course's project; a POST takes its files."""
    membership, found = assignment_of_teacher(request, course, assignment)
    back = redirect("classroom:assignment-files", course, assignment)
    if request.method == "POST":
        with Telling(request):
            folder = clean(request.POST.get("folder", ""))
            sources.files_copy(found, folder, by=user_of(request))
            said = _("The files from “%(folder)s” were copied.") % {"folder": folder}
            _tell(request, found, said)
        return back
    with Telling(request):
        folder = request.GET.get("folder", "").strip("/")
        folder = clean(folder) if folder else ""
        entries = _listed(found, folder)
        looked(request, membership, "course.sources_listed", assignment=found, folder=folder)
        context = {
            "membership": membership,
            "tab": "course",
            "assignment": found,
            "page": "files",
            "folder": folder,
            "crumbs": _crumbs(folder),
            "folders": [entry.name for entry in entries if entry.is_folder],
            "files": [entry.name for entry in entries if not entry.is_folder],
            "base": f"{folder}/" if folder else "",
            "may_take": folder == found.folder or sources.may_be_source(found, folder),
            "own": folder == found.folder,
        }
        return render(request, "classroom/assignments/browse.html", context)
    return back


@require_POST
@non_atomic_requests
@login_required
def bring(request: HttpRequest, course: int, assignment: int) -> HttpResponse:
    """Take the files of an assignment of another course, where the user is teacher too."""
    membership, found = assignment_of_teacher(request, course, assignment)
    given = request.POST.get("from", "")
    for earlier in assignments.earlier_assignments(membership.course, user_of(request)):
        if str(earlier.pk) == given:
            with Telling(request):
                sources.files_bring(found, earlier, by=user_of(request))
                said = _("The files of “%(title)s” were copied.") % {"title": earlier.title}
                _tell(request, found, said)
            return redirect("classroom:assignment-files", course, assignment)
    raise Http404


@require_POST
@non_atomic_requests
@login_required
def check(request: HttpRequest, course: int, assignment: int) -> HttpResponse:
    """Look again at what lies in the folder; with `anew`, make the student version once more."""
    _membership, found = assignment_of_teacher(request, course, assignment)
    with Telling(request):
        before = found.sources
        if request.POST.get("anew"):
            sources.version_retry(found, by=user_of(request))
        else:
            sources.files_check(found, by=user_of(request))
        _tell(request, found, _("The files were checked."))
        if different := sources.changes_of(before, found.sources):
            said = _("Changed since the last check: %(names)s.")
            names = few([change["path"] for change in different])
            messages.warning(request, said % {"names": names})
    return redirect("classroom:assignment-files", course, assignment)


@require_POST
@non_atomic_requests
@login_required
def file_remove(request: HttpRequest, course: int, assignment: int) -> HttpResponse:
    """Take one file out of the assignment."""
    _membership, found = assignment_of_teacher(request, course, assignment)
    path = request.POST.get("path", "")
    with Telling(request):
        sources.file_remove(found, path, by=user_of(request))
        _tell(request, found, _("“%(path)s” was removed.") % {"path": path})
    return redirect("classroom:assignment-files", course, assignment)


@require_POST
@non_atomic_requests
@login_required
def file_rename(request: HttpRequest, course: int, assignment: int) -> HttpResponse:
    """Give a notebook that has another ending its own one."""
    _membership, found = assignment_of_teacher(request, course, assignment)
    with Telling(request):
        name = sources.notebook_rename(found, request.POST.get("path", ""), by=user_of(request))
        _tell(request, found, _("The file is now called “%(name)s”.") % {"name": name})
    return redirect("classroom:assignment-files", course, assignment)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@non_atomic_requests
@login_required
def approve(request: HttpRequest, course: int, assignment: int) -> HttpResponse:
    """Show what the student version leaves out, and what may be the teacher's in what goes out.

    A POST lets it be handed out.
    """
    membership, found = assignment_of_teacher(request, course, assignment)
    if request.method == "POST":
        with Telling(request):
            assignments.assignment_approve(
                found,
                request.POST.get("seen", ""),
                by=user_of(request),
                allow=bool(request.POST.get("allow")),
            )
            messages.success(
                request,
                _("The student version is approved. You can hand it out now.")
                if found.version_report
                else _("The files are approved. You can hand them out now."),
            )
            return redirect("classroom:assignment", course, assignment)
        return redirect("classroom:assignment-files", course, assignment)
    held = going_out.open_of(found.going_out)
    if not found.version_report and not held:
        return redirect("classroom:assignment-files", course, assignment)
    notebooks = found.version_report.get("notebooks", [])
    made = {notebook["path"] for notebook in notebooks}
    context = {
        "membership": membership,
        "tab": "course",
        "assignment": found,
        "page": "files",
        "project": membership.course.project.project_id,
        "notebooks": notebooks,
        "held": [_held(found, each) for each in held],
        "base": f"{found.folder}/{STUDENT}/",
        "others": [file for file in found.files if file["path"] not in made],
        "seen": assignments.seen_of(found),
        "approved": found.version == Version.READY,
    }
    return render(request, "classroom/assignments/approve.html", context)


def _uploaded(request: HttpRequest) -> uploads.Upload:
    given: list[Any] = []
    paths: list[str] = []
    for field in ("files", "folder"):
        parts = request.FILES.getlist(field)
        names = [part.name or "" for part in parts]
        given += parts
        paths += uploads.paths_of(names, request.POST.get(f"{field}-paths", ""))
    if not given:
        raise Problem("no_files", _("Choose files to upload first."), status=400)
    return uploads.read_upload(
        zip(paths, given, strict=True), unpack=bool(request.POST.get("unpack"))
    )


def _tell(request: HttpRequest, assignment: Assignment, done: str) -> None:
    if assignment.version == Version.FAILED:
        wrong = _("But something is wrong with the files. See below.")
        messages.warning(request, f"{done} {wrong}")
    else:
        messages.success(request, done)
    having = assignments.students_with(assignment)
    if having:
        said = ngettext(
            "%(count)s student already has this assignment. The student gets these changes only "
            "if you hand it out again.",
            "%(count)s students already have this assignment. They get these changes only if you "
            "hand it out again.",
            having,
        )
        messages.info(request, said % {"count": having})


def _rows(files: list[dict[str, Any]], folder: str, base: str = "") -> list[Row]:
    return [
        Row(
            f"{base}{file['path']}",
            file["path"],
            file["size"],
            f"{folder}/{file['path']}" if is_sound(file["path"]) else "",
        )
        for file in files
    ]


def _held(assignment: Assignment, each: going_out.Held) -> dict[str, Any]:
    """Say of a file what was found in it, and what can be done: paths are as the buttons send."""
    own = assignment.has_student_folder and not assignment.version_report
    path = each["path"]
    rename = sources.notebook_name(assignment, path) if each["why"] else ""
    return {**each, "inside": f"{STUDENT}/{path}" if own else path, "rename": rename}


def _trouble(assignment: Assignment) -> str:
    """Say why what a worker was at came to no end, if it has given up."""
    kind = sources.UNDER_WAY.get(Version(assignment.version))
    if kind is None:
        return ""
    last = Transfer.objects.filter(assignment=assignment, kind=kind).first()
    return last.error if last and last.state == Transfer.State.FAILED else ""


def _listed(assignment: Assignment, folder: str) -> list[Entry]:
    project = assignment.course.project.project_id
    if project is None:
        return []
    try:
        entries = client().list_folder(str(project), folder)
    except NotFound:
        if folder:
            raise
        return []  # a project that was just made has no home yet
    return sorted(entries, key=lambda entry: entry.name.casefold())


def _crumbs(folder: str) -> list[tuple[str, str]]:
    parts = folder.split("/") if folder else []
    return [(part, "/".join(parts[: number + 1])) for number, part in enumerate(parts)]
