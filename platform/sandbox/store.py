"""What outlives a restart: accounts, projects, keys, tokens, sessions, site settings.

One SQLite file. Secrets are kept as hashes. Nothing here is asynchronous.
"""

import hashlib
import json
import secrets
import sqlite3
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox import keyring, organizations
from sandbox.clock import Clock
from sandbox.database import Database
from sandbox.ids import now_iso, random_text
from sandbox.keyring import Keyring, digest
from sandbox.organizations import Organizations

HALF_DAY = 12 * 3600

_SCHEMA = """
create table if not exists accounts (
    account_id text primary key, email text unique, first_name text not null,
    last_name text not null, password text, groups text not null, created integer not null);
create table if not exists projects (
    project_id text primary key, title text not null, description text not null,
    users text not null, extra text not null, last_edited text not null);
create table if not exists passes (
    hash text primary key, kind text not null, account_id text not null, expires real not null);
create table if not exists settings (name text primary key, value text not null);
"""
_LATER = {
    "accounts": (
        "org text",
        "owner_id text",
        "banned integer not null default 0",
        "deleted integer not null default 0",
    )
}


@dataclass
class Account:
    account_id: str
    email: str | None
    first_name: str
    last_name: str
    groups: list[str]
    created: int
    org: str | None = None
    owner_id: str | None = None
    banned: bool = False
    deleted: bool = False

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
        org=row["org"],
        owner_id=row["owner_id"],
        banned=bool(row["banned"]),
        deleted=bool(row["deleted"]),
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
    def __init__(self, path: Path, clock: Clock) -> None:
        schema = _SCHEMA + keyring.SCHEMA + organizations.SCHEMA
        self._db = Database(path, schema, _LATER)
        self._clock = clock
        self.keyring = Keyring(self._db, clock)
        self.organizations = Organizations(self._db)

    def close(self) -> None:
        self._db.close()

    # Accounts

    def create_account(
        self,
        *,
        email: str | None,
        first_name: str = "",
        last_name: str = "",
        password: str | None = None,
        groups: list[str] | None = None,
        org: str | None = None,
        owner_id: str | None = None,
    ) -> Account:
        account = Account(
            str(uuid.uuid4()),
            email,
            first_name,
            last_name,
            groups or [],
            int(self._clock.now() * 1000),
            org,
            owner_id,
        )
        self._db.run(
            "insert into accounts (account_id, email, first_name, last_name, password, groups,"
            " created, org, owner_id) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            account.account_id,
            email,
            first_name,
            last_name,
            _scramble(password, secrets.token_hex(8)) if password else None,
            json.dumps(account.groups),
            account.created,
            org,
            owner_id,
        )
        return account

    def account(self, account_id: str) -> Account | None:
        row = self._db.row("select * from accounts where account_id = ?", account_id.lower())
        return _account(row) if row else None

    def account_by_email(self, email: str) -> Account | None:
        row = self._db.row("select * from accounts where email = ?", email.lower())
        return _account(row) if row else None

    def account_named(self, user: object) -> Account | None:
        """The account of this id or this address, to the letter."""
        row = self._db.row("select * from accounts where ? in (account_id, email)", str(user))
        return _account(row) if row else None

    def accounts(self) -> list[Account]:
        """Every account, newest first."""
        rows = self._db.rows("select * from accounts order by created desc, rowid desc")
        return [_account(row) for row in rows]

    def rename_account(self, account_id: str, *, first_name: str, last_name: str) -> None:
        self._db.run(
            "update accounts set first_name = ?, last_name = ? where account_id = ?",
            first_name,
            last_name,
            account_id,
        )

    def move_account(self, account_id: str, org: str | None) -> None:
        """Make it a member of this organization alone; None: of none."""
        self._db.run("update accounts set org = ? where account_id = ?", org, account_id)

    def make_admin(self, account_id: str) -> None:
        """Make an account a site admin's, as whoever runs CoCalc can."""
        self._db.run("update accounts set groups = ? where account_id = ?", '["admin"]', account_id)

    def ban(self, account_id: str, banned: bool) -> None:
        """A ban ends the tokens that there are, and none made later."""
        self._db.run("update accounts set banned = ? where account_id = ?", int(banned), account_id)
        if banned:
            self._db.run("delete from passes where account_id = ?", account_id)

    def delete_account(self, account_id: str) -> None:
        """Its address and its sign-ins go. Keys and tokens stay good, as on CoCalc."""
        self._db.run(
            "update accounts set email = null, deleted = 1 where account_id = ?", account_id
        )
        self._db.run("delete from passes where account_id = ? and kind = 'session'", account_id)

    def check_password(self, account_id: str, password: str) -> bool:
        row = self._db.row("select password from accounts where account_id = ?", account_id)
        if row is None or not row["password"]:
            return False
        salt = str(row["password"]).partition("$")[0]
        return secrets.compare_digest(_scramble(password, salt), row["password"])

    def account_by_key(self, key: str) -> Account | None:
        """Whose key it is, in the eyes of the old generation: a project's is nobody's."""
        found = self.keyring.find(key)
        return self.account(found.account_id) if found and not found.project_id else None

    # Projects

    def create_project(
        self, owner: str, title: str, description: str, project_id: str | None = None
    ) -> Project:
        now = now_iso()
        users = {owner: {"group": "owner"}}
        extra = {"created": now}
        project = Project(
            project_id or str(uuid.uuid4()), title, description, users, now, extra=extra
        )
        self._db.run(
            "insert into projects values (?, ?, ?, ?, ?, ?)",
            project.project_id,
            *self._columns(project),
        )
        return project

    def save_project(self, project: Project) -> None:
        project.last_edited = now_iso()
        self._db.run(
            "update projects set title = ?, description = ?, users = ?, extra = ?,"
            " last_edited = ? where project_id = ?",
            *self._columns(project),
            project.project_id,
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
        row = self._db.row("select * from projects where project_id = ?", project_id.lower())
        return _project(row) if row else None

    def projects(self) -> list[Project]:
        """Every project, the one edited last first."""
        rows = self._db.rows("select * from projects order by last_edited desc, rowid desc")
        return [_project(row) for row in rows]

    # Passes: auth tokens and sign-in cookies.

    def issue(
        self, kind: str, account_id: str, length: int = 24, *, expires: float | None = None
    ) -> str:
        secret = random_text(length)
        self.admit(kind, account_id, secret, expires=expires)
        return secret

    def admit(
        self, kind: str, account_id: str, secret: str, *, expires: float | None = None
    ) -> None:
        """Let whoever shows this secret be that account, for half a day or until `expires`.

        That is in seconds since 1970.
        """
        now = self._clock.now()
        self._db.run("delete from passes where expires < ?", now)
        self._db.run(
            "insert into passes values (?, ?, ?, ?)",
            digest(secret),
            kind,
            account_id,
            now + HALF_DAY if expires is None else expires,
        )

    def holder(self, kind: str, secret: str) -> Account | None:
        """The account behind a valid pass; None too where that account does not exist."""
        row = self._db.row(
            "select account_id from passes where hash = ? and kind = ? and expires > ?",
            digest(secret),
            kind,
            self._clock.now(),
        )
        return self.account(row["account_id"]) if row else None

    def revoke(self, kind: str, secret: str) -> None:
        self._db.run("delete from passes where hash = ? and kind = ?", digest(secret), kind)

    # Site settings

    def settings(self) -> dict[str, str]:
        return {row["name"]: row["value"] for row in self._db.rows("select * from settings")}

    def set_setting(self, name: str, value: str) -> None:
        self._db.run("insert or replace into settings values (?, ?)", name, value)
