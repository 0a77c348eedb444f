"""Making, changing, removing and restoring assignments and handouts: for teachers."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.db.transaction import non_atomic_requests
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classroom.assignments import assignments, rescoring, sources
from classroom.assignments.forms import AssignmentForm
from classroom.assignments.late_form import LATE_FIELDS
from classroom.assignments.said import extensions_overtaken, warnings_of
from classroom.models import Assignment, Course, Membership
from classroom.pages.access import assignment_of_teacher, teacher_of
from classroom.pages.telling import Telling
from classroom.pages.text import markdown
from embedding.views.access import user_of

LINES = 12  # students that are shown of those for whom something changes
_TAKEN_OVER = (
    *("title", "handout", "instructions", "points", "weight", "announced", "late_policy"),
    *LATE_FIELDS,
)


class RemoveForm(forms.Form):
    """Confirms a removal by the title of what is to be removed."""

    title = forms.CharField(
        label=gettext_lazy("To confirm, type its title"),
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    def __init__(self, expected: str, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._expected = expected

    def clean_title(self) -> str:
        """ValidationError unless it is the very title."""
        title: str = self.cleaned_data["title"]
        if title.strip().casefold() != self._expected.strip().casefold():
            raise forms.ValidationError(
                _("This is not its title, which is “%(title)s”."), params={"title": self._expected}
            )
        return title


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@non_atomic_requests
@login_required
def assignment_new(request: HttpRequest, course: int) -> HttpResponse:
    """Make an assignment or a handout, perhaps after one of an earlier course (`from`)."""
    membership = teacher_of(request, course)
    earlier = assignments.earlier_assignments(membership.course, user_of(request))
    model = _chosen(earlier, request.POST.get("from") or request.GET.get("from"))
    initial = {name: getattr(model, name) for name in _TAKEN_OVER} if model else {}
    form = AssignmentForm(membership.course, request.POST or None, initial=initial)
    preview = None
    if request.method == "POST" and "preview" in request.POST:
        preview = _preview(request)
    elif request.method == "POST" and "back" not in request.POST and form.is_valid():
        form.instance.course = membership.course
        effect = rescoring.effect_of(form.instance)
        if effect.asks and effect.digest != request.POST.get("seen"):
            return _ask(request, membership, form, effect)
        with Telling(request):
            made = assignments.assignment_create(
                membership.course, form.save(commit=False), by=user_of(request)
            )
            messages.success(
                request,
                _("“%(title)s” was created. Next, add its files.") % {"title": made.title},
            )
            _warn(request, form)
            if model and (model.sources or model.files):
                with Telling(request):
                    sources.files_bring(made, model, by=user_of(request))
            return redirect("classroom:assignment-files", course, made.pk)
    context = {
        "membership": membership,
        "tab": "course",
        "form": form,
        "earlier": earlier,
        "model": model,
        "preview": preview,
        "removed": _removed(membership.course).count(),
    }
    return render(request, "classroom/assignments/new.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def assignment_edit(request: HttpRequest, course: int, assignment: int) -> HttpResponse:
    """Change what is said of an assignment; its files are on a page of their own."""
    membership, found = assignment_of_teacher(request, course, assignment)
    having = assignments.students_with(found)
    shown = Assignment.objects.get(pk=found.pk)  # the form writes into it before it is saved
    form = AssignmentForm(
        membership.course,
        request.POST or None,
        instance=shown,
        is_out=bool(having) or found.out is not None,
    )
    preview = markdown(found.instructions) if found.instructions else None
    if request.method == "POST" and "preview" in request.POST:
        preview = _preview(request)
    elif request.method == "POST" and "back" not in request.POST and form.is_valid():
        shown.course = membership.course
        how = request.POST.get("scores", "")
        try:
            effect, told = rescoring.assignment_change(
                shown,
                seen=request.POST.get("seen", "") if how in ("keep", "rescale") else "",
                rescale=how == "rescale",
                by=user_of(request),
            )
        except ValidationError as error:
            messages.error(request, " ".join([_("Nothing was saved."), *error.messages]))
            return _ask(request, membership, form, rescoring.effect_of(shown), found, status=400)
        if told is None:
            return _ask(request, membership, form, effect, found)
        messages.success(request, _("Saved."))
        if effect.is_of_points:
            _tell_of_scores(request, effect, rescaled=how == "rescale")
        if told:
            said = ngettext(
                "The new due time is being written into the project of %(count)s student.",
                "The new due time is being written into the projects of %(count)s students.",
                told,
            )
            messages.info(request, said % {"count": told})
        _warn(request, form)
        if note := extensions_overtaken(shown):
            messages.warning(request, note)
        return redirect("classroom:assignment-edit", course, found.pk)
    context = {
        "membership": membership,
        "tab": "course",
        "assignment": found,
        "page": "edit",
        "form": form,
        "notes": form.notes() if request.method != "POST" else {},
        "preview": preview,
        "having": having,
    }
    return render(request, "classroom/assignments/edit.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def assignment_remove(request: HttpRequest, course: int, assignment: int) -> HttpResponse:
    """Remove an assignment, once its title was typed."""
    membership, found = assignment_of_teacher(request, course, assignment)
    form = RemoveForm(found.title, request.POST or None)
    if request.method == "POST" and form.is_valid():
        assignments.assignment_remove(found, by=user_of(request))
        messages.success(
            request,
            _("“%(title)s” was removed. You can restore it here.") % {"title": found.title},
        )
        return redirect("classroom:assignments-removed", course)
    context = {
        "membership": membership,
        "tab": "course",
        "assignment": found,
        "form": form,
        "having": assignments.students_with(found),
    }
    return render(request, "classroom/assignments/remove.html", context)


@never_cache
@require_safe
@login_required
def assignments_removed(request: HttpRequest, course: int) -> HttpResponse:
    """Show what was removed from the course and can be restored."""
    membership = teacher_of(request, course)
    context = {"membership": membership, "tab": "course", "removed": _removed(membership.course)}
    return render(request, "classroom/assignments/removed.html", context)


@require_POST
@login_required
def assignment_restore(request: HttpRequest, course: int, assignment: int) -> HttpResponse:
    """Bring a removed assignment back."""
    membership = teacher_of(request, course)
    found = _removed(membership.course).filter(pk=assignment).first()
    if found is None:
        raise Http404
    assignments.assignment_restore(found, by=user_of(request))
    messages.success(request, _("“%(title)s” was restored.") % {"title": found.title})
    return redirect("classroom:assignment", course, assignment)


def _ask(
    request: HttpRequest,
    membership: Membership,
    form: AssignmentForm,
    effect: rescoring.Effect,
    assignment: Assignment | None = None,
    status: int = 200,
) -> HttpResponse:
    """Say what the change does to scores and totals, before it is done; nothing is saved yet."""
    if "seen" in request.POST and status == 200:
        messages.warning(
            request,
            _("Something has changed in the meantime, so nothing was saved. Please look again."),
        )
        status = 409
    context = {
        "membership": membership,
        "tab": "course",
        "assignment": assignment,
        "page": "edit",
        "effect": effect,
        "lines": effect.lines[:LINES],
        "more": max(len(effect.lines) - LINES, 0),
        "more_refused": max(len(effect.refused) - 1, 0),
        "kept": [
            (name, value) for name in (*form.fields, "from") for value in request.POST.getlist(name)
        ],
    }
    return render(request, "classroom/assignments/rescoring.html", context, status=status)


def _tell_of_scores(request: HttpRequest, effect: rescoring.Effect, *, rescaled: bool) -> None:
    count = len(effect.scored)
    if rescaled:
        words = ngettext(
            "%(count)s score was rescaled from %(old)s to %(new)s points.",
            "%(count)s scores were rescaled from %(old)s to %(new)s points.",
            count,
        )
    else:
        words = ngettext("%(count)s score was kept.", "%(count)s scores were kept.", count)
    said = [words % {"count": count, "old": effect.old_points, "new": effect.new_points}]
    if effect.has_returned:
        said.append(
            _("Students who got their score back see the old one until you return it again.")
        )
    messages.info(request, " ".join(said))


def _chosen(earlier: list[Assignment], given: str | None) -> Assignment | None:
    """Return the one of them that was chosen; Http404 for any other."""
    if not given:
        return None
    for assignment in earlier:
        if str(assignment.pk) == given:
            return assignment
    raise Http404


def _preview(request: HttpRequest) -> SafeString:
    return markdown(request.POST.get("instructions", ""))


def _removed(course: Course) -> QuerySet[Assignment]:
    return Assignment.objects.filter(course=course, removed__isnull=False).order_by("-removed")


def _warn(request: HttpRequest, form: AssignmentForm) -> None:
    for note in warnings_of(form):
        messages.warning(request, note)
