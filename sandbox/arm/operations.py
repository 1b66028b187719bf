"""Asynchronous operations: work that goes on after the answer, and after a kill.

An operation is a row that names its target and what is done to it. The work itself is a coroutine of the resource's
type that may run twice: an operation found in progress at start is run again to its end.
"""

import asyncio
import json
import logging
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from sqlite3 import Row
from typing import Final
from weakref import WeakValueDictionary

from sandbox.arm.errors import ArmError
from sandbox.arm.ids import ResourceId, parse_id
from sandbox.arm.resources import JsonObject, timestamp
from sandbox.database import Database

IN_PROGRESS: Final = "InProgress"
SUCCEEDED: Final = "Succeeded"
FAILED: Final = "Failed"
CANCELED: Final = "Canceled"

PROVISION: Final = "provision"
REMOVE: Final = "remove"

_log = logging.getLogger("sandbox.arm")


@dataclass(frozen=True)
class Operation:
    """One asynchronous operation. `kind` is PROVISION or REMOVE; `error` is ARM's error body."""

    id: str
    target: ResourceId
    kind: str
    status: str
    error: JsonObject | None
    started: str
    ended: str | None

    @property
    def view(self) -> JsonObject:
        """What the Azure-AsyncOperation address answers."""
        body: JsonObject = {"id": self.id, "name": self.id, "status": self.status, "startTime": self.started}
        if self.ended is not None:
            body["endTime"] = self.ended
        if self.error is not None:
            body["error"] = self.error["error"]
        return body


class CanceledError(ArmError):
    """What ends an operation as canceled."""


def ended_by(error: ArmError) -> str:
    """How an operation ends by this error."""
    return CANCELED if isinstance(error, CanceledError) else FAILED


Conclude = Callable[[], None]
"""Writes an operation's result to the database; runs in the transaction that ends the operation."""

Work = Callable[[Operation], Awaitable[Conclude]]
"""Does what an operation is for, outside of the database; raises ArmError to fail it."""


class Operations:
    """The operations, and the tasks that carry them out."""

    def __init__(self, database: Database, work: Work, on_failure: Callable[[Operation, ArmError], None]) -> None:
        self._database = database
        self._work = work
        self._on_failure = on_failure
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._targets: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def record(self, target: ResourceId, kind: str) -> Operation:
        """Writes a new operation down; to be called in the transaction that changes its target, `start` after it."""
        operation = Operation(str(uuid.uuid4()), target, kind, IN_PROGRESS, None, timestamp(), None)
        self._database.execute(
            "INSERT INTO operations VALUES (?, ?, ?, ?, NULL, ?, NULL)",
            operation.id,
            str(target),
            kind,
            IN_PROGRESS,
            operation.started,
        )
        return operation

    def start(self, operation: Operation) -> None:
        """Lets the work begin; it goes on in the background."""
        task = asyncio.create_task(self._run(operation))
        self._tasks[operation.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(operation.id, None))

    def resume(self) -> None:
        """Continues everything that was in progress when the process ended."""
        rows = self._database.execute("SELECT * FROM operations WHERE status = ? ORDER BY started", IN_PROGRESS)
        for row in rows:
            self.start(_operation(row))

    def find(self, operation_id: str) -> Operation | None:
        """The operation, running or ended."""
        rows = self._database.execute("SELECT * FROM operations WHERE id = ?", operation_id)
        return _operation(rows[0]) if rows else None

    async def close(self) -> None:
        """Stops working; what is in progress stays so and is resumed at the next start."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, operation: Operation) -> None:
        """Operations on one target follow one another."""
        lock = self._targets.setdefault(operation.target.key, asyncio.Lock())
        async with lock:
            await self._carry_out(operation)

    async def _carry_out(self, operation: Operation) -> None:
        try:
            conclude = await self._work(operation)
            with self._database.transaction():
                conclude()
                self._end(operation, SUCCEEDED, None)
        except ArmError as error:
            self._fail(operation, error)
        except Exception:
            _log.exception("operation %s on %s failed", operation.kind, operation.target)
            self._fail(operation, ArmError(500, "InternalServerError", "Unexpected; the sandbox's log says more."))

    def _fail(self, operation: Operation, error: ArmError) -> None:
        with self._database.transaction():
            self._on_failure(operation, error)
            self._end(operation, ended_by(error), error.body)

    def _end(self, operation: Operation, status: str, error: JsonObject | None) -> None:
        self._database.execute(
            "UPDATE operations SET status = ?, error = ?, ended = ? WHERE id = ?",
            status,
            None if error is None else json.dumps(error),
            timestamp(),
            operation.id,
        )


def _operation(row: Row) -> Operation:
    target = parse_id(row["target"])
    assert target is not None, row["target"]
    error = None if row["error"] is None else json.loads(row["error"])
    return Operation(row["id"], target, row["kind"], row["status"], error, row["started"], row["ended"])
