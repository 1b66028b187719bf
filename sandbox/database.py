"""One SQLite database for everything that must outlive the process.

Write-ahead log with a full sync on each commit: what is committed survives the end of the process and of the machine.
"""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sandbox.errors import StateError

SCHEMA_VERSION: Final = 1

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS images (reference TEXT PRIMARY KEY, folder TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS resources (
    key TEXT PRIMARY KEY, id TEXT NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL, private TEXT NOT NULL,
    etag TEXT NOT NULL, created TEXT NOT NULL, changed TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS operations (
    id TEXT PRIMARY KEY, target TEXT NOT NULL, kind TEXT NOT NULL, status TEXT NOT NULL, error TEXT,
    started TEXT NOT NULL, ended TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS operations_by_status ON operations (status);
CREATE TABLE IF NOT EXISTS file_properties (
    share TEXT NOT NULL, path TEXT NOT NULL, content TEXT NOT NULL, metadata TEXT NOT NULL,
    size INTEGER NOT NULL, modified_ns INTEGER NOT NULL, settled INTEGER NOT NULL, PRIMARY KEY (share, path)
) STRICT;
"""


class Database:
    """A connection for one thread (the event loop's); statements outside of `transaction` commit at once."""

    def __init__(self, path: Path) -> None:
        """Opens or makes the database.

        Raises:
            StateError: the file is no database, or a newer version's.
        """
        check_version(path)
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        path.chmod(0o600)
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA busy_timeout=5000"):
            self._connection.execute(statement)
        self._connection.executescript(f"{_SCHEMA} PRAGMA user_version={SCHEMA_VERSION};")

    def execute(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        """Runs one statement and returns its rows."""
        return self._connection.execute(statement, values).fetchall()

    @contextmanager
    def transaction(self) -> Generator[None]:
        """All statements within commit together, or none; a transaction within another joins it. Never await inside."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Folds the write-ahead log back and closes."""
        self._connection.close()


def check_version(path: Path) -> None:
    """Whether this version can read the database; one that is missing is fine.

    Raises:
        StateError: it cannot, with the way out.
    """
    if not path.exists():
        return
    try:
        connection = sqlite3.connect(path)
        try:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        raise StateError(
            f"the sandbox's state {path} is damaged ({error}). Move the folder {path.parent} away and start again;"
            " what was deployed on the sandbox is lost with it"
        ) from error
    if version > SCHEMA_VERSION:
        raise StateError(
            f"the sandbox's state {path} was made by a newer version (format {version}, this one knows"
            f" {SCHEMA_VERSION}). Use that version, or move the folder {path.parent} away"
        )
