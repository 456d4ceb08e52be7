"""A full disk: accepting says so and the rest goes on, nothing is half stored, and room makes all well again."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, func, select

from takeback.app import Gateway
from takeback.clock import Instant
from takeback.config import Config
from takeback.flows.ask import Who
from takeback.flows.hold import send_now
from takeback.flows.undo import undo
from takeback.hold.states import State
from takeback.store import tables
from takeback.store.opening import open_store
from takeback.store.store import SqlStore
from takeback.store.writer import Transition, Urgency
from tests.doubles.gateways import configuration, gateway_process, parsed
from tests.doubles.ledgers import ledger_of, ledger_when, read_ledger
from tests.doubles.recording_sink import RecordingSink
from tests.doubles.submitter import SMALL, Refusal, Submitter

ME = Who("test")
MB = 1 << 20
LINE = b"x" * 998 + b"\r\n"


def letter(size: int) -> bytes:
    return b"From: ann@example.com\r\nSubject: big\r\n\r\n" + LINE * (size // len(LINE))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 32 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", place], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def leave_free(disk: Path, wanted: int) -> None:
    """Afterwards so many bytes are free on the disk, give or take a page."""
    filler = disk / "filler"
    size = filler.stat().st_size if filler.exists() else 0
    usage = os.statvfs(disk)
    size += usage.f_bavail * usage.f_frsize - wanted
    with filler.open("ab") as file:
        file.truncate(min(size, file.tell()))
        os.posix_fallocate(file.fileno(), 0, max(1, size))


async def _offer(port: int, content: bytes, to: str) -> str:
    """The id that was answered, or the refusal."""
    async with Submitter.connected(port) as session:
        try:
            return await session.submit([to], content)
        except Refusal as refusal:
            return refusal.reply


async def _state(config: Config, address: str) -> State:
    return (await read_ledger(config))[address].state


async def test_below_the_reserve(small_disk: Path, tmp_path: Path) -> None:
    async with RecordingSink() as sink:
        text = configuration({"*@one.test": sink.port}, window="50m", reserve="8MB")
        text = text.replace('folder = "data"', f'folder = "{small_disk}/data"')
        file = tmp_path / "takeback.toml"
        file.write_text(text)
        config = parsed(text, tmp_path)
        async with gateway_process(file) as gateway, open_store(config.data) as store:
            ids = [await _offer(gateway.port, SMALL, f"r{number}@one.test") for number in range(4)]

            leave_free(small_disk, 6 * MB)
            await asyncio.sleep(0.3)  # the disk is looked at four times a second
            assert (await _offer(gateway.port, SMALL, "late@one.test")).startswith("452 4.3.1 ")
            assert (await undo(store, ids[0], ME)).whole
            await send_now(store, ids[1], ME)
            await ledger_when(store, lambda ledger: ledger["r1@one.test"].state is State.SENT)

            leave_free(small_disk, 2 * MB)
            await asyncio.sleep(0.3)
            await send_now(store, ids[2], ME)
            assert (await undo(store, ids[3], ME)).whole
            assert (await _offer(gateway.port, SMALL, "late@one.test")).startswith("452 4.3.1 ")
            await asyncio.sleep(1.5)
            assert await _state(config, "r2@one.test") is State.HELD, "claimed without room to write what came of it"

            (small_disk / "filler").unlink()
            await ledger_when(store, lambda ledger: ledger["r2@one.test"].state is State.SENT)
            assert len(await _offer(gateway.port, SMALL, "r4@one.test")) == 16
            assert "Traceback" not in gateway.log
            assert await gateway.stop() == 0
        ledger = await read_ledger(config)
    assert {address: entry.state for address, entry in ledger.items()} == {
        "r0@one.test": State.UNDONE,
        "r1@one.test": State.SENT,
        "r2@one.test": State.SENT,
        "r3@one.test": State.UNDONE,
        "r4@one.test": State.HELD,
    }
    assert sink.taken == {"r1@one.test": 1, "r2@one.test": 1}


@pytest.mark.parametrize("size", [600_000, 3 * MB, 6 * MB], ids=["in memory", "spooled", "staged"])
async def test_without_a_reserve(size: int, small_disk: Path, tmp_path: Path) -> None:
    text = configuration({"*@one.test": 9}, window="50m").replace('folder = "data"', f'folder = "{small_disk}/data"')
    file = tmp_path / "takeback.toml"
    file.write_text(text)
    config = parsed(text, tmp_path)
    leave_free(small_disk, 20 * MB)
    async with gateway_process(file) as gateway:
        answers: dict[str, str] = {}
        while not any(answer.startswith("4") for answer in answers.values()):
            assert len(answers) < 60, "vacuous: the disk never filled"
            to = f"r{len(answers)}@one.test"
            answers[to] = await _offer(gateway.port, letter(size), to)
        refused = [answer for answer in answers.values() if len(answer) != 16]
        assert all(answer.startswith("452 4.3.1 ") for answer in refused), refused
        assert gateway.process.poll() is None
        assert "Traceback" not in gateway.log
        (small_disk / "filler").unlink()
        answers["again@one.test"] = await _offer(gateway.port, letter(size), "again@one.test")
        assert len(answers["again@one.test"]) == 16, answers["again@one.test"]
        assert await gateway.stop() == 0
    accepted = {address for address, answer in answers.items() if len(answer) == 16}
    assert len(accepted) >= 2
    await _check_whole(config, accepted)


async def _check_whole(config: Config, accepted: set[str]) -> None:
    """Exactly those are there, with every byte."""
    async with open_store(config.data) as store:
        assert set(await ledger_of(store)) == accepted
        message, content = tables.message.c, tables.content.c
        sizes = await store.access.ask(
            lambda connection: connection.execute(
                select(message.size, func.sum(func.length(content.data)))
                .join(tables.content, content.message == message.id)
                .group_by(message.id)
            ).all()
        )
        assert len(sizes) == len(accepted)
        assert all(row[0] == row[1] for row in sizes)
        assert (
            await store.access.ask(lambda connection: connection.exec_driver_sql("PRAGMA integrity_check").scalar())
            == "ok"
        )


async def test_a_database_that_may_not_grow(tmp_path: Path) -> None:
    """SQLITE_FULL where no file system can be mounted; several clients at once, so that some share a transaction."""
    config = parsed(configuration({"*@one.test": 9}, window="50m"), tmp_path)
    gateway = Gateway(config)
    await gateway.start()
    port = gateway.endpoints[0][1]
    try:
        await _allow_pages(gateway.store, 700)
        rounds = [await _offer_several(port, turn) for turn in range(12)]
        answers = {address: answer for each in rounds for address, answer in each.items()}
        refused = [answer for answer in answers.values() if len(answer) != 16]
        assert refused, "vacuous: the database never filled"
        assert all(answer.startswith("452 4.3.1 ") for answer in refused), refused
        first = next(answer for answer in answers.values() if len(answer) == 16)
        assert (await undo(gateway.store, first, ME)).whole
        await _allow_pages(gateway.store, 1 << 30)
        answers |= await _offer_several(port, 99)
        assert all(len(answer) == 16 for address, answer in answers.items() if address.startswith("r99."))
    finally:
        await gateway.stop()
    await _check_whole(config, {address for address, answer in answers.items() if len(answer) == 16})


async def _offer_several(port: int, turn: int) -> dict[str, str]:
    addresses = [f"r{turn}.{number}@one.test" for number in range(5)]
    answers = await asyncio.gather(*(_offer(port, letter(50_000), address) for address in addresses))
    return dict(zip(addresses, answers, strict=True))


async def _allow_pages(store: SqlStore, pages: int) -> None:
    """The limit belongs to a connection: the writer's own now, and those that follow it."""
    statement = f"PRAGMA max_page_count = {pages}"

    def limit(connection: Connection, now: Instant, requests: Sequence[None]) -> list[None]:
        connection.exec_driver_sql(statement).fetchall()
        return [None] * len(requests)

    event.listen(store.access.database.writer, "connect", lambda connection, _record: connection.execute(statement))
    await store.access.submit(Transition(limit, Urgency.PERSON), None)
