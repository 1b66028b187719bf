"""The ingress streams both ways, passes on what clients do, and answers for itself only when no replica can."""

import asyncio
import socket
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.sandbox.fleet.harness import Harness, app, free_port, revision, until

UPLOAD_BYTES = 64 * 1024 * 1024


async def test_events_come_as_they_are_sent(harness: Harness):
    """The first event is here while the server still holds back the last."""
    spec = await harness.run(app())
    async with harness.client.stream("GET", f"http://127.0.0.1:{spec.ingress_port}/events") as answer:
        lines = answer.aiter_lines()
        assert await anext(lines) == "data: first"
        await harness.post(spec, "/release")
        assert [line for line in [line async for line in lines] if line.startswith("data")] == ["data: last"]


async def test_the_app_notices_that_a_client_has_left(harness: Harness):
    """While streaming, and the connection count goes back to none."""
    spec = await harness.run(app())
    async with harness.client.stream("GET", f"http://127.0.0.1:{spec.ingress_port}/events") as answer:
        await anext(answer.aiter_lines())
    while (await harness.get(spec, "/state")).json()["noticed"] != 1:
        await asyncio.sleep(0.01)


async def test_a_client_that_leaves_before_the_answer_is_noticed(harness: Harness):
    """The connection to the replica ends at once: its process sees no established one any more."""
    spec = await harness.run(app())
    held = asyncio.create_task(harness.get(spec, "/held"))
    established = "grep -c ' 01 ' /proc/net/tcp"
    # The shell's own request has a connection too; each has two ends.
    while int((await harness.shell(spec, established))["out"]) < 3:
        await asyncio.sleep(0.01)
    held.cancel()
    while int((await harness.shell(spec, established))["out"]) > 2:
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_large_upload_is_not_held_in_memory(harness: Harness, chunked: bool):
    """All of it arrives, and the ingress never has more than a few buffers of it."""
    spec = await harness.run(app())
    sent = 0

    async def body():
        nonlocal sent
        for _ in range(UPLOAD_BYTES // 65536):
            yield bytes(65536)
            sent += 65536

    headers = {} if chunked else {"Content-Length": str(UPLOAD_BYTES)}
    before = _resident_bytes()
    answer = await harness.post(spec, "/count", content=body(), headers=headers)
    assert answer.json() == {"bytes": UPLOAD_BYTES}
    assert sent == UPLOAD_BYTES
    assert _resident_bytes() - before < UPLOAD_BYTES / 4


async def test_forwarding_headers(harness: Harness):
    """The client's address is added, protocol and host are the ingress's word, hop-by-hop headers stay here."""
    spec = await harness.run(app())
    headers = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "gopher", "Keep-Alive": "1", "X-Mine": "kept"}
    seen = httpx.Headers((await harness.get(spec, "/headers", headers=headers)).json())
    assert seen["x-forwarded-for"] == "203.0.113.9, 127.0.0.1"
    assert (seen["x-forwarded-proto"], seen["x-forwarded-host"]) == ("http", f"127.0.0.1:{spec.ingress_port}")
    assert seen["host"] == f"127.0.0.1:{spec.ingress_port}"
    assert (seen["x-mine"], seen["connection"]) == ("kept", "close")
    assert "keep-alive" not in seen


