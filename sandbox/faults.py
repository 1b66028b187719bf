"""Faults on demand: what goes wrong with which requests and operations, how often, until somebody takes it back.

Faults are kept in memory: a sandbox that is started again has none. What ails a request happens around the services,
which know nothing of it; what ails an asynchronous operation happens to its work.
"""

import asyncio
import itertools
import random
from collections.abc import Callable
from enum import StrEnum
from fnmatch import fnmatch
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

RETRY_AFTER_SECONDS: Final = 1


class Kind(StrEnum):
    """What goes wrong."""

    THROTTLE = "throttle"
    """429 with `Retry-After`; nothing was done."""
    ERROR = "error"
    """A 5xx; nothing was done."""
    SLOW = "slow"
    """Answered after so many seconds."""
    TIMEOUT = "timeout"
    """Nothing for so many seconds, then the connection is closed; nothing was done."""
    LOST = "lost"
    """Done, but the connection is lost before the answer is whole."""
    FAIL = "fail"
    """The operation ends `Failed`."""
    CANCEL = "cancel"
    """The operation ends `Canceled`."""
    HANG = "hang"
    """The operation goes on until the fault is taken back."""


OF_OPERATIONS: Final = frozenset({Kind.FAIL, Kind.CANCEL, Kind.HANG})


class Fault(BaseModel):
    """What goes wrong with what. Patterns are of the shell's kind (`*`, `?`) and without regard to case."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    service: Literal["arm", "files"] = "arm"
    method: str = "*"
    """HTTP method; of an operation the one that began it, PUT for PATCH too."""
    path: str = "*"
    """The request's path; of an operation its target's id."""
    times: int | None = Field(default=None, ge=1)
    """How often it happens; None for ever."""
    rate: float = Field(default=1.0, gt=0, le=1)
    """Share of the matching requests."""
    status: int = Field(default=500, ge=500, le=599)
    """Of an error."""
    seconds: float = Field(default=30, ge=0, le=3600)
    """Of what is slow or times out."""


class ListedFault(Fault):
    """A fault that was set: its number, and how often it has happened."""

    number: int
    happened: int = 0


class Faults:
    """The faults of one sandbox."""

    def __init__(self, chance: Callable[[], float] = random.random) -> None:
        self._chance = chance
        self._numbers = itertools.count(1)
        self._faults: dict[int, ListedFault] = {}
        self._taken_back: dict[int, asyncio.Event] = {}

    def listed(self) -> list[ListedFault]:
        """All that can still happen."""
        return list(self._faults.values())

    def add(self, fault: Fault) -> ListedFault:
        """Sets a fault."""
        listed = ListedFault(**fault.model_dump(), number=next(self._numbers))
        self._faults[listed.number] = listed
        self._taken_back[listed.number] = asyncio.Event()
        return listed

    def clear(self, number: int | None = None) -> int:
        """Takes one back, or all; how many there were."""
        gone = [number] if number in self._faults else list(self._faults) if number is None else []
        for each in gone:
            del self._faults[each]
            self._taken_back.pop(each).set()
        return len(gone)

    def of_request(self, service: str, method: str, path: str) -> ListedFault | None:
        """What ails this request."""
        return self._take(service, method, path, operation=False)

    def of_operation(self, method: str, target: str) -> ListedFault | None:
        """What ails this operation."""
        return self._take("arm", method, target, operation=True)

    async def while_set(self, fault: ListedFault) -> None:
        """Returns once the fault was taken back."""
        taken_back = self._taken_back.get(fault.number)
        if taken_back is not None:
            await taken_back.wait()

    def _take(self, service: str, method: str, path: str, *, operation: bool) -> ListedFault | None:
        for fault in list(self._faults.values()):
            if (fault.service, fault.kind in OF_OPERATIONS) != (service, operation):
                continue
            if not (fnmatch(method, fault.method.upper()) and fnmatch(path.lower(), fault.path.lower())):
                continue
            if fault.happened == fault.times or self._chance() >= fault.rate:
                continue
            fault.happened += 1
            if fault.happened == fault.times and fault.kind is not Kind.HANG:
                self.clear(fault.number)
            return fault
        return None
