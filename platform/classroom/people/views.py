"""The people of a course: the list, taking out, letting in again, and roles."""

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classroom.conf import conf
from classroom.models import Course, Invitation, Membership, Role
from classroom.pages.access import staff_of, teacher_of
from classroom.pages.looking import looked
from classroom.pages.sections import section_filter
from classroom.pages.text import ago
from classroom.people import invitations, people_list, roster
from classroom.people.doubles import doubles
from classroom.people.forms import FilterForm
from classroom.people.mended import mended_lately
from embedding.problems import Problem
from embedding.views.access import user_of

A_PAGE = 100
_MAKE = {
    Role.TEACHER: gettext_lazy("Make teacher"),
    Role.ASSISTANT: gettext_lazy("Make assistant"),
    Role.STUDENT: gettext_lazy("Make student"),
}


@dataclass(frozen=True, slots=True)
class _Invited:
    """A line of the table of invitations; `sent` says how long ago, empty for not yet."""

    row: Invitation
    link: str
    over: bool
    mail_error: str
    sent: str

    @classmethod
    def of(cls, row: Invitation) -> "_Invited":
        sent = ago((timezone.now() - row.sent).total_seconds()) if row.sent else ""
        link, over = invitations.link(row), invitations.is_over(row)
        return cls(row, link, over, invitations.mail_error(row), sent)


@never_cache
@require_safe
@login_required
def people(request: HttpRequest, course: int) -> HttpResponse:
    """Show who is in a course, and who is invited."""
    membership = staff_of(request, course)
    looked(request, membership, "course.people_seen")
    form = FilterForm(request.GET)
    form.is_valid()
    choice = section_filter(request, membership.course)
    wanted = people_list.Filter(
        text=form.cleaned_data.get("q", ""),
        role=form.cleaned_data.get("role", ""),
        state=form.cleaned_data.get("state", ""),
        section=choice.chosen,
    )
    page = Paginator(people_list.people(membership.course, wanted), A_PAGE).get_page(
        request.GET.get("page")
    )
    here = request.GET.copy()
    here.pop("page", None)
    shown = [people_list.person(row) for row in page]
    context = {
        "membership": membership,
        "tab": "people",
        "form": form,
        "page": page,
        "people": shown,
        "some_unproven": any(one.unproven for one in shown),
        "mails": conf().mail,
        "query": here.urlencode(),
        "is_filtered": wanted != people_list.Filter(),
        "tally": people_list.tally(membership.course),
        "sections": choice.sections,
        "has_sections": bool(choice.sections),
        "roles": _MAKE.items(),
    }
    if membership.is_teacher:
        rows = membership.course.invitations.filter(accepted=None).order_by("email")
        invited = [_Invited.of(row) for row in rows]
        context |= {
            "join_url": _join_url(request, membership.course),
            "invitations": invited,
            "links": any(not each.over for each in invited),
            "doubles": doubles(membership.course),
            "mended": mended_lately(membership.course, reader=membership),
        }
    return render(request, "classroom/people/people.html", context)


@require_POST
@login_required
def people_prepare(request: HttpRequest, course: int) -> HttpResponse:
    """Try again what could not be prepared on CoCalc: for one person, or for all of these."""
    membership = staff_of(request, course)
    failed = people_list.failed_to_prepare(membership.course)
    if one := request.POST.get("member", ""):
        failed = failed.filter(pk=one) if one.isdecimal() else failed.none()
    members = list(failed)
    if members:
        roster.prepare_again(membership.course, members, actor=user_of(request))
        said = ngettext(
            "Trying again for %(count)s person.",
            "Trying again for %(count)s people.",
            len(members),
        )
        messages.success(request, said % {"count": len(members)})
    return _back(request, course)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def person_remove(request: HttpRequest, course: int, member: int) -> HttpResponse:
    """Ask, and when confirmed, take somebody out of the course; the work is kept."""
    membership = teacher_of(request, course)
    person = _person(membership.course, member)
    if person.removed:
        return redirect("classroom:people", course)
    problem = None
    if request.method == "POST":
        try:
            roster.member_remove(person, actor=user_of(request))
        except Problem as found:
            problem = found
        else:
            said = _("Removed %(name)s from the course. All work is kept.")
            messages.success(request, said % {"name": person.name})
            mine = person.pk == membership.pk
            return redirect("classroom:courses") if mine else redirect("classroom:people", course)
    context = {"membership": membership, "tab": "people", "person": person, "problem": problem}
    status = problem.status if problem else 200
    return render(request, "classroom/people/remove.html", context, status=status)


@require_POST
@login_required
def person_restore(request: HttpRequest, course: int, member: int) -> HttpResponse:
    """Let somebody who was removed in again, with all their work."""
    membership = teacher_of(request, course)
    person = _person(membership.course, member)
    if person.removed:
        roster.member_restore(person, actor=user_of(request))
        said = _("%(name)s is back in the course, with all work.")
        messages.success(request, said % {"name": person.name})
    return _back(request, course)


@require_POST
@login_required
def person_role(request: HttpRequest, course: int, member: int) -> HttpResponse:
    """Change what somebody is in the course."""
    membership = teacher_of(request, course)
    person = _person(membership.course, member)
    role = request.POST.get("role", "")
    if role not in Role.values:
        messages.error(request, _("This role does not exist."))
        return _back(request, course)
    try:
        roster.role_set(person, Role(role), actor=user_of(request))
    except Problem as problem:
        messages.error(request, problem.message)
    else:
        said = _("Changed the role of %(name)s to “%(role)s”.")
        messages.success(request, said % {"name": person.name, "role": Role(role).label})
    return _back(request, course)


def _person(course: Course, member: int) -> Membership:
    found = (
        Membership.objects.select_related("user", "project").filter(course=course, pk=member)
    ).first()
    if found is None:
        raise Http404
    found.course = course
    return found


def _join_url(request: HttpRequest, course: Course) -> str:
    if course.join_code is None:
        return ""
    return request.build_absolute_uri(reverse("classroom:join", args=[course.join_code]))


def _back(request: HttpRequest, course: int) -> HttpResponse:
    """Return to the list as it was filtered."""
    base = reverse("classroom:people", args=[course])
    query = QueryDict(request.POST.get("back", "")).urlencode()
    return redirect(f"{base}?{query}" if query else base)
