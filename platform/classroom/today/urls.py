from django.urls import URLPattern, path

from classroom.today import calendar_page, profile_page, views

urlpatterns: list[URLPattern] = [
    path("", views.today, name="today"),
    path("profile/", profile_page.profile, name="profile"),
    path("profile/calendar", profile_page.calendar_renew, name="calendar-renew"),
    path("calendar/<str:signed>.ics", calendar_page.calendar, name="calendar"),
]
