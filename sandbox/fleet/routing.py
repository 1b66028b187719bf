"""Which replica gets a request: a revision by weight, its least busy ready replica, and a wait if there is none."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from sandbox.fleet.pace import Pace
from sandbox.fleet.replica import Replica
from sandbox.fleet.revision import Revision

_RETRY_SECONDS = 0.25


class UnroutableError(Exception):
    """No replica can take the request. `status` is the HTTP answer, the message says why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Router:
    """Hands out connections to replicas. `weights` may be replaced at any time; `wake` is called when load changes."""

    def __init__(self, app: str, pace: Pace, wake: Callable[[], None]) -> None:
        self.weights: list[tuple[Revision, int]] = []
        self._app = app
        self._pace = pace
        self._wake = wake
        self._changed = asyncio.Event()
        self._credit: dict[str, int] = {}

    def notify(self) -> None:
        """Tells waiting requests to look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def connection(self, port: int) -> AsyncGenerator[tuple[StreamReader, StreamWriter]]:
        """A connection to a ready replica, counted as a request while it is open. Raises UnroutableError."""
        revision = self._choose()
        replica, (reader, writer) = await self._reach(revision, port)
        try:
            yield reader, writer
        finally:
            writer.close()
            replica.release()
            self._wake()

    def _choose(self) -> Revision:
        """Smooth weighted round robin: over any hundred requests each revision gets its percentage."""
        total = sum(weight for _, weight in self.weights)
        if not total:
            raise UnroutableError(404, f"container app {self._app} is stopped, or none of its revisions gets traffic")
        for revision, weight in self.weights:
            self._credit[revision.name] = self._credit.get(revision.name, 0) + weight
        chosen = max((revision for revision, _ in self.weights), key=lambda revision: self._credit[revision.name])
        self._credit[chosen.name] -= total
        return chosen

    async def _reach(self, revision: Revision, port: int) -> tuple[Replica, tuple[StreamReader, StreamWriter]]:
        """Connects; a replica that refuses is passed over. The caller owes the replica a `release`."""
        loop = asyncio.get_running_loop()
        asked = loop.time()
        refused: set[Replica] = set()
        revision.waiting += 1
        self._wake()
        try:
            while True:
                changed = self._changed
                candidates = [replica for replica in revision.ready if replica not in refused]
                if candidates:
                    replica = min(candidates, key=lambda replica: (replica.in_flight, replica.last_request))
                    replica.occupy()
                    try:
                        return replica, await replica.connect(port)
                    except OSError:
                        refused.add(replica)
                        replica.release()
                        continue
                    except BaseException:
                        replica.release()
                        raise
                hold = self._pace.cold_start_hold if revision.waking else self._pace.ready_wait
                remaining = asked + hold - loop.time()
                if remaining <= 0:
                    raise UnroutableError(503, _why(revision, port, len(refused), hold))
                await _wait(changed, min(remaining, _RETRY_SECONDS) if refused else remaining)
                refused.clear()
                if all(revision is not weighted for weighted, _ in self.weights):
                    # Replaced while the request waited for it.
                    successor = self._choose()
                    revision.waiting -= 1
                    successor.waiting += 1
                    revision = successor
                    self._wake()
        finally:
            revision.waiting -= 1
            self._wake()


def _why(revision: Revision, port: int, refused: int, waited: float) -> str:
    status = revision.status()
    if refused:
        return f"revision {revision.name}: {refused} ready replica(s) refused the connection to port {port}"
    return (
        f"no replica of revision {revision.name} became ready within {waited:g} s"
        f" (revision {status.running_state}: {status.details})"
    )


async def _wait(changed: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await changed.wait()
    except TimeoutError:
        return
