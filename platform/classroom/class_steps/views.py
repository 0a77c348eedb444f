"""The staff's page of one assignment, its buttons, and the progress of what they start."""

import functools
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.db.models import Case, IntegerField, Value, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from classroom.assignments.assignments import blocked_reason
from classroom.class_steps import assignment_table, class_steps, class_totals, progress
from classroom.class_steps.stayed import stayed_of, with_stayed
from classroom.models import Assignment, Batch, Course, Kind, Membership, Submission, Transfer
from classroom.pages.access import assignment_of, membership_of, staff_of
from classroom.pages.looking import looked
from classroom.pages.sections import Section, section_filter, seen
from classroom.pages.telling import Telling
from classroom.pages.text import moment
from classroom.rules.penalties import has_rule
from classroom.rules.waiving import penalties_waive
from classroom.sections.dates import waiting
from embedding.names import person_name
from embedding.problems import Problem
from embedding.views.access import user_of

PAGE = 100
_NAMED = 5  # students who were left out
_MEMBERS_MOST = 1000  # of one form; a page has a hundred

_NEEDS_A_LOOK = Case(
    *(
        When(state=state, then=Value(place))
        for place, state in enumerate(("failed", "running", "queued", "cancelled", "done"))
    ),
    output_field=IntegerField(),
)

View = Callable[..., HttpResponse]


def live(view: View) -> View:
    """Make a view one that a page asks again and again: signed out, the page is loaded anew."""

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if is_live(request) and not request.user.is_authenticated:
            return HttpResponse(headers={"HX-Refresh": "true"})
        return login_required(view)(request, *args, **kwargs)

    return never_cache(wrapped)


def is_live(request: HttpRequest) -> bool:
    """Whether a page's script asks for a part of it."""
    return request.headers.get("HX-Request") == "true"


@live
@require_safe
def assignment(request: HttpRequest, course: int, assignment: int) -> HttpResponse:
    """Show how far the class is, what comes next, and where each student stands.

    A page's script is answered with how far the class is, alone.
    """
    membership = membership_of(request, course)
    if not membership.is_staff:
        return redirect("classroom:course", course)
    found = assignment_of(membership.course, assignment)
    looked(request, membership, "course.standing_seen", assignment=found)
    wanted = _wanted(request, membership.course)
    context = _standing(membership, found, wanted)
    context["progress"] = progress.progress_of(progress.shown_on(found))
    # Where a step is under way, that looks again, and brings the rest along.
    context["polls"] = not any(one.active for one in context["progress"])
    if is_live(request) and request.GET.get("part") == "standing":
        return render(request, "classroom/class_steps/standing_live.html", context)
    page = assignment_table.page_of(found, wanted)
    context |= {
        "tab": "course",
        "page": "students",
        "filters": assignment_table.filters_of(found),
        "students": page,
        "pages": page.paginator.get_elided_page_range(page.number),
        "size": sum(file["size"] for file in found.files),
    }
    return render(request, "classroom/class_steps/assignment.html", context)


@login_required
@require_POST
def step(request: HttpRequest, course: int, assignment: int) -> HttpResponse:
    """Start a step, or join the one that is under way."""
    membership = staff_of(request, course)
    shown = assignment_of(membership.course, assignment)
    wanted = _wanted(request, membership.course)
    if request.POST.get("kind") == "extend":
        return redirect(_extensions(shown, _chosen(request, shown, wanted)))
    actor = user_of(request)
    if request.POST.get("kind") == "waive":
        messages.info(request, _waive(shown, _chosen(request, shown, wanted), actor))
        return redirect(_back(request, shown))
    kind, who = _asked(request, shown, wanted)
    overwrite = request.POST.get("overwrite") == "yes"
    section = wanted.section
    with Telling(request):
        if kind in (Kind.COLLECT, Kind.RETURN):
            _refuse_few(shown, who, section)
        if who == "failed":
            class_steps.try_again(shown, kind, actor=actor)
        elif kind == Kind.HAND_OUT and overwrite and request.POST.get("confirm") != "yes":
            messages.error(
                request,
                _("Nothing was overwritten. First confirm that students’ work is replaced."),
            )
        elif kind == Kind.HAND_OUT:
            # Asked before it is done: that may bring their release forward.
            ahead = membership.is_teacher and request.POST.get("ahead") == "yes"
            held = [] if ahead or who not in ("missing", "all") else waiting(shown)
            batch = class_steps.hand_out(
                shown, who, actor=actor, overwrite=overwrite, section=section, ahead=ahead
            )
            _tell(request, batch, actor.pk)
            if held:
                messages.info(request, _held_back(held, membership.course))
        elif kind == Kind.COLLECT:
            early = request.POST.get("early") == "yes"
            left_out = [] if early else class_steps.still_working(shown, who, section)
            batch = class_steps.collect(shown, who, actor=actor, early=early, section=section)
            _tell(request, batch, actor.pk)
            if left_out:
                messages.info(request, _left_out(left_out, membership.course))
        else:
            ungraded = request.POST.get("ungraded") == "yes"
            batch = class_steps.give_back(
                shown, who, actor=actor, ungraded=ungraded, section=section
            )
            _tell(request, batch, actor.pk)
    return redirect(_back(request, shown))


