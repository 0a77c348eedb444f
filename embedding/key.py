"""The site's key of CoCalc's: from the settings, or from a file that may change meanwhile.

Where the key is in a file, every process looks at the file now and then, and at once after CoCalc
has refused the key: a new key needs no restart.
"""

import logging
import threading
import time
from pathlib import Path

from embedding.conf import conf

EVERY = 2.0  # seconds between two looks at the file

log = logging.getLogger(__name__)

_lock = threading.Lock()
_known: tuple[str, tuple[int, ...], str] | None = None  # path, what the file looked like, the key
_looked = float("-inf")


def current() -> str:
    """Return the key as it is now; empty where users sign in to CoCalc themselves."""
    global _known, _looked
    path = conf().api_key_file
    if not path:
        return conf().api_key
    with _lock:
        now = time.monotonic()
        if _known and _known[0] == path and now - _looked < EVERY:
            return _known[2]
        _looked = now
        try:
            seen = Path(path).stat()
            looks = (seen.st_mtime_ns, seen.st_size, seen.st_ino)
            if _known is None or _known[:2] != (path, looks):
                _known = (path, looks, Path(path).read_text().strip())
        except (OSError, ValueError) as error:
            # Whoever replaces it may be at it: what was known still holds, as far as we know.
            log.warning("The file with CoCalc's key cannot be read: %s", type(error).__name__)
        if _known is None or _known[0] != path or not _known[2]:
            return conf().api_key
        return _known[2]


def doubt() -> None:
    """Look at the file with the next use: CoCalc has refused the key."""
    global _looked
    _looked = float("-inf")
