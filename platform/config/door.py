"""The door in processes of its own: `gunicorn config.door:application` (docs/door.md)."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from embedding.door import application  # noqa: E402  it needs the settings

__all__ = ["application"]
