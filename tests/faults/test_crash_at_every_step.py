"""Promises 1 and 4, step by step: a gateway dies at each numbered step of accept and release, another takes over."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from takeback.app import Gateway
from takeback.config import Config
from takeback.hold.states import State
from tests.doubles.gateways import GatewayProcess, configuration, gateway_process, parsed
from tests.doubles.ledgers import Ledger, ledger_when, read_ledger, unfinished
from tests.doubles.recording_sink import RecordingSink, Transaction, at_once, hang, take
from tests.doubles.submitter import Submitter

BOB = "bob@one.test"
CRASHING = (sys.executable, "-m", "tests.faults.crashing_gateway")


@dataclass(frozen=True, slots=True)
class Step:
    """Where the gateway dies; whether the client had its 250 by then; the state that is found (None: no message),
    the state in which it ends, and how often the next server then has the message."""

    where: str
    promised: bool
    found: State | None
    ends: State | None
    received: int


STEPS = [
    Step("1 accept before", False, None, None, 0),
    Step("2 accept within", False, None, None, 0),
    Step("3 accept after", False, State.HELD, State.SENT, 1),
    Step("4 claim before", True, State.HELD, State.SENT, 1),
    Step("5 claim within", True, State.HELD, State.SENT, 1),
    Step("6 claim after", True, State.CLAIMED, State.SENT, 1),
    Step("7 sink before_354", True, State.CLAIMED, State.SENT, 1),
    Step("8 mark_dot before", True, State.CLAIMED, State.SENT, 1),
    Step("9 mark_dot within", True, State.CLAIMED, State.SENT, 1),
    Step("10 mark_dot after", True, State.LEAVING, State.UNKNOWN, 0),
    Step("11 sink after_dot", True, State.LEAVING, State.UNKNOWN, 1),
    Step("12 record before", True, State.LEAVING, State.UNKNOWN, 1),
    Step("13 record within", True, State.LEAVING, State.UNKNOWN, 1),
    Step("14 record after", True, State.SENT, State.SENT, 1),
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.where)
async def test_crash(step: Step, tmp_path: Path) -> None:
    await _crash(step, tmp_path)


async def _crash(step: Step, folder: Path) -> None:
    _, verb, moment = step.where.split()
    async with RecordingSink() as sink:
        text = configuration({"*@one.test": sink.port, "*@example.com": sink.port}, window="1s")
        file = folder / "takeback.toml"
        file.write_text(text)
        async with gateway_process(file, CRASHING, [verb, moment]) as gateway:
            if verb == "sink":
                setattr(sink, moment, _killer(gateway))
            promised = await _submit(gateway.port)
            assert await gateway.ended(20) == -signal.SIGKILL
        sink.before_354, sink.after_dot = at_once, take
        config = parsed(text, folder)
        found = await read_ledger(config)
        ended = await _run_to_the_end(config)
    assert promised == step.promised
    assert _state(found) is step.found
    assert _state(ended) is step.ends
    assert sink.taken[BOB] == step.received
    if step.ends is not State.UNKNOWN:
        assert all("unknown" not in entry.events for entry in ended.values())
    else:
        assert "unknown" in ended[BOB].events


def _killer(gateway: GatewayProcess) -> Callable[[Transaction], Awaitable[str]]:
    async def kill(transaction: Transaction) -> str:
        gateway.send(signal.SIGKILL)
        return await hang(transaction)

    return kill


async def _submit(port: int) -> bool:
    try:
        async with Submitter.connected(port) as session:
            await session.submit([BOB])
    except (ConnectionError, asyncio.IncompleteReadError):
        return False
    return True


async def _run_to_the_end(config: Config) -> Ledger:
    gateway = Gateway(config)
    await gateway.start()
    try:
        return await ledger_when(gateway.store, lambda ledger: not unfinished(ledger))
    finally:
        await gateway.stop()


def _state(ledger: Ledger) -> State | None:
    return ledger[BOB].state if BOB in ledger else None
