"""*Today*: the page on which one lands."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from classroom.pages.access import may_make_courses
from classroom.today.board import board_of
from embedding.conf import conf
from embedding.views.access import user_of


@never_cache
@require_safe
@login_required
def today(request: HttpRequest) -> HttpResponse:
    """Show what is next in all courses of the user; where there are none, lead to the notebooks."""
    if conf().own_sign_in:
        return redirect("embedding:mine")
    user = user_of(request)
    context = {"board": board_of(user), "may_make": may_make_courses(request)}
    return render(request, "classroom/today/today.html", context)
