"""Every page of ours in the admin; their names are `admin:<name>`."""

from django.urls import URLPattern, URLResolver

# They come before Django's own, so none may begin as an app's lists do.
urlpatterns: list[URLPattern | URLResolver] = []
