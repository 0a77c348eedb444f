from django.urls import URLPattern, path

from classroom.students import views

_ASSIGNMENT = "courses/<int:course>/assignments/<int:assignment>"

urlpatterns: list[URLPattern] = [
    path(f"{_ASSIGNMENT}/open", views.open_work, name="open"),
    path(f"{_ASSIGNMENT}/saved", views.saved, name="saved"),
    path(f"{_ASSIGNMENT}/submit", views.submit, name="submit"),
    path(f"{_ASSIGNMENT}/time-left", views.time_left_now, name="time-left"),
    path(f"{_ASSIGNMENT}/submitting", views.submitting, name="submitting"),
]
