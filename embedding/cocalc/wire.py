"""One HTTP exchange with CoCalc, whatever its generation.

One keep-alive session serves all threads of a process. It keeps no cookies (CoCalc sets one on
every answer), follows no redirect with the key, and takes proxies and certificates from the
environment, but never a password from a netrc file.
"""

import base64
import os
import re
import time
from dataclasses import dataclass
from http.client import RemoteDisconnected
from http.cookiejar import DefaultCookiePolicy
from io import BytesIO
from typing import Literal
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from embedding.cocalc.errors import CannotConnect, CocalcError, NotCocalc, OutcomeUnknown
from embedding.cocalc.reading import Response, readable


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the client waits, in seconds, and how much it takes."""

    call: float = 30.0  # a call that needs no project
    start: float = 150.0  # one that may have to start a project first
    margin: float = 20.0  # beyond the time that CoCalc was told for a command or a copy
    backoff: float = 0.2  # before the first repetition; doubles up to `backoff_most`
    backoff_most: float = 5.0
    attempts: int = 3  # of a call that fails; one into a starting project has all its time
    answer: int = 64 * 1024 * 1024  # bytes


Scheme = Literal["Basic", "Bearer"]  # of the Authorization header

_ENDS = {"content-length", "transfer-encoding"}  # either tells where an answer ends


class Key(AuthBase):
    """The site's key: goes into requests, and nowhere else."""

    def __init__(self, api_key: str, scheme: Scheme) -> None:
        basic = base64.b64encode(f"{api_key}:".encode()).decode()
        self._header = f"Basic {basic}" if scheme == "Basic" else f"Bearer {api_key}"
        # Besides our own, whatever has the form of a key of CoCalc's.
        secrets = [re.escape(basic), re.escape(api_key), r"\bsk[-_]\w{8,}"]
        self._secrets = re.compile("|".join(secrets))

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._header
        return request

    def __repr__(self) -> str:
        return "<the key>"

    def redact(self, text: str) -> str:
        """Return the text without any key in it."""
        return self._secrets.sub("[key]", text)


class Wire:
    """Posts to one CoCalc. Thread-safe."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        scheme: Scheme,
        connect_timeout: float,
        pool_size: int,
        limits: Limits,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("base_url must be an http(s) address with a host.")
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError("base_url must hold no user name, query or fragment.")
        if not api_key:
            raise ValueError("The API key is empty.")
        self.base_url = base_url.rstrip("/")
        self.key = Key(api_key, scheme)
        self._connect_timeout = connect_timeout
        self._pool_size = pool_size
        self._limits = limits
        self._session, self._pid = self._new_session(), os.getpid()

    def close(self) -> None:
        """Close the pooled connections."""
        self._session.close()

    def post(
        self, operation: str, path: str, body: bytes, content_type: str, deadline: float
    ) -> Response | CocalcError:
        """Post to `BASE/path` and return what came back, or the error for that nothing whole did.

        The error is returned, to be raised where no exception of requests is being handled:
        those lead to the Authorization header and the body.
        Whether CoCalc can have acted is told by one thing: whether all of the body was taken
        from `stream`, which is only read once the connection stands and the headers are gone.
        """
        left = max(deadline - time.monotonic(), 0.001)
        stream = BytesIO(body)
        status = None
        try:
            with self._current_session().post(
                f"{self.base_url}/{path}",
                data=stream,
                headers={"Content-Type": content_type},
                timeout=(min(self._connect_timeout, left), left),
                allow_redirects=False,
                stream=True,
            ) as response:
                status = response.status_code
                return Response(status, response.headers, self._read(response, deadline))
        except _ExcessError as excess:
            return NotCocalc(operation, str(excess), status=status)
        except (requests.RequestException, HTTPError, OSError) as failure:
            words = readable(self.key.redact(_root_of(failure)))
        has_left = status is not None or stream.tell() == len(body)
        kind = OutcomeUnknown if has_left else CannotConnect
        return kind(operation, words, status=status)

    def _read(self, response: requests.Response, deadline: float) -> bytes:
        """Read the body piece by piece: a limit for one read would let it drip for ever."""
        pieces: list[bytes] = []
        size = 0
        while piece := response.raw.read1(65536, decode_content=True):
            pieces.append(piece)
            size += len(piece)
            if size > self._limits.answer:
                raise _ExcessError(f"the answer is larger than {self._limits.answer} bytes")
            if time.monotonic() > deadline:
                raise TimeoutError(0, "the answer was not complete in time")
        if not pieces and not _ENDS & {name.lower() for name in response.headers}:
            raise ConnectionError(0, "the answer was cut")  # among its headers
        return b"".join(pieces)

    def _current_session(self) -> requests.Session:
        # After a fork, two processes would talk over the same connections.
        if self._pid != os.getpid():
            self._session, self._pid = self._new_session(), os.getpid()
        return self._session

    def _new_session(self) -> requests.Session:
        session = Session()
        session.auth = self.key  # being set, it also keeps netrc out
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # CoCalc's one hub process would have to compress; a base64 answer gains little.
        session.headers["Accept-Encoding"] = "identity"
        session.headers["User-Agent"] = "lectern"
        adapter = HTTPAdapter(pool_maxsize=self._pool_size)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        return session


def beginning_of(answer: requests.Response, most: int, deadline: float) -> bytes:
    """Read up to `most` bytes of a streamed answer, by a deadline of the monotonic clock.

    Piece by piece: with a limit for each read alone, it could drip for ever. Raises TimeoutError.
    """
    body = b""
    while len(body) < most and (piece := answer.raw.read1(most, decode_content=True)):
        body += piece
        if time.monotonic() > deadline:
            raise TimeoutError(0, "the answer was not complete in time")
    return body[:most]


class Session(requests.Session):
    """Knows no redirects: requests looks at their target even where it is not to follow them."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class _ExcessError(Exception):
    """More than we take."""


def _root_of(failure: BaseException) -> str:
    """Return the operating system's own words, such as “Connection refused”.

    The messages on the way there repeat address and proxy, which may hold a password.
    """
    seen = {failure}
    while (cause := failure.__cause__ or failure.__context__) and cause not in seen:
        seen.add(cause)
        failure = cause
    words = failure.strerror if isinstance(failure, OSError) else None
    if not words and isinstance(failure, TimeoutError | RemoteDisconnected):
        words = str(failure)
    return words or type(failure).__name__
