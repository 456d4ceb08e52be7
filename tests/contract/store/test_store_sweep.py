"""Retention: what is finished is deleted in its time; what is open never is."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from takeback.clock import DAY, SECOND, Duration
from takeback.hold.states import OPEN, State
from takeback.ports import Verdict
from takeback.ports.store import DotMark, Retention
from tests.contract.store.test_store_transitions import bring_to
from tests.contract.store.trial import BOB, CAROL, Trial

KEEP = Retention(sent=3 * DAY, stopped=30 * DAY, metadata=180 * DAY, limit=100)
FOREVER: Duration = 1 << 60


@dataclass(frozen=True, slots=True)
class Life:
    """How long the body, and the rest, of a message in that state are kept."""

    state: State
    body: Duration
    metadata: Duration


LIVES = [
    Life(State.SENT, KEEP.sent, KEEP.metadata),
    Life(State.FAILED, KEEP.sent, KEEP.metadata),
    Life(State.LET_BE, KEEP.sent, KEEP.metadata),
    Life(State.UNDONE, KEEP.stopped, KEEP.metadata),
    *(Life(state, FOREVER, FOREVER) for state in sorted(OPEN)),
]


@pytest.mark.parametrize("life", LIVES, ids=lambda life: str(life.state))
async def test_how_long_a_message_is_kept(trial: Trial, life: Life) -> None:
    copy = await bring_to(life.state, trial)
    since = trial.clock.now
    ages = [life.body, life.body + 1, life.metadata, life.metadata + SECOND]
    kept = []
    for age in ages if life.body < FOREVER else [1000 * DAY] * 4:
        trial.clock.now = since + age
        while await trial.store.sweep(KEEP):
            pass
        kept.append((bool(await trial.body(copy.message)), bool(await trial.store.find(copy.message))))
    if life.body == FOREVER:
        assert kept == [(True, True)] * 4
        assert await trial.state(copy.message) is life.state
    else:
        assert kept == [(True, True), (False, True), (False, True), (False, False)]
        assert await trial.store.events(copy.message) == []
        assert await trial.rows(copy.message) == []


async def test_the_recipient_that_ends_last_decides(trial: Trial) -> None:
    message = await trial.accept(BOB, CAROL, due_in=None)
    await trial.undo(message, frozenset({BOB}))
    trial.clock.advance(400 * DAY)
    assert await trial.store.sweep(KEEP) == 0
    await trial.undo(message)
    trial.clock.advance(KEEP.stopped)
    assert await trial.store.sweep(KEEP) == 0
    trial.clock.advance(SECOND)
    assert await trial.store.sweep(KEEP) == 1
    assert await trial.body(message) == b""


async def test_the_longer_time_counts_where_some_were_sent_and_some_stopped(trial: Trial) -> None:
    message = await trial.accept(BOB, CAROL, due_in=[0, None])
    copy = await trial.claim_one()
    await trial.undo(message, frozenset({CAROL}))
    await trial.store.mark_dot(DotMark(copy.token, [copy.recipient]))
    await trial.record(copy, Verdict.SENT)
    trial.clock.advance(KEEP.sent + SECOND)
    assert await trial.store.sweep(KEEP) == 0
    trial.clock.advance(KEEP.stopped - KEEP.sent)
    assert await trial.store.sweep(KEEP) == 1


async def test_a_little_at_a_time(trial: Trial) -> None:
    for _ in range(5):
        await trial.undo(await trial.accept())
    trial.clock.advance(31 * DAY)
    little = Retention(KEEP.sent, KEEP.stopped, KEEP.metadata, limit=2)
    assert [await trial.store.sweep(little) for _ in range(4)] == [2, 2, 1, 0]


async def test_what_is_swept_takes_nothing_else_along(trial: Trial) -> None:
    swept = await trial.accept()
    await trial.undo(swept)
    held = await trial.accept(due_in=None, content=[b"kept"])
    trial.clock.advance(200 * DAY)
    while await trial.store.sweep(KEEP):
        pass
    assert await trial.store.find(swept) == []
    assert await trial.body(held) == b"kept"
    assert await trial.kinds(held) == ["accepted"]


async def test_a_sqlite_file_shrinks(sqlite: Trial) -> None:
    file = sqlite.place.folder / "takeback.db"
    async with sqlite:
        for _ in range(8):
            await sqlite.undo(await sqlite.accept(content=[b"x" * 500_000]))
    full = file.stat().st_size
    later = Trial(sqlite.place)
    later.clock.now = sqlite.clock.now + 31 * DAY
    async with later:
        while await later.store.sweep(KEEP):
            pass
    assert full > 4_000_000
    assert file.stat().st_size < 500_000
