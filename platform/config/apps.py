from pathlib import Path

from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class SiteConfig(AppConfig):
    """The site itself: it begins what a variable asks for in each process."""

    name = "config"

    def ready(self) -> None:
        # What is not installed everywhere is imported where it is wanted.
        if settings.METRICS_TOKEN:
            from config.metrics import counting, slots

            try:
                counting.start(Path(settings.METRICS_FOLDER))
            except slots.NoFolder as why:
                raise ImproperlyConfigured(f"METRICS_FOLDER cannot be written to: {why}") from None
        if settings.SENTRY_DSN:
            from config import sentry

            sentry.start(settings.SENTRY_DSN)
