"""HTTP/1.1 messages as the ingress passes them on: heads parsed by h11, bodies walked just enough to see their end."""

import re
from abc import ABC, abstractmethod
from asyncio import IncompleteReadError, LimitOverrunError, StreamReader, StreamWriter
from collections.abc import Awaitable, Callable

import h11

Headers = list[tuple[bytes, bytes]]
Send = Callable[[bytes], Awaitable[None]]

READ_BYTES = 64 * 1024
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,16}")

_HOP_BY_HOP = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"upgrade"})


class HttpError(Exception):
    """A message that cannot be passed on. `status` is the answer to the client."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Body(ABC):
    """How far a body has come."""

    done = False

    @abstractmethod
    def take(self, data: bytes) -> int:
        """How many bytes of `data` belong to the body; moves on by them. Raises ValueError where it is malformed."""

    def may_end_here(self) -> bool:
        """Whether the end of the connection is the end of the body."""
        return False


class _Sized(Body):
    """A body of a known length."""

    def __init__(self, length: int) -> None:
        self._left = length
        self.done = length == 0

    def take(self, data: bytes) -> int:
        used = min(len(data), self._left)
        self._left -= used
        self.done = self._left == 0
        return used


class _UntilClose(Body):
    """A body that ends with its connection."""

    def take(self, data: bytes) -> int:
        return len(data)

    def may_end_here(self) -> bool:
        return True


class _Chunked(Body):
    """A body in chunks."""

    def __init__(self) -> None:
        self.done = False
        self._left = 0
        self._line = b""
        self._trailers = False

    def take(self, data: bytes) -> int:
        at = 0
        while at < len(data) and not self.done:
            if self._left:
                step = min(self._left, len(data) - at)
                self._left -= step
                at += step
                continue
            end = data.find(b"\n", at)
            self._line += data[at : end if end >= 0 else len(data)]
            if len(self._line) > READ_BYTES:
                raise ValueError("a chunk's head is too long")
            if end < 0:
                return len(data)
            line, self._line, at = self._line.strip(), b"", end + 1
            if self._trailers:
                self.done = not line
            elif size := _chunk_size(line.split(b";", 1)[0].strip()):
                self._left = size + len(b"\r\n")
            else:
                self._trailers = True
        return at


def _chunk_size(digits: bytes) -> int:
    """Python's own reading takes signs and underscores, too; a negative size would never end."""
    if not _CHUNK_SIZE.fullmatch(digits):
        raise ValueError(f"not a chunk's size: {digits[:20]!r}")
    return int(digits, 16)


async def read_head(reader: StreamReader) -> bytes | None:
    """The next message's head with its empty line; None at the end of the connection. Raises HttpError."""
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lstrip(b"\r\n")
            # Empty lines before a message are to be ignored (RFC 9112, 2.2).
            if head:
                return head
    except IncompleteReadError:
        return None
    except LimitOverrunError as error:
        raise HttpError(431, "the head of the message is too large") from error


def parse_request(head: bytes) -> h11.Request:
    """Raises HttpError for what is not a request."""
    connection = h11.Connection(h11.SERVER)
    try:
        connection.receive_data(head)
        event = connection.next_event()
    except h11.RemoteProtocolError as error:
        raise HttpError(error.error_status_hint, f"not a valid HTTP request: {error}") from error
    if not isinstance(event, h11.Request):
        raise HttpError(400, "not a valid HTTP request")
    return event


def parse_response(head: bytes, request: h11.Request) -> h11.Response | h11.InformationalResponse:
    """Raises HttpError for what is not a response."""
    connection = h11.Connection(h11.CLIENT)
    try:
        connection.send(request)
        connection.receive_data(head)
        event = connection.next_event()
    except h11.ProtocolError as error:
        raise HttpError(502, f"the replica's answer is not valid HTTP: {error}") from error
    if not isinstance(event, h11.Response | h11.InformationalResponse):
        raise HttpError(502, "the replica's answer is not valid HTTP")
    return event


def request_body(request: h11.Request) -> Body:
    """How the body of a request ends."""
    return _declared_body(request) or _Sized(0)


def until_close() -> Body:
    """What ends with its connection, such as a tunnel."""
    return _UntilClose()


def response_body(request: h11.Request, response: h11.Response) -> Body:
    """How the body of the response to `request` ends (RFC 9112, 6.3)."""
    if request.method == b"HEAD" or response.status_code in {204, 304}:
        return _Sized(0)
    return _declared_body(response) or until_close()


def end_to_end(message: h11.Request | h11.Response | h11.InformationalResponse) -> Headers:
    """The headers that are not about one connection only, with the names as they were written."""
    raw = message.headers.raw_items()
    named = {
        token.strip().lower() for name, value in raw if name.lower() == b"connection" for token in value.split(b",")
    }
    chunked = any(name.lower() == b"transfer-encoding" for name, _ in raw)
    dropped = _HOP_BY_HOP | named | ({b"content-length"} if chunked else set())
    return [(name, value) for name, value in raw if name.lower() not in dropped]


def upgrade_of(message: h11.Request | h11.Response | h11.InformationalResponse) -> bytes | None:
    """The protocol that the message asks to change to."""
    return next((value for name, value in message.headers if name == b"upgrade"), None)


def head_bytes(first_line: bytes, headers: Headers) -> bytes:
    """A message's head as it goes out."""
    return b"\r\n".join([first_line, *(name + b": " + value for name, value in headers), b"", b""])


def sender(writer: StreamWriter) -> Send:
    """Sends through a stream, no faster than its other end takes it."""

    async def send(data: bytes) -> None:
        writer.write(data)
        await writer.drain()

    return send


async def pump(reader: StreamReader, send: Send, body: Body) -> bool:
    """Passes a body on as it comes; False if more than the body has been read. Raises HttpError if it breaks off."""
    clean = True
    while not body.done:
        data = await reader.read(READ_BYTES)
        if not data:
            if body.may_end_here():
                break
            raise HttpError(502, "the connection ended in the middle of a message")
        try:
            used = body.take(data)
        except ValueError as error:
            raise HttpError(502, f"a message's chunks are broken: {error}") from error
        clean = used == len(data)
        await send(data if clean else data[:used])
    return clean


def _declared_body(message: h11.Request | h11.Response) -> Body | None:
    headers = dict(message.headers)
    if b"transfer-encoding" in headers:
        return _Chunked()
    return _Sized(int(headers[b"content-length"])) if b"content-length" in headers else None
