from django.apps import AppConfig


class ClassroomConfig(AppConfig):
    """Courses: people, assignments, and the steps between teacher and students."""

    name = "classroom"
    verbose_name = "Classroom"
    default_auto_field = "django.db.models.BigAutoField"
