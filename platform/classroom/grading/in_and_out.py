"""Files to take away: grades as CSV and back again, and all collected work as one zip."""

import base64

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from classroom.grading import archive
from classroom.grading.exports import grades_csv
from classroom.grading.imports import MOST_BYTES, Plan, apply, decoded, plan, too_large
from classroom.models import Course, Membership
from classroom.pages.access import assignment_of, staff_of
from classroom.pages.looking import looked
from classroom.pages.sections import section_filter
from classroom.pages.sending import attach
from classroom.rules.names import folder_from
from embedding import turns
from embedding.bodies import MOST_PASTED, body_up_to
from embedding.models import Event
from embedding.views.access import user_of

SHOWN = 500  # changes that the preview lists


class GradesFileForm(forms.Form):
    """A CSV with grades, as a file or pasted."""

    file = forms.FileField(required=False, label=gettext_lazy("CSV file"))
    text = forms.CharField(
        required=False,
        label=gettext_lazy("or paste its content"),
        strip=False,
        widget=forms.Textarea,
        max_length=MOST_BYTES,
    )

    def clean(self) -> dict[str, object]:
        given: dict[str, object] = super().clean() or {}
        file = given.get("file")
        if isinstance(file, UploadedFile):
            if (file.size or 0) > MOST_BYTES:
                raise ValidationError(too_large())
            given["csv"] = decoded(file.read())
        elif str(given.get("text") or "").strip():
            given["csv"] = given["text"]
        elif not self.errors:
            raise ValidationError(_("Choose a file, or paste its content."))
        return given


@require_safe
@login_required
def grades_export(request: HttpRequest, course: int) -> HttpResponse:
    """Send the grades of all students."""
    membership = staff_of(request, course)
    text = grades_csv(
        membership.course,
        comments=request.GET.get("comments") == "1",
        section=section_filter(request, membership.course).chosen,
    )
    looked(request, membership, "course.grades_exported", once=False)
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    today = timezone.localdate(timezone=membership.course.zone)
    attach(response, f"{folder_from(membership.course.title)}-grades-{today:%Y-%m-%d}.csv")
    return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@body_up_to(lambda: MOST_PASTED)
def grades_import(request: HttpRequest, course: int) -> HttpResponse:
    """Take a CSV, show what it would change, and write that when it is confirmed."""
    membership = staff_of(request, course)
    if request.method != "POST":
        return _ask(request, membership, GradesFileForm())
    if "digest" in request.POST:
        return _confirmed(request, membership)
    form = GradesFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _ask(request, membership, form, status=400)
    text = str(form.cleaned_data["csv"])
    try:
        found = plan(membership.course, text)
    except ValidationError as error:
        form.add_error(None, error)
        return _ask(request, membership, form, status=400)
    return _preview(request, membership, text, found)


def _confirmed(request: HttpRequest, membership: Membership) -> HttpResponse:
    try:
        # As base64, because a browser would change the ends of lines.
        text = decoded(base64.b64decode(request.POST.get("kept", ""), validate=True))
        found, done = apply(
            membership.course, text, request.POST.get("digest", ""), user_of(request)
        )
    except ValidationError as error:
        form = GradesFileForm(request.POST)
        form.full_clean()
        form.errors.clear()
        form.add_error(None, error)
        return _ask(request, membership, form, status=400)
    except ValueError:
        raise Http404 from None
    if not done:
        messages.warning(
            request,
            _(
                "Nothing was saved, because something changed in the meantime. "
                "Check the changes again."
            ),
        )
        return _preview(request, membership, text, found, status=409)
    count = len(found.changes)
    Event.log(
        "course.grades_imported",
        str(membership.course),
        actor=membership.user.get_username(),
        course=membership.course.pk,
        grades=count,
    )
    words = ngettext("%(count)s grade saved.", "%(count)s grades saved.", count)
    messages.success(request, words % {"count": count})
    return redirect("classroom:grades", membership.course.pk)


def _ask(
    request: HttpRequest, membership: Membership, form: GradesFileForm, status: int = 200
) -> HttpResponse:
    context = {"membership": membership, "tab": "grades", "form": form}
    return render(request, "classroom/grading/import.html", context, status=status)


def _preview(
    request: HttpRequest, membership: Membership, text: str, found: Plan, status: int = 200
) -> HttpResponse:
    looked(request, membership, "course.grades_seen")
    context = {
        "membership": membership,
        "tab": "grades",
        "plan": found,
        "changes": found.changes[:SHOWN],
        "more": max(len(found.changes) - SHOWN, 0),
        "kept": base64.b64encode(text.encode(errors="replace")).decode(),
    }
    return render(request, "classroom/grading/preview.html", context, status=status)


@require_safe
@login_required
def collected_zip(request: HttpRequest, course: int, assignment: int) -> HttpResponse:
    """Send all collected work of an assignment."""
    membership = staff_of(request, course)
    found = assignment_of(membership.course, assignment)
    if found.handout:
        raise Http404
    works = archive.works_of(found, section_filter(request, membership.course).chosen)
    project = _project(membership.course)
    if not works or not project:
        messages.info(request, _("Nothing was collected yet."))
        return redirect("classroom:assignment", membership.course.pk, found.pk)
    if request.method != "HEAD":
        turns.take(project)  # it asks CoCalc only while it is sent, when it is too late to refuse
    name = archive.file_name(found)
    content = () if request.method == "HEAD" else archive.zipped(project, works, name)
    response = StreamingHttpResponse(content, content_type="application/zip")
    response["X-Accel-Buffering"] = "no"
    attach(response, f"{name}.zip")
    Event.log(
        "course.work_downloaded",
        str(membership.course),
        actor=membership.user.get_username(),
        course=membership.course.pk,
        assignment=found.title,
        students=len(works),
    )
    return response  # type: ignore[return-value]  # Django's own views return it as well


def _project(course: Course) -> str:
    return str(course.project.project_id or "")
