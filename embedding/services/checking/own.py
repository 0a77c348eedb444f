"""What is tried on CoCalc itself: an account signs in, a project starts, a file goes there.

Then everything is removed again but the account and the project, which the next check uses.
"""

import secrets
import time
from collections.abc import Iterator
from concurrent.futures import TimeoutError as Late
from contextlib import suppress

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from embedding.client import client
from embedding.cocalc.errors import NotFound, NotStarted, NotSupported, OutcomeUnknown
from embedding.services.checking.links import Again, Finding, Link, World, failed, ok
from embedding.services.checking.place import account_of, project_of
from embedding.turns import beside

FILES = "check-"  # how their names begin
_LOOK, _PATIENCE = 3.0, 4.0  # seconds of one look at a start


def account(_world: World) -> Iterator[Finding]:
    """Can an account be made, and signed in?"""
    cocalc = client()
    account_id = account_of(cocalc)
    began = time.monotonic()
    token = cocalc.mint_token(account_id)
    took = _since(began)
    yield ok(
        _("CoCalc let the check's account (%(id)s) sign in, after %(ms)s ms.")
        % {"id": account_id, "ms": took}
    )
    try:
        cocalc.revoke_token(token)
    except NotSupported:
        yield ok(_("This CoCalc ends sign-in tokens by their time alone."))
    else:
        yield ok(_("The sign-in token was ended at once."))


def project(_world: World) -> Iterator[Finding]:
    """Does a project start? Asked again and again, and never waited for long."""
    cocalc = client()
    project_id = project_of(cocalc, account_of(cocalc))
    began = time.monotonic()
    state = cocalc.project_state(project_id, limit=_LOOK)
    values = {"id": project_id, "state": state}
    if state == "running":
        yield ok(_("The check's project (%(id)s) runs.") % values)
        return
    starting = beside(cocalc.start_project, project_id)
    try:
        starting.result(timeout=_PATIENCE)
    except (Late, OutcomeUnknown, NotStarted):
        raise Again(_("the project starts (CoCalc says “%(state)s”)") % values) from None
    yield ok(
        _("The check's project (%(id)s) started in %(ms)s ms.") % {**values, "ms": _since(began)}
    )


def files(_world: World) -> Iterator[Finding]:
    """Is a file written, read back as it was, and removed?"""
    cocalc = client()
    project_id = project_of(cocalc, account_of(cocalc))
    path, content = f"{FILES}{secrets.token_hex(8)}.txt", secrets.token_bytes(64)
    took: dict[str, int] = {}
    try:
        began = time.monotonic()
        cocalc.write_file(project_id, path, content)
        took["written"] = _since(began)
        began = time.monotonic()
        back = cocalc.read_file(project_id, path, max_bytes=1000)
        took["read"] = _since(began)
    finally:
        began = time.monotonic()
        tidy(project_id)
        took["removed"] = _since(began)
    if back != content:
        yield failed(
            _("A file of 64 bytes came back as another one, of %(bytes)s.") % {"bytes": len(back)},
            _("CoCalc, or a proxy before it, changes what is sent."),
            _("Look for a proxy between this server and CoCalc, and let it change nothing."),
        )
        return
    yield ok(
        _("A file was written (%(written)s ms), read (%(read)s ms) and removed (%(removed)s ms).")
        % took
    )


def tidy(project_id: str) -> None:
    """Remove all files of checks, also of one that was cut off. Raises CocalcError."""
    for entry in client().list_folder(project_id):
        if entry.name.startswith(FILES) and not entry.is_folder:
            with suppress(NotFound):  # another check was faster
                client().remove(project_id, entry.name)


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


LINKS = (
    Link("account", gettext_lazy("An account signs in"), account, ("key",), needs_key=True),
    Link(
        "project",
        gettext_lazy("A project starts"),
        project,
        ("account",),
        seconds=120.0,
        needs_key=True,
    ),
    Link(
        "files",
        gettext_lazy("A file goes there and back"),
        files,
        ("project",),
        seconds=40.0,
        needs_key=True,
    ),
)
