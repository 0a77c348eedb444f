"""A PostgreSQL server as long as a command runs: `python -m tests.postgres pytest tests/classroom`.

The command finds it in DATABASE_URL. The server is its own: it is made in a folder of its own,
listens at a socket in there and at no port, and is gone afterwards, whatever happens. It forgets
all when the power fails, and is quick for that.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FETCHED = Path(__file__).resolve().parents[1] / ".venv" / "postgres"  # by bin/setup
USER = "tests"
NAME = "lectern"
SECONDS = 60  # to start
# It runs none as root.
OTHERS = ("postgres", "nobody")
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "400",  # several processes test, and each starts sites with many threads
    "shared_buffers": "128MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "jit": "off",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "log_min_messages": "panic",  # what a statement does wrong is told to whoever sent it
    "timezone": "Pacific/Kiritimati",  # nothing may depend on the server's
}


class Missing(Exception):
    """There is no PostgreSQL here; the text says what to do."""


def programs() -> Path:
    """Return the folder of the newest server's programs; raise Missing where there is none."""
    places = [
        place
        for root in (Path("/"), FETCHED)
        for place in root.glob("usr/lib/postgresql/*/bin")
        if (place / "initdb").exists() and (place / "postgres").exists()
    ]
    if not places:
        raise Missing(
            "There is no PostgreSQL server here. Run bin/setup --postgres, or install it (Debian: "
            "apt-get install postgresql), and try again."
        )
    return max(places, key=lambda place: (FETCHED not in place.parents, _version(place)))


def _version(place: Path) -> float:
    return float(re.sub(r"[^\d.]", "", place.parent.name) or 0)


@contextmanager
def server() -> Iterator[str]:
    """A server with an empty database, as long as the block lasts; yields its address."""
    place = programs()
    # A socket's path may not be long, so not below a test's own folder.
    with tempfile.TemporaryDirectory(prefix="lectern-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if FETCHED in place.parents and os.geteuid() == 0:
            # The other user may not be let into this checkout.
            shutil.copytree(FETCHED, folder / "program", symlinks=True)
            place = folder / "program" / place.relative_to(FETCHED)
        data = folder / "data"
        data.mkdir()
        run = _as_another(folder)
        made = subprocess.run(
            [
                *(*run, str(place / "initdb"), "--pgdata", str(data), "--username", USER),
                *("--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"),
            ],
            cwd=folder,
            env=_environment(place),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if made.returncode:
            raise Missing(f"PostgreSQL could not make a database: {made.stdout[-2000:]}")
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [
                    *(*run, str(place / "postgres"), "-D", str(data), "-k", str(folder)),
                    *settings,
                ],
                cwd=folder,
                env=_environment(place),
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tests, which still need it
            )
        try:
            _wait(process, folder)
            yield f"postgres://{USER}@/{NAME}?host={folder}"
        finally:
            process.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
            process.wait()


def _as_another(folder: Path) -> list[str]:
    """What a command of the server's begins with; it ends when we end, however that is."""
    command = ["setpriv", "--pdeathsig", "QUIT"] if shutil.which("setpriv") else []
    if os.geteuid() != 0:
        return command
    import pwd

    if not command:
        raise Missing("As root, the program setpriv (Debian: util-linux) is needed: install it.")
    users = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = next((users[name] for name in OTHERS if name in users), None)
    if not user:
        raise Missing(f"PostgreSQL does not run as root, and there is no user {OTHERS[1]} here.")
    for path in (folder, folder / "data"):
        os.chown(path, user.pw_uid, user.pw_gid)
    # The tests' own processes reach the socket, whoever they are.
    return [*command, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def _environment(place: Path) -> dict[str, str]:
    given = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    root = place.parents[4]
    if root != Path("/"):  # what the server needs was fetched beside it
        found = [str(path) for path in (root / "usr/lib").glob("*-linux-gnu*")]
        given["LD_LIBRARY_PATH"] = os.pathsep.join([*found, os.environ.get("LD_LIBRARY_PATH", "")])
    return given


def _wait(process: "subprocess.Popen[bytes]", folder: Path) -> None:
    """Until it answers, and has the database."""
    import psycopg

    end = time.monotonic() + SECONDS
    while True:
        if process.poll() is not None:
            raise Missing(f"PostgreSQL did not start: {(folder / 'log').read_text()[-2000:]}")
        try:
            with psycopg.connect(
                host=str(folder), user=USER, dbname="postgres", autocommit=True
            ) as connection:
                connection.execute(f"CREATE DATABASE {NAME}")
            return
        except psycopg.OperationalError:
            if time.monotonic() > end:
                raise Missing(f"PostgreSQL did not answer within {SECONDS} seconds.") from None
            time.sleep(0.05)


def main(command: list[str]) -> int:
    """Run a command beside a server; return its exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with server() as address:
            process = subprocess.Popen(command, env=os.environ | {"DATABASE_URL": address})
            try:
                return process.wait()
            except KeyboardInterrupt:
                return process.wait()  # it was told, too
            finally:
                if process.poll() is None:
                    process.terminate()
                    process.wait()
    except Missing as missing:
        print(f"postgres: {missing}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
