"""The one SQLite file. Every call is a short statement, made from the one event loop."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path


class Database:
    def __init__(self, path: Path, schema: str, later: Mapping[str, tuple[str, ...]]) -> None:
        """Open it, or make it. `later`: columns that tables of an older file do not have yet."""
        # Autocommit: each statement is whole, and no method needs two of them to be.
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = normal")
        self._db.executescript(schema)
        for table, columns in later.items():
            there = {row["name"] for row in self.rows(f"pragma table_info({table})")}
            for column in columns:
                if column.partition(" ")[0] not in there:
                    self._db.execute(f"alter table {table} add column {column}")

    def close(self) -> None:
        self._db.close()

    def run(self, sql: str, *values: object) -> int:
        """Carry it out; returns the id of the row it made, where it made one."""
        with closing(self._db.execute(sql, values)) as cursor:
            return cursor.lastrowid or 0

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        with closing(self._db.execute(sql, values)) as cursor:
            return cursor.fetchall()

    def row(self, sql: str, *values: object) -> sqlite3.Row | None:
        return next(iter(self.rows(sql, *values)), None)
