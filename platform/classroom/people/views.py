"""The people of a course: the list, letting in, taking out, roles, links and invitations."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classroom.conf import conf
from classroom.models import Course, Invitation, Membership, Role
from classroom.pages.access import staff_of, teacher_of
from classroom.people import invitations, people_list, roster
from classroom.people.join_link import join_link_close, join_link_renew
from classroom.people.roster_file import (
    MOST_BYTES,
    MOST_LINES,
    Line,
    Unreadable,
    decode,
    line_of,
    read,
)
from classroom.people.roster_import import (
    Judged,
    Outcome,
    counts,
    judge,
    pack,
    roster_apply,
    unpack,
)
from embedding.problems import Problem
from embedding.views.access import user_of

A_PAGE = 100


class FilterForm(forms.Form):
    """What of the list to show; whatever else stands in the address is as if it were not there."""

    q = forms.CharField(required=False, max_length=200)
    role = forms.ChoiceField(
        required=False, choices=[("", "Everybody"), *Role.choices, ("removed", "Removed")]
    )
    state = forms.ChoiceField(
        required=False,
        choices=[
            ("", "Any state"),
            (people_list.READY, "Prepared"),
            (people_list.COMING, "Being prepared"),
            (people_list.FAILED, "Failed"),
        ],
    )


class AddForm(forms.Form):
    """One person to let in, or to invite."""

    who = forms.CharField(
        max_length=254,
        label="User name or e-mail address",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    role = forms.ChoiceField(choices=list(reversed(Role.choices)))
    number = forms.CharField(max_length=60, required=False, label="Number at school")
    first_name = forms.CharField(
        max_length=150, required=False, help_text="For an invitation; they can change it."
    )
    last_name = forms.CharField(max_length=150, required=False)

    def line(self) -> Line:
        """Return it as a line of a list."""
        given = self.cleaned_data
        return line_of(
            given["who"],
            first_name=given["first_name"],
            last_name=given["last_name"],
            number=given["number"],
        )


class ImportForm(forms.Form):
    """A list of people, pasted or as a file."""

    text = forms.CharField(
        required=False,
        strip=False,
        label="Paste a list",
        widget=forms.Textarea(attrs={"rows": 10, "maxlength": MOST_BYTES, "spellcheck": "false"}),
    )
    file = forms.FileField(
        required=False,
        allow_empty_file=True,
        label="Or choose a file",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv,text/plain"}),
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        file, text = given.get("file"), given.get("text") or ""
        if file and text.strip():
            raise forms.ValidationError("Either paste a list or choose a file, not both.")
        try:
            given["lines"] = read(decode(file.read(MOST_BYTES + 1)) if file else text)
        except Unreadable as unreadable:
            self.add_error("file" if file else "text", str(unreadable))
        return given


@never_cache
@require_safe
@login_required
def people(request: HttpRequest, course: int) -> HttpResponse:
    """Show who is in a course, and who is invited."""
    membership = staff_of(request, course)
    form = FilterForm(request.GET)
    form.is_valid()
    wanted = people_list.Filter(
        text=form.cleaned_data.get("q", ""),
        role=form.cleaned_data.get("role", ""),
        state=form.cleaned_data.get("state", ""),
    )
    page = Paginator(people_list.people(membership.course, wanted), A_PAGE).get_page(
        request.GET.get("page")
    )
    here = request.GET.copy()
    here.pop("page", None)
    context = {
        "membership": membership,
        "tab": "people",
        "form": form,
        "page": page,
        "people": [people_list.person(row) for row in page],
        "query": here.urlencode(),
        "is_filtered": wanted != people_list.Filter(),
        "tally": people_list.tally(membership.course),
        "roles": Role.choices,
    }
    if membership.is_teacher:
        context |= {
            "join_url": _join_url(request, membership.course),
            "invitations": [
                (row, invitations.link(row), invitations.is_over(row))
                for row in membership.course.invitations.filter(accepted=None).order_by("email")
            ],
            "mails": conf().mail,
        }
    return render(request, "classroom/people/people.html", context)


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


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def people_import(request: HttpRequest, course: int) -> HttpResponse:
    """Let a list of students in: first show what each line would do, then do it when confirmed."""
    membership = teacher_of(request, course)
    form = ImportForm()
    if packed := request.POST.get("confirmed"):
        lines = unpack(membership.course, packed)
        if lines is not None:
            done = counts(roster_apply(membership.course, lines, actor=user_of(request)))
            came = done[Outcome.KNOWN] + done[Outcome.BACK]
            invited = done[Outcome.NEW]
            more = f", {_number(invited, 'invitation')} written" if invited else ""
            messages.success(request, f"{_number(came, 'student')} let in{more}.")
            return redirect("classroom:people", course)
        messages.error(request, "The preview is too old. Please paste the list once more.")
    elif request.method == "POST":
        form = ImportForm(request.POST, request.FILES)
        if form.is_valid():
            return _preview(request, membership, form.cleaned_data["lines"])
    context = {"membership": membership, "tab": "people", "form": form, "most_lines": MOST_LINES}
    return render(request, "classroom/people/import.html", context)


def _preview(request: HttpRequest, membership: Membership, lines: list[Line]) -> HttpResponse:
    judged = judge(membership.course, lines)
    found = counts(judged)
    context = {
        "membership": membership,
        "tab": "people",
        "judged": judged,
        "counts": [(outcome, found[outcome]) for outcome in Outcome if found[outcome]],
        "useful": found[Outcome.NEW] + found[Outcome.KNOWN] + found[Outcome.BACK],
        "invites": found[Outcome.NEW],
        "mails": conf().mail,
        "packed": pack(membership.course, lines),
    }
    return render(request, "classroom/people/preview.html", context)


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
        messages.success(request, f"Trying again for {_number(len(members), 'person', 'people')}.")
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
        except Problem as said:
            problem = said
        else:
            messages.success(
                request, f"{person.name} is no longer in the course. All work is kept."
            )
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
        messages.success(request, f"{person.name} is back in the course, with all work.")
    return _back(request, course)


@require_POST
@login_required
def person_role(request: HttpRequest, course: int, member: int) -> HttpResponse:
    """Change what somebody is in the course."""
    membership = teacher_of(request, course)
    person = _person(membership.course, member)
    role = request.POST.get("role", "")
    if role not in Role.values:
        messages.error(request, "There is no such role.")
        return _back(request, course)
    try:
        roster.role_set(person, Role(role), actor=user_of(request))
    except Problem as problem:
        messages.error(request, problem.message)
    else:
        messages.success(request, f"{person.name} is {role} now.")
    return _back(request, course)


@require_POST
@login_required
def join_link(request: HttpRequest, course: int) -> HttpResponse:
    """Make a join link or a new one, or close it."""
    membership = teacher_of(request, course)
    user = user_of(request)
    if request.POST.get("do") == "close":
        join_link_close(membership.course, actor=user)
        messages.success(request, "The join link is closed.")
    else:
        join_link_renew(membership.course, actor=user)
        messages.success(request, "There is a new join link. An old one does not work any more.")
    return redirect("classroom:people", course)


@require_POST
@login_required
def invitation_renew(request: HttpRequest, course: int, invitation: int) -> HttpResponse:
    """Make a new link for an invitation."""
    membership = teacher_of(request, course)
    row = _invitation(membership.course, invitation)
    try:
        invitations.renew(row, actor=user_of(request))
    except Problem:
        messages.info(request, f"{row.email} has taken the invitation meanwhile.")
    else:
        messages.success(request, f"There is a new link for {row.email}; the old one is worthless.")
    return redirect(reverse("classroom:people", args=[course]) + "#invitations")


@require_POST
@login_required
def invitation_cancel(request: HttpRequest, course: int, invitation: int) -> HttpResponse:
    """Take an invitation back."""
    membership = teacher_of(request, course)
    row = _invitation(membership.course, invitation)
    try:
        invitations.cancel(row, actor=user_of(request))
    except Problem:
        messages.info(request, f"{row.email} has taken the invitation meanwhile.")
    else:
        messages.success(request, f"{row.email} is not invited any more.")
    return redirect(reverse("classroom:people", args=[course]) + "#invitations")


def _person(course: Course, member: int) -> Membership:
    found = (
        Membership.objects.select_related("user", "project").filter(course=course, pk=member)
    ).first()
    if found is None:
        raise Http404
    found.course = course
    return found


def _invitation(course: Course, invitation: int) -> Invitation:
    found = Invitation.objects.select_related("course").filter(course=course, pk=invitation).first()
    if found is None:
        raise Http404
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


def _said(done: Judged, role: Role) -> str:
    if done.outcome == Outcome.NEW:
        return f"{done.line.email} is invited as {role}. The link is below."
    name = (done.user and done.user.get_full_name()) or done.line.text
    back = " again, with all work" if done.outcome == Outcome.BACK else ""
    return f"{name} is in the course{back}, as {role}."


def _number(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"
