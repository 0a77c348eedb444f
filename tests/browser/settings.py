"""The site's own settings, and pages of a host's: see tests/browser/urls.py."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.browser.urls"
