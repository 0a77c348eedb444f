"""What `nbgrader` says of notebooks, in the language of whoever asked."""

import math
from decimal import Decimal

from django.utils import formats
from django.utils.translation import gettext

from classroom.nbgrader.words import Words


def said(words: Words) -> str:
    """Say it, with numbers as the language writes them."""
    return words.said(gettext, _number)


def _number(value: float) -> str:
    text = f"{value:g}"
    is_plain = math.isfinite(value) and "e" not in text
    return formats.number_format(Decimal(text)) if is_plain else text
