"""The classroom for administrators: to look into, and to mend what a teacher cannot.

Steps, scores and submissions are made by the site alone, so they are read here. So are people,
for what they may open has to follow: three actions do what the course's own pages do, for a
course that has no teacher left, say. Nothing here shows a link that lets somebody in.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import Count, Model, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest

from classroom.courses.courses import course_change
from classroom.models import (
    Accommodation,
    Assignment,
    Batch,
    Course,
    Extension,
    GradeChange,
    Invitation,
    Letter,
    Look,
    Membership,
    Notice,
    Role,
    SectionDates,
    Snapshot,
    Submission,
    Transfer,
)
from classroom.people import roster
from classroom.people.users_admin import UserAdmin
from classroom.rules.scoring import number
from embedding.names import tidy
from embedding.problems import Problem
from embedding.views.access import user_of

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:  # Django's own class takes no parameters
    ModelAdmin = admin.ModelAdmin

_USER = ("user__username", "user__first_name", "user__last_name")


def score(field: str) -> Callable[[Any, Any], str]:
    """Return a method that says a field with a score or points as all pages do."""

    @admin.display(description=field.replace("_", " "), ordering=field)
    def said(self: Any, row: Any) -> str:
        return number(getattr(row, field)) or "–"

    return said


def through(relation: str, *fields: str) -> tuple[str, ...]:
    """Return the search fields of a user that stands behind a relation."""
    return tuple(f"{relation}__{field}" for field in (fields or _USER))


class ReadOnly(ModelAdmin):
    """Rows to look at; without the count of all rows beside a search, slow on large tables."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        # Not by themselves; but together with the user whose they are.
        match = request.resolver_match
        if match is None or (match.url_name or "").startswith("classroom_"):
            return False
        return super().has_delete_permission(request, obj)


admin.site.unregister(User)
admin.site.register(User, UserAdmin)


@admin.register(Course)
class CourseAdmin(ReadOnly):
    """Courses, with how many people are in them."""

    list_display = ("title", "term", "time_zone", "students", "staff", "joinable", "created")
    list_filter = ("created",)
    search_fields = ("title", "term", *through("memberships"))
    search_help_text = "A title, a term, or the name of somebody in it"
    fields = ("title", "term", "time_zone", "description", "project", "joinable", "created")
    readonly_fields = ("project", "joinable", "created")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super(ReadOnly, self).has_change_permission(request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Course]:
        rows: QuerySet[Course] = super().get_queryset(request)
        # Subqueries count for the rows of one page; a join would count for all of the table.
        people = Membership.objects.filter(course=OuterRef("pk"), removed=None).order_by()
        counted = people.values("course").annotate(
            students=Count("pk", filter=Q(role=Role.STUDENT)),
            staff=Count("pk", filter=~Q(role=Role.STUDENT)),
        )
        return rows.annotate(
            student_total=Coalesce(Subquery(counted.values("students")), 0),
            staff_total=Coalesce(Subquery(counted.values("staff")), 0),
        )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.title, obj.term = tidy(obj.title) or obj.title, tidy(obj.term)
        course_change(obj, form.changed_data, actor=user_of(request))

    @admin.display(ordering="student_total")
    def students(self, row: Course) -> int:
        return int(getattr(row, "student_total", 0))

    @admin.display(description="teachers and assistants", ordering="staff_total")
    def staff(self, row: Course) -> int:
        return int(getattr(row, "staff_total", 0))

    @admin.display(description="join link", boolean=True)
    def joinable(self, row: Course) -> bool:
        return row.join_code is not None


@admin.register(Membership)
class MembershipAdmin(ReadOnly):
    """Who is in which course; removed people too."""

    list_display = ("user", "course", "role", "number", "joined", "prepared", "removed")
    list_select_related = ("user", "course")
    list_filter = ("role", ("removed", admin.EmptyFieldListFilter), "joined")
    search_fields = (*_USER, "user__email", "number", "course__title")
    search_help_text = "A user's name or address, a number, or a course's title"
    fields = (
        "user",
        "course",
        "role",
        "number",
        "section",
        "project",
        "joined",
        "prepared",
        "removed",
    )
    readonly_fields = fields
    actions = ("make_teacher", "take_out", "let_in")

    def has_mend_permission(self, request: HttpRequest) -> bool:
        """Whether the actions are offered."""
        return user_of(request).has_perm("classroom.change_membership")

    @admin.action(description="Make teachers of their course", permissions=("mend",))
    def make_teacher(self, request: HttpRequest, rows: QuerySet[Membership]) -> None:
        for member in rows.filter(removed=None).select_related("course", "user"):
            roster.role_set(member, Role.TEACHER, actor=user_of(request))
            self.message_user(request, f"{member.name} is teacher of “{member.course}”.")

    @admin.action(description="Remove from their course (work is kept)", permissions=("mend",))
    def take_out(self, request: HttpRequest, rows: QuerySet[Membership]) -> None:
        for member in rows.filter(removed=None).select_related("course", "user"):
            try:
                roster.member_remove(member, actor=user_of(request))
            except Problem as problem:
                self.message_user(request, problem.message, messages.ERROR)
            else:
                self.message_user(request, f"{member.name} is no longer in “{member.course}”.")

    @admin.action(description="Let into their course again", permissions=("mend",))
    def let_in(self, request: HttpRequest, rows: QuerySet[Membership]) -> None:
        for member in rows.filter(removed__isnull=False).select_related("course", "user"):
            roster.member_restore(member, actor=user_of(request))
            self.message_user(request, f"{member.name} is back in “{member.course}”.")


