"""A clock that jumps, an outage, a database that was away: nothing is blasted, and senders are told.

The store's clock is moved; the machine's own stays as it is, so that what is measured by it still ends.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from takeback import clock
from takeback.app import Gateway
from takeback.clock import HOUR, MINUTE, SECOND, Duration, Instant
from takeback.errors import StoreUnavailable
from takeback.flows import release
from takeback.flows.ask import Who
from takeback.flows.hold import send_now
from takeback.hold.states import State
from takeback.ports.store import Parked, ParkRequest
from takeback.store import opening
from takeback.store.database import Database
from takeback.store.store import SqlStore
from tests.doubles.gateways import configuration, parsed, until
from tests.doubles.ledgers import ledger_of, ledger_when
from tests.doubles.recording_sink import RecordingSink, Transaction
from tests.doubles.submitter import Submitter
from tests.services.postgresql import PostgreSql

SENDER = "ann@example.com"
BOB = "bob@one.test"


class WallClock:
    """The machine's clock, set forward or back by hand."""

    def __init__(self) -> None:
        self.ahead: Duration = 0

    def __call__(self) -> Instant:
        return clock.now() + self.ahead


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> WallClock:
    """What every database that is opened from now on goes by."""
    made = WallClock()
    monkeypatch.setattr(opening, "Database", partial(Database, wall_clock=made))
    return made


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    return "sqlite" if request.param == "sqlite" else str(request.getfixturevalue("postgresql_database"))


@asynccontextmanager
async def gateway(
    folder: Path, sink: RecordingSink, window: str, database: str = "sqlite", late_tolerance: str = "4h"
) -> AsyncIterator[Gateway]:
    text = configuration(
        {"*@one.test": sink.port, "*@example.com": sink.port},
        window=window,
        database=database,
        late_tolerance=late_tolerance,
    )
    running = Gateway(parsed(text, folder))
    await running.start()
    try:
        yield running
    finally:
        await running.stop()


async def submit(running: Gateway, to: str = BOB, hold: str = "") -> str:
    header = f"Takeback-Hold: {hold}\r\n" if hold else ""
    content = f"From: {SENDER}\r\nSubject: hello\r\n{header}\r\nA line.\r\n".encode()
    async with Submitter.connected(running.endpoints[0][1]) as session:
        return await session.submit([to], content)


async def due_of(running: Gateway, id: str) -> Duration | None:
    """How long after it was accepted the message is due."""
    (view,) = await running.store.find(id)
    due_at = view.recipients[0].due_at
    return None if due_at is None else due_at - view.accepted_at


