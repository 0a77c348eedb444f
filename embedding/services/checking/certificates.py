"""A server's certificate: is it valid, and if not, why?"""

import os
import socket
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from requests.utils import DEFAULT_CA_BUNDLE_PATH

Fault = Literal["expired", "early", "name", "self-signed", "incomplete", "unknown"]

# OpenSSL's numbers (X509_V_ERR_…).
_FAULTS: dict[int, Fault] = {9: "early", 10: "expired", 18: "self-signed", 62: "name", 64: "name"}
_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME
_DAY = 86400


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a server shows; `days` until it ends, and what is at fault, if anything."""

    issuer: str
    names: tuple[str, ...]
    days: int
    fault: Fault | None = None


def look(host: str, port: int, seconds: float) -> Certificate:
    """Look at a server's certificate, by the authorities that `requests` goes by.

    Raises OSError where the server does not speak TLS.
    """
    try:
        return _read(_shown(host, port, seconds, _trusting())[0], None)
    except ssl.SSLCertVerificationError as error:
        code = error.verify_code
    fault = _FAULTS.get(code, "unknown")
    unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    _, der, sent = _shown(host, port, seconds, unverified)
    try:
        told = _shown(host, port, seconds, _taking(der))[0]
    except ssl.SSLError:
        told = {}  # so odd that it cannot be read
    if fault == "unknown" and sent == 1:
        fault = "incomplete"
    return _read(told, fault)


def _trusting() -> ssl.SSLContext:
    """What `requests` does: a bundle of the environment's, or the one it comes with."""
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        if bundle := os.environ.get(variable):
            folder = Path(bundle).is_dir()
            return ssl.create_default_context(
                cafile=None if folder else bundle, capath=bundle if folder else None
            )
    return ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)


def _taking(der: bytes) -> ssl.SSLContext:
    """Take this very certificate for good, whatever it is: only then Python reads it to us."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=der)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME)
    return context


def _shown(
    host: str, port: int, seconds: float, context: ssl.SSLContext
) -> tuple[dict[str, Any], bytes, int]:
    """Return the certificate as read and as sent, and how many were sent (0: not known)."""
    with (
        socket.create_connection((host, port), timeout=seconds) as plain,
        context.wrap_socket(plain, server_hostname=host) as connection,
    ):
        told: Any = connection.getpeercert() or {}
        der = connection.getpeercert(binary_form=True) or b""
        chain = getattr(connection, "get_unverified_chain", None)  # Python 3.13
        chain = chain or getattr(connection._sslobj, "get_unverified_chain", None)  # type: ignore[attr-defined]
        return told, der, len(chain() or ()) if chain else 0


def _read(told: dict[str, Any], fault: Fault | None) -> Certificate:
    issuer = {name: value for part in told.get("issuer", ()) for name, value in part}
    called = [issuer[name] for name in ("organizationName", "commonName") if name in issuer]
    ends = ssl.cert_time_to_seconds(told["notAfter"]) if "notAfter" in told else time.time()
    names: Iterable[tuple[str, str]] = told.get("subjectAltName", ())
    return Certificate(
        ", ".join(dict.fromkeys(called)),
        tuple(name for kind, name in names if kind in ("DNS", "IP Address")),
        int((ends - time.time()) // _DAY),
        fault,
    )
