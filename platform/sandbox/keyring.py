"""API keys: an account's or a project's, several of each, some with an end.

The old generation knows one key an account. A key is kept as a hash, so it is shown once.
"""

import hashlib
import sqlite3
from dataclasses import dataclass

from sandbox.clock import Clock
from sandbox.database import Database
from sandbox.ids import random_text

SCHEMA = """
create table if not exists keys (hash text primary key, account_id text not null);
create table if not exists api_keys (
    id integer primary key autoincrement, hash text unique, account_id text not null,
    project_id text, name text not null, trunc text not null, expire real, created real not null,
    last_active real);
"""
LAST_ID = 2**31 - 1
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ID_LENGTH = 6


@dataclass(frozen=True)
class Key:
    """`id` 0: the one key of the old generation. Times in seconds since 1970."""

    id: int
    account_id: str
    project_id: str | None = None
    name: str = ""
    trunc: str = ""
    expire: float | None = None
    created: float = 0
    last_active: float | None = None


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def base_62(number: int) -> str:
    text = ""
    while number:
        number, digit = divmod(number, 62)
        text = _DIGITS[digit] + text
    return text.rjust(_ID_LENGTH, "0")


def _key(row: sqlite3.Row) -> Key:
    return Key(**{name: row[name] for name in Key.__dataclass_fields__})


class Keyring:
    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def set_only(self, account_id: str, key: str) -> None:
        """Give an account this key in place of the ones it had."""
        self._db.run("delete from keys where account_id = ?", account_id)
        self._db.run("insert or replace into keys values (?, ?)", digest(key), account_id)

    def find(self, secret: str) -> Key | None:
        row = self._db.row("select account_id from keys where hash = ?", digest(secret))
        if row:
            return Key(0, row["account_id"])
        row = self._db.row("select * from api_keys where hash = ?", digest(secret))
        if row is None:
            return None
        self._db.run(
            "update api_keys set last_active = ? where id = ?", self._clock.now(), row["id"]
        )
        return _key(row)

    def make(
        self, account_id: str, *, name: str, project_id: str | None, expire: float | None
    ) -> tuple[Key, str]:
        """A new key, and its secret: `sk-`, 16 random characters, and the id in base 62."""
        number = self._db.run(
            "insert into api_keys (account_id, project_id, name, trunc, expire, created)"
            " values (?, ?, ?, '', ?, ?)",
            account_id,
            project_id,
            name,
            expire,
            self._clock.now(),
        )
        ending = base_62(number)
        secret = f"sk-{random_text(16)}{ending}"
        self._db.run(
            "update api_keys set hash = ?, trunc = ? where id = ?",
            digest(secret),
            f"sk-...{ending}",
            number,
        )
        return self.get(number), secret

    def get(self, number: int) -> Key:
        """KeyError: there is none of this id."""
        row = self._db.row("select * from api_keys where id = ?", number)
        if row is None:
            raise KeyError(number)
        return _key(row)

    def of(self, account_id: str | None, project_id: str | None) -> list[Key]:
        """The keys of a project, or those of an account that are no project's."""
        if project_id is not None:
            rows = self._db.rows("select * from api_keys where project_id = ?", project_id)
        else:
            rows = self._db.rows(
                "select * from api_keys where account_id = ? and project_id is null", account_id
            )
        return [_key(row) for row in rows]

    def change(self, number: int, *, name: str | None, expire: float | None) -> None:
        self._db.run(
            "update api_keys set name = coalesce(?, name), expire = ? where id = ?",
            name,
            expire,
            number,
        )

    def delete(self, number: int) -> None:
        self._db.run("delete from api_keys where id = ?", number)
