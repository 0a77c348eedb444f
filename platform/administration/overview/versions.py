"""What runs here, and whether the database is up to date."""

import platform
from dataclasses import dataclass

import django
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from administration.overview.checking import Found
from classroom.engine import hearts

ENGINES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass(frozen=True, slots=True)
class Versions:
    """Names and versions; None for migrations while it is not known which there are."""

    parts: list[tuple[str, str]]
    database: str
    unapplied: list[str] | None


def versions(found: Found | None) -> Versions:
    """Say what runs; `found` knows which migrations there are."""
    unapplied = None
    if found:
        done = MigrationRecorder(connection).applied_migrations().keys()
        unapplied = sorted(f"{app}.{name}" for app, name in found.migrations - done)
    return Versions(
        parts=[
            *([("Lectern", hearts.version())] if hearts.version() else []),
            ("Django", django.get_version()),
            ("Python", platform.python_version()),
        ],
        database=f"{ENGINES.get(connection.vendor, connection.vendor)} {_version()}",
        unapplied=unapplied,
    )


def _version() -> str:
    connection.ensure_connection()
    return ".".join(map(str, connection.get_database_version()))
