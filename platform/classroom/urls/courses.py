from django.urls import URLPattern, path

from classroom.views import courses

urlpatterns: list[URLPattern] = [
    path("courses/", courses.courses, name="courses"),
    path("courses/new", courses.course_new, name="course-new"),
    path("courses/<int:course>/", courses.course, name="course"),
    path("courses/<int:course>/settings", courses.course_settings, name="course-settings"),
]
