"""Message framing, whatever the pieces in which a message arrives."""

import asyncio

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.fleet.framing import HttpError, end_to_end, parse_request, pump, request_body


class _Sink:
    def __init__(self):
        self.data = b""

    async def send(self, data: bytes) -> None:
        self.data += data


def chunked_request() -> h11.Request:
    return parse_request(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")


@given(
    st.lists(st.binary(min_size=1, max_size=300), max_size=6), st.lists(st.integers(1, 60), min_size=1), st.booleans()
)
def test_the_end_of_a_chunked_body_is_found(parts: list[bytes], cuts: list[int], trailer: bool):
    """Byte for byte the same comes out, and what follows the body is not taken for it."""
    body = b"".join(b"%x;note=1\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n"
    body += (b"X-Trailer: 1\r\n" if trailer else b"") + b"\r\n"
    walker = request_body(chunked_request())
    data, taken, at = body + b"GET / next", b"", 0
    for cut in cuts * len(data):
        if walker.done or at >= len(data):
            break
        piece = data[at : at + cut]
        used = walker.take(piece)
        taken += piece[:used]
        at += cut
    assert walker.done
    assert taken == body


@given(st.binary(max_size=200), st.integers(0, 100))
async def test_a_sized_body_ends_at_its_size(data: bytes, size: int):
    """Passed on whole, or an error if the connection ended before."""
    request = parse_request(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
    reader, sink = asyncio.StreamReader(), _Sink()
    reader.feed_data(data)
    reader.feed_eof()
    if len(data) < size:
        with pytest.raises(HttpError, match="ended in the middle"):
            await pump(reader, sink.send, request_body(request))
    else:
        clean = await pump(reader, sink.send, request_body(request))
        assert sink.data == data[:size]
        assert clean or len(data) > size


@pytest.mark.parametrize("broken", [b"xyz\r\n", b"-1\r\n", b"-6\r\nx", b"+5\r\n", b"1_0\r\n", b"x" * 100_000])
async def test_a_broken_chunk_is_an_error(broken: bytes):
    """Never an endless wait or a wrong end."""
    reader = asyncio.StreamReader()
    reader.feed_data(broken)
    reader.feed_eof()
    with pytest.raises(HttpError):
        await pump(reader, _Sink().send, request_body(chunked_request()))


def test_a_message_with_two_lengths_keeps_the_one_that_counts():
    """Chunked wins (RFC 9112, 6.3), so the replica cannot read it otherwise than the ingress did."""
    request = parse_request(
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n"
        b"Connection: X-Mine\r\nX-Mine: 1\r\n\r\n"
    )
    assert [name.lower() for name, _ in end_to_end(request)] == [b"host", b"transfer-encoding"]
