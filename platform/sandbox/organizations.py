"""Organizations: a name, some words, and who administers them. Members say so in their account."""

import json
import sqlite3
import uuid
from dataclasses import dataclass, field

from sandbox.database import Database

SCHEMA = """
create table if not exists organizations (
    name text primary key, organization_id text not null, title text, description text, link text,
    email_address text, admins text not null);
"""


@dataclass
class Organization:
    name: str
    organization_id: str
    title: str | None = None
    description: str | None = None
    link: str | None = None
    email_address: str | None = None
    admins: list[str] = field(default_factory=list)


def _organization(row: sqlite3.Row) -> Organization:
    return Organization(**{**dict(row), "admins": json.loads(row["admins"])})


class Organizations:
    def __init__(self, db: Database) -> None:
        self._db = db

    def create(self, name: str) -> Organization:
        made = Organization(name, str(uuid.uuid4()))
        self._db.run(
            "insert into organizations (name, organization_id, admins) values (?, ?, '[]')",
            name,
            made.organization_id,
        )
        return made

    def get(self, name: str) -> Organization | None:
        row = self._db.row("select * from organizations where name = ?", name)
        return _organization(row) if row else None

    def all(self) -> list[Organization]:
        return [_organization(row) for row in self._db.rows("select * from organizations")]

    def save(self, changed: Organization) -> None:
        self._db.run(
            "update organizations set title = ?, description = ?, link = ?, email_address = ?,"
            " admins = ? where name = ?",
            changed.title,
            changed.description,
            changed.link,
            changed.email_address,
            json.dumps(changed.admins),
            changed.name,
        )
