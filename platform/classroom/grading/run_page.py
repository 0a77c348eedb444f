"""Run a command in every project, autograde, and look at what came out."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classroom.grading import runs
from classroom.grading.desk_shown import whose
from classroom.grading.selection import Filter, shown
from classroom.grading.whose import page_of, shown_by_code, shown_by_name
from classroom.models import Assignment, Batch, Course, Kind, Membership, Submission, Transfer
from classroom.pages.access import (
    assignment_of,
    seen_or_refused,
    staff_of,
    student_in,
)
from classroom.pages.looking import looked
from classroom.pages.sections import section_filter
from classroom.rules.anonymity import NamesHidden
from classroom.steps.run import TIMEOUT, TIMEOUT_MOST
from embedding.cocalc.paths import clean_path
from embedding.views.access import user_of

COMMAND_MOST = 20_000


class RunForm(forms.Form):
    """A command, for whom, and whether it gives scores."""

    command = forms.CharField(
        max_length=COMMAND_MOST,
        strip=False,
        widget=forms.Textarea(
            attrs={"rows": 4, "spellcheck": "false", "autocapitalize": "off", "class": "code"}
        ),
    )
    timeout = forms.IntegerField(
        label=gettext_lazy("Time limit, in seconds"),
        min_value=1,
        max_value=TIMEOUT_MOST,
        initial=TIMEOUT,
    )
    scored = forms.BooleanField(
        required=False, label=gettext_lazy("Read scores from a file that the command writes")
    )
    scores = forms.CharField(
        required=False, max_length=200, label=gettext_lazy("File name"), initial="score.json"
    )
    who = forms.ChoiceField(
        choices=(
            ("all", gettext_lazy("All students")),
            ("chosen", gettext_lazy("The students chosen below")),
        ),
        initial="all",
        widget=forms.RadioSelect,
        label=gettext_lazy("For whom"),
    )
    students = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label=gettext_lazy("Students")
    )

    def __init__(
        self,
        course: Course,
        assignment: Assignment | None,
        section: str,
        *args: Any,
        **kw: Any,
    ) -> None:
        super().__init__(*args, **kw)
        self.members = {
            str(member.pk): member
            for member in shown(course, Filter(section=section)).select_related("user", "project")
        }
        self.fields["students"].choices = [  # type: ignore[attr-defined]  # the field's own
            (pk, member.name) for pk, member in self.members.items()
        ]
        # There is nothing that a score could belong to, or a score would be given by name.
        if assignment is None or assignment.anonymous:
            del self.fields["scored"], self.fields["scores"]

    def clean_command(self) -> str:
        # Browsers send CR LF, which bash does not take for the end of a line.
        command = str(self.cleaned_data["command"]).replace("\r\n", "\n")
        if not command.strip():
            raise ValidationError(_("Enter a command."))
        return command

    def clean_scores(self) -> str:
        name = str(self.cleaned_data.get("scores") or "").strip()
        if self.cleaned_data.get("scored"):
            try:
                clean_path(name)
            except ValueError:
                raise ValidationError(_("Enter a file name, such as score.json.")) from None
        return name

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("who") == "chosen" and not given.get("students"):
            self.add_error("students", _("Choose at least one student."))
        return given

    @property
    def chosen(self) -> list[Membership]:
        """Those for whom it is run."""
        if self.cleaned_data["who"] == "all":
            return list(self.members.values())
        return [self.members[pk] for pk in self.cleaned_data["students"]]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def run(request: HttpRequest, course: int, assignment: int | None = None) -> HttpResponse:
    """Ask for a command, and start it."""
    membership = staff_of(request, course)
    found = None if assignment is None else assignment_of(membership.course, assignment)
    if found and found.handout:
        raise Http404
    section = section_filter(request, membership.course).chosen
    form = RunForm(membership.course, found, section, request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _ask(request, membership, found, form)
    members = form.chosen
    if not members:
        messages.info(request, _("There are no students in this course yet."))
        return _ask(request, membership, found, form)
    batch = runs.command_run(
        membership.course,
        members,
        actor=user_of(request),
        command=form.cleaned_data["command"],
        timeout=form.cleaned_data["timeout"],
        scores=form.cleaned_data["scores"] if form.cleaned_data.get("scored") else "",
        assignment=found,
    )
    return _to_result(request, batch, len(members))


@require_POST
@login_required
def autograde(request: HttpRequest, course: int, assignment: int) -> HttpResponse:
    """Start the autograder for all that is collected, for what has no score, or what is new."""
    membership = staff_of(request, course)
    found = assignment_of(membership.course, assignment)
    if found.handout or not found.marked:
        raise Http404
    who = request.POST.get("who", "")
    who = who if who in ("all", "new", "untried") else "ungraded"
    # Of a section, which may be a single student, nothing is told apart without names.
    section = "" if found.anonymous else section_filter(request, membership.course).chosen
    members = runs.collected_from(found, who, section)
    if not members:
        messages.info(request, _("No collected work waits for the autograder."))
        return redirect("classroom:run-assignment", membership.course.pk, found.pk)
    batch = runs.autograde_run(found, members, actor=user_of(request))
    return _to_result(request, batch, len(members))


@require_POST
@login_required
def autograde_copy(request: HttpRequest, course: int, assignment: int, member: int) -> HttpResponse:
    """Grade what a student handed in under another name, as a person has decided."""
    membership = staff_of(request, course)
    found = assignment_of(membership.course, assignment)
    if found.handout or not found.marked:
        raise Http404
    return _copy(request, shown_by_name(found, student_in(membership.course, member)))


@require_POST
@login_required
def autograde_copy_hidden(
    request: HttpRequest, course: int, assignment: int, code: str
) -> HttpResponse:
    """Do the same for a work whose name is hidden."""
    membership = staff_of(request, course)
    found = assignment_of(membership.course, assignment)
    if found.handout or not found.marked:
        raise Http404
    return _copy(request, shown_by_code(membership.course, found, code))


def _copy(request: HttpRequest, work: Submission) -> HttpResponse:
    path, copy = request.POST.get("notebook", ""), request.POST.get("copy", "")
    batch = runs.copy_autograde(work, path, copy, actor=user_of(request))
    if batch is None:
        messages.info(request, _("This file no longer waits for a decision. Autograde again."))
        return redirect(page_of(work.assignment, whose(work)))
    return _to_result(request, batch, 1)


@never_cache
@require_safe
@login_required
def result(request: HttpRequest, course: int, batch: int) -> HttpResponse:
    """Show how a run went, or goes, for each student."""
    membership = staff_of(request, course)
    found = _batch(membership.course, batch)
    looked(request, membership, "course.run_seen", assignment=found.assignment, step=found.pk)
    page = runs.page_of(found, request.GET.get("page", "1"))
    counts = runs.counts_of(found)
    hidden = runs.hidden_in(found, page.object_list)
    return render(
        request,
        "classroom/grading/run_result.html",
        {
            "membership": membership,
            "tab": "course" if found.assignment else "grades",
            "batch": found,
            "autograde": bool(found.options.get("autograde")),
            "page": page,
            "lines": runs.lines_of(page.object_list, hidden),
            "counts": counts,
            "under_way": counts.ended < counts.total,
        },
    )


@never_cache
@require_safe
@login_required
def output(request: HttpRequest, course: int, batch: int, transfer: int) -> HttpResponse:
    """Show all that is kept of one student's output, as text."""
    membership = staff_of(request, course)
    run = _batch(membership.course, batch)
    found = get_object_or_404(
        Transfer.objects.select_related("member__user"), pk=transfer, batch=run
    )
    if found.member:
        seen_or_refused(membership.course, found.member)
    if runs.hidden_in(run, [found]):
        raise NamesHidden
    looked(
        request,
        membership,
        "course.output_seen",
        whom=found.member,
        assignment=run.assignment,
        step=run.pk,
    )
    (line,) = runs.lines_of([found])
    parts = [
        _("%(name)s: %(words)s")
        % {"name": found.member.name if found.member else "", "words": line.words},
        *(f"--- {name}\n{line.result.get(name) or ''}" for name in ("stdout", "stderr")),
    ]
    response = HttpResponse("\n".join(parts), content_type="text/plain; charset=utf-8")
    # A browser must not take for a page what a student's program has printed.
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_POST
@login_required
def again(request: HttpRequest, course: int, batch: int) -> HttpResponse:
    """Run it again for those for whom it failed."""
    membership = staff_of(request, course)
    found = _batch(membership.course, batch)
    fresh = runs.run_again(found, actor=user_of(request))
    if not fresh.transfers.exists():
        fresh.delete()
        messages.info(request, _("There is nothing to try again."))
        return redirect("classroom:run-result", membership.course.pk, found.pk)
    return redirect("classroom:run-result", membership.course.pk, fresh.pk)


