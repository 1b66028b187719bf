"""Who may be answered now, who waits, and who is turned away."""

import asyncio
import itertools
import math
import time
from collections import Counter, deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from inference_app.errors import OverloadedError

MAX_RETRY_AFTER_SECONDS = 60
SMOOTHING = 0.2  # weight of the newest answer in the mean duration
# How long others may be kept waiting for each answer that is being drawn together, and at most.
GROUP_SECONDS_EACH = 0.6
GROUP_SECONDS = 5.0

Turn = asyncio.Future[None]


class Admission:
    """`parallel` places, and a bounded queue that is fair between models and first come, first served within one.

    A place that becomes free goes to the waiting model that has the fewest places, and among equals to the one that
    got its last place longest ago. So many requests for one model cannot keep another model's requests waiting.

    Where `groups` says so, answers of different models hinder each other, and those of one model are drawn together:
    the others wait until these have ended, or their time is up. It is short for a few answers and longer for many.
    """

    def __init__(self, parallel: int, queue_limit: int, groups: Callable[[], bool] = lambda: False) -> None:
        self._parallel = parallel
        self._queue_limit = queue_limit
        self._waiting: dict[str, deque[Turn]] = {}
        self._places: Counter[str] = Counter()
        self._last_place: dict[str, int] = {}
        self._order = itertools.count(1)
        self._mean_seconds = 1.0
        self._groups = groups
        self._group = ""
        self._group_began = 0.0
        self._timer: asyncio.TimerHandle | None = None

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
        if self.running < self._parallel and not (self._waits_for_others(model) and self._may_wait(model)):
            self._take(model)
            return
        if not self._may_wait(model):
            raise OverloadedError(
                f"{self.running} answers are being generated and {self.waiting} requests wait; try again later",
                retry_after_seconds=self._retry_after_seconds(),
            )
        turn: Turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(model, deque()).append(turn)
        self._hand_out()
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

    def _waits_for_others(self, model: str) -> bool:
        """Whether it is the turn of other models, though a place is free."""
        if not self._groups() or not self._places:
            return False
        if model == self._group:
            return bool(self._group_seconds_left() <= 0 and self._waiting.keys() - {model})
        return self._group_seconds_left() > 0

    def _group_seconds_left(self) -> float:
        allowed = min(GROUP_SECONDS, GROUP_SECONDS_EACH * self._places[self._group])
        return self._group_began + allowed - time.monotonic()

    def _take(self, model: str) -> None:
        if model != self._group:
            self._group, self._group_began = model, time.monotonic()
        elif not self._places:
            self._group_began = time.monotonic()
        self._places[model] += 1
        self._last_place[model] = next(self._order)

    def _leave(self, model: str) -> None:
        """Hands the place on at once, so that nobody can overtake those who wait."""
        self._places[model] -= 1
        if not self._places[model]:
            del self._places[model]
        self._hand_out()

    def _hand_out(self) -> None:
        while self._waiting and self.running < self._parallel:
            its_turn = [model for model in self._waiting if not self._waits_for_others(model)]
            if not its_turn:
                self._look_again(self._group_seconds_left())
                return
            chosen = min(its_turn, key=lambda name: (self._places[name], self._last_place.get(name, 0)))
            turn = self._waiting[chosen][0]
            self._forget(chosen, turn)
            if not turn.done():  # done: it is leaving just now
                self._take(chosen)
                turn.set_result(None)

    def _look_again(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(max(0.0, seconds) + 0.001, self._hand_out)

    def _forget(self, model: str, turn: Turn) -> None:
        queue = self._waiting.get(model, deque())
        if turn in queue:
            queue.remove(turn)
        if not queue:
            self._waiting.pop(model, None)

    def _retry_after_seconds(self) -> int:
        expected = self._mean_seconds * (self.waiting + 1) / self._parallel
        return min(MAX_RETRY_AFTER_SECONDS, max(1, math.ceil(expected)))
