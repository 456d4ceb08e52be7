"""A gateway as `takeback serve` runs it, but with a lease that a test can wait out.

python -m tests.races.node CONFIG SECONDS
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import uvloop

from takeback import logs
from takeback.app import Gateway
from takeback.clock import SECOND
from takeback.config import load


async def _serve(path: Path, lease_seconds: int) -> None:
    gateway = Gateway(load(path), lease=lease_seconds * SECOND)
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await gateway.start()
    print("ready", *(f"{host}:{port}" for host, port in gateway.endpoints), file=sys.stderr, flush=True)
    await stopping.wait()
    await gateway.stop()


if __name__ == "__main__":
    logs.configure()
    uvloop.run(_serve(Path(sys.argv[1]), int(sys.argv[2])))
