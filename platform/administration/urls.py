"""Every page of ours in the admin; their names are `admin:<name>`."""

from django.urls import URLPattern, URLResolver, path

from administration.checking import frame
from administration.checking import views as checking
from administration.key import views as key
from administration.looking.urls import urlpatterns as looking
from administration.overview import views as overview
from administration.people.urls import urlpatterns as people
from administration.users.urls import urlpatterns as users

# They come before Django's own, so none may begin as an app's lists do.
urlpatterns: list[URLPattern | URLResolver] = [
    path("overview/", overview.numbers, name="overview"),
    path("check/", checking.page, name="check"),
    path("check/link", checking.link, name="check-link"),
    path("check/mail", checking.mail, name="check-mail"),
    path("check/frame", frame.begin, name="check-frame"),
    path("check/frame/signed-in", frame.signed_in, name="check-frame-signed-in"),
    path("check/frame/end", frame.end, name="check-frame-end"),
    path("key/", key.page, name="key"),
    *people,
    *looking,
    *users,
]
