"""A client that sends faster than it is dealt with is not read from, so that it cannot fill the memory."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

from takeback import clock
from takeback.auth.gate import Gate
from takeback.flows.accept import Acceptor
from takeback.flows.commands import Commands
from takeback.listener.connection import Connection, Service
from takeback.listener.door import Door
from takeback.smtp.replies import Reply
from takeback.smtp.settings import SmtpLimits

ONE_READ = b"NOOP\r\n" * 10_000
MOST_READS = 100


class ReadableTransport(asyncio.Transport):
    """Only says whether its owner wants to read from it."""

    is_reading_wanted = True

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 40_000) if name == "peername" else default

    def pause_reading(self) -> None:
        self.is_reading_wanted = False

    def resume_reading(self) -> None:
        self.is_reading_wanted = True

    def is_closing(self) -> bool:
        return False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Nobody reads the answers here."""

    def close(self) -> None:
        """There is nothing to close."""


class OpenReception:
    def admit(self, connection: Connection) -> Reply:
        return Reply.of(220, None, "gateway.example")

    def ended(self, connection: Connection) -> None: ...


def test_a_burst_is_cut_off_even_while_the_client_was_being_waited_for(tmp_path: Path) -> None:
    async def burst() -> tuple[int, bool]:
        transport = ReadableTransport()
        connection = Connection(_service(tmp_path), OpenReception(), tls=False)
        connection.connection_made(transport)
        await asyncio.sleep(0)  # the greeting is out, and the client is waited for
        # One turn of the event loop can bring many reads before the task that deals with them is run.
        reads = 0
        while transport.is_reading_wanted and reads < MOST_READS:
            connection.data_received(ONE_READ)
            reads += 1
        for _ in range(2 * MOST_READS):
            await asyncio.sleep(0)
        resumed = transport.is_reading_wanted
        connection.connection_lost(None)
        await connection.stop()
        return reads, resumed

    reads, resumed = asyncio.run(burst())
    assert reads * len(ONE_READ) < 512 * 1024
    assert resumed


def _service(folder: Path) -> Service:
    async def nobody(_key: str) -> None:
        return None

    return Service(
        hostname="gateway.example",
        limits=SmtpLimits(),
        idle=clock.MINUTE,
        spool_folder=folder,
        acceptor=cast(Acceptor, None),  # no message is sent here
        commands=cast(Commands, None),
        door=Door(cast(Gate, None), nobody, lambda _address: True, ()),
        now=clock.now,
        starttls=None,
    )
