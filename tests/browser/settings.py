"""The site's own settings, and pages of a host's: see tests/browser/urls.py."""

from config.settings import *  # noqa: F403
from config.settings import CLASSROOM

ROOT_URLCONF = "tests.browser.urls"

# What goes wrong for good is to be seen soon.
CLASSROOM = CLASSROOM | {"ATTEMPTS": 2, "BACKOFF_SECONDS": 1}
