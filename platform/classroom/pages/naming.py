"""Titles as teachers type them, and names as people type their own."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from embedding.names import tidy

_IN_NO_NAME = "@/\\:<>"


def title_given(text: str) -> str:
    """Return a title without what cannot be seen; ValidationError where nothing is left of it."""
    title = tidy(text)
    if text and not title:
        raise ValidationError(_("This title has no visible characters. Enter a title."))
    return title


def name_given(text: str) -> str:
    """Return a person's first or last name without what cannot be seen.

    ValidationError for what no name holds, and what makes a link of one in a mail to somebody.
    """
    name = tidy(text)
    if set(name) & set(_IN_NO_NAME):
        signs = " ".join(_IN_NO_NAME)
        raise ValidationError(_("A name cannot contain any of these: %(signs)s") % {"signs": signs})
    return name
