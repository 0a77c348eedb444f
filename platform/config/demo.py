"""`make demo`: the site with a local stand-in for CoCalc, nothing else to install or configure.

Everything real but CoCalc itself: the settings, the database, the web server, the worker, the
users. All data lies in one folder, which `make clean` deletes.
"""

import argparse
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from sandbox.config import GENERATIONS
from sandbox.process import SandboxProcess

ROOT = Path(__file__).resolve().parent.parent.parent
SITE_HOST = "learn.lectern.localhost"
COCALC_HOST = "cocalc.lectern.localhost"  # another host, the same site: no third-party cookies

# (user name, password, first name, last name, what they are)
TEACHER, STUDENT, ADMINISTRATOR = "teacher", "student", "administrator"
PEOPLE = (
    ("emmy", "notebook", "Emmy", "Noether", TEACHER),
    ("ada", "notebook", "Ada", "Lovelace", STUDENT),
    ("grace", "notebook", "Grace", "Hopper", STUDENT),
    ("admin", "notebook", "Anna", "Admin", ADMINISTRATOR),
)


def main() -> None:
    """Start the servers and the worker, print where to go, and stop all on Ctrl-C."""
    parser = argparse.ArgumentParser(description="Lectern with a local stand-in for CoCalc")
    parser.add_argument("--data", type=Path, default=ROOT / "var" / "demo", help="where data lies")
    parser.add_argument("--port", type=int, default=8000, help="of the site; 0: any free one")
    parser.add_argument("--cocalc-port", type=int, default=8001, help="of the stand-in; 0: any")
    parser.add_argument(
        "--generation", choices=GENERATIONS, default="v1", help="which CoCalc the stand-in plays"
    )
    options = parser.parse_args()
    data: Path = options.data.resolve()
    data.mkdir(parents=True, exist_ok=True)
    port = options.port or free_port()
    check_free(port, "--port")
    if options.cocalc_port:
        check_free(options.cocalc_port, "--cocalc-port")

    print("Starting a stand-in for CoCalc …", flush=True)
    key = kept_secret(data / "cocalc-key", "sk_" + secrets.token_hex(12))
    # A stop by SIGTERM is to clean up as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with SandboxProcess.start(
        data / "cocalc",
        admin_key=key,
        port=options.cocalc_port,
        public_host=COCALC_HOST,
        generation=options.generation,
        development_origins=" ".join(
            f"http://{name}:{port}" for name in (SITE_HOST, "localhost", "127.0.0.1")
        ),
        log=data / "cocalc.log",
    ) as sandbox:
        site_url = f"http://{SITE_HOST}:{port}"
        os.environ.update(
            {
                "DJANGO_SETTINGS_MODULE": "config.demo_settings",
                "SECRET_KEY": kept_secret(data / "secret-key", secrets.token_urlsafe(50)),
                "SITE_URL": site_url,
                "ALLOWED_HOSTS": "localhost,127.0.0.1",
                "COCALC_URL": f"http://{COCALC_HOST}:{sandbox.port}",
                "COCALC_API_URL": sandbox.url,
                "COCALC_API_KEY": key,
                "COCALC_GENERATION": "auto",
                "DATABASE_URL": f"sqlite:///{data / 'lectern.sqlite3'}",
                "STATIC_ROOT": str(data / "static"),
            }
        )
        prepare_site()
        serve(port, site_url, data)


def prepare_site() -> None:
    """Make the database, the static files and the people."""
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)

    from django.contrib.auth.models import Group, User

    from classroom.models import TEACHERS

    teachers, _ = Group.objects.get_or_create(name=TEACHERS)
    for username, password, first_name, last_name, role in PEOPLE:
        if not User.objects.filter(username=username).exists():
            person = User.objects.create_user(
                username,
                password=password,
                first_name=first_name,
                last_name=last_name,
                is_staff=role == ADMINISTRATOR,
                is_superuser=role == ADMINISTRATOR,
            )
            if role == TEACHER:
                person.groups.add(teachers)


def serve(port: int, site_url: str, data: Path) -> None:
    """Run the web server and the worker until one of them ends or we are told to stop."""
    with (data / "lectern.log").open("ab") as log:
        gunicorn = started(
            log,
            *("-m", "gunicorn", "--config", "python:config.gunicorn", "--workers", "1"),
            *("--bind", f"127.0.0.1:{port}", "--log-level", "warning", "--no-control-socket"),
        )
        worker = started(log, str(ROOT / "manage.py"), "worker")
    both = {"web server": gunicorn, "worker": worker}
    try:
        wait_for(port, gunicorn)
        print(f"\nLectern is ready: {site_url}\n")
        print(f"A page with notebooks in it: {site_url}/example/\n")
        print("Sign in with the password “notebook” as")
        print("    emmy          a teacher: make a course, and hand notebooks out")
        print("    ada, grace    students")
        print("    admin         the administrator\n")
        print("CoCalc is played by a local stand-in, which runs notebooks as you and isolates")
        print(f"nobody. Logs and data: {data}. Ctrl-C stops it.", flush=True)
        while not (ended := [name for name, one in both.items() if one.poll() is not None]):
            time.sleep(0.5)
        sys.exit(f"The {ended[0]} ended; see {data / 'lectern.log'}.")
    except KeyboardInterrupt:
        print("\nStopped.")
    finally:
        for one in both.values():
            one.terminate()
        for one in both.values():
            with suppress(subprocess.TimeoutExpired):
                one.wait(timeout=10)
            one.kill()
            one.wait()


def started(log: IO[bytes], *arguments: str) -> "subprocess.Popen[bytes]":
    """Start a Python program of ours."""
    return subprocess.Popen(  # noqa: S603  fixed commands
        [sys.executable, *arguments],
        stdout=log,
        stderr=log,
        # Ctrl-C in a terminal reaches the whole group: only we are to act on it.
        start_new_session=True,
    )


def kept_secret(file: Path, fresh: str) -> str:
    """Return the secret in a file, written there on the first start."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(fresh)
    return file.read_text()


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def check_free(port: int, option: str) -> None:
    """Leave with a sentence when something else listens on a port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            sys.exit(f"Port {port} is taken. Stop what uses it, or choose another: {option} N.")


def wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Wait until the web server takes connections."""
    for _ in range(300):
        if process.poll() is not None:
            return
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)


if __name__ == "__main__":
    main()
