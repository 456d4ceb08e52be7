"""A worker stopped past its lease, while another node takes over: the fences hold when it wakes up."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from takeback.config import Config
from takeback.flows.ask import Who
from takeback.flows.undo import undo
from takeback.hold.states import FINAL, State
from takeback.store.opening import open_store
from takeback.store.store import SqlStore
from tests.doubles.gateways import GatewayProcess, configuration, gateway_process, parsed
from tests.doubles.ledgers import ledger_of, ledger_when, unfinished
from tests.doubles.recording_sink import RecordingSink, Transaction
from tests.doubles.submitter import Submitter

BOB = "bob@one.test"
LEASE = 2
NODE = (sys.executable, "-m", "tests.races.node")


class Nodes:
    """Starts nodes on one database, and reads what it says of recipients."""

    def __init__(self, folder: Path, database: str, sink: RecordingSink, timeout: str = "30s") -> None:
        self._folder = folder
        self._text = configuration({"*@one.test": sink.port}, database=database, timeout=timeout)
        self.config: Config = parsed(self._text, folder)

    @asynccontextmanager
    async def node(self, name: str) -> AsyncIterator[GatewayProcess]:
        file = self._folder / f"{name}.toml"
        file.write_text(self._text.replace("gateway.example", f"{name}.example"))
        async with gateway_process(file, NODE, [str(LEASE)]) as process:
            yield process

    @asynccontextmanager
    async def store(self) -> AsyncIterator[SqlStore]:
        async with open_store(self.config.data) as store:
            yield store


@pytest.mark.parametrize("its_server", ["goes on", "stays silent"])
async def test_paused_before_the_dot(its_server: str, tmp_path: Path, postgresql_database: str) -> None:
    """The other node sends; the late dot mark is refused, and so is the late outcome."""
    go_on = asyncio.Event()

    async def first_waits(transaction: Transaction) -> None:
        if transaction.number == 1:
            await go_on.wait()

    async with RecordingSink(before_354=first_waits) as sink:
        nodes = Nodes(tmp_path, postgresql_database, sink, timeout="4s")
        async with nodes.node("sleeper") as sleeper, nodes.store() as store:
            async with Submitter.connected(sleeper.port) as session:
                await session.submit([BOB])
            await ledger_when(store, lambda ledger: ledger[BOB].state is State.CLAIMED and bool(sink.transactions))
            sleeper.send(signal.SIGSTOP)
            async with nodes.node("other"):
                await ledger_when(store, lambda ledger: ledger[BOB].state is State.SENT)
                if its_server == "goes on":
                    go_on.set()
                sleeper.send(signal.SIGCONT)
                assert await sleeper.stop() == 0, "it ends what it has in hand first"
                ledger = await ledger_of(store, ".test")
                late = sink.transactions[0]
    assert ledger[BOB].state is State.SENT
    assert ledger[BOB].events == ("sent",)
    assert not late.dotted
    assert late.dropped or its_server == "stays silent"
    assert late.client == "sleeper.example"
    assert sink.taken == Counter({BOB: 1})


async def test_paused_after_the_dot(tmp_path: Path, postgresql_database: str) -> None:
    """It is shown as unknown, nobody sends it again, and the late answer settles it."""
    answer = asyncio.Event()

    async def answers_late(transaction: Transaction) -> str:
        await answer.wait()
        return "250 2.0.0 taken"

    async with RecordingSink(after_dot=answers_late) as sink:
        nodes = Nodes(tmp_path, postgresql_database, sink)
        async with nodes.node("sleeper") as sleeper, nodes.store() as store:
            async with Submitter.connected(sleeper.port) as session:
                id = await session.submit([BOB])
            await ledger_when(store, lambda _: bool(sink.taken))
            sleeper.send(signal.SIGSTOP)
            async with nodes.node("other"):
                shown = await ledger_when(store, lambda ledger: ledger[BOB].state is State.UNKNOWN)
                answer.set()
                sleeper.send(signal.SIGCONT)
                ledger = await ledger_when(store, lambda ledger: ledger[BOB].state is State.SENT)
                told = await undo(store, id, Who("test"))
    assert shown[BOB].events == ("unknown",)
    assert ledger[BOB].events == ("unknown", "sent")
    assert not told.done
    assert sink.taken == Counter({BOB: 1})


async def test_paused_again_and_again(tmp_path: Path, postgresql_database: str) -> None:
    """Two nodes under load, each stopped past its lease in turn, with undos in between."""
    chance = random.Random(7)
    stopped: set[str] = set()
    submitted: set[str] = set()

    async def dawdle(transaction: Transaction) -> str:
        await asyncio.sleep(chance.uniform(0.0, 0.3))
        return "250 2.0.0 taken"

    async def submit(port: int, name: str, store: SqlStore, done: asyncio.Event) -> None:
        """Keeps on until told; every third message is undone soon after it was accepted."""
        count = 0
        async with Submitter.connected(port) as session:
            while not done.is_set():
                count += 1
                address = f"{name}.{count}@one.test"
                submitted.add(address)
                id = await session.submit([address])
                if count % 3 == 0:
                    await asyncio.sleep(chance.uniform(0.0, 0.2))
                    told = await undo(store, id, Who("test"))
                    stopped.update(view.address for view in told.done)
                await asyncio.sleep(0.02)

    async with RecordingSink(dawdle, dawdle) as sink:
        nodes = Nodes(tmp_path, postgresql_database, sink)
        async with nodes.store() as store, nodes.node("first") as first, nodes.node("second") as second:
            done = asyncio.Event()
            clients = [
                asyncio.create_task(submit(node.port, name, store, done))
                for name, node in (("a", first), ("b", first), ("c", second), ("d", second))
            ]
            for sleeper in (first, second, first):
                await asyncio.sleep(1)
                sleeper.send(signal.SIGSTOP)
                await asyncio.sleep(LEASE * 1.7)
                sleeper.send(signal.SIGCONT)
            await asyncio.sleep(1)
            done.set()
            await asyncio.gather(*clients)
            ledger = await ledger_when(store, lambda ledger: not unfinished(ledger))
            assert (await first.stop(), await second.stop()) == (0, 0)

    assert set(ledger) == submitted
    for address, entry in ledger.items():
        if address in stopped:
            assert (entry.state, sink.taken[address]) == (State.UNDONE, 0), (address, entry)
        elif entry.state is State.SENT:
            assert sink.taken[address] == 1, (address, entry)
        else:
            assert entry.state is State.UNKNOWN or entry.state in FINAL, (address, entry)
            assert "unknown" in entry.events
            assert sink.taken[address] <= 1
    begun = Counter(each for one in sink.transactions for each in one.recipients)
    assert stopped, "vacuous: nothing was stopped"
    assert any(times > 1 for times in begun.values()), "vacuous: nothing claimed was ever taken over"
    assert any("unknown" in entry.events for entry in ledger.values()), "vacuous: no pause fell behind a dot"
