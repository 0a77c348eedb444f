"""All students' projects at once: started ahead of a lesson, or stopped after it."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from classroom.class_steps.class_steps import projects_step
from classroom.models import Batch, Kind, Membership, Role
from classroom.pages.access import staff_of
from classroom.pages.sections import seen
from classroom.pages.telling import Telling
from embedding.views.access import user_of


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def projects(request: HttpRequest, course: int) -> HttpResponse:
    """Start all projects of the students whom the reader looks after; stop them once confirmed."""
    membership = staff_of(request, course)
    asked = request.POST.get("kind", "")
    if request.method == "POST" and asked not in (Kind.START, Kind.STOP):
        raise Http404
    if asked == Kind.START or (asked == Kind.STOP and request.POST.get("confirm") == "yes"):
        with Telling(request):
            batch = projects_step(membership.course, Kind(asked), actor=user_of(request))
            return redirect("classroom:step-progress", course, batch.pk)
        return redirect("classroom:projects", course)
    students = Membership.objects.filter(
        seen(membership.course), course=course, role=Role.STUDENT, removed=None
    )
    context = {
        "membership": membership,
        "tab": "people",
        "students": students.count(),
        "asks": asked == Kind.STOP,
        "last": Batch.objects.filter(
            seen(membership.course, "transfers__member__"),
            course=course,
            kind__in=(Kind.START, Kind.STOP),
            transfers__isnull=False,
        ).first(),
    }
    return render(request, "classroom/class_steps/projects.html", context)
