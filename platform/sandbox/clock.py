"""The time of everything that ends by itself: caches, tokens, cookies, bans. Tests can move it."""

import time


class Clock:
    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time() + self._ahead

    def forward(self, seconds: float) -> None:
        """Go ahead; never back, as no clock that matters does."""
        if seconds < 0:
            raise ValueError("The clock only goes forward.")
        self._ahead += seconds
