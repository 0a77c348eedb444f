"""What can be made to go wrong, at the start by options and later through the control door."""

import asyncio
import dataclasses
from dataclasses import dataclass, field
from datetime import date
from typing import Any, get_type_hints

TOLD_TO_FAIL = "Error: the sandbox was told to fail this event"


@dataclass
class Quirks:
    """Everything at its default behaves as CoCalc was observed to behave, only faster."""

    latency: float = 0.0
    """Seconds before every API call is handled."""
    latency_events: list[str] = field(default_factory=list)
    """Only these events wait; empty: all."""
    start_seconds: float = 0.3
    """How long a stopped project takes to start."""
    account_limit: int = 150
    """New accounts in 30 minutes from one address."""
    hang_events: list[str] = field(default_factory=list)
    """These events are never handled and never answered."""
    fail_events: list[str] = field(default_factory=list)
    """These events are refused with `event: error`."""
    lost_replies: list[str] = field(default_factory=list)
    """These events are carried out, then the connection breaks without an answer."""
    api_down: str = ""
    """"close": the connection breaks; "503": a gateway's HTML; "": the API answers."""
    api_html: bool = False
    """The API answers 200 with a page of HTML."""
    pages_down: str = ""
    """As `api_down`, for all the rest: pages, what they ask for, files, kernels."""
    wrong_certificate: bool = False
    """Who asks by the public name gets a certificate that nobody trusts (see --other-tls-cert)."""
    never_starts: bool = False
    """A stopped project does not start; calls into it end with `timeout`."""
    start_error: str = ""
    """A stopped project cannot be started: calls into it are refused with this, or with the
    number where it is one."""
    stuck_starting: bool = False
    """With the conat face: a start that has failed for good blocks the project in `starting` until
    the sandbox restarts, as on a real server; else it comes up once `never_starts` is over."""
    api_late: str = ""
    """With the conat face: what runs in a project does not listen; calls into it wait out their
    time and end with "408" or "503"."""
    server_date: str = ""
    """With the conat face: the server's day, such as "2025-11-01"; later functions are unknown."""
    upload_delay: float = 0.0
    """With the conat face: seconds between the answer to an upload and the file's name."""
    fixed_settings: list[str] = field(default_factory=list)
    """With the conat face: site settings that the server's environment fixes."""
    group_by_query: bool = True
    """With the conat face: a set query on `users` changes groups, as its source says it does."""
    slow_boot: float = 0.0
    """Seconds more that a page needs before it connects."""
    cut_seconds: float = 10.0
    """How long a page of conat that nobody is signed in at says "connected" (read: about 10)."""
    dead_channel: bool = False
    """The kiosk never answers a message (its project log still comes)."""
    white_page: bool = False
    """Pages come without their script: they stay white and say nothing."""
    refused_frames: bool = False
    """Pages forbid to be framed."""
    stopped_dialog: bool = False
    """The kiosk takes every project for stopped, and asks."""
    cookie_refused: bool = False
    """The sign-in cookie is neither set nor read, as where a browser blocks it."""
    silent_to_strangers: bool = False
    """A project that is not the user's gets no reply and a white page, as on one build observed."""
    plain_text: bool = False
    """Text files are shown as they are, in an instant, and not by Jupyter's editor."""

    async def delay(self, event: str) -> None:
        """Wait as long as a call is to wait before it is handled."""
        if self.latency and (not self.latency_events or event in self.latency_events):
            await asyncio.sleep(self.latency)

    def change(self, values: dict[str, Any]) -> None:
        """Set the named quirks, or none of them: ValueError names what is wrong."""
        kinds = get_type_hints(Quirks)
        checked = {name: _checked(name, value, kinds) for name, value in values.items()}
        for name, value in checked.items():
            setattr(self, name, value)

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def _checked(name: str, value: Any, kinds: dict[str, Any]) -> Any:
    if name not in kinds:
        raise ValueError(f"There is no quirk named {name!r}.")
    if name in ("api_down", "pages_down"):
        # True and False are what one types first.
        value = {True: "close", False: "", None: ""}.get(value, value)
        if value not in ("", "close", "503"):
            raise ValueError(f'{name} is "close", "503" or "".')
        return value
    if name == "api_late" and value not in ("", "408", "503"):
        raise ValueError('api_late is "408", "503" or "".')
    if name == "server_date" and value != "":
        _check_day(value)
    kind = kinds[name]
    if kind == list[str]:
        if not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
            raise ValueError(f"{name} is a list of names.")
        return value
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"{name} is of type {kind.__name__}.")
    return value


def _check_day(value: Any) -> None:
    try:
        date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError('server_date is a day such as "2025-11-01".') from None
