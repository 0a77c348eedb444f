"""What no log may hold: an address that lets in whoever has it, and line upon line of one thing."""

import logging
import re

MOST = 8_000  # characters of one record
_LETS_IN = re.compile(r"/(invitations|join|address|calendar|password/new|unsubscribe)/[^/\s]+")


class NoLinks(logging.Filter):
    """Takes the secret out of links that let in or prove, as in a line about a refused request."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record; it is always kept."""
        message = record.getMessage()
        clean = _LETS_IN.sub(r"/\1/…", message)
        if clean != message:
            record.msg, record.args = clean, ()
        return True


class Short(logging.Formatter):
    """Leaves out the middle of what is long: a library may well write all that somebody sent."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, with its traceback if there is one."""
        text = super().format(record)
        over = len(text) - MOST
        if over <= 0:
            return text
        return f"{text[: MOST // 2]}\n[… {over:,} characters left out …]\n{text[-MOST // 2 :]}"
