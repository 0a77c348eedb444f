"""Accounts, projects with their members, embed sessions and events, for administrators.

What stands for something on CoCalc is made and changed by the site alone, so it is read here.
Members are the exception: to add one is to let a user open the project.
"""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.db.models import Count, Model, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import formats
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from embedding.admin_looks import Looks
from embedding.capped import Capped
from embedding.cocalc.errors import CocalcError
from embedding.conf import conf
from embedding.event_admin import EventAdmin
from embedding.models import (
    CocalcAccount,
    CocalcProject,
    EmbedSession,
    Ending,
    Event,
    Member,
    Remains,
)
from embedding.problems import of_cocalc
from embedding.services.acts import whose
from embedding.services.mapping import membership_end

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    TabularInline = admin.TabularInline[Member, CocalcProject]
else:  # Django's own classes take no parameters
    ModelAdmin = admin.ModelAdmin
    TabularInline = admin.TabularInline


def user_names(relation: str) -> tuple[str, ...]:
    """Return what to search for a user by: a site's own kind of users need not have all names."""
    model = get_user_model()
    known = {field.name for field in model._meta.get_fields()}
    names = (model.USERNAME_FIELD, "first_name", "last_name")
    return tuple(f"{relation}__{name}" for name in names if name in known)


def person_link(user_id: object) -> str:
    """Return a link to the page of a person, where the site's admin has one."""
    try:
        address = reverse("admin:person", args=[user_id])
    except NoReverseMatch:
        return "–"
    return format_html('<a href="{}">{}</a>', address, gettext("Person"))


class ReadOnly(Looks, ModelAdmin):
    """Rows to look at; without a count of all rows, slow on large tables."""

    show_full_result_count = False
    list_per_page = 50
    paginator = Capped
    show_facets = admin.ShowFacets.NEVER  # each number would be a count of all rows

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(CocalcAccount)
class CocalcAccountAdmin(ReadOnly):
    """Which user is which account."""

    list_display = ("user", "account_id", "email", "state", "created", "page")
    list_select_related = ("user",)
    list_filter = (("account_id", admin.EmptyFieldListFilter), "created")
    search_fields = (*user_names("user"), "email", "account_id")
    search_help_text = _("A user's name, an address, or an account id")
    fields = (
        *("user", "account_id", "email", "state", "linked", "linked_by"),
        *("attempts", "claimed_until", "created"),
    )
    readonly_fields = fields

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        # Not by itself, or the user would get a second account; but together with the user.
        match = request.resolver_match
        if match is None or (match.url_name or "").startswith("embedding_"):
            return False
        return super(ReadOnly, self).has_delete_permission(request, obj)

    @admin.display(description=_("page"))
    def page(self, row: CocalcAccount) -> str:
        return person_link(row.user_id)

    @admin.display(description=_("state"))
    def state(self, row: CocalcAccount) -> str:
        return gettext("ready") if row.account_id else gettext("not made yet")


