"""`python -m sandbox`: options, start, stop."""

import argparse
import asyncio
import contextlib
import fcntl
import json
import logging
import os
import signal
import ssl
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from sandbox import app
from sandbox.caches import Caches
from sandbox.clock import Clock
from sandbox.config import (
    ADMIN_EMAIL,
    GENERATIONS,
    Config,
    Generation,
    development_origins,
    is_loopback,
)
from sandbox.hub import Hub
from sandbox.ids import random_text
from sandbox.jupyter import Jupyters
from sandbox.processes import kill_marked, new_instance
from sandbox.projects import Projects
from sandbox.quirks import Quirks
from sandbox.store import Account, Store

log = logging.getLogger("sandbox")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="A stand-in for CoCalc on this machine. It isolates nobody: "
        "what runs in a project runs as you.",
    )
    parser.add_argument("--data", type=Path, required=True, help="the folder of everything kept")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--public-url", default="", help="the address browsers use, if another")
    parser.add_argument(
        "--generation", choices=GENERATIONS, default="v1", help="which CoCalc it plays"
    )
    parser.add_argument(
        "--both", action="store_true", help="play the other one too, at a second address"
    )
    parser.add_argument("--second-port", type=int, default=0, help="of that one; 0: a free one")
    parser.add_argument("--second-public-url", default="", help="as --public-url, of that one")
    parser.add_argument(
        "--dns",
        help="the site setting that conat's sign-in redirects to: a host, or (as with no CoCalc) "
        "an http address of this machine; else the host of the public address",
    )
    parser.add_argument("--tls-cert", type=Path)
    parser.add_argument("--tls-key", type=Path)
    parser.add_argument("--other-tls-cert", type=Path, help="for the quirk wrong_certificate")
    parser.add_argument("--other-tls-key", type=Path)
    parser.add_argument(
        "--iframe-hosts", help='who may use the kiosk\'s channel: "learn.school.test, .wild.test"'
    )
    parser.add_argument(
        "--development-origins",
        default="",
        help="pages of this machine that may use it too, as with no CoCalc: "
        '"http://learn.localhost:8000"',
    )
    parser.add_argument("--start-seconds", type=float, help="how long a project takes to start")
    parser.add_argument("--quirks", default="{}", help="more quirks, as JSON: see quirks.py")
    parser.add_argument(
        "--admin-key", help="better given as SANDBOX_ADMIN_KEY, which `ps` does not show"
    )
    parser.add_argument("--ready-fd", type=int, help="where to write the port once we answer")
    options = parser.parse_args()
    if not is_loopback(options.host):
        parser.error(f"{options.host} is no loopback address, and the sandbox isolates nobody.")
    if bool(options.tls_cert) != bool(options.tls_key):
        parser.error("--tls-cert and --tls-key go together.")
    if bool(options.other_tls_cert) != bool(options.other_tls_key):
        parser.error("--other-tls-cert and --other-tls-key go together.")
    return options


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    options = _options()
    quirks = Quirks()
    try:
        quirks.change(json.loads(options.quirks))
    except (ValueError, AttributeError) as problem:
        sys.exit(f"--quirks: {problem}")
    try:
        origins = development_origins(options.development_origins)
    except ValueError as problem:
        sys.exit(f"--development-origins: {problem}")
    if options.start_seconds is not None:
        quirks.start_seconds = options.start_seconds
    # Taken out of the environment, so that no process of a project inherits it.
    key = options.admin_key or os.environ.pop("SANDBOX_ADMIN_KEY", "")
    if not key:
        key = "sk_" + random_text(24)
        log.info("No SANDBOX_ADMIN_KEY given, so the admin's key is %s", key)
    config = Config(
        data=options.data.resolve(),
        admin_key=key,
        host=options.host,
        port=options.port,
        public_url=options.public_url,
        generation=options.generation,
        both=options.both,
        second_port=options.second_port,
        second_public_url=options.second_public_url,
        dns=options.dns,
        tls_cert=options.tls_cert,
        tls_key=options.tls_key,
        other_tls_cert=options.other_tls_cert,
        other_tls_key=options.other_tls_key,
        iframe_hosts=options.iframe_hosts,
        development_origins=origins,
    )
    config.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _only_one(config):
        asyncio.run(_serve(config, quirks, options.ready_fd))


