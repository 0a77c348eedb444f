"""Each file for deploying is read by the program that it is for, and all of them agree."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from tests.deploying.image import instructions

ROOT = Path(__file__).resolve().parent.parent.parent
DEPLOY = ROOT / "deploy"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
UNITS = sorted((DEPLOY / "systemd").iterdir())
NGINX = shutil.which("nginx") or next(
    (
        str(path)
        for path in (Path("/usr/sbin/nginx"), ROOT / ".venv/nginx/usr/sbin/nginx")
        if path.exists()
    ),
    None,
)
needs_nginx = pytest.mark.skipif(NGINX is None, reason="nginx is not here")


def passes(*command: str | Path, **environment: str) -> None:
    """Run a program of this virtual environment or of the machine; fail with all that it says."""
    paths = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    ran = subprocess.run(
        [str(part) for part in command],
        env=os.environ | paths | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def documents(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text()))


def test_the_containerfile() -> None:
    passes("hadolint", DEPLOY / "Containerfile")


def test_compose() -> None:
    passes("check-jsonschema", "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml")


def test_the_caddyfile() -> None:
    file = DEPLOY / "Caddyfile"
    passes("caddy", "validate", "--adapter", "caddyfile", "--config", file, SITE_HOST="a.example")
    passes("caddy", "fmt", "--diff", file)


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
@pytest.mark.parametrize("version", ["1.28", "1.33"])
def test_kubernetes(path: Path, version: str) -> None:
    passes("kubernetes-validate", "--strict", "--kubernetes-version", version, path)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not here")
def test_systemd(tmp_path: Path) -> None:
    for unit in UNITS:
        # Where there is no such folder, its programs are this environment's.
        text = unit.read_text().replace("/srv/lectern/.venv/bin", str(Path(sys.executable).parent))
        (tmp_path / unit.name).write_text(text)
    passes("systemd-analyze", "verify", "--man=no", *(tmp_path / unit.name for unit in UNITS))


@needs_nginx
def test_nginx(tmp_path: Path) -> None:
    certificate = trustme.CA().issue_cert("learn.example.edu")
    (tmp_path / "key.pem").write_bytes(certificate.private_key_pem.bytes())
    (tmp_path / "all.pem").write_bytes(
        b"".join(part.bytes() for part in certificate.cert_chain_pems)
    )
    text = (DEPLOY / "nginx.conf").read_text()
    text = text.replace("/etc/ssl/learn.example.edu.pem", f"{tmp_path}/all.pem")
    text = text.replace("/etc/ssl/private/learn.example.edu.key", f"{tmp_path}/key.pem")
    _nginx_reads(text, tmp_path)


@needs_nginx
def test_the_front_beside_the_site_in_a_pod(tmp_path: Path) -> None:
    (front,) = documents(DEPLOY / "kubernetes" / "front.yaml")
    _nginx_reads(front["data"]["default.conf"], tmp_path)


def _nginx_reads(servers: str, folder: Path) -> None:
    # Ports below 1024 and IPv6 are not everywhere to be had by whoever runs tests.
    servers = re.sub(r"listen \[::\]:\d+.*;", "", servers).replace("listen 80;", "listen 18080;")
    kept = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = f"pid {folder}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{kept}{servers}\n}}\n"
    (folder / "nginx.conf").write_text(whole)
    passes(str(NGINX), "-t", "-p", folder, "-c", folder / "nginx.conf", "-e", "stderr")


def test_the_secrets_are_made_once_and_by_nobody_else_to_be_read(tmp_path: Path) -> None:
    script = tmp_path / "make-secrets"
    shutil.copy(DEPLOY / "make-secrets", script)

    def make(key: str) -> int:
        return subprocess.run(
            [script], input=key, text=True, capture_output=True, check=False
        ).returncode

    folder = tmp_path / "secrets"
    assert make("") == 1, "without a key the site would not start"
    assert make("sk_one\n") == 0
    assert folder.stat().st_mode & 0o777 == 0o700
    first = {path.name: path.read_text() for path in folder.iterdir()}
    assert first["cocalc_api_key"] == "sk_one"
    assert (
        first["database_url"] == f"postgres://lectern:{first['database_password']}@database/lectern"
    )
    assert len(first["secret_key"]) == 64
    assert make("sk_two\n") == 0
    assert {path.name: path.read_text() for path in folder.iterdir()} == first
    (compose,) = documents(DEPLOY / "compose.yaml")
    assert {Path(secret["file"]).name for secret in compose["secrets"].values()} == set(first)


def test_every_name_in_them_is_a_setting() -> None:
    """Settings, and what only PostgreSQL's image and the front read."""
    code = "".join(path.read_text() for path in sorted((ROOT / "platform" / "config").glob("*.py")))
    (compose,) = documents(DEPLOY / "compose.yaml")
    named = set(compose["services"]["site"]["environment"])
    named |= set(
        re.findall(r"^#? ?([A-Z_]+)=", (DEPLOY / "site.env.example").read_text(), re.MULTILINE)
    )
    named |= set(documents(DEPLOY / "kubernetes" / "settings.yaml")[0]["data"])
    named -= {"SITE_HOST"}
    assert named
    assert not {name for name in named if f'"{name.removesuffix("_FILE")}"' not in code}


def test_all_run_the_image_as_the_same_user_and_write_nothing_but_tmp() -> None:
    (user,) = (
        rest
        for word, rest in instructions((DEPLOY / "Containerfile").read_text())
        if word == "USER"
    )
    (compose,) = documents(DEPLOY / "compose.yaml")
    for name in ("migrate", "site", "worker"):
        service = compose["services"][name]
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
    pods = [
        document["spec"]["template"]["spec"]
        for path in MANIFESTS
        for document in documents(path)
        if document["kind"] in ("Deployment", "Job")
    ]
    assert len(pods) == 3
    for pod in pods:
        locked = pod["securityContext"]
        assert f"{locked['runAsUser']}:{locked['runAsGroup']}" == user
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            assert container["securityContext"]["readOnlyRootFilesystem"]
            assert not container["securityContext"]["allowPrivilegeEscalation"]
