"""The door in processes of its own: `gunicorn config.door:application` (docs/door.md)."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from config.request_lines import with_lines  # noqa: E402  they need the settings
from embedding import door  # noqa: E402

application = with_lines(door.application, "door")

__all__ = ["application"]
