"""A new key for the site: it is tried first, and only a good one takes the place of the old.

It must be the service account's own, or that of an account that owns every project of the site
already: who is no owner could not keep students' projects in order. Where the key is in a file
that the site may write, the file is replaced, and all processes take the new key within seconds.
"""

import logging
import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from embedding import key, which
from embedding.client import client_with, service_identity
from embedding.cocalc.client import Client, Identity
from embedding.cocalc.errors import CocalcError, NotSupported, RefusedKey
from embedding.conf import conf
from embedding.models import CocalcProject, Event
from embedding.problems import Busy, of_cocalc
from embedding.services.checking.place import account_of
from embedding.turns import within

SECONDS = 30.0  # for all of the trial
_KEY = re.compile(r"[\x21-\x7e]{16,200}")

log = logging.getLogger(__name__)


class Refused(Exception):
    """The new key is not taken; says why, and what to do. The old one stays."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """What became of a good key.

    `stored` is the file that holds it now; empty where somebody has to change a setting, and then
    `why` says what kept the site from it.
    """

    identity: Identity
    fingerprint: str
    stored: str
    why: str = ""

    def next_steps(self) -> list[str]:
        """Return what is left to do, in sentences."""
        delete = _(
            "Delete the old key on CoCalc now: sign in there as %(email)s, and open “API keys” in "
            "the account's settings."
        ) % {"email": self.identity.email}
        if self.stored:
            return [
                _("All processes of this site take the new key within a few seconds."),
                delete,
            ]
        return [
            _("Nothing was stored: %(why)s Put the new key where the old one is.")
            % {"why": self.why},
            _("Restart the web server and the workers, and check the connection."),
            delete,
        ]


def replace(new: str, *, actor: str) -> Replaced:
    """Try a key, and store it where it is good. Raises Refused; no text holds the key."""
    new = new.strip()
    if conf().own_sign_in:
        raise Refused(_("Users sign in to CoCalc themselves (COCALC_SIGN_IN=own): no key is used."))
    if not _KEY.fullmatch(new):
        raise Refused(_("This is no key of CoCalc's. Copy all of it, and nothing else."))
    if constant_time_compare(new.encode(), key.current().encode()):
        raise Refused(_("This is the key that the site has already. Make a new one on CoCalc."))
    try:
        with within(SECONDS):
            identity = _tried(new)
    except RefusedKey:
        raise Refused(
            _("CoCalc does not accept this key. Copy it once more, or make another.")
        ) from None
    except Busy:
        raise Refused(
            _("A check of the connection runs just now. Try again in a moment.")
        ) from None
    except CocalcError as error:
        raise Refused(
            _("The key could not be tried. %(why)s") % {"why": of_cocalc(error).message}
        ) from None
    fingerprint = fingerprint_of(new)
    stored, why = _store(new)
    Event.log(
        "key.replaced" if stored else "key.approved",
        identity.email,
        actor=actor,
        fingerprint=fingerprint,
    )
    return Replaced(identity, fingerprint, stored, why)


def fingerprint_of(api_key: str) -> str:
    """Return what tells one key from another, and nothing of it."""
    return salted_hmac("embedding.key", api_key, algorithm="sha256").hexdigest()[:12]


def _tried(new: str) -> Identity:
    """Return whose key it is, once it can do all that the site needs. Raises Refused."""
    cocalc = client_with(which.spoken(), new)
    try:
        identity = cocalc.identify()
        if not identity.may_sign_in:
            raise Refused(
                _(
                    "This key is %(email)s's, who may not sign this site's users in. Make that "
                    "account an admin on CoCalc, of the site or of the organization."
                )
                % {"email": identity.email}
            )
        _check_owner(cocalc, identity)
        token = cocalc.mint_token(account_of(cocalc, identity.account_id))
        with suppress(NotSupported):
            cocalc.revoke_token(token)
    finally:
        cocalc.close()
    return identity


def _check_owner(cocalc: Client, identity: Identity) -> None:
    """Refuse another account's key, unless that account owns all projects of the site."""
    try:
        if service_identity().account_id == identity.account_id:
            return
    except CocalcError as error:  # the old key may be gone already
        log.info("Whose the old key is cannot be told: %s", error)
    owned = {
        project.project_id
        for project in cocalc.list_projects()
        if project.members.get(identity.account_id) == "owner"
    }
    ours = CocalcProject.objects.filter(project_id__isnull=False)
    lacking = sum(str(each) not in owned for each in ours.values_list("project_id", flat=True))
    if lacking:
        raise Refused(
            _(
                "This key is %(email)s's, who does not own %(count)s of this site's projects. Use "
                "a key of the service account, which owns them all."
            )
            % {"email": identity.email, "count": lacking}
        )


def _store(new: str) -> tuple[str, str]:
    """Replace the file with the key, in one step; return it, or "" and why that is not possible."""
    path = conf().api_key_file
    if not path:
        return "", _("the key is in COCALC_API_KEY, which this site cannot change.")
    target = Path(path).resolve()
    try:
        _replace(target, new, target.stat())
    except OSError as error:
        log.warning("The file with CoCalc's key could not be replaced: %s", type(error).__name__)
        return "", _("the file in COCALC_API_KEY_FILE cannot be replaced (%(error)s).") % {
            "error": error.strerror or type(error).__name__
        }
    key.doubt()
    return path, ""


def _replace(target: Path, new: str, before: os.stat_result) -> None:
    """Put a whole file in place of another, with its mode and owner. Raises OSError."""
    beside = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            if (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
                os.fchown(file.fileno(), before.st_uid, before.st_gid)
            os.fchmod(file.fileno(), before.st_mode & 0o7777)
            file.write(f"{new}\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    except OSError:
        with suppress(OSError):
            beside.unlink()
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
