from django.urls import URLPattern, path

from classroom.people import address_page, joining_page, letting_in_page, roster_page, views

_COURSE = "courses/<int:course>"

urlpatterns: list[URLPattern] = [
    path(f"{_COURSE}/people", views.people, name="people"),
    path(f"{_COURSE}/people/import", roster_page.people_import, name="people-import"),
    path(f"{_COURSE}/people/add", letting_in_page.people_add, name="people-add"),
    path(f"{_COURSE}/people/prepare", views.people_prepare, name="people-prepare"),
    path(f"{_COURSE}/people/<int:member>/remove", views.person_remove, name="person-remove"),
    path(f"{_COURSE}/people/<int:member>/restore", views.person_restore, name="person-restore"),
    path(f"{_COURSE}/people/<int:member>/role", views.person_role, name="person-role"),
    path(f"{_COURSE}/join-link", letting_in_page.join_link, name="join-link"),
    path(
        f"{_COURSE}/invitations/links.csv",
        letting_in_page.invitation_links,
        name="invitation-links",
    ),
    path(
        f"{_COURSE}/invitations/<int:invitation>/renew",
        letting_in_page.invitation_renew,
        name="invitation-renew",
    ),
    path(
        f"{_COURSE}/invitations/<int:invitation>/cancel",
        letting_in_page.invitation_cancel,
        name="invitation-cancel",
    ),
    path("address/", address_page.address, name="address"),
    path("address/<str:proof>/", address_page.address_prove, name="address-prove"),
    path("join/<uuid:code>/", joining_page.join, name="join"),
    path("invitations/<str:signed>/", joining_page.invitation, name="invitation"),
]
