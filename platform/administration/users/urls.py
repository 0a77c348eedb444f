"""Addresses: a list of users, and the links for those who came by it."""

from django.urls import path

from administration.users import import_page

urlpatterns = [
    path("add-users/", import_page.users_import, name="users-import"),
    path("add-users/links/", import_page.links, name="users-links"),
]
