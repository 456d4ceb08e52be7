"""What `serve` does when it is told to end, to read its configuration again, or to share its folder."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
from pathlib import Path

import pytest

from takeback.hold.states import State
from tests.doubles.gateways import COMMAND, ROOT, configuration, gateway_process, parsed, until
from tests.doubles.ledgers import read_ledger
from tests.doubles.recording_sink import RecordingSink, Transaction, hang
from tests.doubles.submitter import Refusal, Submitter

BOB = "bob@one.test"


async def _terminate(folder: Path, sink: RecordingSink, patience: str = "60s") -> tuple[int, float, State]:
    """Sends one message, asks the gateway to end once the sink has it in hand; its exit status, the seconds that
    took, and the state it left."""
    loop = asyncio.get_running_loop()
    file = folder / "takeback.toml"
    text = configuration({"*@*.one.test": sink.port, "*@one.test": sink.port}, timeout=patience)
    file.write_text(text)
    async with gateway_process(file) as gateway:
        async with Submitter.connected(gateway.port) as session:
            await session.submit([BOB])
        await until(lambda: bool(sink.transactions), 10, "the message to be handed over")
        await asyncio.sleep(0.2)
        asked = loop.time()
        gateway.send(signal.SIGTERM)
        status = await gateway.ended(40)
        took = loop.time() - asked
    return status, took, (await read_ledger(parsed(text, folder)))[BOB].state


async def test_term_finishes_what_is_in_flight(tmp_path: Path) -> None:
    async def answer_soon(transaction: Transaction) -> str:
        await asyncio.sleep(1.5)
        return "250 2.0.0 taken"

    async with RecordingSink(after_dot=answer_soon) as sink:
        status, took, state = await _terminate(tmp_path, sink)
        assert (status, state, sink.taken[BOB]) == (0, State.SENT, 1)
        assert 1 < took < 8, "it ends when the answer is there, neither earlier nor at its limit"


async def test_term_while_the_answer_to_the_dot_does_not_come(tmp_path: Path) -> None:
    async with RecordingSink(after_dot=hang) as sink:
        status, _, state = await _terminate(tmp_path, sink)
        assert (status, state, sink.taken[BOB]) == (0, State.UNKNOWN, 1)


async def test_term_before_the_dot(tmp_path: Path) -> None:
    async with RecordingSink(before_354=hang) as sink:
        status, _, state = await _terminate(tmp_path, sink)
        assert (status, state, sink.taken[BOB]) == (0, State.HELD, 0)


async def test_term_under_load_leaves_nothing_unknown(tmp_path: Path) -> None:
    """Everything that was claimed at that moment is either finished or back in the queue."""

    async def slowly(transaction: Transaction) -> str:
        await asyncio.sleep(0.2)  # longer than a submission, on any machine: some are left when it ends
        return "250 2.0.0 taken"

    async def submit(port: int, name: str) -> int:
        count = 0
        try:
            async with Submitter.connected(port) as session:
                while True:
                    await session.submit([f"{name}.{count}@one.test"])
                    count += 1
        except (ConnectionError, asyncio.IncompleteReadError, Refusal):
            return count

    file = tmp_path / "takeback.toml"
    async with RecordingSink(slowly, slowly) as sink:
        text = configuration({"*@one.test": sink.port})
        file.write_text(text)
        promised = 0
        for turn in range(5):
            async with gateway_process(file) as gateway:
                clients = [asyncio.create_task(submit(gateway.port, f"{turn}.{each}")) for each in range(4)]
                await asyncio.sleep(0.5 + turn / 17)
                assert await gateway.stop() == 0
                promised += sum(await asyncio.gather(*clients))
            ledger = await read_ledger(parsed(text, tmp_path))
            assert {entry.state for entry in ledger.values()} <= {State.SENT, State.HELD}
            for address, entry in ledger.items():
                assert sink.taken[address] == (1 if entry.state is State.SENT else 0)
        assert len(ledger) >= promised >= 100
        assert any(entry.state is State.HELD for entry in ledger.values()), "vacuous: it was never in a hurry"


async def test_hup_applies_a_good_file_and_keeps_the_old_one_for_a_bad(tmp_path: Path) -> None:
    async def held_for(port: int) -> str:
        async with Submitter.connected(port) as session:
            reply = await session.offer([BOB])
        found = re.search(r"held for (.*), can", reply)
        assert found, reply
        return found[1]

    file = tmp_path / "takeback.toml"
    file.write_text(configuration({"*@one.test": 9}, window="50m"))
    async with gateway_process(file) as gateway:
        assert await held_for(gateway.port) == "50m"
        file.write_text(configuration({"*@one.test": 9}, window="20m"))
        gateway.send(signal.SIGHUP)
        await until(lambda: "configuration read again" in gateway.log, 10, "the new configuration")
        assert await held_for(gateway.port) == "20m"
        file.write_text(configuration({"*@one.test": 9}, window="soon"))
        gateway.send(signal.SIGHUP)
        await until(lambda: "configuration kept" in gateway.log, 10, "the refusal of the bad one")
        assert "hold.window" in gateway.log
        assert "Traceback" not in gateway.log
        assert await held_for(gateway.port) == "20m"
        file.write_text("[data\n")
        gateway.send(signal.SIGHUP)
        await until(lambda: gateway.log.count("configuration kept") == 2, 10, "the refusal of the broken one")
        assert await held_for(gateway.port) == "20m"
        assert await gateway.stop() == 0


async def test_hup_takes_a_second_file_while_an_answer_is_awaited(tmp_path: Path) -> None:
    """What is under way by the old configuration must not keep the next one from being read."""

    file = tmp_path / "takeback.toml"
    async with RecordingSink(after_dot=hang) as sink:
        file.write_text(configuration({"*@one.test": sink.port}, timeout="60s"))
        async with gateway_process(file) as gateway:
            async with Submitter.connected(gateway.port) as session:
                await session.submit([BOB])
            await until(lambda: bool(sink.taken), 10, "the message to be handed over")
            for turn in (1, 2):
                gateway.send(signal.SIGHUP)
                await until(
                    lambda: gateway.log.count("configuration read again") == turn,  # noqa: B023
                    5,
                    f"configuration {turn}",
                )


async def test_a_second_serve_on_one_folder_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "takeback.toml"
    file.write_text(configuration({"*@one.test": 9}))
    async with gateway_process(file) as gateway:
        second = await asyncio.to_thread(
            subprocess.run,
            [*COMMAND, str(file)],
            capture_output=True,
            text=True,
            timeout=30,
            cwd=ROOT,
            check=False,
        )
        assert second.returncode == 2
        assert second.stdout == ""
        lines = second.stderr.strip().splitlines()
        assert len(lines) == 1, second.stderr
        assert "in use by another takeback serve" in lines[0]
        async with Submitter.connected(gateway.port) as session:
            await session.submit([BOB])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_ends_cleanly_when_idle(number: signal.Signals, tmp_path: Path) -> None:
    file = tmp_path / "takeback.toml"
    file.write_text(configuration({"*@one.test": 9}))
    async with gateway_process(file) as gateway:
        async with Submitter.connected(gateway.port) as session:
            gateway.send(number)
            await session.expect("421 4.3.2")
            assert await gateway.ended(10) == 0
        assert "Traceback" not in gateway.log
