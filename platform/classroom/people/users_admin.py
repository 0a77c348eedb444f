"""Users, for administrators: with what this site knows of their e-mail addresses."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from classroom.conf import conf
from classroom.people import first_password
from classroom.people.doubles import address_log
from classroom.people.proving import proven
from classroom.rules.addresses import unproven
from embedding.admin import person_link
from embedding.admin_looks import Looks
from embedding.names import tidy
from embedding.services.suspending import may_act_on
from embedding.views.access import user_of

if TYPE_CHECKING:
    Base = DjangoUserAdmin[User]
else:  # Django's own class takes no parameters
    Base = DjangoUserAdmin


_MOST = 1_000  # links at once


def csv_file(text: str, name: str) -> HttpResponse:
    """Return a file that is saved, and that no cache keeps."""
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


class UserAdmin(Looks, Base):
    """Whose address is proven; and what follows where one is given to a second account."""

    list_display = (
        *("username", "email", "address_proven", "first_name", "last_name", "is_staff"),
        *("is_active", "page"),
    )
    actions = ("mark_proven", "invite_again", "export")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        rows: QuerySet[User] = super().get_queryset(request)
        return rows.annotate(unproven=unproven())

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        # Whoever could change a superuser's password or address would be one.
        may = obj is None or may_act_on(request.user, obj)
        return may and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        may = obj is None or may_act_on(request.user, obj)
        return may and super().has_delete_permission(request, obj)

    @admin.display(description=gettext_lazy("page"))
    def page(self, user: User) -> str:
        return person_link(user.pk)

    @admin.display(description=gettext_lazy("address confirmed"), boolean=True)
    def address_proven(self, user: User) -> bool | None:
        return not vars(user)["unproven"] if user.email else None

    @admin.action(
        description=gettext_lazy("Mark the e-mail addresses as confirmed"), permissions=("change",)
    )
    def mark_proven(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        actor = user_of(request).get_username()
        for user in rows.filter(unproven()):
            proven(user, by="administrator", actor=actor)
            said = _("Marked the address %(email)s of “%(name)s” as confirmed.")
            self.message_user(request, said % {"email": user.email, "name": user})

    @admin.action(
        description=gettext_lazy("Invite again who has never signed in"), permissions=("change",)
    )
    def invite_again(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse | None:
        """Mail the link for a first password, or hand the links out where the site has no mail."""
        actor = user_of(request)
        users = list(first_password.may_be_invited(rows, actor=actor)[:_MOST])
        left = rows.count() - len(users)
        if users and not conf().mail:
            return csv_file(first_password.links_csv(users, actor=actor), "links.csv")
        count = first_password.invite(users, actor=actor)
        if count:
            said = ngettext(
                "Sent %(count)s user a link to choose a password.",
                "Sent %(count)s users a link to choose a password.",
                count,
            )
            self.message_user(request, said % {"count": count}, messages.SUCCESS)
        if left or count < len(users):
            said = _(
                "%(count)s of these users got none: they have signed in before, are switched off, "
                "have no e-mail address, or are administrators."
            )
            left += len(users) - count
            self.message_user(request, said % {"count": left}, messages.WARNING)
        return None

    @admin.action(description=gettext_lazy("Export as CSV"), permissions=("view",))
    def export(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse:
        """Send these users as a file for a spreadsheet."""
        users = list(rows.prefetch_related("groups"))
        return csv_file(first_password.users_csv(users, actor=user_of(request)), "users.csv")

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        before = User.objects.filter(pk=obj.pk).values_list("email", flat=True).first()
        obj.first_name, obj.last_name = tidy(obj.first_name), tidy(obj.last_name)
        super().save_model(request, obj, form, change)
        if (before or "").lower() == obj.email.lower():
            return
        if before:
            address_log(obj, before, actor=user_of(request).get_username())
        for other in self.get_queryset(request).filter(email__iexact=obj.email or None):
            if other.pk == obj.pk:
                continue
            said = _(
                "“%(name)s” has this e-mail address too, so a course list cannot use it to add "
                "either account. If both accounts belong to one person, make one of them "
                "inactive."
            )
            if vars(other)["unproven"]:
                said = _(
                    "“%(name)s” has this e-mail address too, but never confirmed it. If both "
                    "accounts belong to one person, make one of them inactive."
                )
            self.message_user(request, said % {"name": other}, messages.WARNING)
