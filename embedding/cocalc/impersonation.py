"""Signing in to CoCalc from a server, with an auth token: what a browser's cookies would be.

`GET BASE/auth/impersonate?auth_token=T` (CoCalc of October 2024 to July 2026, read in its source)
answers 200 with a small page and two cookies: `account_id`, which the page's scripts read, and
`remember_me` (HttpOnly), which signs in for 12 hours. A failure is 200 as well, with a text.
"""

import re
import time
from dataclasses import dataclass

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from embedding.cocalc.errors import CannotConnect, Forbidden, NotCocalc, OutcomeUnknown
from embedding.cocalc.reading import checked_uuid
from embedding.cocalc.wire import Session, beginning_of

PATH = "/auth/impersonate"
TOKEN = re.compile(r"[0-9A-Za-z]{24}")  # no other is put into an address
# Names may be behind a base path ("%2Fccremember_me"), or renamed by whoever runs CoCalc.
_NAME = re.compile(r"[0-9A-Za-z!#$%&'*+.^_`|~-]{1,200}")
_VALUE = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{0,4000}")
_ATTRIBUTE = re.compile(r"[0-9A-Za-z ,:/.%_=+-]{0,200}")
_REFUSED = "ERROR: impersonate error"
ACCOUNT_ID, REMEMBER_ME = "account_id", "remember_me"
MOST_COOKIES = 5
MOST_BYTES = 100_000


@dataclass(frozen=True, slots=True, repr=False)
class Cookie:
    """One of CoCalc's cookies. Whoever has all of them is signed in: for its browser alone."""

    name: str
    value: str
    attributes: tuple[tuple[str, str], ...]  # as given, names in lower case

    @property
    def http_only(self) -> bool:
        """Whether no script may read it."""
        return any(name == "httponly" for name, _ in self.attributes)

    def attribute(self, wanted: str) -> str:
        """Return an attribute's value, "" where it has none."""
        return next((value for name, value in self.attributes if name == wanted), "")


def cookies_of(base_url: str, account_id: str, token: str, *, timeout: float) -> list[Cookie]:
    """Sign in and return the cookies, which are this account's.

    Args:
        base_url: where the site finds CoCalc.
        timeout: seconds for all of it.

    Raises:
        Forbidden: CoCalc refuses the token, or has banned the account.
        NotCocalc: no cookies came, or they are another account's.
        CannotConnect, OutcomeUnknown: no answer.
    """
    if not TOKEN.fullmatch(token):
        raise NotCocalc("sign_in", "this is no token of CoCalc's")
    deadline = time.monotonic() + timeout
    try:
        with (
            Session() as session,
            session.get(
                f"{base_url}{PATH}",
                params={"auth_token": token},
                # CoCalc marks its cookie as secure where the front says so.
                headers={"X-Forwarded-Proto": "https", "Accept-Encoding": "identity"},
                timeout=timeout,
                allow_redirects=False,
                stream=True,
            ) as answer,
        ):
            status = answer.status_code
            body = beginning_of(answer, MOST_BYTES, deadline).decode("utf-8", "replace")
            lines = answer.raw.headers.getlist("Set-Cookie")
    except (requests.exceptions.ReadTimeout, ReadTimeoutError, TimeoutError):
        raise OutcomeUnknown("sign_in", "no answer in time") from None
    except (requests.RequestException, HTTPError, OSError) as error:
        raise CannotConnect("sign_in", type(error).__name__) from None  # its text has the token
    if status == 200 and body.startswith(_REFUSED):  # the rest repeats the token
        raise Forbidden("sign_in", "CoCalc did not accept the sign-in", status=status)
    cookies = [cookie for line in lines if (cookie := _cookie(line))]
    if status != 200 or not cookies or len(cookies) > MOST_COOKIES:
        raise NotCocalc("sign_in", "no sign-in came back", status=status)
    if not any(cookie.http_only for cookie in cookies):
        raise Forbidden("sign_in", "CoCalc did not sign the account in", status=status)
    whose = [cookie.value for cookie in cookies if cookie.name.endswith(ACCOUNT_ID)]
    if whose != [checked_uuid(account_id)]:
        raise NotCocalc("sign_in", "the sign-in is another account's", status=status)
    return cookies


def _cookie(line: str) -> Cookie | None:
    """Read a Set-Cookie line; None for one that is not to be passed on."""
    first, *rest = line.split(";")
    name, separator, value = first.strip().partition("=")
    if not separator or not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
        return None
    attributes = []
    for part in rest:
        attribute, _, given = part.strip().partition("=")
        if _ATTRIBUTE.fullmatch(given):  # what is folded over lines is none
            attributes.append((attribute.strip().lower(), given.strip()))
    return Cookie(name, value, tuple(attributes))