def _refuse_few(assignment: Assignment, who: object, section: str) -> None:
    """Problem where so few would be collected or returned that one sees whose work it is."""
    if assignment.anonymous and (section or who not in ("missing", "all", "failed")):
        words = _("Names are hidden: collect from all students at once, and return to all at once.")
        raise Problem("names_hidden", words, status=409)


@live
@require_safe
def step_progress(request: HttpRequest, course: int, batch: int) -> HttpResponse:
    """Show how far a step is: for a page's script that part alone, else a page of its own."""
    membership = staff_of(request, course)
    shown = _batch_of(membership.course, batch)
    looked(request, membership, "course.step_seen", assignment=shown.assignment, step=shown.pk)
    if progress.is_nameless(shown) and not is_live(request):
        return redirect("classroom:run-result", course, batch)  # there it is told without names
    [one] = progress.progress_of([shown])
    context: dict[str, Any] = {"membership": membership, "tab": "course", "one": one}
    if not is_live(request):
        context["page"] = _transfers(shown, request.GET.get("page"))
        context["pages"] = context["page"].paginator.get_elided_page_range(context["page"].number)
        return render(request, "classroom/class_steps/step.html", context)
    context["said"] = request.GET.get("said", "")
    if shown.assignment and request.GET.get("table") == "yes":
        wanted = _wanted(request, membership.course)
        context |= _standing(membership, shown.assignment, wanted)
        context["polls"] = not one.active
        if not wanted.is_narrow:  # rows that a filter would drop stay until the end
            context["rows"] = assignment_table.page_of(shown.assignment, wanted)
    return render(request, "classroom/class_steps/live.html", context)


@login_required
@require_POST
def step_retry(request: HttpRequest, course: int, batch: int) -> HttpResponse:
    """Do a step again for those for whom it failed."""
    membership = staff_of(request, course)
    shown = _batch_of(membership.course, batch)
    with Telling(request):
        fresh = class_steps.retry_failed(shown, actor=user_of(request))
        if shown.assignment is None or request.POST.get("from") == "step":
            return redirect("classroom:step-progress", course, fresh.pk)
    if shown.assignment is None or request.POST.get("from") == "step":
        return redirect("classroom:step-progress", course, shown.pk)
    return redirect(_back(request, shown.assignment))


@never_cache
@login_required
@require_safe
def steps(request: HttpRequest, course: int) -> HttpResponse:
    """Show what was done in the course, the last first."""
    membership = staff_of(request, course)
    batches = progress.history(membership.course)
    return render(
        request,
        "classroom/class_steps/steps.html",
        {
            "membership": membership,
            "tab": "course",
            "progress": progress.progress_of(batches),
        },
    )


def _wanted(request: HttpRequest, course: Course) -> assignment_table.Wanted:
    """Return who is shown; a section that is not there is as if it were not chosen."""
    wanted = assignment_table.Wanted.of(request.POST or request.GET)
    return replace(wanted, section=section_filter(request, course).chosen)


def _standing(
    membership: Membership, assignment: Assignment, wanted: assignment_table.Wanted
) -> dict[str, Any]:
    """Return how far the class, or one section, is, and what comes next."""
    totals = class_totals.totals(assignment, wanted.section)
    step = class_totals.comes_next(assignment, totals, membership, wanted.section)
    return {
        "membership": membership,
        "assignment": assignment,
        "blocked": blocked_reason(assignment),
        "totals": totals,
        "next": step,
        "wanted": wanted,
        "table": True,
        "late_costs": has_rule(assignment),
        "waiting": waiting(assignment) if totals["held_back"] else [],
    }


def _asked(
    request: HttpRequest, assignment: Assignment, wanted: assignment_table.Wanted
) -> tuple[Kind, class_steps.Who | Literal["failed"]]:
    """Return which step is asked for, and for whom; Http404 for what no form of ours sends."""
    kind = request.POST.get("kind", "")
    if not kind and request.POST.get("overwrite"):
        kind = Kind.HAND_OUT
    who = request.POST.get("who", "")
    if who == "failed" and kind in (*class_steps.STEPS, Kind.DUE_DATE, Kind.RUN):
        return Kind(kind), "failed"
    if kind not in class_steps.STEPS:
        raise Http404
    if who == "missing" or who == "all":
        whom: Literal["missing", "all"] = "missing" if who == "missing" else "all"
        return Kind(kind), whom
    return Kind(kind), _chosen(request, assignment, wanted)


