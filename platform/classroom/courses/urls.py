from django.urls import URLPattern, path

from classroom.courses import delete_page, views

urlpatterns: list[URLPattern] = [
    path("courses/", views.courses, name="courses"),
    path("courses/new", views.course_new, name="course-new"),
    path("courses/<int:course>/", views.course, name="course"),
    path("courses/<int:course>/settings", views.course_settings, name="course-settings"),
    path("courses/<int:course>/delete", delete_page.course_delete, name="course-delete"),
    path("courses/<int:course>/archived", views.course_archived, name="course-archived"),
]
