"""A proxy that puts a distance between clients and servers of one machine."""

import asyncio
import threading
from collections.abc import Generator
from contextlib import contextmanager

BLOCK_BYTES = 1 << 18


@contextmanager
def distance(round_trip_seconds: float) -> Generator[str]:
    """URL of an HTTP proxy for TLS (CONNECT) that hands on every byte half a round trip later, at any rate."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def serve() -> asyncio.Server:
        return await asyncio.start_server(lambda r, w: _connect(r, w, round_trip_seconds / 2), "127.0.0.1", 0)

    server = asyncio.run_coroutine_threadsafe(serve(), loop).result()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """The request's head, then both directions until both ends are closed."""
    head = await reader.readuntil(b"\r\n\r\n")
    host, _, port = head.split()[1].decode().rpartition(":")
    there_reader, there_writer = await asyncio.open_connection(host, int(port))
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await asyncio.gather(_hand_on(reader, there_writer, delay), _hand_on(there_reader, writer, delay))


async def _hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=1000)
    clock = asyncio.get_running_loop().time

    async def receive() -> None:
        data = b"-"
        while data:
            try:
                data = await reader.read(BLOCK_BYTES)
            except ConnectionError:
                data = b""
            await on_the_way.put((clock() + delay, data))

    receiving = asyncio.create_task(receive())
    try:
        while True:
            due, data = await on_the_way.get()
            await asyncio.sleep(due - clock())
            if not data:
                break
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        receiving.cancel()
        writer.close()
