from importlib import import_module
from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ClassroomConfig(AppConfig):
    """Courses: people, assignments, and the steps between teacher and students."""

    name = "classroom"
    verbose_name = _("Classroom")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from classroom import steps, told

        steps.load()
        told.register()
        import_module("classroom.rules.acts")  # says whose a project is
        import_module("classroom.terms.bringing")  # a step that stands on more than steps do
        import_module("classroom.people.signed_in")  # it notices sign-ins and suspensions
        post_migrate.connect(_make_group, sender=self)


def _make_group(using: str, **_: Any) -> None:
    """Have the group there whose members may make courses, so that it need only be ticked."""
    from django.contrib.auth.models import Group

    from classroom.models import TEACHERS

    Group.objects.using(using).get_or_create(name=TEACHERS)
