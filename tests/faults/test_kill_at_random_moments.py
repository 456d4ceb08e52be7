"""Promises 1 and 4 under `kill -9` at random moments, again and again on the same data, while mail comes and goes."""

from __future__ import annotations

import asyncio
import random
import signal
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from takeback.app import Gateway
from takeback.hold.states import State
from tests.doubles.gateways import configuration, gateway_process, parsed
from tests.doubles.ledgers import ledger_when, read_ledger, unfinished
from tests.doubles.recording_sink import RecordingSink, Transaction
from tests.doubles.submitter import Submitter

CLIENTS = 4
HELD_A_LITTLE = b"From: Ann <ann@example.com>\r\nSubject: hi\r\nTakeback-Hold: 1s\r\n\r\nA line.\r\n"
AT_ONCE = b"From: Ann <ann@example.com>\r\nSubject: hi\r\n\r\nA line.\r\n"


class Client:
    """Submits without a pause until its server is gone; `promised` are the recipients for whom a 250 was heard."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.count = 0
        self.promised: set[str] = set()

    async def submit_until_killed(self, port: int) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            async with Submitter.connected(port) as session:
                while True:
                    self.count += 1
                    recipients = [f"{self.name}.{self.count}@one.test", f"{self.name}.{self.count}@two.test"]
                    await session.submit(recipients, HELD_A_LITTLE if self.count % 4 == 0 else AT_ONCE)
                    self.promised.update(recipients)


async def kill_again_and_again(folder: Path, runs: int, seed: int) -> None:
    chance = random.Random(seed)

    async def dawdle(transaction: Transaction) -> str:
        await asyncio.sleep(chance.uniform(0.0, 0.03))
        return "250 2.0.0 taken"

    clients = [Client(f"c{number}") for number in range(CLIENTS)]
    met: Counter[State] = Counter()
    async with RecordingSink(dawdle, dawdle) as sink:
        file = folder / "takeback.toml"
        text = configuration({"*@one.test": sink.port, "*@two.test": sink.port, "*@example.com": sink.port})
        file.write_text(text)
        for _ in range(runs):
            async with gateway_process(file) as gateway:
                submissions = [asyncio.create_task(client.submit_until_killed(gateway.port)) for client in clients]
                await asyncio.sleep(chance.uniform(0.02, 0.5))
                gateway.send(signal.SIGKILL)
                await gateway.ended()
                await asyncio.gather(*submissions)
            met.update(entry.state for entry in (await read_ledger(parsed(text, folder))).values())
        last = Gateway(parsed(text, folder))
        await last.start()
        ledger = await ledger_when(last.store, lambda ledger: not unfinished(ledger), 60)
        await last.stop()

    promised = {recipient for client in clients for recipient in client.promised}
    assert promised <= set(ledger), "a 250 was forgotten"
    for address, entry in ledger.items():
        if entry.state is State.SENT:
            assert sink.taken[address] == 1, (address, entry)
        else:
            assert entry.state is State.UNKNOWN, (address, entry)
            assert sink.taken[address] <= 1, (address, entry)
    assert set(sink.taken) <= set(ledger) | {"ann@example.com"}

    assert len(promised) >= runs * 10, "vacuous: hardly anything was submitted"
    for state in (State.HELD, State.CLAIMED, State.LEAVING, State.SENT):
        assert met[state] >= runs / 5, f"vacuous: no kill met {state}: {met}"


@pytest.mark.timeout(240)
async def test_thirty_kills(tmp_path: Path) -> None:
    await kill_again_and_again(tmp_path, 30, 1)


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_hundreds_of_kills(tmp_path: Path) -> None:
    await kill_again_and_again(tmp_path, 500, 2)