@pytest.mark.parametrize("step", [2 * HOUR, -2 * HOUR, 400 * 24 * HOUR], ids=["forward", "back", "a year"])
async def test_a_step_parks_what_is_held(step: Duration, database: str, tmp_path: Path, wall: WallClock) -> None:
    async with RecordingSink() as sink, gateway(tmp_path, sink, "50m", database) as running:
        id = await submit(running)
        wall.ahead += step
        ledger = await ledger_when(running.store, lambda ledger: bool(ledger[BOB].events))
        assert ledger[BOB].state is State.HELD
        assert await due_of(running, id) is None
        await until(lambda: sink.taken[SENDER] == 1, 15, "the notice to arrive")
        noted = await running.store.fact("clock_step")
        assert noted is not None
        assert abs(int(noted[0]) - step // SECOND) <= 2

        later = await submit(running, "eve@one.test")
        due = await due_of(running, later)
        assert due == 50 * MINUTE, "the clock is believed again"
        await asyncio.sleep(1.5)
        ledger = await ledger_of(running.store, ".test")
        assert ledger["eve@one.test"].state is State.HELD, "it left by a clock that had been set"
        assert ledger["eve@one.test"].events == ()
        assert ledger[BOB].events == ("parked_clock_step",)
        assert sink.taken == Counter({SENDER: 1})

        await send_now(running.store, id, Who("test"))
        await until(lambda: sink.taken[BOB] == 1, 15, "the message to arrive")


@pytest.mark.parametrize("drift", [40 * SECOND, -40 * SECOND, 30 * MINUTE], ids=["fast", "slow", "half an hour"])
async def test_drift_parks_nothing(drift: Duration, tmp_path: Path, wall: WallClock) -> None:
    async with RecordingSink() as sink, gateway(tmp_path, sink, "50m") as running:
        id = await submit(running)
        wall.ahead += drift
        await asyncio.sleep(1.5)
        assert await due_of(running, id) == 50 * MINUTE
        ledger = await ledger_of(running.store, ".test")
        assert (ledger[BOB].state, ledger[BOB].events) == (State.HELD, ())
        wall.ahead += 50 * MINUTE - drift  # the rest, in a step that is still believed
        await until(lambda: sink.taken[BOB] == 1, 15, "the message to arrive")
        assert sink.taken[SENDER] == 0


@pytest.mark.parametrize(("tolerance", "parked"), [("4h", True), ("12h", False)])
async def test_nine_hours_down(tolerance: str, parked: bool, database: str, tmp_path: Path, wall: WallClock) -> None:
    """What came due long ago is kept and its sender told; what was tried before, or is not due, goes its way."""

    async def later(transaction: Transaction) -> str:
        return "451 4.3.0 later" if "tried@one.test" in transaction.recipients else "250 2.0.0 taken"

    async with RecordingSink(after_dot=later) as sink:
        async with gateway(tmp_path, sink, "50m", database, tolerance) as running:
            await submit(running, "late@one.test")
            await submit(running, "tried@one.test", hold="0s")
            await submit(running, "future@one.test", hold="20h")
            await submit(running, "released@one.test", hold="until released")
            await ledger_when(running.store, lambda ledger: ledger["tried@one.test"].state is State.DEFERRED)
        wall.ahead += 9 * HOUR
        sink.after_dot = RecordingSink().after_dot
        async with gateway(tmp_path, sink, "50m", database, tolerance) as running:
            await ledger_when(running.store, lambda ledger: ledger["tried@one.test"].state is State.SENT)
            await asyncio.sleep(1.0)
            ledger = await ledger_of(running.store, ".test")
            assert ledger["late@one.test"].state is (State.HELD if parked else State.SENT)
            assert ledger["late@one.test"].events == (("parked_late",) if parked else ("sent",))
            assert sink.taken["late@one.test"] == (0 if parked else 1)
            assert ledger["future@one.test"].state is State.HELD
            assert ledger["future@one.test"].events == ()
            assert ledger["released@one.test"].events == ()
            assert sink.taken[SENDER] == (1 if parked else 0)


async def test_a_start_that_fails_forgets_no_outage(
    tmp_path: Path, wall: WallClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first start after an outage breaks off before it has parked; the second one must still know."""

    async def unavailable(store: SqlStore, request: ParkRequest) -> list[Parked]:
        raise StoreUnavailable("broken off")

    async with RecordingSink() as sink:
        async with gateway(tmp_path, sink, "50m") as running:
            await submit(running)
        wall.ahead += 9 * HOUR
        with monkeypatch.context() as broken:
            broken.setattr(SqlStore, "park", unavailable)
            with pytest.raises(StoreUnavailable):
                await _start_and_fail(tmp_path, sink)
        async with gateway(tmp_path, sink, "50m") as running:
            await until(lambda: sink.taken[SENDER] == 1, 15, "the notice to arrive")
            ledger = await ledger_of(running.store, ".test")
    assert ledger[BOB].events == ("parked_late",)
    assert sink.taken[BOB] == 0


async def _start_and_fail(folder: Path, sink: RecordingSink) -> None:
    failing = Gateway(parsed(configuration({"*@one.test": sink.port}, window="50m"), folder))
    try:
        await failing.start()
    finally:  # the process would end here
        assert failing._lock is not None
        os.close(failing._lock)
        await failing.store.close()


async def test_a_database_that_was_away(
    tmp_path: Path, postgresql_database: str, postgresql_server: PostgreSql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway lives through it, keeps what came due too long ago, and works on."""
    monkeypatch.setattr(release, "OUTAGE", SECOND)
    async with RecordingSink() as sink, gateway(tmp_path, sink, "2s", postgresql_database, "1s") as running:
        await submit(running)
        await asyncio.to_thread(postgresql_server.stop)
        try:
            await asyncio.sleep(5)
        finally:
            await asyncio.to_thread(postgresql_server.start)
        ledger = await ledger_when(running.store, lambda ledger: bool(ledger[BOB].events))
        assert ledger[BOB].events == ("parked_late",)
        await until(lambda: sink.taken[SENDER] == 1, 15, "the notice to arrive")
        await submit(running, "eve@one.test")
        await until(lambda: sink.taken["eve@one.test"] == 1, 15, "the message to arrive")
        assert sink.taken[BOB] == 0


async def test_summer_time_does_not_matter(tmp_path: Path, wall: WallClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds before the clocks of Berlin go forward, a minute is still a minute."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        wall.ahead = clock.parse_rfc3339("2027-03-28T00:59:50Z") - clock.now()
        async with RecordingSink() as sink, gateway(tmp_path, sink, "1m") as running:
            id = await submit(running)
            assert await due_of(running, id) == MINUTE
            wall.ahead += 15 * SECOND
            await asyncio.sleep(1)
            assert await due_of(running, id) == MINUTE
            wall.ahead += 50 * SECOND
            await until(lambda: sink.taken[BOB] == 1, 15, "the message to arrive")
    finally:
        monkeypatch.undo()
        time.tzset()
