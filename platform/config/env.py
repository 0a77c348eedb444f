"""Reads the site's settings from environment variables, and says plainly what is wrong with them.

Every variable can also come from a file: `X_FILE=/run/secrets/x` instead of `X=…`.
"""

import ipaddress
import re
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")


class ConfigurationError(ImproperlyConfigured):
    """One or several variables are missing or malformed; the message names each."""


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Reader:
    """Reads typed variables and gathers what is wrong, so that one start names every fault.

    No value is ever put into a message: it may be a secret.
    """

    def __init__(self) -> None:
        self._env = environ.FileAwareEnv()
        self._faults: list[str] = []

    def _read(
        self, name: str, read: Callable[..., T], default: T | None, fallback: T, kind: str
    ) -> T:
        required = default is None
        try:
            value = read(name) if required else read(name, default=default)
        except ImproperlyConfigured:
            self._faults.append(f"{name} is missing: set it (or {name}_FILE) to {kind}.")
        except OSError as error:
            self._faults.append(f"{name}_FILE cannot be read: {error.strerror}.")
        except (ValueError, TypeError):
            self._faults.append(f"{name} is malformed: it must be {kind}.")
        else:
            if required and value in ("", []):
                self._faults.append(f"{name} is empty: set it to {kind}.")
            return value
        return fallback

    def text(self, name: str, *, kind: str, default: str | None = None) -> str:
        """A string; surrounding white space (a file's last newline) is dropped."""
        return self._read(name, self._env.str, default, "", kind).strip()

    def texts(self, name: str, *, kind: str, default: list[str] | None = None) -> list[str]:
        """A comma-separated list of strings."""
        return [part.strip() for part in self._read(name, self._env.list, default, [], kind)]

    def flag(self, name: str, *, default: bool) -> bool:
        """A boolean; anything that is neither yes nor no is refused."""
        word = self.text(name, kind="true or false", default=str(default)).lower()
        if word in {"true", "yes", "on", "1"}:
            return True
        if word not in {"false", "no", "off", "0"}:
            self._faults.append(f"{name} is malformed: it must be true or false.")
        return False

    def number(self, name: str, *, default: int, least: int, most: int) -> int:
        """A whole number within bounds."""
        kind = f"a whole number from {least} to {most}"
        value = self._read(name, self._env.int, default, default, kind)
        if not least <= value <= most:
            self._faults.append(f"{name} is malformed: it must be {kind}.")
        return value

    def choice(self, name: str, *, default: str, choices: tuple[str, ...]) -> str:
        """One of a few words."""
        value = self.text(name, kind=" or ".join(choices), default=default)
        if value not in choices:
            self._faults.append(f"{name} is malformed: it must be {' or '.join(choices)}.")
        return value

    def place(self, name: str, *, example: str) -> str:
        """The path of a folder on a host, with a slash at both ends; empty where there is none."""
        value = self.text(name, kind=f"a path such as {example}", default="")
        if value and not re.fullmatch(r"(/[A-Za-z0-9._~-]*[A-Za-z0-9_~-])+/", value):
            self._faults.append(f"{name} is malformed: it must be a path such as {example}.")
            return ""
        return value

    def url(
        self, name: str, *, example: str, default: str | None = None, path: bool = False
    ) -> str:
        """An https address without trailing slash; plain http only for this machine itself.

        Empty where it is at fault, so that no second fault follows from the first.
        """
        kind = f"an https address such as {example}"
        value = self.text(name, kind=kind, default=default).rstrip("/")
        try:
            parts = urlsplit(value)
            _ = parts.port
        except ValueError:
            parts = urlsplit("")
        host = parts.hostname or ""
        sound = (
            parts.scheme in {"https", "http"}
            and bool(host)
            and "@" not in parts.netloc
            and not (parts.query or parts.fragment)
            and (path or not parts.path)
        )
        if value and not sound:
            self._faults.append(f"{name} is malformed: it must be {kind}.")
            return ""
        if parts.scheme == "http" and not is_loopback(host):
            self._faults.append(
                f"{name} must begin with https: over plain http, passwords and keys could be read "
                "on the way. (Plain http is taken for localhost alone.)"
            )
            return ""
        return value

    def database(self, name: str, *, default: str) -> dict[str, object]:
        """A database address, as django-environ reads it."""
        kind = "an address such as postgres://user:password@host/name"
        try:
            read: dict[str, object] = self._env.db_url(name, default=default)
        except (ImproperlyConfigured, ValueError, KeyError):
            read = {}
        if not read.get("ENGINE"):
            self._faults.append(f"{name} is malformed: it must be {kind}.")
        return read

    def email(self, name: str) -> dict[str, object]:
        """Django's settings for a mail server; empty where none is given.

        `smtp://` speaks in the clear, `smtp+tls://` (STARTTLS) and `smtp+ssl://` do not.
        """
        kind = "an address such as smtp+tls://user:password@mail.example.edu:587"
        value = self.text(name, kind=kind, default="")
        if not value:
            return {}
        try:
            read: dict[str, object] = self._env.email_url_config(value)
        except (ImproperlyConfigured, ValueError, KeyError):
            read = {}
        if not read.get("EMAIL_HOST"):
            self._faults.append(f"{name} is malformed: it must be {kind}.")
            return {}
        usual = 587 if read.get("EMAIL_USE_TLS") else 465 if read.get("EMAIL_USE_SSL") else 25
        return {key: part for key, part in read.items() if part} | {
            "EMAIL_PORT": read.get("EMAIL_PORT") or usual
        }

    def fault(self, sentence: str) -> None:
        """Add a fault that concerns several variables."""
        self._faults.append(sentence)

    def finish(self) -> None:
        """Raise ConfigurationError if anything was wrong."""
        if self._faults:
            raise ConfigurationError("\n".join(dict.fromkeys(self._faults)))