@admin.register(Invitation)
class InvitationAdmin(ReadOnly):
    """Who is invited. The links are the teachers'."""

    list_display = ("email", "course", "role", "created", "sent", "mail_error", "accepted")
    list_select_related = ("course",)
    list_filter = (("accepted", admin.EmptyFieldListFilter), "role", "created")
    search_fields = ("email", "first_name", "last_name", "course__title")
    fields = (
        *("course", "email", "first_name", "last_name", "number", "section", "role", "created"),
        *("sent", "mail_error", "accepted", "accepted_by"),
    )
    readonly_fields = fields


@admin.register(Assignment)
class AssignmentAdmin(ReadOnly):
    """What is handed out."""

    list_display = ("title", "course", "handout", "version", "release", "due", "out", "removed")
    list_select_related = ("course",)
    list_filter = ("handout", "version", ("removed", admin.EmptyFieldListFilter))
    search_fields = ("title", "folder", "course__title")
    exclude = ("points", "weight")
    readonly_fields = ("points_said", "weight_said")

    points_said, weight_said = score("points"), score("weight")


@admin.register(Extension)
class ExtensionAdmin(ReadOnly):
    """Later due times for single students."""

    list_display = ("assignment", "student_name", "due", "reason", "granted_by", "granted")
    list_select_related = ("assignment", "student__user", "granted_by")
    search_fields = ("assignment__title", "reason", *through("student"))

    @admin.display(description="student", ordering="student__user__last_name")
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

    @admin.display(description="student", ordering="student__user__last_name")
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

    score_said, penalty_said = score("score"), score("penalty")
    returned_score_said, returned_points_said = score("returned_score"), score("returned_points")

    @admin.display(description="student", ordering="student__user__last_name")
    def student_name(self, row: Submission) -> str:
        return row.student.name

    @admin.display(ordering="assignment__course__title")
    def course(self, row: Submission) -> str:
        return str(row.assignment.course)


@admin.register(Snapshot)
class SnapshotAdmin(ReadOnly):
    """What students submitted, and when."""

    list_display = ("taken", "assignment", "student_name", "late", "path")
    list_select_related = ("submission__assignment", "submission__student__user")
    list_filter = ("late", "taken")
    search_fields = ("submission__assignment__title", *through("submission__student"))

    @admin.display(ordering="submission__assignment__title")
    def assignment(self, row: Snapshot) -> str:
        return str(row.submission.assignment)

    @admin.display(description="student", ordering="submission__student__user__last_name")
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

    score_said = score("score")

    @admin.display(ordering="submission__assignment__title")
    def assignment(self, row: GradeChange) -> str:
        return str(row.submission.assignment)

    @admin.display(description="student", ordering="submission__student__user__last_name")
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

    score_before_said, score_after_said = score("score_before"), score("score_after")

    @admin.display(ordering="submission__assignment__title")
    def assignment(self, row: Look) -> str:
        return str(row.submission.assignment)

    @admin.display(description="student", ordering="submission__student__user__last_name")
    def student_name(self, row: Look) -> str:
        return row.submission.student.name


@admin.register(Batch)
class BatchAdmin(ReadOnly):
    """Class steps: who pressed, when, and how many transfers ended how."""

    list_display = ("created", "kind", "course", "assignment", "actor", "transfers", "failures")
    list_select_related = ("course", "assignment", "actor")
    list_filter = ("kind", "created")
    search_fields = ("course__title", "assignment__title", "actor__username")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Batch]:
        rows: QuerySet[Batch] = super().get_queryset(request)
        own = Transfer.objects.filter(batch=OuterRef("pk")).order_by().values("batch")
        failed = own.filter(state=Transfer.State.FAILED)
        return rows.annotate(
            transfer_total=Coalesce(Subquery(own.annotate(n=Count("pk")).values("n")), 0),
            failed_total=Coalesce(Subquery(failed.annotate(n=Count("pk")).values("n")), 0),
        )

    @admin.display(ordering="transfer_total")
    def transfers(self, row: Batch) -> int:
        return int(getattr(row, "transfer_total", 0))

    @admin.display(description="failed", ordering="failed_total")
    def failures(self, row: Batch) -> int:
        return int(getattr(row, "failed_total", 0))


@admin.register(Transfer)
class TransferAdmin(ReadOnly):
    """The queue, and how each transfer ended."""

    list_display = (
        *("id", "kind", "person", "course", "assignment", "state", "attempts"),
        *("created", "ended", "error_code", "error"),
    )
    list_select_related = ("course", "assignment", "member__user")
    list_filter = ("state", "kind", "error_code", "created")
    search_fields = (
        *("course__title", "assignment__title", "error", "error_code"),
        *through("member"),
    )

    @admin.display(description="person", ordering="member__user__last_name")
    def person(self, row: Transfer) -> str:
        return row.member.name if row.member else "–"


@admin.register(Notice)
class NoticeAdmin(ReadOnly):
    """What people are told."""

    list_display = ("id", "user", "kind", "course", "assignment", "created", "read")
    list_select_related = ("user", "course", "assignment")
    list_filter = ("kind", "created")
    search_fields = ("course__title", "assignment__title", *through("user", "username", "email"))


@admin.register(Letter)
class LetterAdmin(ReadOnly):
    """The mails with what is new, and why one was not sent."""

    list_display = ("id", "user", "state", "attempts", "created", "changed", "not_before", "error")
    list_select_related = ("user",)
    list_filter = ("state", "created")
    search_fields = through("user", "username", "email")
