"""Deleting a course that was archived, once its title was typed."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from classroom.courses.deleting import course_delete as delete
from classroom.courses.deleting import goes_with
from classroom.models import Kind, Transfer
from classroom.pages.access import teacher_of
from embedding.views.access import user_of


class DeleteForm(forms.Form):
    """Confirms it by the course's title."""

    title = forms.CharField(widget=forms.TextInput({"autocomplete": "off"}))

    def __init__(self, expected: str, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._expected = expected
        self.fields["title"].label = _("To confirm, type its title")

    def clean_title(self) -> str:
        """ValidationError unless it is the very title."""
        title: str = self.cleaned_data["title"]
        if title.strip() != self._expected.strip():
            raise forms.ValidationError(
                _("This is not its title, which is “%(title)s”."), params={"title": self._expected}
            )
        return title


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def course_delete(request: HttpRequest, course: int) -> HttpResponse:
    """Say what would go for good; delete it when confirmed. Only what is archived already."""
    membership = teacher_of(request, course, also_archived=True)
    found = membership.course
    if found.archived is None:
        messages.info(request, _("Archive the course first. An archived course can be deleted."))
        return redirect("classroom:course-settings", course)
    form = DeleteForm(found.title, request.POST or None)
    if request.method == "POST" and form.is_valid():
        delete(found, actor=user_of(request))
        messages.success(request, _("“%(course)s” is being deleted.") % {"course": found.title})
        return redirect("classroom:courses")
    last = Transfer.objects.filter(course=found, kind=Kind.DELETE).first()
    context = {
        "membership": membership,
        "tab": "settings",
        "form": form,
        "goes": list(goes_with(found)),
        "is_under_way": last is not None and last.state in Transfer.ACTIVE,
        "error": last.error if last else "",
    }
    return render(request, "classroom/courses/delete.html", context)
