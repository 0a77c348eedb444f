"""Codes for the door: each opens it once, within a minute, for what it was made for.

The door (`embedding.door`) is a location of CoCalc's own host that leads to this site: there the
site may set CoCalc's cookies, and clear them. A code is kept as a hash only.
"""

import hashlib
import secrets
from base64 import b64encode
from collections.abc import Iterable
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from embedding.cocalc.sites import is_same_site
from embedding.conf import conf
from embedding.models import DoorCode, DoorCookie, EmbedSession

LASTS = timedelta(seconds=60)
USED_TABS = "cocalc_tabs"  # in the session of who opened CoCalc in a tab of its own
SIZE = 32  # bytes
COOKIES_LAST = timedelta(days=7)
COOKIES_NOTED = timedelta(days=1)  # so often, at most, is it written that one was seen
MOST_COOKIES = 50

# It tells nothing that is a secret, so anybody around the frame may hear it.
TELLING = 'parent.postMessage({ source: "lectern-door", signedOut: true }, "*")'
_HASH = f"sha256-{b64encode(hashlib.sha256(TELLING.encode()).digest()).decode()}"
# Of every answer: so it also tells the door from whatever else may answer at its address.
POLICY = f"default-src 'none'; script-src '{_HASH}'"


def door_address(row: EmbedSession, origin: str, *, kiosk: bool) -> str:
    """Return the address that signs the session's user in and leads to its file.

    It works once, and only for a page of `origin`, which must be the page's own.
    """
    kind = DoorCode.Kind.FRAME if kiosk else DoorCode.Kind.TAB
    return _address("in", _code(kind, origin, row))


def way_out(origin: str, *, used_tabs: bool) -> str:
    """Return where to lead a browser that signs out; "" without a door.

    The page there has a frame that ends CoCalc's cookies. Where site and CoCalc are apart, those of
    CoCalc's own tabs are out of its reach: a user who opened some goes by the door itself first.
    """
    if not conf().door:
        return ""
    code = _code(DoorCode.Kind.OUT, origin, None)
    if used_tabs and not is_same_site(origin, conf().cocalc_url):
        return f"{_address('out', _code(DoorCode.Kind.OUT, origin, None))}/{code}"
    return f"{reverse('embedding:signed-out')}#{code}"


def code_look(code: str) -> DoorCode | None:
    """Return what a code is for, while it is good."""
    rows = DoorCode.objects.select_related("session__user", "session__project")
    return rows.filter(digest=_digest(code), expires__gt=timezone.now()).first()


def code_take(row: DoorCode) -> bool:
    """Use a code up; False for who comes second."""
    return DoorCode.objects.filter(digest=row.digest).delete()[0] == 1


def codes_end(user: User) -> None:
    """Make all codes useless that would sign a user in: from now on nothing does, also late."""
    DoorCode.objects.filter(session__user=user).delete()


def cookies_remember(names: Iterable[str]) -> None:
    """Note which cookies CoCalc signs browsers in with, for whichever process ends them."""
    now = timezone.now()
    fresh = DoorCookie.objects.filter(seen__gte=now - COOKIES_NOTED)
    new = set(names) - set(fresh.values_list("name", flat=True))
    DoorCookie.objects.bulk_create(
        # In one order for all, or two who sign in at once could wait for each other.
        [DoorCookie(name=name, seen=now) for name in sorted(new)],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["seen"],
    )


def cookies_known() -> list[str]:
    """Return the names that were seen in the last days."""
    seen = DoorCookie.objects.filter(seen__gte=timezone.now() - COOKIES_LAST)
    return list(seen.order_by("name").values_list("name", flat=True)[:MOST_COOKIES])


def _code(kind: DoorCode.Kind, origin: str, row: EmbedSession | None) -> str:
    code, now = secrets.token_urlsafe(SIZE), timezone.now()
    with transaction.atomic():
        DoorCode.objects.filter(expires__lt=now).delete()
        DoorCode.objects.create(
            digest=_digest(code), kind=kind, session=row, origin=origin, expires=now + LASTS
        )
    return code


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def _address(way: str, code: str) -> str:
    return f"{conf().cocalc_origin}{conf().door}{way}/{code}"
