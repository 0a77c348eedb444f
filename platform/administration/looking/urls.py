"""Addresses: to look into a course, and to stop."""

from django.urls import path

from administration.looking import views

urlpatterns = [
    path("look/stop/", views.stop, name="course-look-stop"),
    path("look/<int:course>/", views.look, name="course-look"),
]
