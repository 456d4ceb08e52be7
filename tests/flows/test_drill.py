"""Drill: a canary goes there and back, and whatever stands in its way is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from takeback.clock import SECOND, Duration
from takeback.flows.drill import ACCOUNT, Range, drill
from takeback.hold.settings import HoldSettings
from takeback.hold.states import State
from takeback.mail import headers
from takeback.ports import Outcome, Verdict
from takeback.ports.drill import Drilled
from takeback.ports.store import ClaimedMessage, DotMark, Result, Settlement
from takeback.store.drill_store import KEPT, SqlDrillStore
from tests.contract.store.trial import Trial
from tests.doubles.corrections import Correcting
from tests.doubles.mailboxes import SERVER
from tests.doubles.recalls import RecallTrial

ONE, TWO, OUTSIDE = "drill@example.com", "other@example.com", "drill@elsewhere.example"


@pytest.fixture
def trying(trial: Trial) -> RecallTrial:
    return RecallTrial(trial)


class Ground:
    """Where drills are held: a gateway that relays into the mailboxes in memory, and takes back from them."""

    def __init__(self, trying: RecallTrial, folder: Path) -> None:
        self.trying = trying
        self.correcting = Correcting(trying, folder)
        self.history = SqlDrillStore(trying.trial.store.access)
        self.delivers = True

    async def hold(self, *addresses: str, patience: Duration = 20 * SECOND) -> list[Drilled]:
        trying = self.trying
        held_with = Range(
            store=trying.trial.store,
            recalls=trying.recalls,
            reach=trying.reach(),
            acceptor=self.correcting.making().corrector._acceptor,
            hostname="mx.example.com",
            folder=self.correcting.folder,
            patience=patience,
        )
        return list(await drill(held_with, self.history, addresses, "local:root"))

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._serve())
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def _serve(self) -> None:
        while True:
            for claimed in await self.trying.trial.claim():
                await self._relay(claimed)
            await self.trying.round()
            await asyncio.sleep(0)

    async def _relay(self, claimed: ClaimedMessage) -> None:
        [recipient] = claimed.recipients
        assert await self.trying.trial.store.mark_dot(DotMark(claimed.token, [recipient.id]))
        if self.delivers:
            self.trying.post.put(recipient.recipient.address, await self.trying.trial.body(claimed.id))
        outcome = Outcome(Verdict.SENT, "250 taken", SERVER, delivered=self.delivers)
        await self.trying.trial.store.record(Settlement(claimed.token, [Result(recipient.id, outcome)]))


def gauge(name: str, server: str = SERVER) -> float | None:
    return REGISTRY.get_sample_value(name, {"kind": "double", "server": server})


async def test_it_is_sent_arrives_and_is_taken_back(trying: RecallTrial, tmp_path: Path) -> None:
    ground = Ground(trying, tmp_path)
    async with ground.serving():
        results = await ground.hold(ONE, TWO)
    assert [(each.address, each.outcome, each.server) for each in results] == [
        (ONE, "recalled", SERVER),
        (TWO, "recalled", SERVER),
    ]
    assert all(each.passed and each.arrived_after is not None for each in results)
    assert trying.post.boxes == {ONE: [], TWO: []} and len(trying.post.removed) == 2
    assert list(await ground.history.latest()) == results
    assert gauge("takeback_drill_passed") == 1 and gauge("takeback_drill_recall_seconds") is not None
    assert await trying.system_mail() == [], "nobody is told"


async def test_what_it_says_and_who_owns_it(trying: RecallTrial, tmp_path: Path) -> None:
    ground = Ground(trying, tmp_path)
    ground.correcting.hold = HoldSettings(window=None)
    results = await ground.hold(ONE, patience=0)
    assert [each.outcome for each in results] == ["not_sent"]
    last = await trying.trial.store.last(ACCOUNT)
    assert last is not None and [each.state for each in last.recipients] == [State.UNDONE]
    header = headers.split(await trying.trial.body(last.id))
    assert (
        await trying.recalls.envelope_sender(last.id) == ""
        and header.text("to") == f"<{ONE}>"
        and header.count("recall-lock") == 1
    )
    assert header.text("auto-submitted") == "auto-generated"


async def test_what_does_not_arrive_and_what_is_out_of_reach(trying: RecallTrial, tmp_path: Path) -> None:
    ground = Ground(trying, tmp_path)
    ground.delivers = False
    async with ground.serving():
        results = await ground.hold(ONE, OUTSIDE, patience=SECOND // 2)
    assert [(each.outcome, each.passed) for each in results] == [("not_delivered", False), ("out_of_reach", False)]
    assert gauge("takeback_drill_passed") == 0


async def test_the_history_keeps_a_year(trial: Trial) -> None:
    history = SqlDrillStore(trial.store.access)
    first = Drilled("1", trial.clock.now, ONE, "imap", SERVER, "recalled", "", 1, 2)
    for _ in range(2):
        await history.keep([first])
    assert list(await history.history(10)) == [first]
    trial.clock.advance(KEPT + SECOND)
    second = Drilled("2", trial.clock.now, ONE, "imap", SERVER, "already_read", "somebody looked", 1, None)
    await history.keep([second])
    assert list(await history.history(10)) == [second] == list(await history.latest())
