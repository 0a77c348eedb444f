"""Whether a line of a list means the user whom it found: a user name alone is soon somebody else's.

`ada` at one school is not `ada` at another. So what else the line says must fit: the e-mail
address, and where that proves nothing, the name. Teachers are told that it does not fit, and never
another address than their own list's.
"""

import re
import unicodedata

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from classroom.people.proving import unproven_of
from classroom.people.roster_file import Line
from embedding.names import plain, tidy

_IN_TWO = {ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue", ord("ø"): "oe", ord("å"): "aa"}
_IN_ONE = {ord("ø"): "o", ord("ł"): "l", ord("đ"): "d"}
_PARTICLES = {
    *("de", "del", "da", "dos", "di", "du", "la", "le", "van", "von", "der", "den", "ter"),
    *("el", "al", "bin", "ben"),
}


def disagreement(line: Line, user: User) -> str:
    """Say what in a line is not this user's; an empty text where all of it may be.

    An address that the user never proved agrees with nobody: then the names must fit.
    """
    if line.username and line.email and user.email:
        if line.email != user.email.lower():
            said = _(
                "“%(name)s” has another e-mail address on this site and may be someone else. If it "
                "is the same person, add the user name with “Add a person”."
            )
            return said % {"name": user.username}
        if not unproven_of(user):
            return ""
    if line.username and line.last_name and user.last_name:
        # A user name is made of the name it stands for: the first name proves nothing.
        fits = _share_a_word(line.last_name, user.get_full_name()) or _share_a_word(
            line.name, user.last_name
        )
    else:
        fits = _share_a_word(line.name, user.get_full_name())
    if fits:
        return ""
    said = _(
        "On this site this is %(name)s (%(username)s), who may be someone else. If it is the same "
        "person, add the user name with “Add a person”."
    )
    return said % {"name": tidy(user.get_full_name()), "username": user.username}


def _share_a_word(one: str, other: str) -> bool:
    """Whether two names may be one person's: they share a word, or cannot be compared."""
    first, second = _words(one), _words(other)
    return not first or not second or bool(first & second)


def _words(name: str) -> set[str]:
    """Return the words of a name in plain letters, "Müller" as "muller" and as "mueller".

    Nothing of names in other letters than ours: they are written in many ways.
    """
    folded = unicodedata.normalize("NFC", name.casefold())
    found: set[str] = set()
    for each in (folded.translate(_IN_ONE), folded.translate(_IN_TWO)):
        found |= set(re.findall(r"[a-z]{2,}", plain(each)))
    return found - _PARTICLES or found
