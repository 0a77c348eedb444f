"""The site's own settings, with one page more: config/example.py."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "config.example"
