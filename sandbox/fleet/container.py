"""One run of a container's command, seen from the fleet: started, reached, ended."""

import asyncio
import json
import os
import signal
import socket
import sys
from asyncio import StreamReader, StreamWriter
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.fleet.launch import LENGTH, REQUEST, LaunchSpec
from sandbox.fleet.namespaces import UNSHARE

STREAM_LIMIT_BYTES = 64 * 1024

_PACKAGE_ROOT = Path(__file__).parents[2]


class StartError(SandboxError):
    """A container's command could not be started; the message says why."""


@dataclass(frozen=True)
class Machine:
    """What the containers of one fleet share.

    `root` is an empty folder to build new roots on, None where namespaces are not to be had; replicas then get a home
    folder each in `homes`. `lock` is a file descriptor that every launcher keeps open, so that who waits for its lock
    knows that all of them are gone.
    """

    root: Path | None
    homes: Path
    lock: int


class Container:
    """A running command. Made by `start`; every method may be called after its end too."""

    def __init__(self, process: asyncio.subprocess.Process, control: socket.socket, *, isolated: bool) -> None:
        self._process = process
        self._control = control
        self._isolated = isolated
        self._answers: deque[asyncio.Future[socket.socket | bytes]] = deque()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(control.fileno(), self._on_answer)

    @classmethod
    async def start(cls, machine: Machine, spec: LaunchSpec, stdout: int, stderr: int) -> "Container":
        """Starts `spec`; its output goes to the two file descriptors. Raises StartError."""
        ours, theirs = socket.socketpair()
        with theirs:
            arguments = [
                sys.executable,
                "-S",
                "-P",
                "-m",
                "sandbox.fleet.launch",
                str(theirs.fileno()),
                str(machine.lock),
            ]
            try:
                process = await asyncio.create_subprocess_exec(
                    *(UNSHARE if machine.root else ()),
                    *arguments,
                    env={"PATH": os.defpath, "PYTHONPATH": str(_PACKAGE_ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=stdout,
                    stderr=stderr,
                    pass_fds=(theirs.fileno(), machine.lock),
                    start_new_session=True,
                )
            except OSError as error:
                ours.close()
                raise StartError(f"no process could be started: {error}") from error
            except BaseException:
                ours.close()
                raise
        try:
            await _introduce(ours, spec)
        except BaseException:
            ours.close()
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            raise
        return cls(process, ours, isolated=machine.root is not None)

    async def connect(self, port: int) -> tuple[StreamReader, StreamWriter]:
        """A connection to `port` of the container. Raises OSError if nothing listens there."""
        if not self._isolated:
            return await asyncio.open_connection("127.0.0.1", port, limit=STREAM_LIMIT_BYTES)
        answer = await self._ask(b"C", port)
        if not isinstance(answer, socket.socket):
            raise ConnectionAbortedError("the container has ended")
        try:
            await _connected(answer)
            return await asyncio.open_connection(sock=answer, limit=STREAM_LIMIT_BYTES)
        except BaseException:
            answer.close()
            raise

    async def terminate(self) -> bool:
        """Sends SIGTERM; False if the command would not notice it, so that there is nothing to wait for."""
        return await self._ask(b"T", 0) == b"H"

    def kill(self) -> None:
        """Ends the command and all its descendants at once."""
        # The launcher sees the end of the file and takes everything along. Where there are namespaces it is killed as
        # well, should it be stopped or swapped out; never unshare, which would end before them: it waits for the
        # launcher, the kernel lets that go only when its namespace is empty, and so `wait` tells the truth.
        self._close_control()
        if self._isolated and self._process.returncode is None:
            for launcher in _children(self._process.pid):
                with suppress(ProcessLookupError):
                    os.kill(launcher, signal.SIGKILL)

    async def wait(self) -> int:
        """Exit status once nothing of it runs any more; 128 + n if signal n ended it."""
        status = await self._process.wait()
        self._close_control()
        return status if status >= 0 else 128 - status

    async def _ask(self, verb: bytes, port: int) -> socket.socket | bytes:
        if self._control.fileno() < 0:
            return b""
        answer: asyncio.Future[socket.socket | bytes] = self._loop.create_future()
        try:
            self._control.send(REQUEST.pack(verb, port))
        except OSError:
            return b""
        self._answers.append(answer)
        try:
            return await answer
        except asyncio.CancelledError:
            # The answer may have come at the same instant: nobody else would close its connection.
            if not answer.cancelled() and isinstance(connection := answer.result(), socket.socket):
                connection.close()
            raise

    def _on_answer(self) -> None:
        try:
            answer, files, _, _ = socket.recv_fds(self._control, 1, 1)
        except BlockingIOError:
            return
        except OSError:
            answer, files = b"", []
        if not answer or not self._answers:
            self._close_control()
            return
        waiting = self._answers.popleft()
        value = socket.socket(fileno=files[0]) if files else answer
        if not waiting.done():
            waiting.set_result(value)
        elif isinstance(value, socket.socket):
            value.close()

    def _close_control(self) -> None:
        if self._control.fileno() < 0:
            return
        self._loop.remove_reader(self._control.fileno())
        self._control.close()
        while self._answers:
            waiting = self._answers.popleft()
            if not waiting.done():
                waiting.set_result(b"")


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []


async def _introduce(control: socket.socket, spec: LaunchSpec) -> None:
    loop = asyncio.get_running_loop()
    control.setblocking(False)
    text = json.dumps(spec).encode()
    try:
        await loop.sock_sendall(control, LENGTH.pack(len(text)) + text)
        verdict = await loop.sock_recv(control, 1)
        if verdict == b"R":
            return
        reason = b""
        while part := await loop.sock_recv(control, 4096):
            reason += part
    except (BrokenPipeError, ConnectionResetError):
        reason = b""
    raise StartError(reason.decode() or "the launcher ended before the command ran")


async def _connected(connecting: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    writable: asyncio.Future[None] = loop.create_future()
    loop.add_writer(connecting.fileno(), _resolve, writable)
    try:
        await writable
    finally:
        loop.remove_writer(connecting.fileno())
    error = connecting.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        raise OSError(error, os.strerror(error))


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
