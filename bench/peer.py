"""A real Postfix on loopback to measure beside, and the sinks that stand for the next mail server.

Postfix runs with its shipped defaults. What is set below says where it works, that it takes mail from this machine
only, and what becomes of it: everything on hold, or everything to one port.
"""

from __future__ import annotations

import os
import pwd
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import places
from bench.results import Skipped
from bench.waiting import until

_START_SECONDS = 30.0
_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = peer.example
mydestination =
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.1/32
"""
_HOLD = "smtpd_client_restrictions = static:HOLD\n"
_RELAY = "relayhost = [127.0.0.1]:{next_hop}\n"

_SERVICES = (
    # name, type, private, wake-up, most processes, program ("-" is the default of master(5))
    ("127.0.0.1:{port}", "inet", "n", "-", "-", "smtpd"),
    ("cleanup", "unix", "n", "-", "0", "cleanup"),
    ("qmgr", "unix", "n", "300", "1", "qmgr"),
    ("rewrite", "unix", "-", "-", "-", "trivial-rewrite"),
    ("bounce", "unix", "-", "-", "0", "bounce"),
    ("defer", "unix", "-", "-", "0", "bounce"),
    ("trace", "unix", "-", "-", "0", "bounce"),
    ("flush", "unix", "n", "1000?", "0", "flush"),
    ("proxymap", "unix", "-", "-", "-", "proxymap"),
    ("smtp", "unix", "-", "-", "-", "smtp"),
    ("relay", "unix", "-", "-", "-", "smtp"),
    ("showq", "unix", "n", "-", "-", "showq"),
    ("error", "unix", "-", "-", "-", "error"),
    ("retry", "unix", "-", "-", "-", "error"),
    ("anvil", "unix", "-", "-", "1", "anvil"),
    ("scache", "unix", "-", "-", "1", "scache"),
    ("postlog", "unix-dgram", "n", "-", "1", "postlogd"),
)


@dataclass(frozen=True, slots=True)
class Postfix:
    """A running Postfix."""

    folder: Path
    port: int

    def held(self) -> list[str]:
        """The queue ids of what is on hold."""
        return [path.name for path in (self.folder / "spool" / "hold").rglob("*") if path.is_file()]

    def cpu_seconds(self) -> float:
        """The processor time of the master, of what has ended under it, and of what works under it now."""
        master = (self.folder / "spool" / "pid" / "master.pid").read_text().strip()
        ticks = 0
        for file in Path("/proc").glob("[0-9]*/stat"):
            try:
                _, parent, *rest = file.read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has just ended, and counts with the master
            own, ended = sum(map(int, rest[9:11])), sum(map(int, rest[11:13]))
            if file.parent.name == master:
                ticks += own + ended
            elif parent == master:
                ticks += own
        return ticks / os.sysconf("SC_CLK_TCK")

    def seconds_to_delete(self, id: str) -> float:
        """Deletes one message from the hold queue."""
        began = time.perf_counter()
        self._run("postsuper", "-d", id, "hold")
        return time.perf_counter() - began

    def start(self) -> None:
        """Afterwards it accepts."""
        self._run("postfix", "start")
        until(lambda: places.is_open(self.port), _START_SECONDS, "Postfix to listen")

    def stop(self) -> None:
        self._run("postfix", "stop")

    def _run(self, name: str, *arguments: str) -> None:
        command = [places.program(name), "-c", str(self.folder / "etc"), *arguments]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{name} {' '.join(arguments)}: {done.stderr.strip()}")


def check() -> None:
    """Raises Skipped where no Postfix can be started."""
    places.program("postfix")
    if os.geteuid() != 0:
        raise Skipped("starting a Postfix takes root")


def version() -> str:
    command = [places.program("postconf"), "-d", "-h", "mail_version"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@contextmanager
def holding(within: Path | None = None) -> Iterator[Postfix]:
    """A Postfix that accepts everything from this machine and puts it on hold. It keeps what it has in that folder."""
    with _running(_HOLD, within) as postfix:
        yield postfix


@contextmanager
def relaying(next_hop: int, within: Path | None = None) -> Iterator[Postfix]:
    """A Postfix that passes everything from this machine on to that port of it."""
    with _running(_RELAY.format(next_hop=next_hop), within) as postfix:
        yield postfix


@contextmanager
def _running(purpose: str, within: Path | None) -> Iterator[Postfix]:
    check()
    with places.folder(within) as folder:
        postfix = Postfix(folder, places.free_port())
        _write_configuration(postfix, purpose)
        try:
            postfix.start()
            yield postfix
        finally:
            postfix.stop()


def _write_configuration(postfix: Postfix, purpose: str) -> None:
    for name in ("etc", "spool", "data"):
        (postfix.folder / name).mkdir()
    os.chown(postfix.folder / "data", pwd.getpwnam("postfix").pw_uid, -1)
    services = "".join(
        f"{name.format(port=postfix.port)} {kind} {private} - n {wake_up} {most} {program}\n"
        for name, kind, private, wake_up, most, program in _SERVICES
    )
    (postfix.folder / "etc" / "main.cf").write_text(_MAIN.format(folder=postfix.folder) + purpose)
    (postfix.folder / "etc" / "master.cf").write_text(services)


@dataclass(frozen=True, slots=True)
class Sink:
    """A mail server that accepts everything and keeps nothing but the count."""

    port: int
    output: Path

    def count(self) -> int:
        """Messages whose final dot it has seen."""
        with self.output.open("rb") as file:
            file.seek(max(0, self.output.stat().st_size - 200))
            counts = _COUNT.findall(file.read())
        return int(counts[-1]) if counts else 0

    def wait_for(self, count: int, seconds: float = 600.0) -> None:
        until(lambda: self.count() >= count, seconds, f"{count} messages to arrive")


_COUNT = re.compile(rb"mesg=([0-9]+) *[\r\n]")
_BACKLOG = 1000


@contextmanager
def sink() -> Iterator[Sink]:
    """An smtp-sink. As root it works as Postfix's user, as it asks for."""
    as_user = ["-u", "postfix"] if os.geteuid() == 0 else []
    with places.folder() as folder:
        waiting = Sink(places.free_port(), folder / "counts")
        command = [places.program("smtp-sink"), *as_user, "-c", f"127.0.0.1:{waiting.port}", str(_BACKLOG)]
        with waiting.output.open("wb") as output:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, cwd=folder)
        try:
            until(lambda: places.is_open(waiting.port), _START_SECONDS, "smtp-sink to listen")
            yield waiting
        finally:
            process.kill()
            process.wait()
