"""Logs of an app as Azure streams them: the system log, or the console of a replica.

The protocol is the one that `az containerapp logs show` speaks (azure-cli 2.91.0, command_modules/containerapp).
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Queue
from typing import Final
from urllib.parse import quote

import requests

from operations.container_app import ContainerApp, Json
from operations.errors import CloudError

MAX_TAIL: Final = 300
"""Most lines of the past that Azure gives."""
CONNECT_SECONDS: Final = 20.0
SILENCE_SECONDS: Final = 600.0
"""A stream that is silent for so long is asked for anew."""
RECONNECT_SECONDS: Final = 2.0
_GONE: Final = (400, 404)
_UNAUTHORIZED: Final = 401


@dataclass(frozen=True)
class Entry:
    """A line of a log: when (ISO 8601), of which replica ("" for the app), and what. `warning`: of the system log."""

    time: str
    source: str
    text: str
    warning: bool = False


@dataclass(frozen=True)
class _Stream:
    path: str
    source: str
    parse: Callable[[Json, str], Entry]


def system(app: ContainerApp, *, tail: int, follow: bool = False) -> Iterator[Entry]:
    """The app's system log: the last `tail` entries, then, with `follow`, what comes.

    Raises:
        CloudError: Azure refused or could not be reached.
    """
    return _read(app, _Stream("eventstream", "", _system_entry), tail, follow)


def console(app: ContainerApp, revision: str, replica: Json, *, tail: int, follow: bool = False) -> Iterator[Entry]:
    """What a replica (as the resource manager shows it) writes; ends with `follow`, too, once the replica is gone.

    Raises:
        CloudError: Azure refused or could not be reached.
    """
    name, container = replica["name"], replica["properties"]["containers"][0]["name"]
    path = f"revisions/{quote(revision)}/replicas/{quote(name)}/containers/{quote(container)}/logstream"
    return _read(app, _Stream(path, name, _console_entry), tail, follow)


def merged(streams: Iterable[Iterator[Entry]]) -> Iterator[Entry]:
    """The entries of several endless streams as they come; the first error of one is the error of all."""
    queue: Queue[Entry | BaseException | None] = Queue(maxsize=1000)
    running = 0

    def pump(stream: Iterator[Entry]) -> None:
        try:
            for entry in stream:
                queue.put(entry)
            queue.put(None)
        except BaseException as error:
            queue.put(error)

    for stream in streams:
        running += 1
        threading.Thread(target=pump, args=(stream,), daemon=True).start()
    while running:
        match queue.get():
            case None:
                running -= 1
            case BaseException() as error:
                raise error
            case entry:
                yield entry


def _read(app: ContainerApp, stream: _Stream, tail: int, follow: bool) -> Iterator[Entry]:
    """Asks again where a stream that is followed is cut: Azure ends each after some minutes, and its token in time."""
    token, last, told = app.log_token(), "", Counter[Entry]()
    while True:
        # What a stream that is asked for anew repeats: everything older, and what was told of the last instant.
        begin, repeated = last, told.copy()
        try:
            with _connected(app, stream, token, tail, follow) as response:
                if response.status_code in _GONE and last:
                    return
                if response.status_code == _UNAUTHORIZED and last:
                    token = app.log_token()
                    continue
                if response.status_code >= 400:
                    raise CloudError(f"Azure does not give the log: {response.status_code} {response.text[:200]}")
                for line in response.iter_lines(chunk_size=1):
                    entry = _parsed(stream, line)
                    if entry is None or entry.time < begin:
                        continue
                    if repeated[entry]:
                        repeated[entry] -= 1
                        continue
                    if entry.time > last:
                        last, told = entry.time, Counter()
                    if entry.time == last:
                        told[entry] += 1
                    yield entry
        except requests.RequestException as error:
            if not (follow and last):
                raise CloudError(f"the log stream could not be read: {error}") from error
        if not follow:
            return
        tail = MAX_TAIL
        time.sleep(RECONNECT_SECONDS)


@contextmanager
def _connected(app: ContainerApp, stream: _Stream, token: str, tail: int, follow: bool) -> Generator[requests.Response]:
    found = app.read()
    base = str(found["properties"].get("eventStreamEndpoint") or "").partition("/subscriptions/")[0]
    if not base:
        raise CloudError(f"Azure names no place where the logs of {app.name} can be read")
    query: dict[str, str | int] = {"output": "json", "tailLines": tail, "follow": "true" if follow else "false"}
    with requests.get(
        f"{base}{found['id']}/{stream.path}",
        query,
        headers={"Authorization": f"Bearer {token}"},
        stream=True,
        timeout=(CONNECT_SECONDS, SILENCE_SECONDS),
    ) as response:
        yield response


def _parsed(stream: _Stream, line: bytes) -> Entry | None:
    try:
        record = json.loads(line)
        return stream.parse(record, stream.source)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None  # empty lines keep the connection open; a note of the service is no entry


def _system_entry(record: Json, _source: str) -> Entry:
    text = f"{record.get('Reason') or ''}: {record['Msg']}".removeprefix(": ")
    return Entry(record["TimeStamp"], record.get("ReplicaName") or "", text, record.get("Type") == "Warning")


def _console_entry(record: Json, source: str) -> Entry:
    return Entry(record["TimeStamp"], source, record["Log"])
