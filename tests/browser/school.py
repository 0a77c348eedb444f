"""A school on real origins: the site under gunicorn, a stand-in for CoCalc, and people."""

import fcntl
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import requests
import trustme
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate

from embedding.cocalc.client import Client
from sandbox.config import Generation
from sandbox.process import SandboxProcess
from tests.browser.store import store_in
from tests.events import as_v1

ROOT = Path(__file__).resolve().parents[2]
SITE_HOST = "learn.school.test"
COCALC_HOST = "cocalc.school.test"
ELSEWHERE_HOST = "cocalc.elsewhere.test"  # another site's
SITE = f"https://{SITE_HOST}"
COCALC = f"https://{COCALC_HOST}"
KEY = "sk_BrowserTestsBrowserTest01"
PASSWORD = "a notebook for everybody"
HASTY = "hasty.txt"  # the site is not patient with it
STUDENTS = 250  # one process may come to all tests in browsers
STAFF = 20
TEACHERS = 10
PATIENCE = 30  # seconds; a busy machine is several times slower than an idle one

# What the page of a generation says to whom it does not know.
NOBODY: dict[Generation, str] = {"v1": "Nobody is signed in here.", "conat": "You must sign in."}

T = TypeVar("T")


@dataclass(frozen=True)
class Student:
    """A user of the site, with a session as signing in makes one."""

    pk: int
    username: str
    name: str
    session: str


@dataclass(frozen=True)
class Tls:
    chain: Path
    key: Path
    ca: Path
    other: tuple[Path, Path]  # a chain that nobody trusts, and its key
    fingerprint: str  # of the public key, as Chromium takes it

    @classmethod
    def make(cls, folder: Path) -> "Tls":
        ca = trustme.CA()
        certificate = ca.issue_cert(SITE_HOST, COCALC_HOST, ELSEWHERE_HOST, "127.0.0.1")
        other = trustme.CA().issue_cert(COCALC_HOST)
        (folder / "ca.pem").write_bytes(ca.cert_pem.bytes())
        return cls(
            *_write(certificate, folder, "key"),
            ca=folder / "ca.pem",
            other=_write(other, folder, "other-key"),
            fingerprint=_fingerprint(certificate.cert_chain_pems[0].bytes()),
        )


def _write(certificate: trustme.LeafCert, folder: Path, name: str) -> tuple[Path, Path]:
    chain, key = folder / f"{name}-chain.pem", folder / f"{name}.pem"
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(chain, append=True)
    certificate.private_key_pem.write_to_path(key)
    return chain, key


def _fingerprint(pem: bytes) -> str:
    key = load_pem_x509_certificate(pem).public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b64encode(hashlib.sha256(der).digest()).decode()


# The people, and a session for each: one hash of one password serves them all.
_PREPARE = f"""
import json
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.db import transaction
from classroom.models import TEACHERS
call_command("migrate", verbosity=0)
call_command("collectstatic", interactive=False, verbosity=0)
password = make_password({PASSWORD!r})
with transaction.atomic():
    User.objects.bulk_create(
        User(username=f"student{{n}}", first_name="Stu", last_name=f"Dent{{n}}", password=password,
             is_staff={STUDENTS} <= n < {STUDENTS + STAFF})
        for n in range({STUDENTS + STAFF + TEACHERS})
    )
    teachers, _ = Group.objects.get_or_create(name=TEACHERS)
    teachers.user_set.add(*User.objects.order_by("pk")[{STUDENTS + STAFF}:])
    people = []
    for user in User.objects.order_by("pk"):
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
        people.append([user.pk, user.username, user.get_full_name(), session.session_key])
print(json.dumps(people))
"""


class School:
    """What runs, and what the tests look up behind the pages."""

    def __init__(self, data: Path, port: int, sandbox: SandboxProcess, cocalc: Client) -> None:
        self.data = data
        self.store = store_in(data)
        self.port = port
        self.sandbox = sandbox
        self.cocalc = cocalc
        self.students: Iterator[Student] = iter(())
        self.staff: Iterator[Student] = iter(())
        self.teachers: Iterator[Student] = iter(())

    def student(self) -> Student:
        """Somebody who has never been here."""
        return next(self.students)

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        return self.store.rows(query, *values)

    def change(self, statement: str, *values: object) -> None:
        """Change a row behind the site's back."""
        self.store.change(statement, *values)

    def project_of(self, student: Student) -> str:
        """CoCalc's id of a student's own project, which must have been made."""
        return self._project_ids(student)[0]

    def _project_ids(self, student: Student) -> list[str]:
        query = "SELECT project_id FROM embedding_cocalcproject WHERE slot = ?"
        rows = self.rows(f"{query} AND project_id IS NOT NULL", f"personal:{student.pk}")
        return [str(UUID(str(row["project_id"]))) for row in rows]

    def account_of(self, student: Student) -> str:
        query = "SELECT account_id FROM embedding_cocalcaccount WHERE user_id = ?"
        return str(UUID(str(self.rows(query, student.pk)[0]["account_id"])))

    def sessions_of(self, student: Student) -> list[dict[str, Any]]:
        """The student's embed sessions, oldest first."""
        query = "SELECT * FROM embedding_embedsession WHERE user_id = ? ORDER BY started"
        return self.rows(query, student.pk)

    def states_of(self, student: Student) -> list[str]:
        return [row["state"] for row in self.sessions_of(student)]

    def calls(self) -> dict[str, int]:
        """How often each event of CoCalc's API was called since the last reset, by v1's names."""
        return as_v1(self.sandbox.calls()["counts"])

    def allow(self, hosts: str) -> None:
        """Set whose messages CoCalc answers."""
        setting = {"name": "iframe_comm_hosts", "value": hosts}
        requests.post(
            f"{self.sandbox.faces['v1']}/api/v1/query",
            json={"query": {"site_settings": setting}},
            auth=(KEY, ""),
            verify=self.sandbox.verify,
            timeout=PATIENCE,
        ).raise_for_status()

    def rest(self, student: Student) -> None:
        """Stop what runs for a student, so that a long run of tests does not pile up servers."""
        query = """SELECT project_id FROM embedding_cocalcproject WHERE project_id IS NOT NULL
            AND id IN (SELECT project_id FROM embedding_member WHERE user_id = ?)"""
        for row in self.rows(query, student.pk):
            self.sandbox.stop_project(str(UUID(str(row["project_id"]))))


