"""Promise 2 under fire: whoever was told "stopped" never has his copy leave, and nobody else is forgotten.

Undos are fired around the due moment while the next server does what servers do: late 354, no 354, late answers,
no answers, 4xx, 5xx. Afterwards the stopped, the received and the refused are disjoint, and are everybody.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from takeback import app
from takeback.flows.ask import Who
from takeback.flows.hold import send_now
from takeback.flows.undo import undo
from takeback.hold.states import State
from takeback.store.opening import open_database
from tests.doubles.gateways import configuration, parsed
from tests.doubles.ledgers import Ledger, ledger_of, unfinished
from tests.doubles.recording_sink import RecordingSink, Transaction, hang
from tests.doubles.submitter import Submitter
from tests.doubles.watched_store import WatchedStore

WINDOW = 2.0
SPREAD = 0.6
"""Undos come at most so long before or after the due moment."""
ADMINISTRATOR = Who("test")


@dataclass
class Moody:
    """The next server's moods, from one seed; `calm` ends them."""

    chance: random.Random
    calm: bool = False

    async def before_354(self, transaction: Transaction) -> None:
        mood = self.chance.random()
        if self.calm or mood > 0.25:
            return
        if mood < 0.03:
            await hang(transaction)
        await asyncio.sleep(self.chance.uniform(0.0, 0.4))

    async def after_dot(self, transaction: Transaction) -> str:
        mood = self.chance.random()
        if self.calm or mood > 0.25:
            return "250 2.0.0 taken"
        if mood < 0.03:
            return await hang(transaction)
        if mood < 0.05:
            await asyncio.sleep(1.3)  # answers when nobody waits for it any more
        elif mood < 0.10:
            return "451 4.3.0 later"
        elif mood < 0.13:
            return "554 5.7.1 never"
        else:
            await asyncio.sleep(self.chance.uniform(0.0, 0.4))
        return "250 2.0.0 taken late"


@dataclass
class Tally:
    """Who submitted what, and what was answered to whoever undid it."""

    submitted: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    stopped: set[str] = field(default_factory=set)
    too_late: set[str] = field(default_factory=set)


async def _send(port: int, numbers: list[int], chance: random.Random, tally: Tally, undo_later: Undo) -> None:
    now = asyncio.get_running_loop().time
    async with Submitter.connected(port) as session:
        for number in numbers:
            recipients = [f"r{number}@one.test"]
            if number % 3 == 0:
                recipients.append(f"s{number}@one.test")
            id = await session.submit(recipients)
            tally.submitted.update(recipients)
            undo_later(id, recipients[:1], now() + WINDOW + chance.uniform(-SPREAD, SPREAD))
            await asyncio.sleep(chance.uniform(0.0, 0.15))


Undo = Callable[[str, list[str], float], None]


async def _undo_at(moment: float, store: WatchedStore, id: str, recipients: list[str], tally: Tally) -> None:
    await asyncio.sleep(moment - asyncio.get_running_loop().time())
    told = await undo(store, id, ADMINISTRATOR, recipients)
    tally.asked.update(recipients)
    tally.stopped.update(view.address for view in told.done)
    tally.too_late.update(view.address for view in told.refused)


async def race(folder: Path, database: str, count: int, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "SqlStore", WatchedStore)
    chance, tally = random.Random(seed), Tally()
    moody = Moody(random.Random(seed + 1))
    async with RecordingSink(moody.before_354, moody.after_dot) as sink:
        text = configuration(
            {"*@one.test": sink.port, "*@example.com": sink.port},
            window=f"{WINDOW:.0f}s",
            database=database,
            connections=60,
        )
        config = parsed(text, folder)
        gateway = app.Gateway(config)
        await gateway.start()
        inside = cast(WatchedStore, gateway.store)
        outside = cast(WatchedStore, await WatchedStore.open(open_database(config.data)))
        undos: list[asyncio.Task[None]] = []

        def undo_later(id: str, recipients: list[str], moment: float) -> None:
            store = chance.choice([inside, outside])  # the gateway's own, and that of a command beside it
            undos.append(asyncio.create_task(_undo_at(moment, store, id, recipients, tally)))

        clients = 8
        await asyncio.gather(
            *(
                _send(gateway.endpoints[0][1], list(range(first, count, clients)), chance, tally, undo_later)
                for first in range(clients)
            )
        )
        await asyncio.gather(*undos)
        moody.calm = True
        ledger = await _run_to_the_end(inside)
        found = inside.found + outside.found
        await outside.close()
        await gateway.stop()
        _check(tally, sink, ledger)
        _check_hard_cases(tally, sink, found)


async def _run_to_the_end(store: WatchedStore) -> Ledger:
    """Sends what was deferred until every recipient has come to an end, or is unknown."""
    async with asyncio.timeout(60):
        while waiting := unfinished(ledger := await ledger_of(store, "@one.test")):
            for address in waiting:
                if ledger[address].state is State.DEFERRED:
                    await send_now(store, ledger[address].message, ADMINISTRATOR)
            await asyncio.sleep(0.1)
    return ledger


def _check(tally: Tally, sink: RecordingSink, ledger: Ledger) -> None:
    received = Counter({address: times for address, times in sink.taken.items() if address in tally.submitted})
    refused = sink.refused_for_good & tally.submitted
    assert not tally.stopped & set(received), "stopped, and left all the same"
    assert not tally.stopped & tally.too_late
    assert tally.stopped | set(received) | refused == tally.submitted
    assert not refused & set(received)
    assert not refused & tally.stopped
    assert {address for address, times in received.items() if times > 1} == set(), "sent twice"
    assert set(ledger) == tally.submitted
    for address, entry in ledger.items():
        if address in tally.stopped:
            assert entry.state is State.UNDONE
        elif address in refused:
            assert entry.state is State.FAILED
        else:
            assert entry.state in {State.SENT, State.UNKNOWN, State.LET_BE}


def _check_hard_cases(tally: Tally, sink: RecordingSink, found: Counter[State]) -> None:
    """A run that was too easy proves nothing."""
    asked = len(tally.asked)
    assert asked >= 500
    assert len(tally.stopped) >= asked / 10, f"vacuous: only {len(tally.stopped)} stopped"
    assert len(tally.asked & set(sink.taken)) >= asked / 10, "vacuous: hardly any undo was too late"
    for state in (State.HELD, State.CLAIMED, State.LEAVING, State.DEFERRED, State.SENT):
        assert found[state], f"vacuous: no undo met {state}: {found}"
    assert found[State.CLAIMED] >= asked / 200, f"vacuous: {found}"
    split = [
        one
        for one in sink.transactions
        if not one.dotted and tally.stopped & set(one.recipients) and set(one.recipients) & set(sink.taken)
    ]
    assert split, "vacuous: no transaction lost one of its two recipients before its dot"


async def test_stopped_and_received_never_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await race(tmp_path, "sqlite", 1500, 1, monkeypatch)


async def test_nor_do_they_on_postgresql(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgresql_database: str
) -> None:
    await race(tmp_path, postgresql_database, 600, 3, monkeypatch)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_nor_in_ten_thousand_undos(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    url = database if database == "sqlite" else str(request.getfixturevalue("postgresql_database"))
    await race(tmp_path, url, 10_000, 2, monkeypatch)
