"""An emulated slow link: a proxy that delays and paces bytes both ways. No kernel feature is needed.

A new connection waits one round trip before its first byte (the TCP handshake); each byte is half a round trip on its way; all
connections of one direction share the rate. Packet headers, loss and slow start are left out: at 64 kbit/s and 600 ms a link
holds 4.8 kB, less than the first window of ten packets, so the window is never what one waits for.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_PIECE = 256  # bytes handed over at once


class Lane:
    """One direction of the link: the bytes of all connections, one after another."""

    def __init__(self, bytes_a_second: float):
        self.rate = bytes_a_second
        self.free_at = 0.0
        self.carried = 0

    def leaves(self, size: int, now: float) -> float:
        """When the last of `size` bytes handed over now has been sent."""
        self.free_at = max(self.free_at, now) + size / self.rate
        self.carried += size
        return self.free_at


class Link:
    """A proxy from a port of its own to the portal."""

    def __init__(self, port: int, target: int, bits_a_second: float, round_trip: float):
        self.port, self.target, self.delay = port, target, round_trip / 2
        self.up, self.down = Lane(bits_a_second / 8), Lane(bits_a_second / 8)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.CancelledError):  # the link goes down
            await self._carry(reader, writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2 * self.delay)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        both = (self._pass(reader, far_writer, self.up), self._pass(far_reader, writer, self.down))
        await asyncio.gather(*both, return_exceptions=True)

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, lane: Lane) -> None:
        """Bytes are read on as they come and written when the link would have delivered them."""
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def deliver() -> None:
            while True:
                when, piece = await queue.get()
                await asyncio.sleep(max(0.0, when - loop.time()))
                if not piece:
                    break
                sink.write(piece)
                await sink.drain()
            sink.close()

        delivery = asyncio.create_task(deliver())
        with suppress(ConnectionError):
            while piece := await source.read(_PIECE):
                queue.put_nowait((lane.leaves(len(piece), loop.time()) + self.delay, piece))
        queue.put_nowait((loop.time() + self.delay, b""))
        with suppress(ConnectionError):
            await delivery


@contextmanager
def slow(port: int, target: int, *, bits_a_second: float = 64_000, round_trip: float = 0.6) -> Iterator[Link]:
    """A link to the portal at `target`, listening on `port` of loopback."""
    link = Link(port, target, bits_a_second, round_trip)
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(link.carry, "127.0.0.1", port))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield link
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
