"""Logs of one app: a console log per replica and a system log, one JSON object a line.

    FOLDER/system.jsonl             {"time", "type", "reason", "message", "revision", "replica", "count"}
    FOLDER/console/REPLICA.jsonl    {"time", "replica", "revision", "stream", "line"}

A file that grows beyond ROTATE_BYTES is renamed to NAME.jsonl.1, which replaces the one before.
"""

import asyncio
import hashlib
import json
import os
from asyncio import StreamReader, StreamReaderProtocol
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO

ROTATE_BYTES = 4 * 1024 * 1024
KEPT_CONSOLES = 50
LINE_BYTES = 16 * 1024
"""Longer lines are cut into several, as container engines do."""

_FOLLOW_SECONDS = 0.2


def app_folder(log_dir: Path, app_id: str) -> Path:
    """Where the logs of the app with this ARM id are; apps of one name in two resource groups do not meet."""
    digest = hashlib.sha256(app_id.encode()).hexdigest()[:8]
    return log_dir / f"{app_id.rpartition('/')[2]}-{digest}"


def system_log(log_dir: Path, app_id: str) -> Path:
    """The app's system log; the file need not exist yet."""
    return app_folder(log_dir, app_id) / "system.jsonl"


def console_log(log_dir: Path, app_id: str, replica: str) -> Path:
    """The console log of one replica, running or gone; the file need not exist."""
    return app_folder(log_dir, app_id) / "console" / f"{replica}.jsonl"


async def read_log(path: Path, *, tail: int | None = None, follow: bool = False) -> AsyncIterator[str]:
    """The lines of a log, oldest first: the last `tail` of them, then with `follow` each new one, without end."""
    older = _opened(path.with_name(f"{path.name}.1"))
    file = _opened(path)
    lines: deque[bytes] = deque(maxlen=tail)
    for each in (older, file):
        lines.extend(_new_lines(each))
    if older:
        older.close()
    try:
        for line in lines:
            yield line.decode()
        while follow:
            await asyncio.sleep(_FOLLOW_SECONDS)
            newest = _opened(path)
            for line in _new_lines(file):
                yield line.decode()
            if newest and not (file and _same(file, newest)):
                # Rotated: the old file was read to its end after the new one was there.
                file, newest = newest, file
                for line in _new_lines(file):
                    yield line.decode()
            if newest:
                newest.close()
    finally:
        if file:
            file.close()


class AppLogs:
    """Writes the logs of one app."""

    def __init__(self, log_dir: Path, app_id: str) -> None:
        self._log_dir = log_dir
        self._app_id = app_id
        self._system = _Rotated(system_log(log_dir, app_id))
        self._seen: Counter[tuple[str, str, str]] = Counter()

    def event(self, reason: str, message: str, *, revision: str = "", replica: str = "", warning: bool = False) -> None:
        """Adds to the system log. `count` says how often this reason was given with this message."""
        self._seen[reason, message, replica] += 1
        self._system.write(
            {
                "time": now(),
                "type": "Warning" if warning else "Normal",
                "reason": reason,
                "message": message,
                "revision": revision,
                "replica": replica,
                "count": self._seen[reason, message, replica],
            }
        )

    def console(self, revision: str, replica: str) -> "Console":
        """The console log of a replica; the oldest of many are removed."""
        path = console_log(self._log_dir, self._app_id, replica)
        if path.parent.exists():
            files = sorted(path.parent.iterdir(), key=lambda file: file.stat().st_mtime, reverse=True)
            for old in islice(files, KEPT_CONSOLES, None):
                old.unlink()
        return Console(path, revision, replica)


class Console:
    """Console log of one replica, over all runs of its container."""

    def __init__(self, path: Path, revision: str, replica: str) -> None:
        self._file = _Rotated(path)
        self._revision = revision
        self._replica = replica

    async def capture(self, descriptor: int, stream: str) -> None:
        """Writes what comes through the pipe `descriptor`, line by line, until its end; closes it."""
        reader = StreamReader()
        pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", buffering=0)
        )
        try:
            rest = b""
            while data := await reader.read(64 * 1024):
                *lines, rest = (rest + data).split(b"\n")
                while len(rest) > LINE_BYTES:
                    lines.append(rest[:LINE_BYTES])
                    rest = rest[LINE_BYTES:]
                self._write(lines, stream)
            if rest:
                self._write([rest], stream)
        finally:
            pipe.close()

    def _write(self, lines: list[bytes], stream: str) -> None:
        time = now()
        about = {"time": time, "replica": self._replica, "revision": self._revision, "stream": stream}
        self._file.write(*({**about, "line": line.decode(errors="replace").rstrip("\r")} for line in lines))


def now() -> str:
    """This moment as ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def _opened(path: Path) -> BinaryIO | None:
    try:
        return path.open("rb")
    except FileNotFoundError:
        return None


def _same(one: BinaryIO, other: BinaryIO) -> bool:
    return os.path.sameopenfile(one.fileno(), other.fileno())


def _new_lines(file: BinaryIO | None) -> Iterator[bytes]:
    return (line.rstrip(b"\n") for line in iter(file.readline, b"")) if file else iter(())


class _Rotated:
    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, *records: dict[str, str] | dict[str, str | int]) -> None:
        text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        # A full disk costs log lines, never a running app.
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                file.write(text.encode(errors="replace"))
                full = file.tell() > ROTATE_BYTES
            if full:
                self._path.replace(self._path.with_name(f"{self._path.name}.1"))
