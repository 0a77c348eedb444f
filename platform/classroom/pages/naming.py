"""Titles as teachers type them."""

from django.core.exceptions import ValidationError

from embedding.names import tidy


def title_given(text: str) -> str:
    """Return a title without what cannot be seen; ValidationError where nothing is left of it."""
    title = tidy(text)
    if text and not title:
        raise ValidationError("Nothing of this can be seen. Give it a title.")
    return title
