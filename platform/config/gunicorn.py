"""The web server: `gunicorn --config python:config.gunicorn`.

The proxy before it buffers what is slow (the README says how). What stands here is for requests
that come past it, or by another proxy: no client holds a thread for longer than it must.
"""

from typing import Any

from config.env import Reader

read = Reader()
wsgi_app = "config.wsgi"

worker_class = "gthread"
workers = 3
# As the settings read it, which say what is wrong with it.
threads = read.number("WEB_THREADS", default=16, least=4, most=100)
worker_connections = 1000
backlog = 512

timeout = 60  # a process that says nothing for so long is started anew; it says much more often
graceful_timeout = 30  # what is under way at a stop may end
keepalive = 5
# Against what leaks: each process is started anew now and then, not all at one time.
max_requests = 20_000
max_requests_jitter = 2_000

# The site writes a line for each request itself (`config.request_lines`).
accesslog = None
if read.choice("LOG_FORMAT", default="text", choices=("text", "json")) == "json":
    # In place of parts of gunicorn's own, for what its processes say themselves.
    logconfig_dict = {
        "formatters": {"generic": {"()": "config.logs.Json"}},
        "loggers": {
            "gunicorn.error": {"handlers": ["error_console"], "propagate": False},
            "gunicorn.access": {"level": "CRITICAL", "propagate": False},
        },
    }

limit_request_line = 8190  # paths may have 4,096 characters
limit_request_fields = 60
limit_request_field_size = 8190
READ_SECONDS = 10.0  # without a byte of a body, or without one taken of an answer


def pre_request(worker: Any, request: Any) -> None:
    """Wait for a silent client no longer than so: without a limit it would be for ever."""
    request.unreader.sock.settimeout(READ_SECONDS)
