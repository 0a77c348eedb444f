"""What no log may hold: an address that lets in whoever has it."""

import logging
import re

_LETS_IN = re.compile(r"/(invitations|join)/[^/\s]+")


class NoLinks(logging.Filter):
    """Takes the secret out of invitation and join links, as in a line about a refused request."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record; it is always kept."""
        message = record.getMessage()
        clean = _LETS_IN.sub(r"/\1/…", message)
        if clean != message:
            record.msg, record.args = clean, ()
        return True
