from django.urls import URLPattern, path

from classroom.views import students

_ASSIGNMENT = "courses/<int:course>/assignments/<int:assignment>"

urlpatterns: list[URLPattern] = [
    path(f"{_ASSIGNMENT}/open", students.open_work, name="open"),
    path(f"{_ASSIGNMENT}/submit", students.submit, name="submit"),
]
