"""Letting people into a course: one, by a link, by invitations."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from classroom.models import Course, Invitation, Membership, Role
from classroom.pages.access import teacher_of
from classroom.people import invitations
from classroom.people.forms import AddForm
from classroom.people.join_link import join_link_close, join_link_renew
from classroom.people.roster_import import Judged, Outcome, roster_apply
from classroom.rules.names import folder_from
from embedding.names import person_name
from embedding.problems import Problem
from embedding.views.access import user_of


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def people_add(request: HttpRequest, course: int) -> HttpResponse:
    """Let one person in by name, or invite them by their address."""
    membership = teacher_of(request, course)
    form = AddForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        role = Role(form.cleaned_data["role"])
        done = roster_apply(membership.course, [form.line()], role=role, actor=user_of(request))[0]
        if done.outcome in (Outcome.MALFORMED, Outcome.ALREADY):
            form.add_error("who", done.said)
        else:
            messages.success(request, _said(done, role))
            return redirect("classroom:people", course)
    context = {"membership": membership, "tab": "people", "form": form}
    return render(request, "classroom/people/add.html", context)


@require_POST
@login_required
def join_link(request: HttpRequest, course: int) -> HttpResponse:
    """Create a join link or a new one, or close it."""
    membership = teacher_of(request, course)
    user = user_of(request)
    if request.POST.get("do") == "close":
        join_link_close(membership.course, actor=user)
        messages.success(request, _("The join link is closed."))
    else:
        join_link_renew(membership.course, actor=user)
        messages.success(request, _("Made a new join link. Older links no longer work."))
    return redirect("classroom:people", course)


@never_cache
@require_POST
@login_required
def invitation_links(request: HttpRequest, course: int) -> HttpResponse:
    """Send the open invitations with their links, to be handed on: a POST, since it is logged."""
    membership = teacher_of(request, course)
    text = invitations.links_csv(membership.course, actor=user_of(request))
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    name = f"{folder_from(membership.course.title)}-invitations.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_POST
@login_required
def invitation_renew(request: HttpRequest, course: int, invitation: int) -> HttpResponse:
    """Create a new link for an invitation."""
    membership = teacher_of(request, course)
    done = _("Created a new link for %(email)s. The old link no longer works.")
    return _change(request, membership, invitation, invitations.renew, done)


@require_POST
@login_required
def invitation_cancel(request: HttpRequest, course: int, invitation: int) -> HttpResponse:
    """Take an invitation back."""
    membership = teacher_of(request, course)
    done = _("Took back the invitation for %(email)s.")
    return _change(request, membership, invitation, invitations.cancel, done)


def _change(
    request: HttpRequest,
    membership: Membership,
    invitation: int,
    change: Callable[..., None],
    done: str,
) -> HttpResponse:
    row = _invitation(membership.course, invitation)
    try:
        change(row, actor=user_of(request))
    except Problem:
        said = _("%(email)s has already used the invitation.")
        messages.info(request, said % {"email": row.email})
    else:
        messages.success(request, done % {"email": row.email})
    return redirect(reverse("classroom:people", args=[row.course_id]) + "#invitations")


def _invitation(course: Course, invitation: int) -> Invitation:
    found = Invitation.objects.select_related("course").filter(course=course, pk=invitation).first()
    if found is None:
        raise Http404
    return found


def _said(done: Judged, role: Role) -> str:
    if done.outcome == Outcome.NEW:
        said = _("Invited %(email)s (%(role)s). The link is below.")
        said %= {"email": done.line.email, "role": role.label}
        return f"{said} {done.more}".strip()
    said = _("Added %(name)s (%(role)s).")
    if done.outcome == Outcome.BACK:
        said = _("%(name)s is back in the course, with all work (%(role)s).")
    name = person_name(done.user) if done.user else done.line.text
    return said % {"name": name, "role": role.label}
