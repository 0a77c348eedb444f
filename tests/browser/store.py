"""The database of a site in these tests: a file, or one of the server's that DATABASE_URL names.

Not by Django's ORM: it refuses to work in a thread where an event loop runs, which Playwright's
does.
"""

import hashlib
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

PATIENCE = 30  # seconds
_UTC = "-c TimeZone=UTC"  # as Django has it


class Store(Protocol):
    """One site's database."""

    @property
    def url(self) -> str:
        """As DATABASE_URL says it."""

    def copy(self, other: "Store") -> None:
        """Become a copy of another, which nobody uses meanwhile."""

    def make(self) -> None:
        """Make it, empty."""

    def drop(self) -> None:
        """Delete it, whoever still uses it."""

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """Return what a query finds; values stand where it says `?`."""

    def change(self, statement: str, *values: object) -> None:
        """Change a row behind the site's back."""

    def tables(self) -> list[str]:
        """Return the names of all tables."""


def store_in(folder: Path) -> Store:
    """Return the database of the site whose files lie in a folder."""
    address = os.environ.get("DATABASE_URL", "")
    return Served(address, folder) if address.startswith("postgres") else File(folder)


class File:
    """SQLite's."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "site.sqlite3"
        self.url = f"sqlite:///{self._path}"

    def copy(self, other: Store) -> None:
        assert isinstance(other, File)
        shutil.copyfile(other._path, self._path)

    def make(self) -> None:
        """It is made by the first who opens it."""

    def drop(self) -> None:
        """It goes with its folder."""

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        address = f"file:{self._path}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=PATIENCE)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query, values)]

    def change(self, statement: str, *values: object) -> None:
        with closing(sqlite3.connect(self._path, timeout=PATIENCE)) as connection, connection:
            connection.execute(statement, values)

    def tables(self) -> list[str]:
        found = self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
        return [row["name"] for row in found]


class Served:
    """PostgreSQL's, beside the one that DATABASE_URL names, which is left alone."""

    def __init__(self, address: str, folder: Path) -> None:
        self._server = address
        own = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
        self._name = f"{urlsplit(address).path.strip('/')}_{own}"
        self.url = urlsplit(address)._replace(path=f"/{self._name}").geturl()

    def copy(self, other: Store) -> None:
        assert isinstance(other, Served)
        self._tell(f'CREATE DATABASE "{self._name}" TEMPLATE "{other._name}"')

    def make(self) -> None:
        self.drop()
        self._tell(f'CREATE DATABASE "{self._name}"')

    def drop(self) -> None:
        self._tell(f'DROP DATABASE IF EXISTS "{self._name}" WITH (FORCE)')

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        import psycopg
        from psycopg.rows import dict_row

        with psycopg.connect(self.url, row_factory=dict_row, options=_UTC) as connection:
            return connection.execute(_marked(query), values).fetchall()

    def change(self, statement: str, *values: object) -> None:
        import psycopg

        with psycopg.connect(self.url, options=_UTC) as connection:
            connection.execute(_marked(statement), values)

    def tables(self) -> list[str]:
        found = self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return [row["tablename"] for row in found]

    def _tell(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(statement.encode())


def _marked(query: str) -> bytes:
    return query.replace("%", "%%").replace("?", "%s").encode()
