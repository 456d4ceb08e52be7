"""Many large uploads at once: what they cost in memory."""

from __future__ import annotations

import asyncio
import time

from bench import places
from bench.gateway import configure, serving
from bench.results import Row, Section, at_most
from bench.scale import Scale
from bench.source import RECIPIENT, SENDER

MEMORY_GOAL_MB = 500
ANSWER_SECONDS = 1800.0
_BEGINNING = f"From: {SENDER}\r\nTo: {RECIPIENT}\r\nSubject: Drawings\r\n\r\n".encode()
_LINES = (b"TWFueSBsYXJnZSB1cGxvYWRzIGF0IG9uY2U".ljust(76, b"A") + b"\r\n") * 840


def run(scale: Scale) -> Section:
    with places.folder() as folder:
        config = configure(folder, connections_per_address=scale.uploads)
        with serving(config) as gateway:
            before = gateway.memory()
            began = time.perf_counter()
            accepted = asyncio.run(_upload_all(gateway.port, scale))
            elapsed = time.perf_counter() - began
            peak = gateway.memory_peak()
    if accepted != scale.uploads:
        raise RuntimeError(f"{accepted} of {scale.uploads} uploads were accepted")
    megabytes = scale.upload_size >> 20
    return Section(
        [
            Row(
                f"Memory, {scale.uploads} uploads of {megabytes} MB at once",
                f"{peak:.0f} MB resident at most ({before:.0f} MB before)",
                goal=at_most(MEMORY_GOAL_MB, peak, " MB"),
            )
        ],
        [
            f"Uploads: {scale.uploads} clients send {megabytes} MB each; none sends its final dot before all have "
            f"sent everything else, and then all do. All {accepted} were accepted, within {elapsed:.0f} s of the "
            "first connection. connections_per_address was raised for it."
        ],
    )


async def _upload_all(port: int, scale: Scale) -> int:
    """How many were answered with 250."""
    everybody = asyncio.Barrier(scale.uploads)
    answers = await asyncio.gather(*(_upload(port, scale.upload_size, everybody) for _ in range(scale.uploads)))
    return sum(answer.startswith(b"250 ") for answer in answers)


async def _upload(port: int, size: int, everybody: asyncio.Barrier) -> bytes:
    """The answer to one upload."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        await _reply(reader)
        for command in ("EHLO bench.example", f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{RECIPIENT}>", "DATA"):
            writer.write(command.encode() + b"\r\n")
            if (answer := await _reply(reader))[:1] not in b"23":
                return answer
        writer.write(_BEGINNING)
        for _ in range(size // len(_LINES)):
            writer.write(_LINES)
            await writer.drain()
        await everybody.wait()
        writer.write(b".\r\n")
        async with asyncio.timeout(ANSWER_SECONDS):
            return await _reply(reader)
    finally:
        writer.close()


async def _reply(reader: asyncio.StreamReader) -> bytes:
    """The last line of one reply."""
    while (line := await reader.readline())[3:4] == b"-":
        pass
    return line
