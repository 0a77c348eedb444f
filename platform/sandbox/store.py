"""What outlives a restart: accounts, projects, keys, tokens, sessions, site settings.

One SQLite file. Secrets are kept as hashes. Every call is a short statement, made from the one
event loop, so nothing here is asynchronous.
"""

import hashlib
import json
import secrets
import sqlite3
import time
import uuid
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.ids import now_iso, random_text

HALF_DAY = 12 * 3600

_SCHEMA = """
create table if not exists accounts (
    account_id text primary key, email text unique, first_name text not null,
    last_name text not null, password text, groups text not null, created integer not null);
create table if not exists keys (hash text primary key, account_id text not null);
create table if not exists projects (
    project_id text primary key, title text not null, description text not null,
    users text not null, extra text not null, last_edited text not null);
create table if not exists passes (
    hash text primary key, kind text not null, account_id text not null, expires real not null);
create table if not exists settings (name text primary key, value text not null);
"""


@dataclass
class Account:
    account_id: str
    email: str | None
    first_name: str
    last_name: str
    groups: list[str]
    created: int

    @property
    def is_admin(self) -> bool:
        return "admin" in self.groups


@dataclass
class Project:
    """`extra` holds the columns few ask for: created, deleted, action_request."""

    project_id: str
    title: str
    description: str
    users: dict[str, dict[str, Any]]
    last_edited: str
    extra: dict[str, Any] = field(default_factory=dict)

    def has_member(self, account_id: str) -> bool:
        return self.users.get(account_id, {}).get("group") in ("owner", "collaborator")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _scramble(password: str, salt: str) -> str:
    digest = hashlib.scrypt(password.encode(), salt=salt.encode(), n=2**10, r=8, p=1)
    return f"{salt}${digest.hex()}"


def _account(row: sqlite3.Row) -> Account:
    return Account(
        account_id=row["account_id"],
        email=row["email"],
        first_name=row["first_name"],
        last_name=row["last_name"],
        groups=json.loads(row["groups"]),
        created=row["created"],
    )


def _project(row: sqlite3.Row) -> Project:
    return Project(
        project_id=row["project_id"],
        title=row["title"],
        description=row["description"],
        users=json.loads(row["users"]),
        last_edited=row["last_edited"],
        extra=json.loads(row["extra"]),
    )


class Store:
    def __init__(self, path: Path) -> None:
        # Autocommit: each statement is whole, and no method needs two of them to be.
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = normal")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        self._db.close()

    def _rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        with closing(self._db.execute(sql, values)) as cursor:
            return cursor.fetchall()

    def _row(self, sql: str, *values: object) -> sqlite3.Row | None:
        return next(iter(self._rows(sql, *values)), None)

    # Accounts and keys

    def create_account(
        self,
        *,
        email: str | None,
        first_name: str = "",
        last_name: str = "",
        password: str | None = None,
        groups: list[str] | None = None,
    ) -> Account:
        account = Account(
            str(uuid.uuid4()), email, first_name, last_name, groups or [], int(time.time() * 1000)
        )
        self._db.execute(
            "insert into accounts values (?, ?, ?, ?, ?, ?, ?)",
            (
                account.account_id,
                email,
                first_name,
                last_name,
                _scramble(password, secrets.token_hex(8)) if password else None,
                json.dumps(account.groups),
                account.created,
            ),
        )
        return account

    def account(self, account_id: str) -> Account | None:
        row = self._row("select * from accounts where account_id = ?", account_id.lower())
        return _account(row) if row else None

    def account_by_email(self, email: str) -> Account | None:
        row = self._row("select * from accounts where email = ?", email.lower())
        return _account(row) if row else None

    def accounts(self) -> list[Account]:
        """Every account, newest first."""
        rows = self._rows("select * from accounts order by created desc, rowid desc")
        return [_account(row) for row in rows]

    def rename_account(self, account_id: str, *, first_name: str, last_name: str) -> None:
        self._db.execute(
            "update accounts set first_name = ?, last_name = ? where account_id = ?",
            (first_name, last_name, account_id),
        )

    def check_password(self, account_id: str, password: str) -> bool:
        row = self._row("select password from accounts where account_id = ?", account_id)
        if row is None or not row["password"]:
            return False
        salt = str(row["password"]).partition("$")[0]
        return secrets.compare_digest(_scramble(password, salt), row["password"])

    def set_key(self, account_id: str, key: str) -> None:
        """Give an account this key in place of the ones it had."""
        self._db.execute("delete from keys where account_id = ?", (account_id,))
        self._db.execute("insert or replace into keys values (?, ?)", (_digest(key), account_id))

    def account_by_key(self, key: str) -> Account | None:
        row = self._row("select account_id from keys where hash = ?", _digest(key))
        return self.account(row["account_id"]) if row else None

    # Projects

    def create_project(self, owner: str, title: str, description: str) -> Project:
        now = now_iso()
        users = {owner: {"group": "owner"}}
        project = Project(
            str(uuid.uuid4()), title, description, users, last_edited=now, extra={"created": now}
        )
        self._db.execute(
            "insert into projects values (?, ?, ?, ?, ?, ?)",
            (project.project_id, *self._columns(project)),
        )
        return project

    def save_project(self, project: Project) -> None:
        project.last_edited = now_iso()
        self._db.execute(
            "update projects set title = ?, description = ?, users = ?, extra = ?,"
            " last_edited = ? where project_id = ?",
            (*self._columns(project), project.project_id),
        )

    @staticmethod
    def _columns(project: Project) -> tuple[str, ...]:
        return (
            project.title,
            project.description,
            json.dumps(project.users),
            json.dumps(project.extra),
            project.last_edited,
        )

    def project(self, project_id: str) -> Project | None:
        row = self._row("select * from projects where project_id = ?", project_id.lower())
        return _project(row) if row else None

    def projects(self) -> list[Project]:
        """Every project, the one edited last first."""
        rows = self._rows("select * from projects order by last_edited desc, rowid desc")
        return [_project(row) for row in rows]

    # Passes: auth tokens and sign-in cookies. Both live half a day here.

    def issue(self, kind: str, account_id: str, length: int = 24) -> str:
        secret = random_text(length)
        self._db.execute("delete from passes where expires < ?", (time.time(),))
        self._db.execute(
            "insert into passes values (?, ?, ?, ?)",
            (_digest(secret), kind, account_id, time.time() + HALF_DAY),
        )
        return secret

    def holder(self, kind: str, secret: str) -> Account | None:
        """The account behind a valid pass; None too where that account does not exist."""
        row = self._row(
            "select account_id from passes where hash = ? and kind = ? and expires > ?",
            _digest(secret),
            kind,
            time.time(),
        )
        return self.account(row["account_id"]) if row else None

    # Site settings

    def settings(self) -> dict[str, str]:
        return {row["name"]: row["value"] for row in self._rows("select * from settings")}

    def set_setting(self, name: str, value: str) -> None:
        self._db.execute("insert or replace into settings values (?, ?)", (name, value))
