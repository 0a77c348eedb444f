"""Names as people read them: nothing in them that cannot be seen, or that turns the text around.

Unicode's format characters (category Cf) are invisible: marks and overrides of direction, which
make "gpj.exe" out of "exe.jpg" and carry on into the words behind a name, spaces of no width, tags.
So are a few letters that look like nothing. Two of the format characters belong to how some names
are written: the joiners of Persian, of India's scripts and of emoji. They stay where they join.
"""

import unicodedata

from django.contrib.auth.base_user import AbstractBaseUser

_JOINERS = "\u200c\u200d"
_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u2028\u2029\u2800\u3164\uffa0"
_SPACES = ("Zs", "Zl", "Zp", "Cc", "Co", "Cn")  # in a name they are, or may as well be, a space
_VIRAMA = 9  # the combining class of what joins letters in India's scripts
REPLACED = "\ufffd"


def visible(name: str) -> str:
    """Return a new name without what cannot be seen; white space and control characters stay."""
    return "".join(
        letter
        for at, letter in enumerate(name)
        if not _hidden(letter) or (letter in _JOINERS and _joins(name, at))
    )


def tidy(name: str) -> str:
    """Return the name of a person or a thing: `visible`, composed, and without needless spaces."""
    spaced = (" " if unicodedata.category(letter) in _SPACES else letter for letter in name)
    return " ".join(unicodedata.normalize("NFC", visible("".join(spaced))).split())


def plain(name: str) -> str:
    """Return a name without accents, to compare it by."""
    return "".join(
        letter
        for letter in unicodedata.normalize("NFKD", name)
        if not unicodedata.combining(letter)
    )


def shown(text: str) -> str:
    """Return a text that names what exists, a file for one, with a mark for what is hidden in it.

    It cannot be left out there: two files would have one name.
    """
    return "".join(
        REPLACED if _hidden(letter) and letter not in _JOINERS else letter for letter in text
    )


def person_name(user: AbstractBaseUser) -> str:
    """Return what a user is called: the full name, or else the user name."""
    full_name = getattr(user, "get_full_name", user.get_username)
    return tidy(full_name()) or tidy(user.get_username())


def _hidden(letter: str) -> bool:
    return letter in _BLANK or unicodedata.category(letter) in ("Cf", "Cs")


def _joins(name: str, at: int) -> bool:
    """Tell whether the joiner there changes how its neighbours are written."""
    right = name[at + 1 : at + 2] or " "
    left = name[at - 1] if at else " "
    if _VIRAMA in (unicodedata.combining(left), unicodedata.combining(right)):
        return True
    if name[at] == "\u200d" and unicodedata.category(right) == "So":
        return left == "\ufe0f" or unicodedata.category(left) in ("So", "Sk")
    while at > 1 and unicodedata.combining(left):  # the vowels of Arabic stand above their letters
        at -= 1
        left = name[at - 1]
    return all(unicodedata.bidirectional(each) == "AL" for each in (left, right))
