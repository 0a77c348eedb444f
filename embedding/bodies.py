"""How much each address takes: a request that says it brings more is refused before it is read.

A web server hands on a body as it comes, and Django puts a large one on disk before any view is
asked. `embedding.middleware.Bodies` looks at its length first.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from embedding.conf import MEGABYTE

View = TypeVar("View", bound=Callable[..., Any])

SIGNED_OUT = 100_000  # bytes: what signing in takes is far less
USUAL = 5 * MEGABYTE // 2
# 2 MB of text, as a browser writes it: a letter that is not plain takes several of ours.
MOST_PASTED = 7 * MEGABYTE
AROUND = 100_000  # what a form may have around its file

_LIMIT = "body_limit"


def body_up_to(limit: Callable[[], int]) -> Callable[[View], View]:
    """Let a view take bodies of so many bytes, besides the form around them, from who is signed in.

    Decorators above it must be ones that keep a view's attributes, as Django's do.
    """

    def marked(view: View) -> View:
        vars(view)[_LIMIT] = limit
        return view

    return marked


def limit_of(view: Callable[..., Any] | None) -> int:
    """Return how much a view takes."""
    limit: Callable[[], int] | None = getattr(view, _LIMIT, None)
    return limit() if limit else USUAL