class MemberInline(TabularInline):
    """Who may open the project."""

    model = Member
    extra = 0
    raw_id_fields = ("user",)
    readonly_fields = ("added",)

    def get_autocomplete_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Users can be looked up where the site has an admin of its users that searches."""
        users = self.admin_site._registry.get(get_user_model())
        return ("user",) if users and users.get_search_fields(request) else ()


@admin.register(CocalcProject)
class CocalcProjectAdmin(ReadOnly):
    """Projects, and who may open them."""

    list_display = ("title", "slot", "project_id", "member_count", "created")
    list_filter = (("project_id", admin.EmptyFieldListFilter), "created")
    search_fields = ("title", "slot", "project_id", *user_names("users")[:1])
    search_help_text = _("A title, a slot, a project id, or a member's user name")
    fields = (
        "title",
        "slot",
        "project_id",
        "marker",
        "looked",
        "closed",
        "attempts",
        "claimed_until",
        "created",
    )
    readonly_fields = fields
    inlines = (MemberInline,)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super(ReadOnly, self).has_change_permission(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Where the site makes no projects, an administrator enters them."""
        return conf().own_sign_in and super(ReadOnly, self).has_add_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """What was entered can be taken out again; on CoCalc nothing changes."""
        entered = obj is not None and self._is_entered(obj)
        return entered and super(ReadOnly, self).has_delete_permission(request, obj)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return ("title", "project_id") if self._is_entered(obj) else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return () if self._is_entered(obj) else self.readonly_fields

    def _is_entered(self, obj: Model | None) -> bool:
        slot = "own:" if obj is None else str(getattr(obj, "slot", ""))
        return conf().own_sign_in and slot.startswith("own:")

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        if "project_id" in form.base_fields:  # null is only for what is still to be made
            form.base_fields["project_id"].required = True
        return form

    def save_model(self, request: Any, obj: CocalcProject, form: Any, change: bool) -> None:
        if not change or self._is_entered(obj):
            obj.slot = f"own:{obj.project_id}"
        super().save_model(request, obj, form, change)

    def get_queryset(self, request: HttpRequest) -> QuerySet[CocalcProject]:
        rows: QuerySet[CocalcProject] = super().get_queryset(request)
        # A subquery counts for the rows of one page; a join would count for all of the table.
        members = Member.objects.filter(project=OuterRef("pk")).order_by().values("project")
        total = Subquery(members.annotate(total=Count("pk")).values("total"))
        return rows.annotate(member_total=Coalesce(total, 0))

    @admin.display(description=_("members"), ordering="member_total")
    def member_count(self, row: CocalcProject) -> int:
        return int(getattr(row, "member_total", 0))

    def save_formset(self, request: Any, form: Any, formset: Any, change: bool) -> None:
        project: CocalcProject = form.instance
        before = {member.user_id: member for member in project.members.select_related("user")}
        super().save_formset(request, form, formset, change)
        after = {member.user_id: member for member in project.members.select_related("user")}
        actor, place = request.user.get_username(), whose(project).place
        for key in after.keys() - before.keys():
            name = after[key].user.get_username()
            Event.log("member.let_in", str(project), actor=actor, place=place, user=name)
        for key in before.keys() - after.keys():
            name = before[key].user.get_username()
            Event.log("member.shut_out", str(project), actor=actor, place=place, user=name)
            try:
                membership_end(project, before[key].user)
            except CocalcError as error:
                problem = of_cocalc(error)
                CocalcProject.objects.filter(pk=project.pk).update(looked=None)  # do it next
                self.message_user(
                    request,
                    gettext(
                        "%(name)s can no longer open “%(project)s” here, but is still a "
                        "collaborator on CoCalc. %(why)s The site keeps trying."
                    )
                    % {"name": name, "project": project, "why": problem.message},
                    messages.WARNING,
                )


@admin.register(EmbedSession)
class EmbedSessionAdmin(ReadOnly):
    """Who opened what, when, how long each step took, how it ended."""

    list_display = ("started", "username", "path", "state", "total", "reason", "project", "page")
    list_select_related = ("project",)
    list_filter = ("state", "started")
    search_fields = ("username", "path", "reason")
    search_help_text = _("A user name, a path, or the code of an error")
    fields = (
        "id",
        "username",
        "user",
        "project",
        "path",
        "state",
        "reason",
        "detail",
        "timing",
        "started",
        "checked",
        "ended",
    )
    readonly_fields = fields

    @admin.display(description=_("page"))
    def page(self, row: EmbedSession) -> str:
        return person_link(row.user_id) if row.user_id else "–"

    @admin.display(description=_("until ready"))
    def total(self, row: EmbedSession) -> str:
        ms = row.steps.get("ready")
        return f"{formats.number_format(ms / 1000, 1)} s" if isinstance(ms, int) else "–"

    @admin.display(description=_("steps"))
    def timing(self, row: EmbedSession) -> str:
        return format_html_join("", "{}: {} ms<br>", sorted(row.steps.items())) or "–"


@admin.register(Ending)
class EndingAdmin(ReadOnly):
    """Whose access on CoCalc is being ended, or was: of users switched off or deleted."""

    list_display = ("username", "asked", "done", "attempts", "error")
    list_filter = (("done", admin.EmptyFieldListFilter), "asked")
    search_fields = ("username", "account_id")
    search_help_text = _("A user name, or an account id")
    fields = (*list_display, "waits_for", "account_id", "not_before")
    readonly_fields = fields


@admin.register(Remains)
class RemainsAdmin(ReadOnly):
    """What is still to be deleted on CoCalc of people whom the site has forgotten."""

    list_display = ("project", "path", "whose", "asked", "attempts", "error")
    list_select_related = ("project",)
    search_fields = ("whose", "path")
    fields = (*list_display, "not_before")
    readonly_fields = fields


admin.site.register(Event, EventAdmin)
