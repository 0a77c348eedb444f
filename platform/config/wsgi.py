"""The site for a WSGI server: `config.gunicorn` has the start."""

import os
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
site = get_wsgi_application()

from config.request_lines import with_lines  # noqa: E402  they need the settings
from embedding import door  # noqa: E402

_door = with_lines(door.application, "door")


def application(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    """Answer a request: the site's, or one that came in by CoCalc's host (`embedding.door`)."""
    return (_door if door.is_for_door(environ) else site)(environ, start)
