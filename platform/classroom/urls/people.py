from django.urls import URLPattern, path

from classroom.views import joining, people

_COURSE = "courses/<int:course>"

urlpatterns: list[URLPattern] = [
    path(f"{_COURSE}/people", people.people, name="people"),
    path(f"{_COURSE}/people/import", people.people_import, name="people-import"),
    path(f"{_COURSE}/people/add", people.people_add, name="people-add"),
    path(f"{_COURSE}/people/prepare", people.people_prepare, name="people-prepare"),
    path(f"{_COURSE}/people/<int:member>/remove", people.person_remove, name="person-remove"),
    path(f"{_COURSE}/people/<int:member>/restore", people.person_restore, name="person-restore"),
    path(f"{_COURSE}/people/<int:member>/role", people.person_role, name="person-role"),
    path(f"{_COURSE}/join-link", people.join_link, name="join-link"),
    path(
        f"{_COURSE}/invitations/<int:invitation>/renew",
        people.invitation_renew,
        name="invitation-renew",
    ),
    path(
        f"{_COURSE}/invitations/<int:invitation>/cancel",
        people.invitation_cancel,
        name="invitation-cancel",
    ),
    path("join/<uuid:code>/", joining.join, name="join"),
    path("invitations/<str:signed>/", joining.invitation, name="invitation"),
]
