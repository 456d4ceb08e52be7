"""Promise 1 as the kernel sees it: the order of what is received, synced, and promised, in the real process."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from takeback.store.opening import open_store
from tests.doubles.gateways import COMMAND, GatewayProcess, configuration, gateway_process, parsed, until
from tests.doubles.recording_sink import RecordingSink
from tests.doubles.submitter import Submitter
from tests.services.requirement import missing

CALLS = "fsync,fdatasync,read,recvfrom,recvmsg,write,sendto,sendmsg,writev,rename,renameat,renameat2"
STRACE = ("strace", "-f", "-yy", "-s", "100000", "-e", f"trace={CALLS}", "-o")
MESSAGES = 20
CLIENTS = 3


@dataclass(frozen=True, slots=True)
class Call:
    """One system call: the lines of the trace at which it began and returned, its name, and all that was shown."""

    began: int
    returned: int
    name: str
    text: str

    @property
    def syncs(self) -> bool:
        return self.name in {"fsync", "fdatasync"} and self.text.rstrip().endswith("= 0")


def read_trace(trace: str) -> list[Call]:
    """The calls that returned, in the order in which they did."""
    unfinished: dict[str, tuple[int, str]] = {}
    calls = []
    for number, line in enumerate(trace.splitlines()):
        match = re.match(r"(\d+) +(.*)", line)
        if match is None:
            continue
        thread, text = match.groups()
        if text.endswith("<unfinished ...>"):
            unfinished[thread] = (number, text.removesuffix("<unfinished ...>"))
            continue
        began = number
        if resumed := re.match(r"<\.\.\. \w+ resumed>(.*)", text):
            began, beginning = unfinished.pop(thread)
            text = beginning + resumed[1]
        calls.append(Call(began, number, text.partition("(")[0], text))
    return calls


def _require_strace(folder: Path) -> None:
    if shutil.which("strace") is None:
        missing("strace")
    if subprocess.run([*STRACE, folder / "try", "true"], capture_output=True, check=False).returncode:
        reason = "ptrace is not permitted here"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)


@asynccontextmanager
async def traced_gateway(file: Path) -> AsyncIterator[tuple[GatewayProcess, Path]]:
    """A gateway under strace, and the file that its calls are written to."""
    trace = file.with_suffix(".trace")
    async with gateway_process(file, [*STRACE, str(trace), *COMMAND]) as gateway:
        yield gateway, trace


def _child_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


async def _stop(gateway: GatewayProcess) -> None:
    """strace ends with what it watches; it is the child that must be told."""
    os.kill(_child_of(gateway.process.pid), signal.SIGTERM)
    assert await gateway.ended() == 0


def _content(name: str, size: int) -> bytes:
    return f"From: ann@example.com\r\nSubject: marker-{name}\r\n\r\n".encode() + b"x" * 60 + b"\r\n" * (1 + size)


async def _submit(port: int, client: int) -> dict[str, str]:
    """Markers, and the ids that were answered to them."""
    ids = {}
    async with Submitter.connected(port) as session:
        for number in range(MESSAGES):
            name = f"{client}-{number}-end"
            ids[name] = await session.submit([f"r{client}.{number}@one.test"], _content(name, number))
    return ids


async def test_every_250_and_every_dot_come_after_a_sync(tmp_path: Path) -> None:
    _require_strace(tmp_path)
    async with RecordingSink() as sink:
        file = tmp_path / "takeback.toml"
        file.write_text(configuration({"*@one.test": sink.port}, timeout="30s"))
        async with traced_gateway(file) as (gateway, trace):
            answers = await asyncio.gather(*(_submit(gateway.port, client) for client in range(CLIENTS)))
            await until(lambda: len(sink.taken) == CLIENTS * MESSAGES, 30, "all messages to arrive")
            await _stop(gateway)
    calls = read_trace(trace.read_text("utf-8", "replace"))
    syncs = [call for call in calls if call.syncs and "takeback.db-wal" in call.text]
    reads = [call for call in calls if call.name in {"read", "recvfrom", "recvmsg"}]
    writes = [call for call in calls if call.name in {"write", "sendto", "sendmsg", "writev"}]
    ids = {name: id for answer in answers for name, id in answer.items()}
    assert len(ids) == CLIENTS * MESSAGES
    for name, id in ids.items():
        received = next(call for call in reads if f"marker-{name}" in call.text and "TCP:" in call.text)
        promised = next(call for call in writes if f"250 2.0.0 {id} " in call.text and "TCP:" in call.text)
        assert _synced_between(syncs, received, promised), f"{name}: 250 before its data were on the disk"

    to_sink = f"->127.0.0.1:{sink.port}]"
    marks = _dots(reads, writes, to_sink)
    assert len(marks) == CLIENTS * MESSAGES
    for body, dot in marks:
        assert _synced_between(syncs, body, dot), "the final dot before its mark was on the disk"


def _synced_between(syncs: list[Call], before: Call, after: Call) -> bool:
    return any(before.returned < sync.began and sync.returned < after.began for sync in syncs)


def _dots(reads: list[Call], writes: list[Call], to_sink: str) -> list[tuple[Call, Call]]:
    """Of each transaction with the next server: the last piece of the body, and the write of the dot behind it."""
    ours = [call for call in writes if to_sink in call.text]
    pairs = []
    for dot in (call for call in ours if re.search(r'"\.\\r\\n"', call.text)):
        socket = re.findall(r"TCP:\[[^]]*\]", dot.text)[0]
        body = [call for call in ours if call.returned < dot.began and socket in call.text][-1]
        assert "marker-" in body.text
        pairs.append((body, dot))
    return pairs


async def test_a_maildir_is_synced_before_and_after_the_rename(tmp_path: Path) -> None:
    _require_strace(tmp_path)
    file = tmp_path / "takeback.toml"
    text = configuration({"*@one.test": 9}).replace("smtp://127.0.0.1:9", f"maildir://{tmp_path}/box/{{user}}")
    file.write_text(re.sub(r"tls = .*|(connect|command|answer)_timeout = .*", "", text))
    async with traced_gateway(file) as (gateway, trace):
        async with Submitter.connected(gateway.port) as session:
            for number in range(10):
                await session.submit([f"r{number}@one.test"], _content(str(number), number))
        await until(lambda: len(list(tmp_path.glob("box/*/new/*"))) == 10, 30, "all messages to arrive")
        await _stop(gateway)
    calls = read_trace(trace.read_text("utf-8", "replace"))
    syncs = [call for call in calls if call.syncs]
    renames = [call for call in calls if call.name.startswith("rename") and "/box/" in call.text]
    assert len(renames) == 10
    for rename in renames:
        waiting, final = re.findall(r'"([^"]*/box/[^"]*)"', rename.text)
        of_file = [call for call in syncs if f"<{waiting}>" in call.text and call.returned < rename.began]
        of_folder = [call for call in syncs if f"<{Path(final).parent}>" in call.text and call.began > rename.returned]
        of_mark = [call for call in syncs if "takeback.db-wal" in call.text and call.returned < rename.began]
        assert of_file, f"{waiting} was put in place before it was on the disk"
        assert of_folder, f"{final} may be gone after a power cut"
        assert any(mark.began > of_file[-1].returned for mark in of_mark), "renamed before its mark was on the disk"


async def test_the_writer_waits_for_the_disk(tmp_path: Path) -> None:
    """FULL is 2. Asked of the writer's own engine: the setting belongs to a connection, not to the file."""
    async with open_store(parsed(configuration({"*@one.test": 9}), tmp_path).data) as store:
        with store.access.database.writer.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
