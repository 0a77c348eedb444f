"""Extensions of an assignment: who has more time, giving it and taking it back."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classroom.assignments import extensions
from classroom.models import Assignment, Extension, Membership, Role
from classroom.pages.access import assignment_of_teacher, student_in
from classroom.pages.moments import MomentField, twice_note
from embedding.views.access import user_of


class ExtensionForm(forms.Form):
    """A later due time and its reason."""

    due = MomentField(label="New due time")
    reason = forms.CharField(
        required=False,
        max_length=500,
        help_text="The student sees it.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    def __init__(
        self, assignment: Assignment, stored: Extension | None, *args: Any, **kwargs: Any
    ) -> None:
        if stored:
            kwargs["initial"] = {"due": stored.due, "reason": stored.reason}
        elif assignment.due:
            kwargs["initial"] = {"due": assignment.due}
        super().__init__(*args, **kwargs)
        self._assignment = assignment
        field = self.fields["due"]
        if isinstance(field, MomentField):
            field.zone = assignment.course.zone
            field.stored = stored.due if stored else None

    def clean(self) -> dict[str, Any]:
        """Refuse a time that is no extension."""
        data = super().clean() or self.cleaned_data
        everybodys = self._assignment.due
        if everybodys and data.get("due") and data["due"] <= everybodys:
            self.add_error("due", "An extension ends later than the assignment is due.")
        return data


@never_cache
@require_safe
@login_required
def extension_list(request: HttpRequest, course: int, assignment: int) -> HttpResponse:
    """Show who has more time; with `student`, lead to giving it to that student."""
    membership, found = assignment_of_teacher(request, course, assignment)
    chosen = request.GET.get("student", "")
    if chosen.isascii() and chosen.isdigit() and len(chosen) < 19:
        student = student_in(membership.course, int(chosen))
        return redirect("classroom:extension", course, found.pk, student.pk)
    given = list(
        Extension.objects.filter(assignment=found)
        .select_related("student__user", "granted_by")
        .order_by("due", "student__user__last_name", "pk")
    )
    context = {
        "membership": membership,
        "tab": "course",
        "assignment": found,
        "page": "extensions",
        "extensions": given,
        "moot": {extension.pk for extension in given if not _later(extension, found)},
        "students": _students_without(found, given),
    }
    return render(request, "classroom/assignments/extensions.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def extension(request: HttpRequest, course: int, assignment: int, member: int) -> HttpResponse:
    """Give one student more time, or change what was given."""
    membership, found = assignment_of_teacher(request, course, assignment)
    student = student_in(membership.course, member)
    stored = Extension.objects.filter(assignment=found, student=student).first()
    form = ExtensionForm(found, stored, request.POST or None)
    can_extend = not found.handout and found.due is not None
    if request.method == "POST" and can_extend and form.is_valid():
        due = form.cleaned_data["due"]
        extensions.extension_set(
            found, student, due=due, reason=form.cleaned_data["reason"], by=user_of(request)
        )
        messages.success(request, f"{student.name} has more time, and sees so.")
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
    messages.success(request, f"{student.name} has no extension any more.")
    return redirect("classroom:extensions", course, found.pk)


def _later(extension: Extension, assignment: Assignment) -> bool:
    return assignment.due is not None and extension.due > assignment.due


def _students_without(assignment: Assignment, given: list[Extension]) -> list[Membership]:
    return list(
        Membership.objects.filter(course=assignment.course, role=Role.STUDENT, removed=None)
        .exclude(pk__in=[extension.student_id for extension in given])
        .select_related("user")
        .order_by("user__last_name", "user__first_name", "user__username")
    )
