"""Mistakes in the configuration, found by `manage.py check`."""

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register

MIDDLEWARE = ("embedding.middleware.Bodies", "embedding.middleware.Turns")
NEEDED = ("COCALC_URL", "COCALC_API_KEY", "ACCOUNT_DOMAIN")


@register
def embedding_settings(**_: Any) -> list[CheckMessage]:
    """embedding.E001: a setting is missing; E002: the domain of our accounts is no
    domain; W003: our middleware is missing."""
    given = getattr(settings, "EMBEDDING", {})
    found: list[CheckMessage] = [
        Error(
            f"EMBEDDING[{name!r}] is not set.",
            hint="The README has the table of settings.",
            id="embedding.E001",
        )
        for name in NEEDED
        if not given.get(name)
    ]
    domain = given.get("ACCOUNT_DOMAIN", "")
    if domain and ("@" in domain or "/" in domain or "." not in domain):
        found.append(
            Error(
                "EMBEDDING['ACCOUNT_DOMAIN'] is not a domain.",
                hint="The site makes addresses such as <uuid>@learn.example.edu of it.",
                id="embedding.E002",
            )
        )
    found += [
        checks.Warning(
            f"{name!r} is not in MIDDLEWARE.",
            hint="Without it a few requests can hold all threads of the site, or fill its disk. "
            "Add it after AuthenticationMiddleware.",
            id="embedding.W003",
        )
        for name in MIDDLEWARE
        if name not in settings.MIDDLEWARE
    ]
    return found
