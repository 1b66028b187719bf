"""One app's ingress: an HTTP/1.1 reverse proxy on 127.0.0.1 that streams both ways.

Each request gets a connection of its own to a replica, so closing it says "the client has left" beyond doubt.
"""

import asyncio
from asyncio import StreamReader, StreamReaderProtocol, StreamWriter, Task
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from functools import partial
from http import HTTPStatus

import h11

from sandbox.fleet.container import STREAM_LIMIT_BYTES
from sandbox.fleet.framing import (
    READ_BYTES,
    Headers,
    HttpError,
    end_to_end,
    head_bytes,
    parse_request,
    parse_response,
    pump,
    read_head,
    request_body,
    response_body,
    sender,
    until_close,
    upgrade_of,
)
from sandbox.fleet.gate import Gate
from sandbox.fleet.routing import Router, UnroutableError

ADDRESS = "127.0.0.1"

_FORWARDED = frozenset({b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"})
_LINGER_SECONDS = 1


class Ingress:
    """Listens from `listen` to `close`; requests that are under way at `close` may finish."""

    def __init__(self, router: Router, target_port: int, port: int, gate: Gate) -> None:
        self.port = port
        self.gate = gate
        self.target_port = target_port
        self._router = router
        self._server: asyncio.Server | None = None
        self._clients: set[Task[None]] = set()
        self._busy: set[Task[None]] = set()

    async def listen(self) -> None:
        """Raises OSError if the port is taken."""
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _ClientProtocol(self._accept), ADDRESS, self.port, start_serving=False
        )
        await self._server.start_serving()

    def close(self) -> None:
        """Gives the port back at once and ends the connections without a request."""
        if self._server:
            self._server.close()
            self._server = None
        for client in self._clients - self._busy:
            client.cancel()

    async def disconnect(self) -> None:
        """Ends the connections that are still open."""
        for client in self._clients:
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    def _accept(self, reader: StreamReader, writer: StreamWriter) -> Task[None]:
        task = asyncio.create_task(self._serve(reader, writer))
        self._clients.add(task)
        task.add_done_callback(self._clients.discard)
        return task

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """One client connection, request after request. Cancelled when the client leaves."""
        try:
            while self._server and (head := await read_head(reader)):
                with self._counted():
                    if not await self._serve_one(head, reader, writer):
                        break
        except HttpError as error:
            await _refuse(reader, writer, error.status, str(error))
        except (ConnectionError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            writer.close()

    @contextmanager
    def _counted(self) -> Generator[None]:
        task = asyncio.current_task()
        assert task is not None
        self._busy.add(task)
        try:
            yield
        finally:
            self._busy.discard(task)

    async def _serve_one(self, head: bytes, reader: StreamReader, writer: StreamWriter) -> bool:
        """True if another request may follow on the connection."""
        exchange = _Exchange(reader, writer)
        try:
            request = parse_request(head)
            self._check(request, writer)
            async with self._router.connection(self.target_port) as (upstream_reader, upstream_writer):
                return await exchange.run(request, upstream_reader, upstream_writer)
        except (HttpError, UnroutableError) as error:
            if exchange.answered:
                # Half an answer is out: only a broken connection can still say that it is not whole.
                writer.transport.abort()
                return False
            await _refuse(reader, writer, error.status, str(error))
            return False

    def _check(self, request: h11.Request, writer: StreamWriter) -> None:
        """Raises HttpError for a request that is not let through."""
        authorization = dict(request.headers).get(b"authorization", b"").decode(errors="replace")
        peer = str(writer.get_extra_info("peername")[0])
        refusal = self.gate.refusal(request.target.decode(errors="replace"), authorization, peer)
        if refusal is not None:
            raise HttpError(*refusal)


class _Exchange:
    """One request and its answer."""

    def __init__(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.answered = False
        self._client_reader = reader
        self._client_writer = writer

    async def run(self, request: h11.Request, reader: StreamReader, writer: StreamWriter) -> bool:
        upgrade = upgrade_of(request)
        head = _request_head(request, self._client_writer, upgrade)
        upload = asyncio.create_task(self._upload(head, request, writer))
        try:
            response = await self._response_head(request, reader, upgrade)
            if isinstance(response, h11.InformationalResponse):
                await self._tunnel(reader, writer)
                return False
            body = response_body(request, response)
            reusable = not body.may_end_here() and _keeps_alive(request)
            headers = end_to_end(response)
            headers.append((b"connection", b"keep-alive" if reusable else b"close"))
            await self._send_head(response, headers)
            await pump(reader, sender(self._client_writer), body)
            # What is left of an upload that the replica did not want would be taken for the next request.
            return reusable and upload.done() and not upload.cancelled() and upload.result()
        except OSError as error:
            raise HttpError(503, f"the connection to the replica broke: {error}") from error
        finally:
            upload.cancel()
            await asyncio.gather(upload, return_exceptions=True)

    async def _upload(self, head: bytes, request: h11.Request, writer: StreamWriter) -> bool:
        """Passes the request on; True if all of it went and nothing more was read."""
        # A replica may answer and close before it has read everything. A stream whose write fails drops the answer
        # that has arrived already; a second descriptor of the same connection fails alone.
        with writer.get_extra_info("socket").dup() as sending:
            send = partial(asyncio.get_running_loop().sock_sendall, sending)
            try:
                await send(head)
                return await pump(self._client_reader, send, request_body(request))
            except (OSError, HttpError):
                return False

    async def _response_head(
        self, request: h11.Request, reader: StreamReader, upgrade: bytes | None
    ) -> h11.Response | h11.InformationalResponse:
        while True:
            head = await read_head(reader)
            if head is None:
                raise HttpError(503, "the replica closed the connection before it answered")
            response = parse_response(head, request)
            if isinstance(response, h11.Response):
                return response
            if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS and upgrade:
                headers = [*end_to_end(response), (b"connection", b"upgrade")]
                headers.append((b"upgrade", upgrade_of(response) or upgrade))
                await self._send_head(response, headers)
                return response
            await self._send_head(response, end_to_end(response))

    async def _send_head(self, response: h11.Response | h11.InformationalResponse, headers: Headers) -> None:
        self.answered = self.answered or response.status_code >= HTTPStatus.OK or response.status_code == 101
        first = b"HTTP/1.1 %d %s" % (response.status_code, bytes(response.reason))
        self._client_writer.write(head_bytes(first, headers))
        await self._client_writer.drain()

    async def _tunnel(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Bytes both ways (a WebSocket) until one side ends."""
        ways = [
            asyncio.create_task(pump(reader, sender(self._client_writer), until_close())),
            asyncio.create_task(pump(self._client_reader, sender(writer), until_close())),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)


class _ClientProtocol(StreamReaderProtocol):
    """A stream that cancels the task serving it as soon as the client leaves."""

    def __init__(self, accept: Callable[[StreamReader, StreamWriter], Task[None]]) -> None:
        self._task: Task[None] | None = None
        self._accept = accept
        super().__init__(StreamReader(limit=STREAM_LIMIT_BYTES), self._on_connected)

    def _on_connected(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._task = self._accept(reader, writer)

    def eof_received(self) -> bool:
        super().eof_received()
        self._gone()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone()
        super().connection_lost(exc)

    def _gone(self) -> None:
        if self._task:
            self._task.cancel()


def _request_head(request: h11.Request, client: StreamWriter, upgrade: bytes | None) -> bytes:
    headers = [(name, value) for name, value in end_to_end(request) if name.lower() not in _FORWARDED]
    given = dict(request.headers)
    peer = str(client.get_extra_info("peername")[0]).encode()
    forwarded_for = b", ".join(filter(None, (given.get(b"x-forwarded-for"), peer)))
    headers += [(b"X-Forwarded-For", forwarded_for), (b"X-Forwarded-Proto", b"http")]
    if b"host" in given:
        headers.append((b"X-Forwarded-Host", given[b"host"]))
    headers += [(b"Connection", b"Upgrade"), (b"Upgrade", upgrade)] if upgrade else [(b"Connection", b"close")]
    return head_bytes(b"%s %s HTTP/%s" % (request.method, request.target, request.http_version), headers)


def _keeps_alive(request: h11.Request) -> bool:
    tokens = {
        token.strip().lower() for name, value in request.headers if name == b"connection" for token in value.split(b",")
    }
    return request.http_version == b"1.1" and b"close" not in tokens


async def _refuse(reader: StreamReader, writer: StreamWriter, status: int, why: str) -> None:
    """Answers in the place of a replica and ends the connection."""
    body = f"{why}\n".encode()
    first = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    writer.write(head_bytes(first, [*headers, (b"connection", b"close")]) + body)
    with suppress(OSError, TimeoutError):
        writer.write_eof()
        # Closing with a part of the upload unread would reset the connection before the answer is seen.
        async with asyncio.timeout(_LINGER_SECONDS):
            while await reader.read(READ_BYTES):
                pass
