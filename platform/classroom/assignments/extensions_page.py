"""Extensions of an assignment: who has more time and why, giving it to several, taking it back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from classroom.assignments import extensions
from classroom.assignments.said import few
from classroom.models import Assignment, Extension, Membership, Role, Submission, section_key
from classroom.pages.access import assignment_of_teacher, student_in
from classroom.pages.looking import looked
from classroom.pages.moments import MomentField, twice_note
from classroom.pages.sections import Section, sections_of
from classroom.rules.deadlines import dues_without_extension
from classroom.sections.accommodations import accommodations_of, longer_of
from classroom.sections.dates import dates_of
from embedding.views.access import user_of

NAMED = 8  # students who are named in a message


class ExtensionForm(forms.Form):
    """A later due time and its reason, for one student."""

    due = MomentField(label=gettext_lazy("New due time"))
    reason = forms.CharField(
        required=False,
        max_length=500,
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("The student sees it."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    def __init__(
        self,
        assignment: Assignment,
        stored: Extension | None,
        own: datetime | None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        if stored:
            kwargs["initial"] = {"due": stored.due, "reason": stored.reason}
        elif own:
            kwargs["initial"] = {"due": own}
        super().__init__(*args, **kwargs)
        self._own = own
        field = self.fields["due"]
        if isinstance(field, MomentField):
            field.zone = assignment.course.zone
            field.stored = stored.due if stored else None

    def clean(self) -> dict[str, Any]:
        """Refuse a time that is no extension."""
        data = super().clean() or self.cleaned_data
        if self._own and data.get("due") and data["due"] <= self._own:
            self.add_error("due", str(extensions.TOO_EARLY))
        return data


class GiveForm(forms.Form):
    """More time for several students: a new due time, or so much after each one's own."""

    how = forms.ChoiceField(
        choices=[
            ("until", gettext_lazy("A new due time")),
            ("longer", gettext_lazy("Extra time, added to each student’s own due time")),
        ],
        initial="until",
        widget=forms.RadioSelect,
        label=gettext_lazy("How much"),
    )
    due = MomentField(label=gettext_lazy("New due time"), required=False)
    days = forms.IntegerField(
        label=gettext_lazy("Days"), required=False, min_value=0, max_value=365, initial=2
    )
    hours = forms.IntegerField(
        label=gettext_lazy("Hours"), required=False, min_value=0, max_value=999, initial=0
    )
    reason = forms.CharField(
        required=False,
        max_length=500,
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("These students see it."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    def __init__(
        self, assignment: Assignment, students: list[Membership], *args: Any, **kwargs: Any
    ) -> None:
        if assignment.due:
            kwargs.setdefault("initial", {"due": assignment.due})
        super().__init__(*args, **kwargs)
        self._course = assignment.course
        self._students = students
        field = self.fields["due"]
        if isinstance(field, MomentField):
            field.zone = assignment.course.zone

    @property
    def chosen(self) -> list[Membership]:
        """The students who are ticked, and those of the sections that are."""
        if not self.is_bound:
            return []
        sections = {section_key(name) for name in self._listed("section")} - {""}
        ticked = set(self._listed("student"))
        return [
            each
            for each in self._students
            if str(each.pk) in ticked or section_key(each.section) in sections
        ]

    def _listed(self, name: str) -> list[str]:
        getlist = getattr(self.data, "getlist", None)
        return list(getlist(name)) if getlist else []

    def clean(self) -> dict[str, Any]:
        """Refuse what gives nobody anything."""
        data = super().clean() or self.cleaned_data
        if not self.chosen:
            self.add_error(None, _("Choose at least one student."))
        if data.get("how") == "until":
            if "due" not in self.errors and not data.get("due"):
                self.add_error("due", _("Enter the new due time."))
        elif not self.errors.keys() & {"days", "hours"} and not (
            data.get("days") or data.get("hours")
        ):
            self.add_error("days", _("Enter days or hours."))
        return data

    @property
    def when(self) -> extensions.When:
        """From a student's own due time to the new one."""
        data = self.cleaned_data
        if data["how"] == "until":
            return extensions.until(data["due"])
        days, hours = data.get("days") or 0, data.get("hours") or 0
        return extensions.longer_by(self._course, days=days, hours=hours)


@dataclass(frozen=True, slots=True)
class Line:
    """One student who has more time, and why."""

    student: Membership
    due: datetime | None
    extension: Extension | None
    is_moot: bool  # the extension gives nothing
    standing: str  # what the accommodation gives, in words


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def extension_list(request: HttpRequest, course: int, assignment: int) -> HttpResponse:
    """Show who has more time, and give it.

    With one `student` it leads to that student's page, with several it has them ticked.
    """
    membership, found = assignment_of_teacher(request, course, assignment)
    chosen = [pk for pk in request.GET.getlist("student") if _is_id(pk)]
    if len(chosen) == 1 and request.method != "POST":
        student = student_in(membership.course, int(chosen[0]))
        return redirect("classroom:extension", course, found.pk, student.pk)
    if request.method != "POST":
        looked(request, membership, "course.longer_seen", assignment=found)
    students = _students(found)
    form = GiveForm(found, students, request.POST or None)
    rows = Submission.objects.filter(assignment=found, student__removed=None, due__isnull=False)
    can_extend = not found.handout and (found.due is not None or rows.exists())
    if request.method == "POST" and can_extend and form.is_valid():
        given = extensions.extensions_give(
            found,
            form.chosen,
            form.when,
            reason=form.cleaned_data["reason"],
            by=user_of(request),
        )
        _tell(request, given)
        due = form.cleaned_data["due"] if form.cleaned_data["how"] == "until" else None
        if note := twice_note(due, membership.course.zone):
            messages.warning(request, note)
        return redirect("classroom:extensions", course, found.pk)
    dates = dates_of(found)
    sections = sections_of(membership.course)
    context = {
        "membership": membership,
        "tab": "course",
        "assignment": found,
        "page": "extensions",
        "lines": _lines(found),
        "form": form,
        "can_extend": can_extend,
        "students": students,
        "ticked": {student.pk for student in form.chosen} | {int(pk) for pk in chosen},
        "sections": sections,
        "section_dues": _section_dues(sections, {key: each.due for key, each in dates.items()}),
    }
    status = 400 if form.errors else 200
    return render(request, "classroom/assignments/extensions.html", context, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def extension(request: HttpRequest, course: int, assignment: int, member: int) -> HttpResponse:
    """Give one student more time, or change what was given."""
    membership, found = assignment_of_teacher(request, course, assignment)
    student = student_in(membership.course, member)
    if request.method != "POST":
        looked(request, membership, "course.longer_seen", whom=student, assignment=found)
    stored = Extension.objects.filter(assignment=found, student=student).first()
    own = dues_without_extension(found, [student.pk])[student.pk]
    form = ExtensionForm(found, stored, own, request.POST or None)
    can_extend = not found.handout and own is not None
    if request.method == "POST" and can_extend and form.is_valid():
        due = form.cleaned_data["due"]
        extensions.extension_set(
            found, student, due=due, reason=form.cleaned_data["reason"], by=user_of(request)
        )
        _tell(request, extensions.Given([student], []))
        if note := twice_note(due, membership.course.zone):
            messages.warning(request, note)
        return redirect("classroom:extensions", course, found.pk)
    context = {
        "membership": membership,
        "tab": "course",
        "assignment": found,
        "page": "extensions",
        "student": student,
        "stored": stored,
        "own": own,
        "form": form,
        "can_extend": can_extend,
    }
    return render(request, "classroom/assignments/extension.html", context)


@require_POST
@login_required
def extension_remove(
    request: HttpRequest, course: int, assignment: int, member: int
) -> HttpResponse:
    """Take an extension back."""
    membership, found = assignment_of_teacher(request, course, assignment)
    student = student_in(membership.course, member)
    stored = Extension.objects.filter(assignment=found, student=student).first()
    if stored is None:
        raise Http404
    stored.assignment, stored.student = found, student
    extensions.extension_remove(stored, by=user_of(request))
    messages.success(request, _("%(name)s has no extension any more.") % {"name": student.name})
    return redirect("classroom:extensions", course, found.pk)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _tell(request: HttpRequest, given: extensions.Given) -> None:
    count = len(given.later)
    if count:
        said = ngettext(
            "%(names)s has more time now and can see it.",
            "%(names)s have more time now and can see it.",
            count,
        )
        messages.success(request, said % {"names": _names(given.later)})
    if given.unchanged:
        said = _("Nothing changed for %(names)s: they already have until then, or longer.")
        messages.warning(request, said % {"names": _names(given.unchanged)})


def _names(students: Any) -> str:
    return few([student.name for student in students], NAMED)


def _lines(assignment: Assignment) -> list[Line]:
    given = {
        each.student_id: each
        for each in Extension.objects.filter(assignment=assignment).select_related("granted_by")
    }
    moot = {each.pk for each in extensions.moot_extensions(assignment)}
    standing = accommodations_of(assignment.course)
    rows = (
        Submission.objects.filter(assignment=assignment, student__in={*given, *standing})
        .select_related("student__user")
        .order_by("due", "student__user__last_name", "pk")
    )
    lines = []
    for row in rows:
        extension = given.get(row.student_id)
        longer = standing.get(row.student_id)
        lines.append(
            Line(
                row.student,
                row.due,
                extension,
                extension is not None and extension.pk in moot,
                longer_of(longer).words if longer else "",
            )
        )
    return lines


def _section_dues(
    sections: list[Section], dues: dict[str, datetime | None]
) -> list[tuple[Section, datetime]]:
    return [(section, due) for section in sections if (due := dues.get(section.key))]


def _students(assignment: Assignment) -> list[Membership]:
    return list(
        Membership.objects.filter(course=assignment.course, role=Role.STUDENT, removed=None)
        .select_related("user")
        .order_by("user__last_name", "user__first_name", "user__username")
    )
