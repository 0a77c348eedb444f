"""The app's settings: one dictionary `EMBEDDING` in the Django settings, typed here."""

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal
from urllib.parse import urlsplit

from django.conf import settings
from django.core.signals import setting_changed

MEGABYTE = 1024 * 1024  # as pages show sizes: sizes.py, amounts.js


@dataclass(frozen=True, slots=True, repr=False)
class Conf:
    """What the site's administrator decides; sizes in bytes, times in seconds."""

    cocalc_url: str
    api_url: str
    api_key: str  # as the process began; `embedding.key` has the one of now
    api_key_file: str
    generation: Literal["auto", "v1", "conat"]
    sign_in: Literal["auto", "address", "impersonate", "own"]
    organization: str
    account_domain: str
    door: str
    upload_max_bytes: int
    download_max_bytes: int
    claim_seconds: int
    base_template: str
    place_of: str
    sessions_per_minute: int
    calls_at_once: int
    signed_in_max_seconds: int
    keep_sessions_days: int
    keep_events_days: int
    keep_trash_days: int

    @property
    def own_sign_in(self) -> bool:
        """Whether users sign in to CoCalc themselves: all that needs a key is off."""
        return self.sign_in == "own"

    @property
    def cocalc_origin(self) -> str:
        """CoCalc's origin, as the browser names it in messages."""
        parts = urlsplit(self.cocalc_url)
        return f"{parts.scheme}://{parts.netloc}"


@cache
def conf() -> Conf:
    """Return the settings; read once, and again after a test has changed them."""
    given: dict[str, Any] = settings.EMBEDDING
    return Conf(
        cocalc_url=given["COCALC_URL"],
        api_url=given.get("COCALC_API_URL") or given["COCALC_URL"],
        api_key=given.get("COCALC_API_KEY", ""),
        # A file with the key, read again when it changes; "" for none.
        api_key_file=given.get("COCALC_API_KEY_FILE", ""),
        # "v1", "conat", or "auto": the site asks (`embedding.which`).
        generation=given.get("COCALC_GENERATION") or "auto",
        # "address", "impersonate", "auto" (as the generation has it), or "own": users sign in to
        # CoCalc themselves, and the site has no key.
        sign_in=given.get("COCALC_SIGN_IN") or "auto",
        # Of CoCalc's, by its name: accounts are made in it (conat).
        organization=given.get("COCALC_ORGANIZATION", ""),
        account_domain=given.get("ACCOUNT_DOMAIN", ""),
        # Where on CoCalc's host the door is, such as /.lectern/; "" for none (embedding.door).
        door=given.get("COCALC_DOOR", ""),
        upload_max_bytes=given.get("UPLOAD_MAX_MB", 25) * MEGABYTE,
        download_max_bytes=given.get("DOWNLOAD_MAX_MB", 100) * MEGABYTE,
        # Longer than any creating call may take (35 s), so that a claim never runs out under it.
        claim_seconds=given.get("CLAIM_SECONDS", 45),
        # What the app's pages extend: blocks title, head, body_class, body, and main within it.
        base_template=given.get("BASE_TEMPLATE", "embedding/base.html"),
        # A function (Member, path) -> embedding.places.Place | None, by its dotted name: what the
        # site has a file for, the way back there, and what can be done with its folder.
        place_of=given.get("PLACE_OF", ""),
        sessions_per_minute=given.get("SESSIONS_PER_MINUTE", 20),
        # How many requests of one process may ask CoCalc at once: fewer than its threads, so that
        # the others go on when CoCalc does not answer.
        calls_at_once=given.get("CALLS_AT_ONCE", 10),
        # How long work in a frame keeps a user signed in to the site, counted from signing in.
        signed_in_max_seconds=given.get("SIGNED_IN_MAX_HOURS", 24) * 3600,
        # What is older is deleted (`services.keeping`); 0: never.
        keep_sessions_days=given.get("KEEP_SESSIONS_DAYS", 365),
        keep_events_days=given.get("KEEP_EVENTS_DAYS", 1095),
        keep_trash_days=given.get("KEEP_TRASH_DAYS", 30),
    )


def _forget(*, setting: str, **_: object) -> None:
    if setting == "EMBEDDING":
        conf.cache_clear()


setting_changed.connect(_forget)
