"""Django's admin, with this site's own pages beside its lists."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from administration.access import SUPERUSERS, may

if TYPE_CHECKING:
    from django.urls import URLPattern, URLResolver
    from django.utils.functional import _StrPromise as StrPromise


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the row of links on top: its name, what it is called, who may see it."""

    name: str
    label: "StrPromise"
    permissions: tuple[str, ...] = ()


# In the order in which they are shown; their addresses stand in `administration.urls`.
ENTRIES: tuple[Entry, ...] = (
    Entry("people", _("People"), ("auth.view_user",)),
    Entry("check", _("Check the connection"), (SUPERUSERS,)),
    Entry("key", _("CoCalc’s key"), (SUPERUSERS,)),
    Entry("users-import", _("Add users by list"), ("auth.add_user", "auth.change_user")),
)


class Site(AdminSite):
    """Lists and pages under one roof; the pages' addresses are `admin:<name>`."""

    index_title = _("Administration")

    def get_urls(self) -> "list[URLPattern | URLResolver]":
        from administration.urls import urlpatterns  # its pages know the models

        return [*urlpatterns, *super().get_urls()]

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        from administration.overview.page import PERMISSIONS, shown

        above = shown(request.user) if may(request.user, *PERMISSIONS) else {}
        return super().index(request, {**above, **(extra_context or {})})

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        entries = [entry for entry in ENTRIES if may(request.user, *entry.permissions)]
        return {**super().each_context(request), "entries": entries}
