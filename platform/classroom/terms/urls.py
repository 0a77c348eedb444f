from django.urls import URLPattern, path

from classroom.terms import copy_page, use_page

_COURSE = "courses/<int:course>"

urlpatterns: list[URLPattern] = [
    path(f"{_COURSE}/copy", copy_page.course_copy, name="course-copy"),
    path(f"{_COURSE}/copying", use_page.course_copying, name="course-copying"),
    path(f"{_COURSE}/assignments/use", use_page.assignments_use, name="assignments-use"),
    path(
        f"{_COURSE}/assignments/<int:assignment>/copy-again",
        use_page.assignment_copy_again,
        name="assignment-copy-again",
    ),
]
