"""The addresses of people; their names are `admin:person…`."""

from django.urls import path

from administration.people import (
    export,
    forget_page,
    link_page,
    page,
    preparing,
    repairing,
    search_page,
    standing,
)

_ONE = "people/<int:pk>/"

urlpatterns = [
    path("people/", search_page.people, name="people"),
    path(_ONE, page.person, name="person"),
    path(f"{_ONE}suspend/", standing.suspend, name="person-suspend"),
    path(f"{_ONE}reinstate/", standing.reinstate, name="person-reinstate"),
    path(f"{_ONE}sign-out/", standing.sign_out, name="person-sign-out"),
    path(f"{_ONE}let-in/", standing.let_in, name="person-let-in"),
    path(f"{_ONE}prepare/", preparing.prepare, name="person-prepare"),
    path(f"{_ONE}repair/", repairing.repair, name="person-repair"),
    path(f"{_ONE}export/", export.export, name="person-export"),
    path(f"{_ONE}link/", link_page.link, name="person-link"),
    path(f"{_ONE}unlink/", link_page.unlink, name="person-unlink"),
    path(f"{_ONE}forget/", forget_page.forget, name="person-forget"),
    path(f"{_ONE}account/anew/", repairing.account_anew, name="person-account-anew"),
    path(f"{_ONE}projects/<int:project>/anew/", repairing.project_anew, name="person-project-anew"),
]