def _batch(course: Course, batch: int) -> Batch:
    found = get_object_or_404(
        Batch.objects.select_related("assignment", "actor"),
        pk=batch,
        course=course,
        kind=Kind.RUN,
    )
    found.course = course
    return found


def _to_result(request: HttpRequest, batch: Batch, wanted: int) -> HttpResponse:
    elsewhere = wanted - batch.transfers.count()
    if elsewhere:
        words = ngettext(
            "Left out %(count)s student, because another run has not ended yet. "
            "Run this again when that one has ended.",
            "Left out %(count)s students, because another run has not ended yet. "
            "Run this again when that one has ended.",
            elsewhere,
        )
        messages.warning(request, words % {"count": elsewhere})
    return redirect("classroom:run-result", batch.course.pk, batch.pk)


def _ask(
    request: HttpRequest, membership: Membership, found: Assignment | None, form: RunForm
) -> HttpResponse:
    section = section_filter(request, membership.course).chosen
    counted = "" if found and found.anonymous else section
    context = {
        "membership": membership,
        "tab": "course" if found else "grades",
        "assignment": found,
        "form": form,
        "section": section,
        "collected": len(runs.collected_from(found, "all", counted)) if found else 0,
        "ungraded": len(runs.collected_from(found, "ungraded", counted)) if found else 0,
        "new": len(runs.collected_from(found, "new", counted)) if found else 0,
        "batches": runs.runs_of(membership.course, found),
        "assignments": membership.course.assignments.filter(handout=False, removed=None),
    }
    return render(
        request, "classroom/grading/run.html", context, status=400 if form.errors else 200
    )
