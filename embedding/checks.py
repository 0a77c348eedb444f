"""Mistakes in the configuration, found by `manage.py check`."""

import stat
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register

from embedding.cocalc.sites import is_same_site

MIDDLEWARE = tuple(f"embedding.middleware.{name}" for name in ("Acting", "Bodies", "Turns"))
NEEDED = ("COCALC_URL", "COCALC_API_KEY", "ACCOUNT_DOMAIN")
NEEDED_WITHOUT_KEY = ("COCALC_URL",)
CHOICES = {
    "COCALC_GENERATION": ("auto", "v1", "conat"),
    "COCALC_SIGN_IN": ("auto", "address", "impersonate", "own"),
}


@register
def embedding_settings(**_: Any) -> list[CheckMessage]:
    """embedding.E001: a setting is missing; E002: the domain of our accounts is no
    domain; W003: our middleware is missing; E004 to W009: see `_cocalc`; from W010: `_places`."""
    given = getattr(settings, "EMBEDDING", {})
    own = given.get("COCALC_SIGN_IN") == "own"
    found: list[CheckMessage] = [
        Error(
            f"EMBEDDING[{name!r}] is not set.",
            hint="The README has the table of settings.",
            id="embedding.E001",
        )
        for name in (NEEDED_WITHOUT_KEY if own else NEEDED)
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
    found += _cocalc(given)
    found += _places(given)
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


def _cocalc(given: dict[str, Any]) -> list[CheckMessage]:
    """E004: no such choice; E005: a way to sign in that the generation does not have.

    W006: what this generation, or signing in oneself, has no use for; W007: a key that is not
    needed; W008: a door that cannot know the site's pages; W009: one that takes others' for them.
    """
    chosen = {name: given.get(name) or "auto" for name in CHOICES}
    found: list[CheckMessage] = [
        Error(
            f"EMBEDDING[{name!r}] is {chosen[name]!r}.",
            hint=f"It must be {', '.join(choices[:-1])} or {choices[-1]}.",
            id="embedding.E004",
        )
        for name, choices in CHOICES.items()
        if chosen[name] not in choices
    ]
    pair = (chosen["COCALC_GENERATION"], chosen["COCALC_SIGN_IN"])
    if pair in {("v1", "impersonate"), ("conat", "address")}:
        found.append(
            Error(
                f"COCALC_GENERATION={pair[0]} does not go with COCALC_SIGN_IN={pair[1]}.",
                hint="API v1 signs in by the address of the file (address), conat at an address of "
                "its own (impersonate). Leave COCALC_SIGN_IN out: the site takes the right one.",
                id="embedding.E005",
            )
        )
    if given.get("COCALC_ORGANIZATION") and (pair[0] == "v1" or pair[1] == "own"):
        found.append(
            checks.Warning(
                "COCALC_ORGANIZATION is set, and has no effect.",
                hint="API v1 knows no organizations, and with COCALC_SIGN_IN=own the site makes no "
                "accounts. Leave it out.",
                id="embedding.W006",
            )
        )
    if given.get("COCALC_API_KEY") and pair[1] == "own":
        found.append(
            checks.Warning(
                "COCALC_API_KEY is set, and not used.",
                hint="With COCALC_SIGN_IN=own users sign in to CoCalc themselves. Remove the key "
                "here and on CoCalc: whoever finds it can sign in as anyone.",
                id="embedding.W007",
            )
        )
    policy = settings.SECURE_REFERRER_POLICY
    if given.get("COCALC_DOOR") and policy in ("same-origin", "no-referrer"):
        found.append(
            checks.Warning(
                f"SECURE_REFERRER_POLICY is {policy!r}: the door refuses this site's pages.",
                hint="It knows them by their origin, which browsers then keep from it. Set "
                "SECURE_REFERRER_POLICY = 'strict-origin', or 'strict-origin-when-cross-origin'.",
                id="embedding.W008",
            )
        )
    if given.get("COCALC_DOOR") and "*" in settings.ALLOWED_HOSTS:
        found.append(
            checks.Warning(
                "ALLOWED_HOSTS has '*': the door cannot tell this site's pages from others.",
                hint="It knows them by their origin, which is then any that leads here. Name the "
                "site's hosts in ALLOWED_HOSTS.",
                id="embedding.W009",
            )
        )
    return found


def _places(given: dict[str, Any]) -> list[CheckMessage]:
    """W010: no common domain with CoCalc; W011: a site that CoCalc answers no messages of.

    W012: DEBUG where others than this machine come; W013: a key that other users can read.
    """
    site, cocalc = getattr(settings, "SITE_URL", ""), given.get("COCALC_URL") or ""
    parts = urlsplit(site)
    is_local = _is_local(parts.hostname or "")
    found: list[CheckMessage] = []
    if site and cocalc and not given.get("COCALC_DOOR") and not is_same_site(site, cocalc):
        found.append(
            checks.Warning(
                "SITE_URL and COCALC_URL have no common domain.",
                hint="Safari, Firefox and strict settings of other browsers keep CoCalc's sign-in "
                "from a frame then. Give both names under one domain, such as learn.example.edu "
                "and cocalc.example.edu, or give CoCalc a door (COCALC_DOOR).",
                id="embedding.W010",
            )
        )
    if site and not is_local and (parts.scheme != "https" or parts.port not in (None, 443)):
        found.append(
            checks.Warning(
                "SITE_URL is not on https and port 443.",
                hint="CoCalc answers messages of no other site, whatever its setting "
                "“iframe_comm_hosts” says: opening another file then reloads the editor.",
                id="embedding.W011",
            )
        )
    if settings.DEBUG and site and not is_local:
        found.append(
            checks.Warning(
                "DEBUG is on, and SITE_URL is not this machine.",
                hint="An error shows source code and settings to whoever caused it. Leave DEBUG "
                "out.",
                id="embedding.W012",
            )
        )
    if _others_can_read(given.get("COCALC_API_KEY_FILE") or ""):
        found.append(
            checks.Warning(
                "Other users of this machine can read the file in COCALC_API_KEY_FILE.",
                hint="Whoever has the key can sign in as anyone on CoCalc. Run “chmod o-rwx”.",
                id="embedding.W013",
            )
        )
    return found


def _is_local(host: str) -> bool:
    return host in ("localhost", "127.0.0.1", "::1") or host.endswith(".localhost")


def _others_can_read(path: str) -> bool:
    try:
        return bool(path and Path(path).stat().st_mode & stat.S_IROTH)
    except OSError:
        return False
