"""The sections of a course: who is in which, their names, and their assistants."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from classroom.models import Course, Membership, Role, section_key
from classroom.pages.access import teacher_of
from classroom.pages.sections import Section, sections_of
from classroom.rules.deadlines import Moved
from classroom.sections.asking import ask_or_do, ask_page
from classroom.sections.assistants import duties_of, duties_set
from classroom.sections.members import section_move, section_named, section_remove, section_rename
from embedding.problems import Problem
from embedding.views.access import user_of

_MOST = 1000  # students of one form


@dataclass(frozen=True, slots=True)
class Line:
    """One section, and who looks after it."""

    section: Section
    assistants: list[Membership]


@dataclass(frozen=True, slots=True)
class Duty:
    """An assistant, and for each section whether it is theirs."""

    assistant: Membership
    choices: list[tuple[Section, bool]]

    @property
    def is_limited(self) -> bool:
        """Whether it is some sections only."""
        return any(chosen for _section, chosen in self.choices)


@never_cache
@require_safe
@login_required
def sections(request: HttpRequest, course: int) -> HttpResponse:
    """Show the sections, and which assistant looks after which."""
    membership = teacher_of(request, course)
    found = sections_of(membership.course, empty=True)
    duties = duties_of(membership.course)
    keys = {pk: {section_key(name) for name in names} for pk, names in duties.items()}
    assistants = list(_people(membership.course, Role.ASSISTANT))
    students = _people(membership.course, Role.STUDENT)
    context = {
        "membership": membership,
        "tab": "people",
        "lines": [
            Line(section, [each for each in assistants if section.key in keys.get(each.pk, ())])
            for section in found
        ],
        "duties": [
            Duty(each, [(section, section.key in keys.get(each.pk, ())) for section in found])
            for each in assistants
        ],
        "without": students.filter(section="").count(),
        "students": students.count(),
    }
    return render(request, "classroom/sections/sections.html", context)


@never_cache
@require_POST
@login_required
def move(request: HttpRequest, course: int) -> HttpResponse:
    """Move the chosen students to a section, or out of theirs; ask first where dates move."""
    membership = teacher_of(request, course)
    chosen = [pk for pk in request.POST.getlist("member")[:_MOST] if _is_id(pk)]
    students = list(_people(membership.course, Role.STUDENT).filter(pk__in=chosen))
    back = _people_list(request, course)
    if not students:
        messages.info(request, _("Choose students first."))
        return redirect(back)
    name = section_named(membership.course, request.POST.get("section", ""))
    count = len(students)
    if name:
        title = ngettext(
            "Move %(count)s student to “%(section)s”",
            "Move %(count)s students to “%(section)s”",
            count,
        )
        done = ngettext(
            "%(count)s student was moved to “%(section)s”.",
            "%(count)s students were moved to “%(section)s”.",
            count,
        )
    else:
        title = ngettext(
            "Take %(count)s student out of the section",
            "Take %(count)s students out of their sections",
            count,
        )
        done = ngettext(
            "%(count)s student was taken out of the section.",
            "%(count)s students were taken out of their sections.",
            count,
        )
    words = {"count": count, "section": name}
    return _asked(
        request,
        membership,
        lambda: section_move(membership.course, students, name, by=user_of(request)),
        title=title % words,
        done=done % words,
        back=back,
    )


@require_POST
@login_required
def rename(request: HttpRequest, course: int) -> HttpResponse:
    """Give a section another name."""
    membership = teacher_of(request, course)
    new = request.POST.get("name", "")
    try:
        section_rename(membership.course, request.POST.get("section", ""), new, by=user_of(request))
    except Problem as problem:
        messages.error(request, problem.message)
    else:
        messages.success(request, _("The section was renamed."))
    return redirect("classroom:sections", course)


@never_cache
@require_POST
@login_required
def remove(request: HttpRequest, course: int) -> HttpResponse:
    """Remove a section; ask first where due times move."""
    membership = teacher_of(request, course)
    name = section_named(membership.course, request.POST.get("section", ""))
    if not name:
        raise Http404
    return _asked(
        request,
        membership,
        lambda: section_remove(membership.course, name, by=user_of(request)),
        title=_("Remove the section “%(section)s”") % {"section": name},
        done=_("The section “%(section)s” was removed. Its students stay in the course.")
        % {"section": name},
        back=reverse("classroom:sections", args=[course]),
    )


@require_POST
@login_required
def assistant(request: HttpRequest, course: int, member: int) -> HttpResponse:
    """Say which sections an assistant looks after."""
    membership = teacher_of(request, course)
    found = _people(membership.course, Role.ASSISTANT).filter(pk=member).first()
    if found is None:
        raise Http404
    found.course = membership.course
    known = {section.key: section.name for section in sections_of(membership.course, empty=True)}
    wanted = {section_key(name) for name in request.POST.getlist("section")} & known.keys()
    duties_set(found, [known[key] for key in wanted], by=user_of(request))
    if wanted:
        said = _("%(name)s now sees only the students of these sections.")
    else:
        said = _("%(name)s now sees all students of the course.")
    messages.success(request, said % {"name": found.name})
    return redirect("classroom:sections", course)


def _asked(
    request: HttpRequest,
    membership: Membership,
    do: Callable[[], Sequence[Moved]],
    *,
    title: str,
    done: str,
    back: str,
) -> HttpResponse:
    effect = ask_or_do(do, request.POST.get("seen", ""))
    if effect is None:
        messages.success(request, done)
        return redirect(back)
    return ask_page(request, membership, effect, title=title, back=back)


def _people(course: Course, role: Role) -> QuerySet[Membership]:
    return (
        Membership.objects.filter(course=course, role=role, removed=None)
        .select_related("user")
        .order_by("user__last_name", "user__first_name", "user__username")
    )


def _people_list(request: HttpRequest, course: int) -> str:
    """Return the address of the list as it was filtered."""
    base = reverse("classroom:people", args=[course])
    query = QueryDict(request.POST.get("back", "")).urlencode()
    return f"{base}?{query}" if query else base


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 18
