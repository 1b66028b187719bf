"""Who may be answered now, who waits, and who is turned away."""

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from inference_app.errors import OverloadedError

MAX_RETRY_AFTER_SECONDS = 60
SMOOTHING = 0.2  # weight of the newest answer in the mean duration


class Admission:
    """`parallel` places and a first-come-first-served queue of bounded length."""

    def __init__(self, parallel: int, queue_limit: int) -> None:
        self._parallel = parallel
        self._queue_limit = queue_limit
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._mean_seconds = 1.0
        self._idle = asyncio.Event()
        self._idle.set()
        self.running = 0

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    @asynccontextmanager
    async def place(self) -> AsyncGenerator[None, None]:
        """A place for as long as the context lasts, after waiting for one; `OverloadedError` when the queue is full."""
        await self._enter()
        began = time.monotonic()
        try:
            yield
        finally:
            self._mean_seconds += SMOOTHING * (time.monotonic() - began - self._mean_seconds)
            self._leave()

    async def idle(self) -> None:
        """Returns when nobody is being answered and nobody waits."""
        await self._idle.wait()

    async def _enter(self) -> None:
        if self.running < self._parallel:
            self.running += 1
            self._idle.clear()
            return
        if self.waiting >= self._queue_limit:
            raise OverloadedError(
                f"{self.running} answers are being generated and {self.waiting} requests wait; try again later",
                retry_after_seconds=self._retry_after_seconds(),
            )
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn in self._waiting:
                self._waiting.remove(turn)
            elif not turn.cancelled():
                self._leave()  # the turn came in the very moment of leaving: hand it on
            raise

    def _leave(self) -> None:
        """Hands the place to the next in the queue, so that nobody can overtake it."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():  # done: it is leaving just now
                turn.set_result(None)
                return
        self.running -= 1
        if not self.running:
            self._idle.set()

    def _retry_after_seconds(self) -> int:
        expected = self._mean_seconds * (self.waiting + 1) / self._parallel
        return min(MAX_RETRY_AFTER_SECONDS, max(1, math.ceil(expected)))
