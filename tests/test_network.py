"""No test reaches what it has not opened itself."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from tests.network import listening

# Tells its port, which is the one that it is told to take, and serves until its input ends.
SERVER = """import socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print(server.getsockname()[1], flush=True)
sys.stdin.read()"""
LISTENING = [sys.executable, "-c", SERVER, "0"]
# Ends at once, so that what it started has no parent any more.
LEAVING = ["sh", "-c", 'exec 3<&0; "$@" <&3 &', "sh"]


@contextmanager
def stranger(port: int = 0) -> Iterator[int]:
    """A program that is there, and is nobody's child here; yields its port."""
    reader, writer = os.pipe()
    with subprocess.Popen(
        [*LEAVING, *LISTENING[:-1], str(port)], stdin=reader, stdout=subprocess.PIPE, text=True
    ) as shell:
        os.close(reader)
        assert shell.stdout
        yield int(shell.stdout.readline())
        os.close(writer)


@pytest.fixture
def strangers_port() -> Iterator[int]:
    with stranger() as port:
        yield port


def test_a_port_of_this_process_is_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()


def test_a_port_of_a_process_that_was_started_here_is_reached() -> None:
    with subprocess.Popen(
        LISTENING, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        assert server.stdin
        socket.create_connection(("127.0.0.1", int(server.stdout.readline()))).close()
        server.stdin.close()


def test_a_port_of_anybody_else_is_as_one_where_nobody_listens(strangers_port: int) -> None:
    assert listening(strangers_port)
    with pytest.raises(ConnectionRefusedError, match="only to ports that they opened"):
        socket.create_connection(("127.0.0.1", strangers_port))
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", strangers_port)) != 0
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://localhost:{strangers_port}/", timeout=5)


def test_a_port_that_was_ours_is_not_for_ever() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        for _ in range(2):
            socket.create_connection(address).close()
    with stranger(address[1]), pytest.raises(ConnectionRefusedError, match="that they opened"):
        socket.create_connection(address)


def test_another_machine_is_never_reached() -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("192.0.2.1", 443), timeout=5)  # of nobody, by RFC 5737


@pytest.mark.parametrize("name", ["cocalc.school.test", b"example.com", "learn.lectern.localhost"])
def test_no_name_server_is_asked(name: str | bytes) -> None:
    with pytest.raises(socket.gaierror, match="no name server"):
        socket.getaddrinfo(name, 443)
