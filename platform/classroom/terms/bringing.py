"""The step that brings an assignment's files from an earlier course's project to its own.

It stands here, not among the other steps, because what has arrived is settled as on the page of
the files: checked, and approved only where it is what was approved in the earlier course.
"""

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from classroom.assignments import sources
from classroom.carrying.calls import Refused
from classroom.carrying.incoming import take
from classroom.carrying.items import Item
from classroom.carrying.outgoing import Load, put
from classroom.models import Assignment, Kind, Transfer
from classroom.rules import manifest, source_folder
from classroom.rules.source_folder import Contents, told_apart
from classroom.steps.registry import step
from embedding.problems import Busy, Problem
from embedding.services.mapping import project_ensure

Version = Assignment.Version
_DECIDED = ("allowed", "by", "at")  # of what may go out: bound to the hash of each file


@step(Kind.BRING)
def run(transfer: Transfer) -> dict[str, Any]:
    """Bring the files and settle the assignment; harmless to repeat at any moment.

    The options are {"from": the earlier assignment's id, "by": the id of who asked for it}. Raises
    Problem where the files are not to be had; a folder of that name which is there already is
    never written over.
    """
    assignment = Assignment.objects.select_related("course__project").get(transfers=transfer)
    if assignment.version != Version.COPYING:
        return {}  # somebody has put files there meanwhile
    earlier = _earlier(transfer)
    project_ensure(assignment.course.project)
    target = str(assignment.course.project.project_id)
    items = _taken(earlier)
    contents = source_folder.look(target, assignment.folder)
    if not _is_here(contents, items):
        brought = source_folder.arriving()
        put(target, brought, Load(items), how="fresh")
        contents = source_folder.bring(target, assignment.folder, brought, first=True, made=True)
    _settle(assignment, earlier, contents, transfer)
    return {"files": len(contents.files)}


def _earlier(transfer: Transfer) -> Assignment:
    found = (
        Assignment.objects.select_related("course__project")
        .filter(pk=transfer.options.get("from"))
        .first()
    )
    if found is None or found.course.project.project_id is None:
        raise Problem("gone", _("The assignment to copy from does not exist any more."), status=409)
    if found.version == Version.COPYING:  # a copy of a copy
        if sources.is_stalled(found):
            raise Problem(
                "not_copied",
                _("The files of “%(title)s” in %(course)s are not complete yet.")
                % {"title": found.title, "course": found.course},
                status=409,
            )
        raise Busy("earlier")
    return found


def _taken(earlier: Assignment) -> list[Item]:
    try:
        items = take(str(earlier.course.project.project_id), earlier.folder)
    except Refused as refused:
        said = _("In %(course)s: %(why)s") % {"course": earlier.course, "why": refused.message}
        raise Problem(
            refused.code, said, status=refused.status, recoverable=refused.recoverable
        ) from None
    if not items:
        raise Problem(
            "no_files",
            _("The folder “%(folder)s” in %(course)s is empty.")
            % {"folder": earlier.folder, "course": earlier.course},
            status=409,
        )
    return items


def _is_here(contents: Contents, items: list[Item]) -> bool:
    """Whether an earlier attempt has brought them, and died before it could say so."""
    files, student = told_apart([item.file for item in items])
    return manifest.hashes(contents.files) == manifest.hashes(files) and (
        manifest.hashes(contents.student or []) == manifest.hashes(student)
    )


def _settle(
    assignment: Assignment, earlier: Assignment, contents: Contents, transfer: Transfer
) -> None:
    """Write down what came; an approval comes along where the very same bytes were approved."""
    approved = earlier.approved
    is_same = (
        bool(approved)
        and approved["sources"] == contents.files
        and (approved["student"] or []) == (contents.student or [])
    )
    by = User.objects.filter(pk=transfer.options.get("by")).first() or User(username="")
    with transaction.atomic():
        row = Assignment.objects.select_for_update(no_key=True).get(pk=assignment.pk)
        if row.version != Version.COPYING:
            raise Busy("files")
        row.course = assignment.course
        row.version_report = earlier.version_report if is_same else {}
        row.approved = {**approved, "found": []} if is_same else {}
        decided = {key: earlier.going_out[key] for key in _DECIDED if key in earlier.going_out}
        row.going_out = decided
        row.save(update_fields=["version_report", "approved", "going_out"])
        how = f"copied from {earlier.course}: {earlier.folder}"
        sources.settle(row, contents, by=by, how=how)
