"""What the log says of a request that was refused."""

import logging

from config.request_lines import Line


class Refused(logging.Filter):
    """Has a refused request (403, 404, …) be one line, its own, which also says why.

    It is no fault of the site's, so there is nothing to trace; but Django hands the exception on.
    A fault of ours (500) is told whole, beside the request's line.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Leave a refusal to the line of its request; one that has none becomes a line itself."""
        status = getattr(record, "status_code", None)
        if not isinstance(status, int) or status < 400 or (status >= 500 and record.exc_info):
            return True
        why = " ".join(record.getMessage().split())
        if line := Line.of(getattr(record, "request", None)):
            line.refused(why, record.levelno)
            return False
        record.exc_info = record.exc_text = None
        record.msg, record.args = why, ()
        return True
