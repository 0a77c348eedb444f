"""What people are told, and by which mail."""

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from classroom.admin import links
from classroom.admin.base import Large
from classroom.admin.filters import Since, by_course, by_person
from classroom.models import Letter, Notice


@admin.register(Notice)
class NoticeAdmin(Large):
    """What people are told."""

    list_display = ("created", "kind", "person", "place", "read", "mail")
    list_select_related = ("user", "course", "assignment", "letter")
    list_filter = ("kind", Since, by_course(), by_person())
    search_help_text = _("A person's name or address, or the title of a course or assignment")
    found_by = {"user": "user", "course": "course", "assignment": "assignment"}
    fields = ("kind", "person", "place", "created", "read", "to_mail", "mail")
    readonly_fields = fields

    @admin.display(description=_("person"))
    def person(self, row: Notice) -> SafeString:
        return links.to_person(row.user)

    @admin.display(description=_("about"))
    def place(self, row: Notice) -> SafeString:
        return links.path(row.course, row.assignment)

    @admin.display(description=_("mail"))
    def mail(self, row: Notice) -> SafeString | str:
        return links.to(row.letter, row.letter.get_state_display()) if row.letter else "–"


@admin.register(Letter)
class LetterAdmin(Large):
    """The mails with what is new, and why one was not sent."""

    list_display = ("created", "person", "state", "error", "attempts", "not_before", "changed")
    list_select_related = ("user",)
    list_filter = ("state", Since, by_person())
    search_help_text = _("A person's name or address")
    found_by = {"user": "user"}
    fields = ("person", "state", "error", "attempts", "created", "changed", "not_before", "about")
    readonly_fields = fields

    @admin.display(description=_("person"))
    def person(self, row: Letter) -> SafeString:
        return links.to_person(row.user)

    @admin.display(description=_("what it tells"))
    def about(self, row: Letter) -> SafeString | str:
        rows: QuerySet[Notice] = row.notices.select_related("course", "assignment")[:50]
        return links.join(links.to(notice, notice.get_kind_display()) for notice in rows) or "–"
