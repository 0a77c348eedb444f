"""The tests' settings for a web server of its own, on the database of the test that starts it."""

import json
import os

from tests.settings import *  # noqa: F403
from tests.settings import EMBEDDING

_given = json.loads(os.environ["TESTS_SERVED"])
DATABASES = {"default": _given["DATABASE"]}
EMBEDDING = EMBEDDING | _given["EMBEDDING"]
# Spoken to over plain http.
SECURE_SSL_REDIRECT = False
ALLOWED_HOSTS = ["127.0.0.1"]
