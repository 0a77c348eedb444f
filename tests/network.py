"""Tests connect only to ports that they opened themselves, and ask no name server.

What else runs on this machine, and what its name server knows, then changes no test. A connection
that is refused here fails as one to a port where nobody listens, and a name as one that does not
exist: what a test finds on the emptiest machine, it finds everywhere.
"""

import errno
import ipaddress
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_LISTENS = "0A"


class Guard:
    """Refuses, in this process, what was not opened by the test: it, or a process it started."""

    def __init__(self, test: int) -> None:
        """Take the id of the process in which the test runs."""
        self._test = test
        # By port, the open file that listens there, and what it is: so many connections are made
        # that each must not look through all of the machine's sockets.
        self._known: dict[int, tuple[Path, str]] = {}
        self._connect = socket.socket.connect
        self._connect_ex = socket.socket.connect_ex
        self._getaddrinfo = socket.getaddrinfo

    def install(self) -> None:
        """From now on; never taken off again."""
        guard = self

        def connect(self: socket.socket, address: Any) -> None:
            if not guard.allows(self, address):
                raise ConnectionRefusedError(errno.ECONNREFUSED, _sentence(address))
            guard._connect(self, address)

        def connect_ex(self: socket.socket, address: Any) -> int:
            if not guard.allows(self, address):
                return errno.ECONNREFUSED
            return guard._connect_ex(self, address)

        def getaddrinfo(host: Any, *args: Any, **options: Any) -> Any:
            if not _is_address(host):
                raise socket.gaierror(socket.EAI_NONAME, f"Tests ask no name server: {host!r}")
            return guard._getaddrinfo(host, *args, **options)

        vars(socket).update(getaddrinfo=getaddrinfo)
        for name, method in (("connect", connect), ("connect_ex", connect_ex)):
            setattr(socket.socket, name, method)

    def allows(self, client: socket.socket, address: Any) -> bool:
        """Whether the test itself listens there."""
        if client.family not in (socket.AF_INET, socket.AF_INET6):
            return True  # a file
        host, port = address[:2]
        if not ipaddress.ip_address(host.partition("%")[0]).is_loopback:
            return False
        if known := self._known.get(port):
            file, socket_ = known
            if _target(file) == socket_:
                return True
            self._known.pop(port, None)  # unless another thread was here first
        if found := listening(port):
            for file, socket_ in _sockets_of(_family(self._test)):
                if socket_[8:-1] in found:
                    self._known[port] = file, socket_
                    return True
        return False


def _is_address(host: Any) -> bool:
    """Also None and "", which are this machine, and its own name for itself."""
    name = host.decode() if isinstance(host, bytes) else host
    if not name or name == "localhost":
        return True
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True


def _sentence(address: Any) -> str:
    return f"Connection refused: tests connect only to ports that they opened, not to {address!r}"


def listening(port: int) -> set[str]:
    """The inodes of the sockets that listen on a port."""
    found = set()
    for name in ("tcp", "tcp6"):
        for line in Path("/proc/net", name).read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split(maxsplit=4)
            if state == _LISTENS and int(local.rpartition(":")[2], 16) == port:
                found.add(line.split()[9])
    return found


def _family(root: int) -> set[int]:
    """A process and all that it started, by their ids."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                stat = (folder / "stat").read_text()
            except OSError:
                continue  # it has ended
            parents[int(folder.name)] = int(stat.rpartition(")")[2].split()[1])
    family = {root}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return family


def _sockets_of(processes: set[int]) -> Iterator[tuple[Path, str]]:
    """The sockets that these processes hold: the open file, and "socket:[<its inode>]"."""
    for pid in processes:
        try:
            files = list(Path(f"/proc/{pid}/fd").iterdir())
        except OSError:
            continue
        for file in files:
            if (target := _target(file)).startswith("socket:["):
                yield file, target


def _target(file: Path) -> str:
    """What an open file is; "" once it is closed."""
    try:
        return str(file.readlink())
    except OSError:
        return ""