def _chosen(
    request: HttpRequest, assignment: Assignment, wanted: assignment_table.Wanted
) -> list[int]:
    """Return the students that were ticked, or all of the list, on whatever page of it."""
    if request.POST.get("every") == "yes":
        rows = assignment_table.shown(assignment, wanted)
        return list(rows.values_list("student", flat=True))
    chosen = request.POST.getlist("member")[:_MEMBERS_MOST]
    if not all(pk.isdecimal() and len(pk) < 18 for pk in chosen):
        raise Http404
    return [int(pk) for pk in chosen]


def _waive(assignment: Assignment, students: list[int], by: User) -> str:
    """Waive the late penalty of those of the students whose work is late; say of how many."""
    works = class_steps.rows_of(assignment).filter(student__in=students, late=True)
    count = len(penalties_waive(works, waive=True, by=by))
    if not count:
        return _("None of the chosen students has a late penalty to waive.")
    words = ngettext(
        "The late penalty of %(count)s student was waived.",
        "The late penalty of %(count)s students was waived.",
        count,
    )
    return words % {"count": count}


def _extensions(assignment: Assignment, students: list[int]) -> str:
    """Return the address at which more time is given to these students."""
    address = reverse("classroom:extensions", args=(assignment.course_id, assignment.pk))
    query = urlencode([("student", pk) for pk in students])
    return f"{address}?{query}" if query else address


def _left_out(rows: list[Submission], course: Course) -> str:
    """Say who still has time, those first whose time is over first."""
    named: dict[str, list[str]] = defaultdict(list)
    for row in rows[:_NAMED]:
        named[moment(row.due, course.zone)].append(row.student.name)
    between = pgettext("list", ", ")
    until = [
        _("%(names)s (until %(when)s)") % {"names": between.join(names), "when": due}
        for due, names in named.items()
    ]
    words = _(
        "Left out, because they still have time: %(students)s. Their work is collected when it is "
        "due."
    )
    rest = len(rows) - _NAMED
    if rest > 0:
        words = ngettext(
            "Left out, because they still have time: %(students)s and %(count)s more. Their work "
            "is collected when it is due.",
            "Left out, because they still have time: %(students)s and %(count)s more. Their work "
            "is collected when it is due.",
            rest,
        )
    return words % {"students": "; ".join(until), "count": rest}


def _held_back(held: list[tuple[Section, datetime]], course: Course) -> str:
    """Say which sections get it at a release of their own."""
    named = [f"{section.name} ({moment(release, course.zone)})" for section, release in held]
    return _("Left out, because their own release is still to come: %(sections)s.") % {
        "sections": pgettext("list", ", ").join(named)
    }


def _tell(request: HttpRequest, batch: Batch, actor: int) -> None:
    if batch.actor_id != actor:
        words = (
            _("%(name)s has already started this. You see its progress.")
            % {"name": person_name(batch.actor)}
            if batch.actor
            else _("This has already started automatically. You see its progress.")
        )
        messages.info(request, words)


def _back(request: HttpRequest, assignment: Assignment) -> str:
    """Return where the form was: the same page of the table, or a student's grading page."""
    student = request.POST.get("back_student", "")
    if student.isdecimal() and len(student) < 18:
        return reverse("classroom:grade", args=(assignment.course_id, assignment.pk, int(student)))
    address = reverse("classroom:assignment", args=(assignment.course_id, assignment.pk))
    query = assignment_table.Wanted.of(request.POST).query
    return f"{address}?{query}" if query else address


def _batch_of(course: Course, batch: int) -> Batch:
    found = (
        Batch.objects.select_related("assignment", "actor").filter(course=course, pk=batch).first()
    )
    if found is None:
        raise Http404
    found.course = course
    if found.assignment:
        found.assignment.course = course
    return found


def _transfers(batch: Batch, number: str | None) -> Any:
    """Return a page of a step's transfers, those that need a look first."""
    rows = (
        with_stayed(Transfer.objects.filter(seen(batch.course, "member__"), batch=batch))
        .select_related("member__user")
        .order_by(_NEEDS_A_LOOK, "member__user__last_name", "member__user__first_name", "pk")
    )
    page: Any = Paginator(rows, PAGE).get_page(number)
    page.object_list = [(row, stayed_of(row)) for row in page.object_list]
    if batch.kind == Kind.COLLECT and batch.assignment and batch.assignment.anonymous:
        for row, _stayed in page.object_list:
            row.ended = None  # the folder without a name tells when it came
    return page
