from django.urls import URLPattern, path

from classroom.views import steps

_ASSIGNMENT = "courses/<int:course>/assignments/<int:assignment>/"
_STEPS = "courses/<int:course>/steps/"

urlpatterns: list[URLPattern] = [
    path(_ASSIGNMENT, steps.assignment, name="assignment"),
    path(f"{_ASSIGNMENT}step", steps.step, name="step"),
    path(_STEPS, steps.steps, name="steps"),
    path(f"{_STEPS}<int:batch>/", steps.step_progress, name="step-progress"),
    path(f"{_STEPS}<int:batch>/retry", steps.step_retry, name="step-retry"),
]
