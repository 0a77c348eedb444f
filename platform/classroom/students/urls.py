from django.urls import URLPattern, path

from classroom.students import returned_page, submitted_page, views

_ASSIGNMENT = "courses/<int:course>/assignments/<int:assignment>"
_SNAPSHOT = f"{_ASSIGNMENT}/submitted/<int:snapshot>"

urlpatterns: list[URLPattern] = [
    path(f"{_ASSIGNMENT}/open", views.open_work, name="open"),
    path(f"{_ASSIGNMENT}/saved", views.saved, name="saved"),
    path(f"{_ASSIGNMENT}/submit", views.submit, name="submit"),
    path(f"{_ASSIGNMENT}/time-left", views.time_left_now, name="time-left"),
    path(f"{_ASSIGNMENT}/submitting", views.submitting, name="submitting"),
    path(f"{_ASSIGNMENT}/returned", returned_page.returned, name="returned"),
    path(f"{_SNAPSHOT}/", submitted_page.submitted, name="submitted"),
    path(f"{_SNAPSHOT}/download", submitted_page.download, name="submitted-download"),
    path(f"{_SNAPSHOT}/zip", submitted_page.download_all, name="submitted-zip"),
]
