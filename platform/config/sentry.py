"""Faults are reported to a Sentry, where SENTRY_DSN names one: what happened, and nothing else.

A report is made anew of what is known to be harmless: the traceback without variables, the pattern
of the address, the request's number. No body, header, cookie, address, user or argument is in it.
Nothing goes to CoCalc by it, and no page knows of it.
"""

from collections.abc import Mapping
from typing import Any, cast

import sentry_sdk
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.excepthook import ExcepthookIntegration
from sentry_sdk.integrations.logging import LoggingIntegration, ignore_logger
from sentry_sdk.types import Event, Hint

from config.logs import clean
from embedding import trail

_KEPT = (
    *("event_id", "timestamp", "level", "platform", "logger", "release", "environment"),
    *("sdk", "exception", "logentry", "message", "threads"),
)
# Of a frame of a traceback: where it is, and our own source around it.
_OF_FRAME = (
    *("filename", "abs_path", "function", "module", "lineno", "in_app"),
    *("pre_context", "context_line", "post_context"),
)


def start(dsn: str) -> None:
    """Report from now on what is logged as an error, or ends a process.

    Every fault is logged, of pages as of workers: so no other part of Django is hooked into.
    """
    ignore_logger("config.request_lines")  # a fault stands beside its request's line
    sentry_sdk.init(
        dsn=dsn,
        # By name: by itself it takes whatever it finds, such as what is asked of other servers.
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            AtexitIntegration(callback=lambda *_: None),
            ExcepthookIntegration(),
            LoggingIntegration(level=None, sentry_logs_level=None),
        ],
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        propagate_traces=False,
        auto_session_tracking=False,
        send_client_reports=False,
        server_name="",
        before_send=harmless,
    )


def harmless(event: Event, hint: Hint) -> Event | None:
    """Return the report with what may be told, its texts cleaned as the log's are.

    None for a request that was refused, such as one to a wrong host: no fault of the site's.
    """
    status = getattr(hint.get("log_record"), "status_code", 500)
    if isinstance(status, int) and status < 500:
        return None
    given = cast(Mapping[str, Any], event)
    report = {name: _cleaned(given[name]) for name in _KEPT if name in given}
    for raised in (report.get("exception") or {}).get("values", ()):
        for frame in (raised.get("stacktrace") or {}).get("frames", ()):
            for name in frame.keys() - set(_OF_FRAME):
                del frame[name]
    if logged := report.get("logentry"):
        # The text as it was logged; what stood in it apart from that is in it.
        report["logentry"] = {"formatted": logged.get("formatted") or logged.get("message", "")}
    report["tags"] = dict(trail.marks())
    return cast(Event, report)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {name: _cleaned(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(inner) for inner in value]
    return value
