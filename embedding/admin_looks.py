"""What an administrator looks at in the admin's lists is an event, as it is elsewhere."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse

from embedding.services.acts import act, loaded_ahead

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:  # to be mixed in, before Django's own class
    Base = object

_WAYS = (("user",), ("student", "user"), ("member", "user"), ("submission", "student", "user"))


class Looks(Base):
    """An admin whose lists and rows are other people's data."""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        if request.method in ("GET", "HEAD") and response.status_code == 200:
            _looked(request, "admin.list_seen", str(self.opts.verbose_name_plural))
        return response

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any
    ) -> Any:
        response = super().changeform_view(request, object_id, *args, **kwargs)
        if object_id and request.method in ("GET", "HEAD") and response.status_code == 200:
            row = self.get_object(request, object_id)
            if row is not None:
                whom, of = person_of(row), str(self.opts.verbose_name)
                _looked(request, "admin.row_seen", str(row), whom=whom, of=of, row=str(row.pk))
        return response


def person_of(row: Model) -> str:
    """Return the user name of the person whose row it is; empty where it is nobody's alone."""
    for way in _WAYS:
        found: Any = row
        for name in way:
            found = getattr(found, name, None)
        if hasattr(found, "get_username"):
            return str(found.get_username())
    name = getattr(row, "username", "")
    return name if isinstance(name, str) else ""


def _looked(
    request: HttpRequest, action: str, target: str, *, whom: str = "", **detail: Any
) -> None:
    actor = request.user.get_username()
    act(action, target, actor=actor, whom=whom, once=True, **loaded_ahead(request), **detail)
