"""Coming into a course: by its join link, or by an invitation. Strangers see its title alone."""

import uuid

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from classroom.conf import conf
from classroom.models import Course, Invitation, Membership
from classroom.pages.naming import name_given
from classroom.people import invitations
from classroom.people.doubles import double_of
from classroom.people.proving import unproven_of
from classroom.people.roster import student_enrol
from embedding.names import tidy
from embedding.problems import Problem
from embedding.views.access import user_of


class AccountForm(UserCreationForm):  # type: ignore[type-arg]
    """What an invited person chooses: user name, password, and the names that others read."""

    class Meta:
        model = User
        fields = ("username", "first_name", "last_name")
        labels = {"username": gettext_lazy("User name")}
        help_texts = {"username": gettext_lazy("Letters, digits and @ . + - _")}
        error_messages = {
            "username": {
                "required": gettext_lazy("Choose a user name."),
                "unique": gettext_lazy("This user name is taken. Please choose another."),
                "invalid": gettext_lazy(
                    "A user name has letters, digits and @ . + - _ only, and no spaces."
                ),
                "max_length": gettext_lazy("This user name is too long."),
            }
        }

    def clean_username(self) -> str:
        """Refuse what is a letter to Unicode and nothing to the eye."""
        name = str(super().clean_username())
        if tidy(name) != name:
            raise ValidationError(
                _("This user name contains an invisible character. Please remove it.")
            )
        return name

    def clean_first_name(self) -> str:
        """Drop what cannot be seen: it could make a name look like somebody else's."""
        return name_given(self.cleaned_data["first_name"])

    def clean_last_name(self) -> str:
        return name_given(self.cleaned_data["last_name"])


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, code: uuid.UUID) -> HttpResponse:
    """Let somebody who has a course's join link in as a student, when they say so.

    Who is not signed in reads what the course is called and how to come in: accounts are made by
    invitation alone.
    """
    course = Course.objects.filter(join_code=code, archived=None).first()
    if course is None:
        context = {
            "title": _("This link no longer works"),
            "text": _("It was closed or replaced. Ask your teacher for a new one."),
        }
        return render(request, "classroom/people/join_closed.html", context, status=404)
    if not request.user.is_authenticated:
        if request.method == "POST":
            return redirect_to_login(request.path)
        return render(request, "classroom/people/join_signed_out.html", {"course": course})
    user = user_of(request)
    membership = Membership.objects.filter(course=course, user=user).first()
    if membership and membership.removed:
        return _refused(request, course, invitations.removed())
    if membership is None and request.method == "POST":
        student_enrol(course, user, actor=user)
        _say_joined(request, course)
    elif membership is None:
        return render(request, "classroom/people/join.html", {"course": course})
    return redirect("classroom:course", course.pk)


@never_cache
@sensitive_post_parameters("password1", "password2")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, signed: str) -> HttpResponse:
    """Take an invitation: with a new account, or with the account that one is signed in with."""
    try:
        found = invitations.find(signed)
        if request.user.is_authenticated:
            return _accept(request, signed, found)
        return _account(request, signed, found)
    except Problem as problem:
        context = {"title": _("This invitation does not work"), "text": problem.message}
        return render(request, "classroom/people/join_closed.html", context, status=problem.status)


def _accept(request: HttpRequest, signed: str, found: Invitation) -> HttpResponse:
    course = found.course
    if request.method != "POST":
        return render(request, "classroom/people/invitation_accept.html", {"course": course})
    member = invitations.accept(signed, user_of(request))
    _say_joined(request, course)
    _say_double(request, member, found.email)
    return redirect("classroom:course", course.pk)


def _account(request: HttpRequest, signed: str, found: Invitation) -> HttpResponse:
    course = found.course
    names = {"first_name": found.first_name, "last_name": found.last_name}
    form = AccountForm(request.POST or None, initial=names)
    if request.method == "POST" and form.is_valid():
        user = form.save(commit=False)
        try:
            member = invitations.account_create(signed, user)
        except IntegrityError:
            form.add_error("username", _("This user name is taken. Please choose another."))
        else:
            login(request, user, backend=settings.AUTHENTICATION_BACKENDS[-1])
            said = _("Welcome! You have joined “%(course)s”.")
            messages.success(request, said % {"course": course.title})
            _say_double(request, member, found.email)
            _say_unproven(request, user)
            return redirect("classroom:course", course.pk)
    context = {"course": course, "form": form}
    return render(request, "classroom/people/invitation_account.html", context)


def _say_joined(request: HttpRequest, course: Course) -> None:
    messages.success(request, _("You have joined “%(course)s”.") % {"course": course.title})


def _say_double(request: HttpRequest, member: Membership, email: str) -> None:
    if double_of(member, email):
        messages.warning(
            request,
            _(
                "Another account in this course has the e-mail address of your invitation. If it "
                "is yours too, tell your teacher, who can remove one of the two."
            ),
        )


def _say_unproven(request: HttpRequest, user: User) -> None:
    if unproven_of(user):
        said = (
            _("Please confirm your e-mail address: open the link that we sent to %(email)s.")
            if conf().mail
            else _(
                "Your e-mail address %(email)s is not confirmed. Your profile says how to do it."
            )
        )
        messages.info(request, said % {"email": user.email})


def _refused(request: HttpRequest, course: Course, problem: Problem) -> HttpResponse:
    context = {"title": course.title, "text": problem.message}
    return render(request, "classroom/people/join_closed.html", context, status=problem.status)
