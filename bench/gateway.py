"""The real `takeback serve`, as it is shipped but for the quotas of one account."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.waiting import until

ACCOUNT = "bench@example.com"
COMMAND = (sys.executable, "-m", "takeback")
_READY_SECONDS = 60.0
_STOP_SECONDS = 60.0


def configure(
    folder: Path,
    *,
    window: str = "1d",
    relay: str = "",
    connections_per_address: int = 50,
    review: bool = False,
    data: str = "",
) -> Path:
    """A configuration file in that folder, its data beside it. One account may send whatever a bench needs. Review is
    off unless it is what is measured. `data` is more for that section."""
    folder.mkdir(exist_ok=True)
    file = folder / "takeback.toml"
    file.write_text(
        f"""
[data]
folder = "data"
{data}
[http]
listen = []
[smtp]
hostname = "gateway.example"
listen = ["127.0.0.1:0"]
[[smtp.trusted]]
network = "127.0.0.1/32"
account = "{ACCOUNT}"
may_send_as = ["*@example.com"]
[hold]
window = "{window}"
[review]
enabled = {str(review).lower()}
[[relay]]
to = "{relay or f"maildir://{folder}/mailboxes/{{user}}"}"
[limits]
held_messages = 0
held_bytes = "0B"
submissions_per_hour = 0
connections_per_address = {connections_per_address}
""",
        "utf-8",
    )
    return file


@dataclass(slots=True)
class Gateway:
    """A running gateway."""

    process: subprocess.Popen[bytes]
    log: Path
    port: int = 0

    @property
    def pid(self) -> int:
        return self.process.pid

    def memory_peak(self) -> float:
        """The most that was ever resident, in MB."""
        return self._memory("VmHWM")

    def memory(self) -> float:
        """What is resident now, in MB."""
        return self._memory("VmRSS")

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _memory(self, name: str) -> float:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) / 1024
        raise LookupError(name)


@contextmanager
def serving(config: Path) -> Iterator[Gateway]:
    """A gateway that accepts; it has ended, and finished what it had under way, in the end."""
    log = config.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen([*COMMAND, "serve", "--config", str(config)], stdout=output, stderr=output)
    gateway = Gateway(process, log)
    try:
        until(lambda: _is_ready(gateway) or process.poll() is not None, _READY_SECONDS, "a gateway to be ready")
        if process.poll() is not None:
            raise RuntimeError(f"the gateway did not start:\n{log.read_text('utf-8', 'replace')}")
        yield gateway
        process.terminate()
        process.wait(_STOP_SECONDS)
    finally:
        process.kill()
        process.wait()


def _is_ready(gateway: Gateway) -> bool:
    for line in gateway.log.read_text("utf-8", "replace").splitlines():
        if line.startswith("ready ") and line[-1].isdigit():
            gateway.port = int(line.rpartition(":")[2])
    return gateway.port != 0
