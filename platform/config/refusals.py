"""What the log says of a request that was refused."""

import logging


class Refused(logging.Filter):
    """Makes one line of a request that was refused (403, 404, …): what, where, and who asked.

    It is no fault of the site's, so there is nothing to trace; but Django hands the exception on.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record; it is always kept."""
        status = getattr(record, "status_code", None)
        if isinstance(status, int) and 400 <= status < 500:
            record.exc_info = record.exc_text = None
            # Where nobody has looked yet who asks, the log does not ask the database.
            user = getattr(getattr(record, "request", None), "_cached_user", None)
            who = f" ({user.get_username()})" if user and user.is_authenticated else ""
            record.msg, record.args = " ".join(f"{record.getMessage()}{who}".split()), ()
        return True
