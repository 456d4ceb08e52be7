"""Configurations of gateways under test, and gateways that run as processes of their own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from takeback.config import Config, parse

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-c", "from takeback.cli.main import main; main()", "serve", "--config")
READY_SECONDS = 30.0


def configuration(
    relays: dict[str, int],
    *,
    window: str = "0s",
    database: str = "sqlite",
    reserve: str = "0B",
    late_tolerance: str = "4h",
    timeout: str = "1s",
    connections: int = 20,
    hostname: str = "gateway.example",
    review: str = "enabled = false",
    http: str = "listen = []",
    more: str = "",
) -> str:
    """The text of a configuration that trusts this machine and relays each pattern of `relays` to that port. Nothing is
    reviewed unless `review` says so."""
    sections = [
        f"""
[[relay]]
for = ["{pattern}"]
to = "smtp://127.0.0.1:{port}"
tls = "off"
connections = {connections}
connect_timeout = "5s"
command_timeout = "{timeout}"
answer_timeout = "{timeout}"
"""
        for pattern, port in relays.items()
    ]
    return f"""
[data]
folder = "data"
database = "{database}"
reserve = "{reserve}"
[smtp]
hostname = "{hostname}"
listen = ["127.0.0.1:0"]
[[smtp.trusted]]
network = "127.0.0.1/32"
account = "ann@example.com"
may_send_as = ["*@example.com"]
[http]
{http}
[hold]
window = "{window}"
late_tolerance = "{late_tolerance}"
[review]
{review}
[limits]
held_messages = 0
held_bytes = "0B"
submissions_per_hour = 0
connections_per_address = 1000
{more}
{"".join(sections)}"""


def parsed(text: str, folder: Path) -> Config:
    return parse(tomllib.loads(text), folder / "takeback.toml")


@dataclass
class GatewayProcess:
    """A running gateway. `log` is everything that it has written so far."""

    process: subprocess.Popen[bytes]
    log_file: Path
    port: int = field(default=0)

    @property
    def log(self) -> str:
        return self.log_file.read_text("utf-8", "replace")

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def ended(self, seconds: float = 60.0) -> int:
        """The exit status, once it has ended."""
        await until(lambda: self.process.poll() is not None, seconds, "the gateway to end")
        assert self.process.returncode is not None
        return self.process.returncode

    async def stop(self) -> int:
        self.send(signal.SIGTERM)
        return await self.ended()


async def until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Returns as soon as the condition holds; fails after that time."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not condition():
        assert loop.time() < deadline, f"waited {seconds:.0f} s in vain for {what}"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def gateway_process(
    config: Path, command: Sequence[str] = COMMAND, arguments: Sequence[str] = ()
) -> AsyncIterator[GatewayProcess]:
    """A process that has said "ready"; it is killed in the end if it has not ended."""
    gateway = _start(config, [*command, str(config), *arguments])
    process = gateway.process
    try:
        await until(lambda: _port(gateway) != 0 or process.poll() is not None, READY_SECONDS, "a gateway to be ready")
        gateway.port = _port(gateway)
        assert gateway.port, f"the gateway did not start:\n{gateway.log}"
        yield gateway
    finally:
        process.kill()
        process.wait()


def _start(config: Path, command: Sequence[str]) -> GatewayProcess:
    log_file = config.with_suffix(f".{len(list(config.parent.glob('*.log')))}.log")
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    return GatewayProcess(process, log_file)


def _port(gateway: GatewayProcess) -> int:
    for line in gateway.log.splitlines():
        if line.startswith("ready ") and line[-1].isdigit():
            return int(line.rpartition(":")[2])
    return 0