@contextlib.contextmanager
def _only_one(config: Config) -> Iterator[None]:
    with (config.data / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(f"Another sandbox is using {config.data}.")
        yield


def _admin(store: Store, key: str) -> Account:
    """The site admin whose key the embedding site holds."""
    admin = store.account_by_email(ADMIN_EMAIL) or store.create_account(
        email=ADMIN_EMAIL, first_name="Sandbox", last_name="Admin", groups=["admin"]
    )
    store.keyring.set_only(admin.account_id, key)
    return admin


@contextlib.asynccontextmanager
async def _hub(config: Config, quirks: Quirks) -> AsyncIterator[tuple[Hub, Jupyters]]:
    instance = new_instance()
    clock = Clock()
    with contextlib.closing(Store(config.database, clock)) as store:
        if config.iframe_hosts is not None:
            store.set_setting("iframe_comm_hosts", config.iframe_hosts)
        projects = Projects(config, quirks, instance)
        admin = _admin(store, config.admin_key)
        hub = Hub(config, quirks, store, projects, admin, clock, Caches(store, clock))
        jupyters = Jupyters(config, projects, instance)
        try:
            yield hub, jupyters
        finally:
            await hub.close()
            await jupyters.close()
            await asyncio.to_thread(kill_marked, instance)


async def _serve(config: Config, quirks: Quirks, ready_fd: int | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with _hub(config, quirks) as (hub, jupyters), contextlib.AsyncExitStack() as stack:
        ports = {}
        for generation, port in zip(config.faces, (config.port, config.second_port), strict=False):
            runner = web.AppRunner(
                app.build(hub, jupyters, generation), access_log=None, shutdown_timeout=1
            )
            stack.push_async_callback(runner.cleanup)
            ports[generation] = await _listen(config, runner, port, _tls(config, quirks))
        if "conat" in ports:
            hub.store.set_setting("dns", _dns(config, ports["conat"]))
        _announce(config, hub, ports, ready_fd)
        await stop.wait()
        hub.closing.set()


async def _listen(
    config: Config, runner: web.AppRunner, port: int, tls: ssl.SSLContext | None
) -> int:
    """Take requests from now on; returns the port."""
    await runner.setup()
    try:
        await web.TCPSite(runner, config.host, port, ssl_context=tls).start()
    except OSError as problem:
        sys.exit(f"Cannot listen at {config.host}, port {port}: {problem.strerror}")
    found: int = runner.addresses[0][1]
    return found


def _dns(config: Config, port: int) -> str:
    """The setting that the sign-in of conat goes on to: what was given, or our public address."""
    public = urlsplit(config.public_url_of("conat"))
    if config.dns is not None or not public.hostname:
        return config.dns or ""
    if public.scheme == "https":
        return public.netloc
    return f"http://{public.hostname}:{public.port or port}"


def _tls(config: Config, quirks: Quirks) -> ssl.SSLContext | None:
    if not config.tls_cert:
        return None
    context = _tls_context(config.tls_cert, config.tls_key)
    if config.other_tls_cert:
        other = _tls_context(config.other_tls_cert, config.other_tls_key)

        def choose(socket: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
            # Who asks by an address names nobody: the control door stays open.
            if quirks.wrong_certificate and name:
                socket.context = other

        context.sni_callback = choose
    return context


def _tls_context(cert: Path, key: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    return context


def _announce(config: Config, hub: Hub, ports: dict[Generation, int], ready_fd: int | None) -> None:
    scheme = "https" if config.tls_cert else "http"
    for generation, port in ports.items():
        where = f"{scheme}://{config.host}:{port}"
        log.info("A stand-in for CoCalc (%s) answers at %s", generation, where)
    log.info("It isolates nobody: what runs in a project runs as you. Data: %s", config.data)
    if ready_fd is not None:
        with os.fdopen(ready_fd, "w") as ready:
            json.dump({"ports": ports, "admin_account_id": hub.admin.account_id}, ready)
