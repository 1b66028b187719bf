"""What Azure Files keeps about a file beside its content: content type, MD5, metadata and so on.

Apps write the same files without telling anybody, so a file's properties hold only while its size and modification
time are what they were when the data plane last touched it. While the data plane itself writes a file, its row is
unsettled: the properties hold, and the new size and time are noted once the writes have paused. A kill in between
leaves the row unsettled, and the next start settles it with what the file is then.
"""

import asyncio
import json
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from sandbox.database import Database
from sandbox.files.errors import FilesError

SETTLE_SECONDS: Final = 1.0

Key: TypeAlias = tuple[str, str]
"""Share (as ACCOUNT/NAME) and path within it."""


@dataclass(frozen=True)
class Properties:
    """`content`: by x-ms header name; `metadata`: by key, as sent."""

    content: Mapping[str, str] = field(default_factory=dict[str, str])
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass
class _Unsettled:
    fingerprint: tuple[int, int]
    writers: int = 0
    timer: asyncio.TimerHandle | None = None


class FileProperties:
    """The properties of all files and directories; to be used on the event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._unsettled: dict[Key, _Unsettled] = {}

    def settle_after_kill(self, status: Callable[[str, str], os.stat_result]) -> None:
        """Settles what an earlier process left unsettled; `status` finds a file by share and path."""
        for row in self._database.execute("SELECT share, path FROM file_properties WHERE settled = 0"):
            key = (row["share"], row["path"])
            try:
                self._settle(key, fingerprint(status(*key)))
            except FilesError:
                self.forget(key)

    def find(self, key: Key, status: os.stat_result) -> Properties:
        """The properties of a file with this status; empty ones if there are none or an app has written it since."""
        rows = self._database.execute("SELECT * FROM file_properties WHERE share = ? AND path = ?", *key)
        if not rows:
            return Properties()
        row = rows[0]
        noted = (row["size"], row["modified_ns"])
        if (unsettled := self._unsettled.get(key)) is not None:
            noted = fingerprint(status) if unsettled.writers else unsettled.fingerprint
        if noted != fingerprint(status):
            return Properties()
        return Properties(json.loads(row["content"]), json.loads(row["metadata"]))

    def save(self, key: Key, status: os.stat_result, properties: Properties) -> None:
        """Replaces the properties; empty ones take no room."""
        self._drop(key)
        if not properties.content and not properties.metadata:
            self.forget(key)
            return
        self._database.execute(
            "INSERT OR REPLACE INTO file_properties VALUES (?, ?, ?, ?, ?, ?, 1)",
            *key,
            json.dumps(dict(properties.content)),
            json.dumps(dict(properties.metadata)),
            *fingerprint(status),
        )

    def has(self, key: Key) -> bool:
        """Whether there is anything that a write must preserve."""
        statement = "SELECT 1 FROM file_properties WHERE share = ? AND path = ?"
        return key in self._unsettled or bool(self._database.execute(statement, *key))

    def begin_write(self, key: Key, status: os.stat_result) -> bool:
        """Announces a write of the data plane's own; False if there is nothing to preserve."""
        unsettled = self._unsettled.get(key)
        if unsettled is None or (not unsettled.writers and unsettled.fingerprint != fingerprint(status)):
            self._drop(key)
            if self.find(key, status) == Properties():
                self.forget(key)
                return False
            self._database.execute("UPDATE file_properties SET settled = 0 WHERE share = ? AND path = ?", *key)
            unsettled = self._unsettled[key] = _Unsettled(fingerprint(status))
        if unsettled.timer is not None:
            unsettled.timer.cancel()
            unsettled.timer = None
        unsettled.writers += 1
        return True

    def end_write(self, key: Key, status: os.stat_result | None) -> None:
        """Notes what the file is after an announced write; None if the write failed."""
        unsettled = self._unsettled.get(key)
        if unsettled is None:
            return  # deleted or replaced while it was written
        unsettled.writers -= 1
        if status is not None and status.st_mtime_ns >= unsettled.fingerprint[1]:
            unsettled.fingerprint = fingerprint(status)
        if not unsettled.writers:
            loop = asyncio.get_running_loop()
            unsettled.timer = loop.call_later(SETTLE_SECONDS, self._settle, key, unsettled.fingerprint)

    def forget(self, key: Key) -> None:
        """Drops the properties of a file or directory that is gone."""
        self._drop(key)
        self._database.execute("DELETE FROM file_properties WHERE share = ? AND path = ?", *key)

    def moved(self, source: Key, target: Key) -> None:
        """Follows a file or directory, with everything in it, to its new place."""
        below = f"{source[1]}/"
        self.close()
        with self._database.transaction():
            self.forget(target)
            self._database.execute(
                "UPDATE OR REPLACE file_properties SET share = ?, path = ? || substr(path, ?)"
                " WHERE share = ? AND (path = ? OR substr(path, 1, ?) = ?)",
                target[0],
                target[1],
                len(source[1]) + 1,
                *source,
                len(below),
                below,
            )

    def close(self) -> None:
        """Settles everything now."""
        for key, unsettled in list(self._unsettled.items()):
            if not unsettled.writers:
                self._settle(key, unsettled.fingerprint)

    def _settle(self, key: Key, noted: tuple[int, int]) -> None:
        self._drop(key)
        self._database.execute(
            "UPDATE file_properties SET size = ?, modified_ns = ?, settled = 1 WHERE share = ? AND path = ?",
            *noted,
            *key,
        )

    def _drop(self, key: Key) -> None:
        unsettled = self._unsettled.pop(key, None)
        if unsettled is not None and unsettled.timer is not None:
            unsettled.timer.cancel()


def fingerprint(status: os.stat_result) -> tuple[int, int]:
    """What tells whether a file was written: size and time. A directory's time changes with its entries: its inode."""
    is_directory = stat.S_ISDIR(status.st_mode)
    return (-1, status.st_ino) if is_directory else (status.st_size, status.st_mtime_ns)
