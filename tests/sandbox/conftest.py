"""One sandbox, over https, for most of the tests; and a browser that resolves its names."""

import http.server
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from playwright.sync_api import Browser, BrowserContext

from sandbox.process import SandboxProcess
from tests.chromium import arguments, headless
from tests.sandbox.embed import Embed
from tests.sandbox.support import ADMIN_KEY, Api, Person, cookie

HOSTS = "learn.school.test, .wild.test"


@dataclass
class Tls:
    chain: Path
    key: Path
    ca: Path
    other: tuple[Path, Path]  # that nobody trusts


@pytest.fixture(scope="package")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    folder = tmp_path_factory.mktemp("tls")
    ca = trustme.CA()
    certificate = ca.issue_cert("127.0.0.1", "*.school.test", "*.wild.test", "*.test")
    other = trustme.CA().issue_cert("cocalc.school.test")
    other_files = folder / "other.pem", folder / "other-key.pem"
    other.cert_chain_pems[0].write_to_path(other_files[0])
    other.private_key_pem.write_to_path(other_files[1])
    files = Tls(folder / "chain.pem", folder / "key.pem", folder / "ca.pem", other_files)
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(files.chain, append=True)
    certificate.private_key_pem.write_to_path(files.key)
    ca.cert_pem.write_to_path(files.ca)
    return files


@pytest.fixture(scope="package")
def running(tls: Tls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with SandboxProcess.start(
        tmp_path_factory.mktemp("sandbox"),
        admin_key=ADMIN_KEY,
        tls=(tls.chain, tls.key),
        other_tls=tls.other,
        verify=tls.ca,
        iframe_hosts=HOSTS,
        public_host="cocalc.school.test",
        start_seconds=0.1,
        account_limit=10_000,
    ) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: SandboxProcess) -> Iterator[SandboxProcess]:
    """The sandbox, with its quirks as they were at the end."""
    yield running
    running.reset_quirks()


@pytest.fixture(scope="package")
def _api(running: SandboxProcess) -> Iterator[Api]:
    api = Api(running)
    with api.session:
        yield api


@pytest.fixture
def api(_api: Api, sandbox: SandboxProcess) -> Api:
    """The API with the admin's key."""
    return _api


@pytest.fixture
def student(api: Api) -> Person:
    return api.person("Stu")


@pytest.fixture
def stranger(api: Api) -> Person:
    return api.person("Oth")


_PARENT = b"""<!doctype html><meta charset=utf-8><title>Parent</title>
<style>html, body, iframe { width: 100%; height: 100%; margin: 0; border: 0; }</style>
<script>
const got = [];
const frame = () => document.querySelector("iframe").contentWindow;
addEventListener("message", (event) => {
  if (event.source === frame()) got.push({ origin: event.origin, ...event.data, data: event.data });
});
const send = (message) => frame().postMessage(message, "*");
</script>
<iframe></iframe>
"""


class _ParentPage(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(_PARENT)

    def log_message(self, *_: object) -> None:
        pass


@dataclass
class Ports:
    """Where the embedding pages are served."""

    https: int
    http: int


@pytest.fixture(scope="package")
def parents(tls: Tls) -> Iterator[Ports]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls.chain, tls.key)
    servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), _ParentPage) for _ in range(2)]
    servers[0].socket = context.wrap_socket(servers[0].socket, server_side=True)
    threads = [threading.Thread(target=server.serve_forever) for server in servers]
    for thread in threads:
        thread.start()
    yield Ports(servers[0].server_port, servers[1].server_port)
    for server in servers:
        server.shutdown()
        server.server_close()
    for thread in threads:
        thread.join()


@pytest.fixture(scope="package")
def chromium(running: SandboxProcess, parents: Ports) -> Iterator[Browser]:
    ports = {
        "cocalc.school.test:443": running.port,
        "*.test:443": parents.https,
        "*.test:8443": parents.https,
        "*.test:80": parents.http,
    }
    with headless(arguments(ports)) as browser:
        yield browser


@dataclass
class Desk:
    """A person at a browser, signed in to the sandbox."""

    person: Person
    context: BrowserContext


@pytest.fixture(scope="package")
def desk(chromium: Browser, _api: Api) -> Iterator[Desk]:
    """One for the tests that are not about signing in."""
    person = _api.person("Stu")
    _, _, secret = cookie(_api.sandbox, _api.token(person.account_id))["Cookie"].partition("=")
    with chromium.new_context(ignore_https_errors=True) as context:
        context.add_cookies(
            [
                {
                    "name": "remember_me",
                    "value": secret,
                    "url": "https://cocalc.school.test",
                    "httpOnly": True,
                    "secure": True,
                    "sameSite": "None",
                }
            ]
        )
        yield Desk(person, context)


@pytest.fixture
def plain(sandbox: SandboxProcess) -> None:
    """What is not about an editor need not wait for one."""
    sandbox.quirks(plain_text=True)


@pytest.fixture
def embed(chromium: Browser, desk: Desk) -> Iterator[Embed]:
    """The kiosk, signed in and ready."""
    with Embed(chromium, context=desk.context) as embed:
        embed.load()
        embed.ready()
        yield embed
