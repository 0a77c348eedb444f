"""Users, courses, and who is in them."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import Count, Model, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from classroom.admin import links
from classroom.admin.base import BY_USER, ReadOnly, through
from classroom.admin.filters import MEDIA, by_course, by_person
from classroom.courses.courses import course_change
from classroom.models import (
    Assignment,
    Batch,
    Course,
    Invitation,
    Membership,
    Role,
    Submission,
    Transfer,
)
from classroom.people import roster
from classroom.people.invitations import mail_error
from classroom.people.users_admin import UserAdmin
from embedding.conf import conf
from embedding.names import tidy
from embedding.problems import Problem
from embedding.views.access import user_of

admin.site.unregister(User)
admin.site.register(User, UserAdmin)


@admin.register(Course)
class CourseAdmin(ReadOnly):
    """Courses, with how many people are in them."""

    list_display = (
        *("title", "term", "time_zone", "students", "staff", "joinable", "created", "rows"),
    )
    list_filter = ("created",)
    search_fields = ("title", "term", *through("memberships"))
    search_help_text = _("A title, a term, or the name of somebody in it")
    fields = (
        *("title", "term", "time_zone", "description", "project", "joinable", "created", "rows"),
    )
    readonly_fields = ("project", "joinable", "created", "rows")

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

    @admin.display(description=_("students"), ordering="student_total")
    def students(self, row: Course) -> int:
        return int(getattr(row, "student_total", 0))

    @admin.display(description=_("teachers and assistants"), ordering="staff_total")
    def staff(self, row: Course) -> int:
        return int(getattr(row, "staff_total", 0))

    @admin.display(description=_("see also"))
    def rows(self, row: Course) -> SafeString:
        look = format_html(
            '<a href="{}">{}</a>',
            reverse("admin:course-look", args=[row.pk]),
            gettext("Look into this course"),
        )
        lists = (
            (Membership, gettext("people")),
            (Assignment, gettext("assignments")),
            (Submission, gettext("submissions")),
            (Batch, gettext("class steps")),
            (Transfer, gettext("transfers")),
        )
        return links.join(
            [look, *(links.to_list(model, words, course=row.pk) for model, words in lists)]
        )

    @admin.display(description=_("join link"), boolean=True)
    def joinable(self, row: Course) -> bool:
        return row.join_code is not None


@admin.register(Membership)
class MembershipAdmin(ReadOnly):
    """Who is in which course; removed people too."""

    list_display = ("person", "in_course", "role", "number", "joined", "prepared", "removed")
    list_display_links = ("role",)
    list_select_related = ("user", "course")
    list_filter = (
        *("role", ("removed", admin.EmptyFieldListFilter), "joined", by_course(), by_person()),
    )
    search_fields = (*BY_USER, "user__email", "number", "course__title")
    search_help_text = _("A user's name or address, a number, or a course's title")
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

    @property
    def media(self) -> Any:
        return super().media + MEDIA

    @admin.display(description=_("user"), ordering="user__username")
    def person(self, row: Membership) -> SafeString:
        return links.to_person(row.user)

    @admin.display(description=_("course"), ordering="course__title")
    def in_course(self, row: Membership) -> SafeString:
        return links.to(row.course)

    def has_mend_permission(self, request: HttpRequest) -> bool:
        """Whether the actions are offered: not on a site without a key of CoCalc's."""
        return not conf().own_sign_in and user_of(request).has_perm("classroom.change_membership")

    @admin.action(description=_("Make teachers of their course"), permissions=("mend",))
    def make_teacher(self, request: HttpRequest, rows: QuerySet[Membership]) -> None:
        for member in rows.filter(removed=None).select_related("course", "user"):
            roster.role_set(member, Role.TEACHER, actor=user_of(request))
            self.message_user(
                request, _("%(name)s is now a teacher of “%(course)s”.") % _names(member)
            )

    @admin.action(description=_("Remove from their course (work is kept)"), permissions=("mend",))
    def take_out(self, request: HttpRequest, rows: QuerySet[Membership]) -> None:
        for member in rows.filter(removed=None).select_related("course", "user"):
            try:
                roster.member_remove(member, actor=user_of(request))
            except Problem as problem:
                self.message_user(request, problem.message, messages.ERROR)
            else:
                self.message_user(
                    request, _("%(name)s is no longer in “%(course)s”.") % _names(member)
                )

    @admin.action(description=_("Put back into their course"), permissions=("mend",))
    def let_in(self, request: HttpRequest, rows: QuerySet[Membership]) -> None:
        for member in rows.filter(removed__isnull=False).select_related("course", "user"):
            roster.member_restore(member, actor=user_of(request))
            self.message_user(request, _("%(name)s is back in “%(course)s”.") % _names(member))


@admin.register(Invitation)
class InvitationAdmin(ReadOnly):
    """Who is invited. The links are the teachers'."""

    list_display = ("email", "course", "role", "created", "sent", "not_mailed", "accepted")
    list_select_related = ("course",)
    list_filter = (("accepted", admin.EmptyFieldListFilter), "role", "created")
    search_fields = ("email", "first_name", "last_name", "course__title")
    fields = (
        *("course", "email", "first_name", "last_name", "number", "section", "role", "created"),
        *("sent", "not_mailed", "accepted", "accepted_by"),
    )
    readonly_fields = fields

    @admin.display(description=_("why it was not mailed"))
    def not_mailed(self, invitation: Invitation) -> str:
        return mail_error(invitation)


def _names(member: Membership) -> dict[str, str]:
    return {"name": member.name, "course": str(member.course)}
