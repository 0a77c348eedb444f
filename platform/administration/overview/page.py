"""What the front page shows above the lists, and who sees it."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

from administration.overview.attention import attention
from administration.overview.numbers import numbers

# Who may see who works where, and what went wrong.
PERMISSIONS = ("embedding.view_embedsession", "classroom.view_transfer")


def shown(user: AbstractBaseUser | AnonymousUser) -> dict[str, Any]:
    """Return what the templates need: the numbers, and what of them to look at."""
    seen = numbers(user)
    return {"overview": seen, "attention": attention(seen)}
