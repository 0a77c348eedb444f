"""What is handed out, for whom when, and what came of it."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from classroom.admin import links
from classroom.admin.base import Large, ReadOnly, score, through
from classroom.admin.filters import MEDIA, ById, by_course, by_person
from classroom.models import (
    Accommodation,
    Assignment,
    Batch,
    Extension,
    GradeChange,
    Look,
    SectionDates,
    Snapshot,
    Submission,
    Transfer,
)
from embedding.sizes import size_text

WORK = ("submission__assignment__course", "submission__student__user")
HELP = _("The title of a course or assignment, or a student's name")


@admin.display(description=_("late"))
def late(_self: object, row: Submission | Snapshot) -> str:
    """Say so where work is late: a cross for all others would look like a fault."""
    return gettext("late") if row.late else "–"


class ByAssignment(ById):
    """The work on one assignment, where a link has led to it."""

    title = _("assignment")
    parameter_name = "assignment"


class BySubmission(ById):
    """What belongs to one student's work, where a link has led to it."""

    title = _("submission")
    parameter_name = "submission"


@admin.register(Assignment)
class AssignmentAdmin(ReadOnly):
    """What is handed out."""

    list_display = (
        *("title", "in_course", "handout", "version", "release", "due", "out", "removed", "rows"),
    )
    list_select_related = ("course",)
    list_filter = ("handout", "version", ("removed", admin.EmptyFieldListFilter), by_course())
    search_fields = ("title", "folder", "course__title")
    exclude = ("points", "weight")
    readonly_fields = ("points_said", "weight_said")

    points_said, weight_said = score("points", _("points")), score("weight", _("weight"))

    @property
    def media(self) -> Any:
        return super().media + MEDIA

    @admin.display(description=_("course"), ordering="course__title")
    def in_course(self, row: Assignment) -> SafeString:
        return links.to(row.course)

    @admin.display(description=_("see also"))
    def rows(self, row: Assignment) -> SafeString:
        return links.join(
            (
                links.to_list(Submission, gettext("submissions"), assignment=row.pk),
                links.to_list(Batch, gettext("class steps"), assignment=row.pk),
            )
        )


@admin.register(Extension)
class ExtensionAdmin(ReadOnly):
    """Later due times for single students."""

    list_display = ("assignment", "student_name", "due", "reason", "granted_by", "granted")
    list_select_related = ("assignment", "student__user", "granted_by")
    search_fields = ("assignment__title", "reason", *through("student"))

    @admin.display(description=_("student"), ordering="student__user__last_name")
    def student_name(self, row: Extension) -> str:
        return row.student.name


@admin.register(SectionDates)
class SectionDatesAdmin(ReadOnly):
    """Own dates of sections."""

    list_display = ("assignment", "section", "release", "due")
    list_select_related = ("assignment",)
    search_fields = ("assignment__title", "section")


@admin.register(Accommodation)
class AccommodationAdmin(ReadOnly):
    """Who always has more time; the reason is the teachers'."""

    list_display = ("student_name", "percent", "days", "hours", "since", "ended", "granted_by")
    list_select_related = ("student__user", "granted_by")
    search_fields = through("student")
    exclude = ("reason",)

    @admin.display(description=_("student"), ordering="student__user__last_name")
    def student_name(self, row: Accommodation) -> str:
        return row.student.name


@admin.register(Submission)
class SubmissionAdmin(Large):
    """Where each student's work stands."""

    list_display = (
        *("place", "handed_out", "submitted", "collected", "is_late", "returned", "score_said"),
        "rows",
    )
    exclude = ("score", "penalty", "returned_score", "returned_points")
    readonly_fields = ("score_said", "penalty_said", "returned_score_said", "returned_points_said")
    list_select_related = ("assignment__course", "student__user")
    list_filter = (
        *("late", by_course("assignment__course"), by_person("student__user", _("student"))),
        ByAssignment,
    )
    found_by = {"member": "student", "assignment": "assignment", "course": "assignment__course"}
    search_help_text = HELP

    score_said, penalty_said = score("score", _("score")), score("penalty", _("penalty"))
    returned_score_said, returned_points_said = (
        score("returned_score", _("returned score")),
        score("returned_points", _("returned points")),
    )

    is_late = late

    def get_queryset(self, request: HttpRequest) -> QuerySet[Submission]:
        rows: QuerySet[Submission] = super().get_queryset(request)
        return rows.order_by("-pk")

    @admin.display(description=_("work"))
    def place(self, row: Submission) -> SafeString:
        return links.path(row.assignment.course, row.assignment, row.student)

    @admin.display(description=_("see also"))
    def rows(self, row: Submission) -> SafeString:
        return links.join(
            (
                links.to_list(Snapshot, gettext("snapshots"), submission=row.pk),
                links.to_list(
                    Transfer,
                    gettext("transfers"),
                    course=row.assignment.course_id,
                    person=row.student.user_id,
                ),
            )
        )


class OfWork(Large):
    """Rows that belong to one student's work on one assignment."""

    list_select_related = list(WORK)
    found_by = {"submission": "submission"}
    search_help_text = HELP

    @admin.display(description=_("work"))
    def place(self, row: Snapshot | GradeChange) -> SafeString:
        work = row.submission
        return links.path(work.assignment.course, work.assignment, work.student)


@admin.register(Snapshot)
class SnapshotAdmin(OfWork):
    """What students submitted, and when."""

    list_display = ("taken", "place", "is_late", "finished", "count", "size", "path")
    list_filter = (
        *("late", "taken", by_course("submission__assignment__course")),
        *(by_person("submission__student__user", _("student")), BySubmission),
    )

    is_late = late

    @admin.display(description=_("files"))
    def count(self, row: Snapshot) -> int:
        return len(row.files)

    @admin.display(description=_("size"))
    def size(self, row: Snapshot) -> str:
        return size_text(sum(file.get("size", 0) for file in row.files))


@admin.register(GradeChange)
class GradeChangeAdmin(OfWork):
    """Every score and comment as it was given."""

    list_display = ("at", "place", "score_said", "how", "given_by")
    exclude = ("score",)
    readonly_fields = ("score_said",)
    list_select_related = [*WORK, "by"]
    list_filter = (
        *("how", "at", by_course("submission__assignment__course")),
        *(by_person("submission__student__user", _("student")), BySubmission),
    )

    score_said = score("score", _("score"))

    @admin.display(description=_("by"))
    def given_by(self, row: GradeChange) -> str:
        return links.to_person(row.by) if row.by else "–"


@admin.register(Look)
class LookAdmin(ReadOnly):
    """Who asked for another look at returned work, and what was answered."""

    list_display = ("asked", "assignment", "student_name", "answered", "answered_by", "outcome")
    exclude = ("score_before", "score_after")
    readonly_fields = ("score_before_said", "score_after_said")
    list_select_related = (*("submission__assignment", "submission__student__user", "answered_by"),)
    list_filter = (("answered", admin.EmptyFieldListFilter), "outcome", "asked")
    search_fields = ("submission__assignment__title", *through("submission__student"))

    score_before_said, score_after_said = (
        score("score_before", _("score before")),
        score("score_after", _("score after")),
    )

    @admin.display(description=_("assignment"), ordering="submission__assignment__title")
    def assignment(self, row: Look) -> str:
        return str(row.submission.assignment)

    @admin.display(description=_("student"), ordering="submission__student__user__last_name")
    def student_name(self, row: Look) -> str:
        return row.submission.student.name
