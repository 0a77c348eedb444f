"""Taking a comment out of those that are kept."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from classroom.models import KeptComment
from classroom.pages.access import assignment_of, staff_of, student_in


@require_POST
@login_required
def forget(
    request: HttpRequest, course: int, assignment: int, member: int, comment: int
) -> HttpResponse:
    """Take a comment out of the course's list, and go back to the grading page it was on."""
    membership = staff_of(request, course)
    task = assignment_of(membership.course, assignment)
    student = student_in(membership.course, member)
    get_object_or_404(KeptComment, course=membership.course, pk=comment).delete()
    return redirect(reverse("classroom:grade", args=[course, task.pk, student.pk]))
