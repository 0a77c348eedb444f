"""Where a grader waives one student's late penalty, or takes it again."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from classroom.grading.selection import Filter
from classroom.grading.whose import shown_by_name
from classroom.pages.access import assignment_of, staff_of, student_in
from classroom.rules.waiving import penalties_waive
from embedding.views.access import user_of


@never_cache
@require_POST
@login_required
def waive(request: HttpRequest, course: int, assignment: int, member: int) -> HttpResponse:
    """Waive one student's late penalty (`waive`=yes), or take it again, and go back there."""
    membership = staff_of(request, course)
    found = assignment_of(membership.course, assignment)
    if found.handout:
        raise Http404
    work = shown_by_name(found, student_in(membership.course, member))
    waives = request.POST.get("waive") == "yes"
    if not penalties_waive([work], waive=waives, by=user_of(request)):
        messages.info(request, _("Nothing was changed."))
    elif waives:
        messages.success(request, _("The late penalty was waived."))
    else:
        messages.success(request, _("The late penalty counts again."))
    wanted = Filter.of(request.GET).query
    page = reverse("classroom:grade", args=[course, assignment, member])
    return redirect(f"{page}?{wanted}" if wanted else page)
