"""Taking a comment out of those that are kept."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from classroom.grading.whose import page_of, shown_by_code, shown_by_name
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
    shown_by_name(task, student)
    get_object_or_404(KeptComment, course=membership.course, pk=comment).delete()
    return redirect(page_of(task, student.pk))


@require_POST
@login_required
def forget_hidden(
    request: HttpRequest, course: int, assignment: int, code: str, comment: int
) -> HttpResponse:
    """Do the same from the page of a work whose name is hidden."""
    membership = staff_of(request, course)
    work = shown_by_code(membership.course, assignment_of(membership.course, assignment), code)
    get_object_or_404(KeptComment, course=membership.course, pk=comment).delete()
    return redirect(page_of(work.assignment, work.code))
