"""Who may be answered now, who waits, and who is turned away."""

import asyncio
import itertools
import math
import time
from collections import Counter, deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from inference_app.errors import OverloadedError

MAX_RETRY_AFTER_SECONDS = 60
SMOOTHING = 0.2  # weight of the newest answer in the mean duration

Turn = asyncio.Future[None]


class Admission:
    """`parallel` places, and a bounded queue that is fair between models and first come, first served within one.

    A place that becomes free goes to the waiting model that has the fewest places, and among equals to the one that
    got its last place longest ago. So many requests for one model cannot keep another model's requests waiting.
    """

    def __init__(self, parallel: int, queue_limit: int) -> None:
        self._parallel = parallel
        self._queue_limit = queue_limit
        self._waiting: dict[str, deque[Turn]] = {}
        self._places: Counter[str] = Counter()
        self._last_place: dict[str, int] = {}
        self._order = itertools.count(1)
        self._mean_seconds = 1.0

    @property
    def running(self) -> int:
        """How many have a place."""
        return self._places.total()

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return sum(map(len, self._waiting.values()))

    @asynccontextmanager
    async def place(self, model: str) -> AsyncGenerator[None, None]:
        """A place for as long as the context lasts, after waiting for one; `OverloadedError` when the queue is full."""
        await self._enter(model)
        began = time.monotonic()
        try:
            yield
        finally:
            self._mean_seconds += SMOOTHING * (time.monotonic() - began - self._mean_seconds)
            self._leave(model)

    async def _enter(self, model: str) -> None:
        if self.running < self._parallel:
            self._take(model)
            return
        if not self._may_wait(model):
            raise OverloadedError(
                f"{self.running} answers are being generated and {self.waiting} requests wait; try again later",
                retry_after_seconds=self._retry_after_seconds(),
            )
        turn: Turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(model, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            self._forget(model, turn)
            if not turn.cancelled():
                self._leave(model)  # the turn came in the very moment of leaving: hand it on
            raise

    def _may_wait(self, model: str) -> bool:
        """One request of each model may wait beyond the limit: a queue full of others must not shut a model out."""
        return self.waiting < self._queue_limit or (self._queue_limit > 0 and model not in self._waiting)

    def _take(self, model: str) -> None:
        self._places[model] += 1
        self._last_place[model] = next(self._order)

    def _leave(self, model: str) -> None:
        """Hands the place on at once, so that nobody can overtake those who wait."""
        self._places[model] -= 1
        if not self._places[model]:
            del self._places[model]
        while self._waiting:
            chosen = min(self._waiting, key=lambda name: (self._places[name], self._last_place.get(name, 0)))
            turn = self._waiting[chosen][0]
            self._forget(chosen, turn)
            if not turn.done():  # done: it is leaving just now
                self._take(chosen)
                turn.set_result(None)
                return

    def _forget(self, model: str, turn: Turn) -> None:
        queue = self._waiting.get(model, deque())
        if turn in queue:
            queue.remove(turn)
        if not queue:
            self._waiting.pop(model, None)

    def _retry_after_seconds(self) -> int:
        expected = self._mean_seconds * (self.waiting + 1) / self._parallel
        return min(MAX_RETRY_AFTER_SECONDS, max(1, math.ceil(expected)))