def carrier(answer: dict[str, Any], generation: Generation) -> str:
    """The address with the token, of what a page is answered that asks for a session."""
    if generation == "v1":
        assert "signIn" not in answer
        return str(answer["url"])
    assert "auth_token" not in answer["url"]
    return str(answer["signIn"])


def until(look: Callable[[], T], wanted: Callable[[T], bool] = bool) -> T:
    """Look until it is as wanted; time alone never decides."""
    end = time.monotonic() + PATIENCE
    while not wanted(found := look()):
        assert time.monotonic() < end, f"Still {found!r} after {PATIENCE} s."
        time.sleep(0.1)
    return found


def environment(data: Path, tls: Tls, sandbox: SandboxProcess) -> dict[str, str]:
    """What the site and its worker are told."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.browser.settings",
        "SECRET_KEY": "tests-only-" + "x" * 50,
        "SITE_URL": SITE,
        # Our own look at /health goes to the address.
        "ALLOWED_HOSTS": "127.0.0.1",
        "COCALC_URL": COCALC,
        "COCALC_GENERATION": sandbox.generation,
        "TESTS_COCALC": f"{COCALC_HOST}=127.0.0.1:{sandbox.port}",
        "TESTS_PROCESS": str(os.getpid()),
        "COCALC_API_URL": sandbox.url,
        "COCALC_API_KEY": KEY,
        "COCALC_ACCOUNT_DOMAIN": "accounts.school.test",
        **_places(data),
        "UPLOAD_MAX_MB": "1",
        "REQUESTS_CA_BUNDLE": str(tls.ca),
    }


def _places(data: Path) -> dict[str, str]:
    return {
        "DATABASE_URL": store_in(data).url,
        "STATIC_ROOT": str(data / "static"),
    }


def _prepare(data: Path, environment: dict[str, str]) -> list[Student]:
    """Put a database with people and the static files there: made once, and copied for each site.

    Processes that share the tests share also what the first of them has made.
    """
    shared = data.parents[1 if "PYTEST_XDIST_WORKER" in os.environ else 0]
    made, whole = shared / "prepared", shared / "prepared" / "people.json"
    with (shared / "prepared.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not whole.exists():
            made.mkdir(exist_ok=True)
            store_in(made).make()
            people = subprocess.run(
                [sys.executable, "manage.py", "shell", "--no-imports", "-c", _PREPARE],
                cwd=ROOT,
                env=environment | _places(made),
                stdout=subprocess.PIPE,
                check=True,
            )
            whole.write_bytes(people.stdout)
        store_in(data).copy(store_in(made))
    shutil.copytree(made / "static", data / "static")
    return [Student(*person) for person in json.loads(whole.read_text())]


@contextmanager
def site(data: Path, tls: Tls, environment: dict[str, str]) -> Iterator[tuple[int, list[Student]]]:
    """The site as it is run in earnest; yields its port and its people."""
    students = _prepare(data, environment)
    # Bound here and handed over: no other process can take the port in between.
    with socket.create_server(("127.0.0.1", 0)) as listener, (data / "site.log").open("wb") as log:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "--config", "python:config.gunicorn"),
                *("--bind", f"fd://{listener.fileno()}", "--workers", "1"),
                *("--certfile", str(tls.chain), "--keyfile", str(tls.key)),
                *("--log-level", "warning", "--no-control-socket"),
            ],
            cwd=ROOT,
            env=environment,
            pass_fds=[listener.fileno()],
            stdout=log,
            stderr=log,
        )
        with ending(server):
            port: int = listener.getsockname()[1]
            until(lambda: server.poll() is not None or _answers(port, tls))
            assert server.poll() is None, (data / "site.log").read_text()
            yield port, students
    store_in(data).drop()


@contextmanager
def worker(data: Path, environment: dict[str, str]) -> Iterator[None]:
    """What does the class steps, as a process of its own beside the site."""
    with (data / "worker.log").open("ab") as log:
        command = [sys.executable, "manage.py", "worker"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        with ending(process):
            yield
            assert process.poll() is None, (data / "worker.log").read_text()


@contextmanager
def ending(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """End a process after the block, by force if it must be."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(port: int, tls: Tls) -> bool:
    try:
        response = requests.get(f"https://127.0.0.1:{port}/health", verify=str(tls.ca), timeout=5)
    except requests.RequestException:
        return False
    return response.ok


def notebook(*sources: str) -> bytes:
    """A notebook's file with these cells."""
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for number, source in enumerate(sources)
    ]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    whole = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole).encode()
