"""Looking into a course, with a reason of one line, and stopping."""

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from administration.access import administrators, context
from classroom.models import Course, Membership
from classroom.pages.looking_into import PERMISSION, look_begin, look_end
from embedding.conf import conf
from embedding.names import tidy
from embedding.views.access import user_of


class ReasonForm(forms.Form):
    """Why somebody looks."""

    reason = forms.CharField(
        label=gettext_lazy("Why do you look into this course?"),
        help_text=gettext_lazy("One line, such as “Ada Lovelace cannot open Homework 2”."),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "size": 60}),
    )

    def clean_reason(self) -> str:
        """Return it as one line."""
        reason = tidy(self.cleaned_data["reason"])
        if not reason:
            raise forms.ValidationError(_("Say in a few words why."))
        return reason


@administrators(PERMISSION)
@require_http_methods(["GET", "HEAD", "POST"])
def look(request: HttpRequest, course: int) -> HttpResponse:
    """Ask why, and then show the course as its teachers see it."""
    found = Course.objects.filter(pk=course).first()
    if found is None or conf().own_sign_in:  # without a key of CoCalc's there are no courses
        raise Http404
    if Membership.objects.filter(course=found, user=user_of(request), removed=None).exists():
        return redirect("classroom:course", found.pk)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        look_begin(request, found, form.cleaned_data["reason"])
        return redirect("classroom:course", found.pk)
    title = _("Look into “%(course)s”") % {"course": found}
    return render(
        request,
        "administration/looking/look.html",
        context(request, title, course=found, form=form),
    )


@administrators()
@require_POST
def stop(request: HttpRequest) -> HttpResponse:
    """Look no longer, and go back to where the course is administered."""
    course = look_end(request)
    if course is None or not request.user.has_perm(PERMISSION):
        return redirect("admin:index")
    return redirect("admin:classroom_course_change", course)
