#!/usr/bin/env python
"""The only way in for commands."""

import os
import sys


def main() -> None:
    """Run one management command under the site's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"The site cannot start:\n{error}")


if __name__ == "__main__":
    main()
