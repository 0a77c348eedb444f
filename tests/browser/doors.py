"""Sites with a door: a real nginx before a stand-in for CoCalc, set up as docs/door.md says."""

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.process import SandboxProcess
from tests.browser.school import (
    COCALC_HOST,
    ELSEWHERE_HOST,
    ROOT,
    Tls,
    ending,
    until,
)

_FETCHED = ROOT / ".venv" / "nginx" / "usr" / "sbin" / "nginx"  # by bin/setup
NGINX = next(
    (
        place
        for place in (Path(shutil.which("nginx") or "/usr/sbin/nginx"), _FETCHED)
        if place.exists()
    ),
    _FETCHED,
)
PAGE = (ROOT / "docs" / "door.md").read_text(encoding="utf-8")
_FRAME = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream {elsewhere} {{ server 127.0.0.1:{cocalc}; }}
{servers}
}}
"""
# What stands in front of CoCalc anyway, where its own people put the door.
_OWN = """
map $http_upgrade $connection_upgrade {{ default upgrade; "" close; }}
server {{
    listen 443 ssl;
    server_name {elsewhere};
    ssl_certificate /etc/ssl/cocalc.school.example.pem;
    ssl_certificate_key /etc/ssl/private/cocalc.school.example.key;
    {door}
    location / {{
        proxy_pass https://{elsewhere};
        proxy_http_version 1.1;
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $connection_upgrade;
    }}
}}
"""


def documented(name: str) -> str:
    """Give a configuration of the page, as it stands there."""
    found = re.search(rf"<!-- nginx: {name} -->\n```nginx\n(.*?)```", PAGE, re.DOTALL)
    assert found, f"The page has no configuration named {name}."
    return found[1]


@contextmanager
def nginx(
    folder: Path, tls: Tls, sandbox: SandboxProcess, site_port: int, *, whole: bool
) -> Iterator[int]:
    """Run nginx by the page's words, but for the names and places; yields its port.

    With `whole` it is the host of our own in front of a CoCalc elsewhere, else CoCalc's own front
    with the door in it.
    """
    folder.mkdir()
    folder.chmod(0o777)  # nginx leaves root behind
    servers = documented("whole")
    if not whole:
        servers = _OWN.format(elsewhere=ELSEWHERE_HOST, door=documented("door"))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    for ours, theirs in {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "cocalc.elsewhere.example": ELSEWHERE_HOST,
        "/etc/ssl/cocalc.school.example.pem": str(tls.chain),
        "/etc/ssl/private/cocalc.school.example.key": str(tls.key),
        "/etc/ssl/certs/ca-certificates.crt": str(tls.ca),
        "cocalc.school.example": COCALC_HOST,
        "http://127.0.0.1:8000": f"https://127.0.0.1:{site_port}",
    }.items():
        servers = servers.replace(ours, theirs)
    config = folder / "nginx.conf"
    config.write_text(
        _FRAME.format(folder=folder, elsewhere=ELSEWHERE_HOST, cocalc=sandbox.port, servers=servers)
    )
    # The workers read the certificate's key as root; what they write lies in the folder.
    process = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(config)], env=dict(os.environ))
    with ending(process):
        until(lambda: process.poll() is not None or _listens(port))
        assert process.poll() is None, (folder / "error.log").read_text()
        yield port


def _listens(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0
