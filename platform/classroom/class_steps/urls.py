from django.urls import URLPattern, path

from classroom.class_steps import projects_page, views

_ASSIGNMENT = "courses/<int:course>/assignments/<int:assignment>/"
_STEPS = "courses/<int:course>/steps/"

urlpatterns: list[URLPattern] = [
    path(_ASSIGNMENT, views.assignment, name="assignment"),
    path(f"{_ASSIGNMENT}step", views.step, name="step"),
    path("courses/<int:course>/projects", projects_page.projects, name="projects"),
    path(_STEPS, views.steps, name="steps"),
    path(f"{_STEPS}<int:batch>/", views.step_progress, name="step-progress"),
    path(f"{_STEPS}<int:batch>/retry", views.step_retry, name="step-retry"),
]
