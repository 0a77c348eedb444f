"""The check's look at CoCalc's certificate and clock: real TLS servers on loopback."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pytest_django import Settings

from embedding.services.checking import chain
from embedding.services.checking.links import Finding, Link
from tests.embedding.test_checks import FINE

HOST = "127.0.0.1"
Serve = Callable[..., str]


class Clock(BaseHTTPRequestHandler):
    ahead = timedelta()

    def do_GET(self) -> None:
        self.send_response_only(200)
        self.send_header("Date", format_datetime(datetime.now(UTC) + self.ahead, usegmt=True))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def serve(settings: Settings) -> Iterator[Serve]:
    """Start a server with a certificate, and set it as CoCalc; return its address."""
    with ExitStack() as stack:

        def start(chain_file: Path | None = None, ahead: timedelta = timedelta()) -> str:
            handler = type("Handler", (Clock,), {"ahead": ahead})
            server = stack.enter_context(HTTPServer((HOST, 0), handler))
            server.handle_error = lambda *_: None  # type: ignore[method-assign]  # who breaks off
            if chain_file:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(chain_file)
                server.socket = context.wrap_socket(server.socket, server_side=True)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.shutdown)
            scheme = "https" if chain_file else "http"
            address = f"{scheme}://{HOST}:{server.server_port}"
            settings.EMBEDDING = {**FINE, "COCALC_URL": address}
            return address

        yield start


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """The one authority that this server knows."""
    ca = trustme.CA(organization_name="School Root")
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    return ca


def written(folder: Path, leaf: trustme.LeafCert, *, sent: int | None = None) -> Path:
    """Write a server's key, and so many certificates of its chain."""
    path = folder / "server.pem"
    leaf.private_key_pem.write_to_path(path)
    for blob in leaf.cert_chain_pems[:sent]:
        blob.write_to_path(path, append=True)
    return path


def look(name: str) -> Finding:
    found: Link = next(link for link in chain.links() if link.name == name)
    (finding,) = chain.run(found).findings
    return finding


def days(number: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=number)


@pytest.mark.parametrize(
    ("left", "state", "words"),
    [
        (60.5, "ok", "60 more days"),
        (20.5, "warning", "20 more days"),
        (1.5, "failed", "1 more day."),
    ],
)
def test_how_long_it_is_valid(
    serve: Serve, authority: trustme.CA, tmp_path: Path, left: float, state: str, words: str
) -> None:
    serve(written(tmp_path, authority.issue_cert(HOST, not_after=days(left))))
    found = look("tls")
    assert found.state == state
    assert words in found.seen
    assert "School Root" in found.seen


def test_an_expired_one(serve: Serve, authority: trustme.CA, tmp_path: Path) -> None:
    leaf = authority.issue_cert(HOST, not_before=days(-9), not_after=days(-2))
    serve(written(tmp_path, leaf))
    assert look("tls").state == "failed"
    assert "has expired" in look("tls").seen


def test_one_that_is_not_valid_yet(serve: Serve, authority: trustme.CA, tmp_path: Path) -> None:
    leaf = authority.issue_cert(HOST, not_before=days(2), not_after=days(9))
    serve(written(tmp_path, leaf))
    assert "is not valid yet" in look("tls").seen


def test_one_for_another_name(serve: Serve, authority: trustme.CA, tmp_path: Path) -> None:
    serve(written(tmp_path, authority.issue_cert("www.school.test", "other.test")))
    found = look("tls")
    assert found.state == "failed"
    assert "is for other names: www.school.test, other.test." in found.seen


def test_a_chain_without_its_intermediate(
    serve: Serve, authority: trustme.CA, tmp_path: Path
) -> None:
    middle = trustme.CA(authority, organization_name="School Issuing")
    leaf = middle.issue_cert(HOST)
    serve(written(tmp_path, leaf, sent=1))
    found = look("tls")
    assert found.state == "failed"
    assert "sends its own certificate alone" in found.seen
    assert "“School Issuing" in found.seen
    assert "fullchain.pem" in found.do
    serve(written(tmp_path, leaf))
    assert look("tls").state == "ok"


def test_an_authority_that_nobody_knows(
    serve: Serve, authority: trustme.CA, tmp_path: Path
) -> None:
    stranger = trustme.CA(trustme.CA(organization_name="Stranger"), organization_name="Odd")
    serve(written(tmp_path, stranger.issue_cert(HOST)))
    found = look("tls")
    assert found.state == "failed"
    assert "does not know who issued" in found.seen
    assert "REQUESTS_CA_BUNDLE" in found.do


def test_one_that_is_signed_by_itself(serve: Serve, authority: trustme.CA, tmp_path: Path) -> None:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = builder.not_valid_before(days(-1)).not_valid_after(days(9)).sign(key, hashes.SHA256())
    path = tmp_path / "own.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(secret + made.public_bytes(Encoding.PEM))
    serve(path)
    assert "is signed by itself" in look("tls").seen


def test_what_speaks_no_tls(serve: Serve, settings: Settings) -> None:
    address = serve().replace("http:", "https:")
    settings.EMBEDDING = {**FINE, "COCALC_URL": address}
    found = look("tls")
    assert found.state == "failed"
    assert "does not speak TLS" in found.seen


def test_without_https_there_is_nothing_to_look_at(serve: Serve) -> None:
    serve()
    assert look("tls").state == "ok"
    assert "does not use https" in look("tls").seen


def test_a_proxy_is_left_to_it(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    serve()
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    assert "through a proxy" in look("tcp").seen


@pytest.mark.parametrize(
    ("ahead", "state", "words"),
    [
        (0, "ok", "differ by 0 s"),
        (45, "warning", "ahead"),
        (-45, "warning", "behind"),
        (3600, "failed", "3600 s ahead"),
        (-3600, "failed", "s behind"),
    ],
)
def test_the_clock(serve: Serve, ahead: int, state: str, words: str) -> None:
    serve(ahead=timedelta(seconds=ahead))
    found = look("clock")
    assert found.state == state
    assert words in found.seen or (state == "failed" and "3599 s ahead" in found.seen)


@pytest.mark.parametrize(
    ("cocalc", "site", "state"),
    [
        ("https://10.1.2.3", "https://8.8.8.8", "warning"),
        ("https://8.8.8.8", "https://10.1.2.3", "ok"),
        ("https://10.1.2.3", "https://10.1.2.4", "ok"),
        ("https://nowhere.school.test", "https://8.8.8.8", "skipped"),
    ],
)
def test_which_networks_they_are_on(settings: Settings, cocalc: str, site: str, state: str) -> None:
    settings.EMBEDDING = {**FINE, "COCALC_URL": cocalc}
    settings.SITE_URL = site
    assert look("local-network").state == state
