"""What is handed out, for whom when, and what came of it."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from classroom.admin.base import ReadOnly, score, through
from classroom.models import (
    Accommodation,
    Assignment,
    Extension,
    GradeChange,
    Look,
    SectionDates,
    Snapshot,
    Submission,
)


@admin.register(Assignment)
class AssignmentAdmin(ReadOnly):
    """What is handed out."""

    list_display = ("title", "course", "handout", "version", "release", "due", "out", "removed")
    list_select_related = ("course",)
    list_filter = ("handout", "version", ("removed", admin.EmptyFieldListFilter))
    search_fields = ("title", "folder", "course__title")
    exclude = ("points", "weight")
    readonly_fields = ("points_said", "weight_said")

    points_said, weight_said = score("points", _("points")), score("weight", _("weight"))


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
class SubmissionAdmin(ReadOnly):
    """Where each student's work stands."""

    list_display = (
        *("assignment", "student_name", "course", "handed_out", "submitted", "collected"),
        *("late", "returned", "score_said"),
    )
    exclude = ("score", "penalty", "returned_score", "returned_points")
    readonly_fields = ("score_said", "penalty_said", "returned_score_said", "returned_points_said")
    list_select_related = ("assignment__course", "student__user")
    list_filter = ("late", ("collected", admin.EmptyFieldListFilter))
    search_fields = ("assignment__title", "assignment__course__title", *through("student"))

    score_said, penalty_said = score("score", _("score")), score("penalty", _("penalty"))
    returned_score_said, returned_points_said = (
        score("returned_score", _("returned score")),
        score("returned_points", _("returned points")),
    )

    @admin.display(description=_("student"), ordering="student__user__last_name")
    def student_name(self, row: Submission) -> str:
        return row.student.name

    @admin.display(description=_("course"), ordering="assignment__course__title")
    def course(self, row: Submission) -> str:
        return str(row.assignment.course)


@admin.register(Snapshot)
class SnapshotAdmin(ReadOnly):
    """What students submitted, and when."""

    list_display = ("taken", "assignment", "student_name", "late", "path")
    list_select_related = ("submission__assignment", "submission__student__user")
    list_filter = ("late", "taken")
    search_fields = ("submission__assignment__title", *through("submission__student"))

    @admin.display(description=_("assignment"), ordering="submission__assignment__title")
    def assignment(self, row: Snapshot) -> str:
        return str(row.submission.assignment)

    @admin.display(description=_("student"), ordering="submission__student__user__last_name")
    def student_name(self, row: Snapshot) -> str:
        return row.submission.student.name


@admin.register(GradeChange)
class GradeChangeAdmin(ReadOnly):
    """Every score and comment as it was given."""

    list_display = ("at", "assignment", "student_name", "score_said", "how", "by")
    exclude = ("score",)
    readonly_fields = ("score_said",)
    list_select_related = ("submission__assignment", "submission__student__user", "by")
    list_filter = ("how", "at")
    search_fields = (
        *("submission__assignment__title", "by__username"),
        *through("submission__student"),
    )

    score_said = score("score", _("score"))

    @admin.display(description=_("assignment"), ordering="submission__assignment__title")
    def assignment(self, row: GradeChange) -> str:
        return str(row.submission.assignment)

    @admin.display(description=_("student"), ordering="submission__student__user__last_name")
    def student_name(self, row: GradeChange) -> str:
        return row.submission.student.name


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