async def test_one_connection_serves_many_requests(harness: Harness):
    """Also after answers of every framing, as long as the framing shows the end."""
    spec = await harness.run(app())
    reader, writer = await asyncio.open_connection("127.0.0.1", spec.ingress_port)
    for request in (b"GET /who", b"HEAD /who", b"GET /nowhere", b"GET /who"):
        writer.write(request + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 404"))
        assert b"connection: keep-alive" in head
        if not request.startswith(b"HEAD"):
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            await reader.readexactly(length)
    writer.close()


async def test_an_answer_without_a_length_ends_with_the_connection(harness: Harness):
    """It is whole for the client."""
    spec = await harness.run(app())
    assert (await harness.get(spec, "/until-close")).text == "all of it"


async def test_an_answer_that_breaks_off_breaks_off_for_the_client(harness: Harness):
    """It must not look like a short but whole one."""
    spec = await harness.run(app())
    with pytest.raises(httpx.RemoteProtocolError):
        await harness.get(spec, "/half")


async def test_an_early_refusal_of_an_upload_arrives(harness: Harness):
    """A replica that answers 413 without reading is quoted, not turned into an error of the ingress."""
    spec = await harness.run(app())
    answer = await harness.post(spec, "/refuse", content=bytes(100_000))
    assert answer.status_code == 413


async def test_an_upgraded_connection_is_a_tunnel(harness: Harness):
    """As WebSockets need it."""
    spec = await harness.run(app())
    reader, writer = await asyncio.open_connection("127.0.0.1", spec.ingress_port)
    writer.write(b"GET /tunnel HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\n")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
    for word in (b"hello\n", b"again\n"):
        writer.write(word)
        assert await reader.readline() == word.upper()
    writer.close()


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GARBAGE\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),  # No Host.
        (b"GET / HTTP/1.1\r\nHost: x\r\nBig: " + b"x" * 200_000 + b"\r\n\r\n", 431),
    ],
)
async def test_what_is_not_a_request_is_refused(harness: Harness, request_bytes: bytes, status: int):
    """With a status, and the app goes on."""
    spec = await harness.run(app())
    reader, writer = await asyncio.open_connection("127.0.0.1", spec.ingress_port)
    writer.write(request_bytes)
    assert (await reader.readline()).startswith(b"HTTP/1.1 %d " % status)
    writer.close()
    assert (await harness.get(spec, "/who")).status_code == 200


async def test_a_taken_port_is_said_and_tried_again(harness: Harness):
    """Which port, which app; once it is free the app is served."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        spec = app(ingress_port=holder.getsockname()[1])
        await harness.run(spec)
        trouble = f"Ingress port {spec.ingress_port} of container app app is not to be had: another process uses it."
        await until(lambda: harness.status(spec).details == trouble)
    await until(lambda: not harness.status(spec).details)
    assert (await harness.get(spec, "/who")).status_code == 200


async def test_the_ingress_moves_with_the_spec(harness: Harness):
    """To another port, and away."""
    spec = await harness.run(app())
    moved = replace(spec, ingress_port=free_port())
    await harness.fleet.apply(moved)
    await until(lambda: _accepts(moved.ingress_port))
    assert (await harness.get(moved, "/who")).status_code == 200
    assert not _accepts(spec.ingress_port)
    await harness.fleet.apply(replace(spec, ingress_port=None))
    await until(lambda: not _accepts(moved.ingress_port))


async def test_it_listens_on_the_loopback_only(harness: Harness):
    """The machine's other addresses do not answer."""
    spec = await harness.run(app())
    tables = [Path(f"/proc/net/{name}").read_text() for name in ("tcp", "tcp6")]
    listening = [line.split()[1] for table in tables for line in table.splitlines() if " 0A " in line]
    assert [place for place in listening if place.endswith(f":{spec.ingress_port:04X}")] == [
        f"0100007F:{spec.ingress_port:04X}"
    ]


async def test_a_stopped_app_answers_404(harness: Harness):
    """An app without active revisions has nobody to ask."""
    spec = await harness.run(app())
    await harness.fleet.apply(replace(spec, revisions=()))
    await until(lambda: harness.status(spec).revisions == ())
    answer = await harness.get(spec, "/who")
    assert answer.status_code == 404
    assert "container app app is stopped" in answer.text


async def test_another_replica_is_tried_when_one_refuses(harness: Harness):
    """A server that stopped listening is still ready until its probe notices: its requests go to the other one."""
    spec = await harness.run(app(revision(min_replicas=2)))
    await until(lambda: all(replica.ready for replica in harness.replicas(spec)))
    await harness.post(spec, "/deaf")
    answers = [(await harness.get(spec, "/who")).status_code for _ in range(6)]
    assert answers == [200] * 6
    assert all(replica.ready for replica in harness.replicas(spec))


def _resident_bytes() -> int:
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmHWM"].split()[0]) * 1024


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
