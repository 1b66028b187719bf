"""How long requests may take, and how all of them are ended before their time when the server must stop."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class Deadlines:
    """The time of each request; `TimeoutError` is what its work gets when that is over."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.stopped = False
        self._running: set[asyncio.Timeout] = set()

    def begin(self) -> float:
        """The deadline of a request that comes now, by the loop's clock."""
        return asyncio.get_running_loop().time() + self.seconds

    @asynccontextmanager
    async def until(self, deadline: float) -> AsyncGenerator[None, None]:
        """Ends what runs inside with `TimeoutError` at the deadline, or when all are stopped.

        To be entered and left in one step of a generator: its steps may run in different tasks.
        """
        now = asyncio.get_running_loop().time()
        async with asyncio.timeout_at(now if self.stopped else deadline) as timeout:
            self._running.add(timeout)
            try:
                yield
            finally:
                self._running.discard(timeout)

    def stop(self) -> None:
        """Ends all that runs, and all that will."""
        self.stopped = True
        now = asyncio.get_running_loop().time()
        for timeout in self._running:
            timeout.reschedule(now)
