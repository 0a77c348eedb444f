"""One look whether CoCalc answers at all: what it tells anybody of itself, which needs no key.

No project has a part in it, so nothing that a user does in one can bring about what is found.
"""

import time
from dataclasses import dataclass

from embedding.cocalc.customize import customize
from embedding.cocalc.errors import CannotConnect, NotCocalc, OutcomeUnknown, ServerFault

# How requests, urllib3 and we say that an answer did not come in time.
_LATE = {"ReadTimeout", "ReadTimeoutError", "TimeoutError"}


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen: how long it took, and the code of an error; "" where CoCalc answers."""

    seconds: float
    code: str

    @property
    def answers(self) -> bool:
        """Whether CoCalc answers."""
        return not self.code


def look(base_url: str, *, limit: float) -> Look:
    """Ask once. It may take `limit` seconds to connect and as long to answer; never raises."""
    began = time.monotonic()
    code = _asked(base_url.rstrip("/"), limit)
    return Look(time.monotonic() - began, code)


def _asked(base_url: str, limit: float) -> str:
    try:
        customize(base_url, timeout=limit)
    except CannotConnect as error:
        return OutcomeUnknown.code if error.words in _LATE else error.code
    except NotCocalc as error:
        status = error.status or 0
        if status == 429:  # it asks us to wait, so it is there
            return ""
        return ServerFault.code if status >= 500 else error.code
    return ""
