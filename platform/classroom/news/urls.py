from django.urls import URLPattern, path

from classroom.news import views

urlpatterns: list[URLPattern] = [
    path("notices/", views.notices, name="notices"),
    path("notices/read", views.notices_read, name="notices-read"),
    path("notices/mail", views.mail_choices, name="mail-choices"),
    # The log leaves out what follows (config.logs).
    path("notices/unsubscribe/<str:stop>/", views.unsubscribe, name="unsubscribe"),
]
