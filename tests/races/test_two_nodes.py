"""Two `takeback serve` on one PostgreSQL share the work: everything arrives once, and both took part."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

from takeback.hold.states import State
from tests.doubles.gateways import configuration, gateway_process, parsed, until
from tests.doubles.ledgers import read_ledger
from tests.doubles.recording_sink import RecordingSink, Transaction
from tests.doubles.submitter import Submitter

MESSAGES = 400


async def test_two_nodes_share_the_work(tmp_path: Path, postgresql_database: str) -> None:
    async def a_moment(transaction: Transaction) -> str:
        await asyncio.sleep(0.02)
        return "250 2.0.0 taken"

    async def submit(port: int, numbers: range) -> set[str]:
        async with Submitter.connected(port) as session:
            for number in numbers:
                await session.submit([f"r{number}@one.test"])
        return {f"r{number}@one.test" for number in numbers}

    async with RecordingSink(after_dot=a_moment) as sink:
        files = []
        for name in ("one", "two"):
            text = configuration(
                {"*@one.test": sink.port}, window="1s", database=postgresql_database, hostname=f"{name}.example"
            )
            files.append(tmp_path / f"{name}.toml")
            folders = f'folder = "{name}"\nkey_file = "{tmp_path}/shared.key"'
            files[-1].write_text(text.replace('folder = "data"', folders))
        async with gateway_process(files[0]) as one, gateway_process(files[1]) as two:
            # Three quarters go to the first node, so that the second can only help out with them.
            promised = await asyncio.gather(
                *(submit(one.port, range(start, MESSAGES, 4)) for start in range(3)),
                submit(two.port, range(3, MESSAGES, 4)),
            )
            await until(lambda: len(sink.taken) == MESSAGES, 60, "all messages to arrive")
            assert (await one.stop(), await two.stop()) == (0, 0)
    ledger = await read_ledger(parsed(text, tmp_path))
    assert set(ledger) == set().union(*promised)
    assert {entry.state for entry in ledger.values()} == {State.SENT}
    assert set(sink.taken.values()) == {1}
    by_node = Counter(one.client for one in sink.transactions)
    assert set(by_node) == {"one.example", "two.example"}
    assert min(by_node.values()) >= MESSAGES / 10, f"vacuous: {by_node}"
