"""The engines that are attached, each with its own configuration.

One stand-in serves any number of engines and provider instances at once; each has a connection of its own, and its
address tells them apart.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

import grpc

from sandbox.provider.arm_client import OPERATION_TIMEOUT_SECONDS, ArmClient
from sandbox.provider.connection import Cloud, Connection
from sandbox.provider.errors import StandInError

REMEMBERED: Final = 1024
"""An engine does not say goodbye; the sessions of the longest silence are forgotten."""


class Session:
    """One provider instance of one engine."""

    def __init__(self, connection: Connection, location: str | None) -> None:
        self.connection = connection
        self.location = location
        self._canceled = False
        self._lock = threading.Lock()
        self._calls: set[threading.Event] = set()

    def client(self, context: grpc.ServicerContext, timeout_seconds: float = 0.0) -> ArmClient:
        """A client for one call: its waiting ends with the call, by cancellation, or when nobody listens any more.

        Raises:
            StandInError: the session was canceled; nothing more is begun in it.
        """
        ended = threading.Event()
        with self._lock:
            if self._canceled:
                raise StandInError("canceled")
            self._calls.add(ended)
        if not context.add_callback(lambda: self._end(ended)):
            self._end(ended)
        return ArmClient(self.connection, ended, timeout_seconds or OPERATION_TIMEOUT_SECONDS)

    def cancel(self) -> None:
        """Ends every wait, and lets no further call begin."""
        with self._lock:
            self._canceled = True
            for ended in self._calls:
                ended.set()

    def _end(self, ended: threading.Event) -> None:
        ended.set()
        with self._lock:
            self._calls.discard(ended)


class Sessions:
    """All sessions, by the address of the engine's connection; clouds are connected to once."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._lock = threading.Lock()
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._connections: dict[Cloud, Connection] = {}

    def close(self) -> None:
        """Closes the connections to the clouds."""
        for connection in self._connections.values():
            connection.close()

    def configure(self, peer: str, configuration: Mapping[str, str]) -> Session:
        """Begins a session.

        Raises:
            StandInError: no sandbox is named.
        """
        cloud = Cloud.configured(self._environment, configuration)
        with self._lock:
            if cloud not in self._connections:
                self._connections[cloud] = Connection(cloud)
            session = Session(self._connections[cloud], configuration.get("location") or None)
            self._sessions[peer] = session
            while len(self._sessions) > REMEMBERED:
                self._sessions.popitem(last=False)
            return session

    def of(self, peer: str) -> Session:
        """The engine's session; one without configuration if the engine never configured, or long ago."""
        with self._lock:
            session = self._sessions.get(peer)
            if session is not None:
                self._sessions.move_to_end(peer)
                return session
        return self.configure(peer, {})

    def cancel(self, peer: str) -> None:
        """Ends the waiting of one engine."""
        with self._lock:
            session = self._sessions.get(peer)
        if session is not None:
            session.cancel()
