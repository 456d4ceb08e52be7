"""Park, heartbeat and facts: what an outage or a clock that was set must not send."""

from __future__ import annotations

import asyncio

import pytest

from takeback.clock import DAY, HOUR, MINUTE
from takeback.hold.states import State
from takeback.ports import Verdict
from takeback.ports.store import NewMessage, Origin, Parked, ParkReason, ParkRequest
from tests.contract.store.trial import ANN, BOB, CAROL, Trial


async def test_what_is_late_is_kept(trial: Trial) -> None:
    late = await trial.accept(BOB, CAROL, due_in=[0, MINUTE], subject="urgent")
    trial.clock.advance(5 * HOUR)
    fresh = await trial.accept()
    request = ParkRequest(ParkReason.LATE, trial.clock.now - 4 * HOUR, 100)
    [parked] = await trial.store.park(request)
    assert (parked.message, parked.account, parked.sender, parked.subject) == (late, ANN, ANN, "urgent")
    assert list(parked.recipients) == [BOB, CAROL]
    assert parked.due_at == trial.clock.now - 5 * HOUR
    assert await trial.store.park(request) == []
    assert [claimed.id for claimed in await trial.claim()] == [fresh]
    assert await trial.states(late) == {BOB: State.HELD, CAROL: State.HELD}
    assert await trial.kinds(late) == ["accepted", "parked_late", "parked_late"]


async def test_what_was_tried_in_time_is_never_late(trial: Trial) -> None:
    deferred = await trial.leaving()
    await trial.record(deferred, Verdict.DEFERRED, trial.clock.now)
    await trial.accept()
    await trial.claim(limit=1, lease=MINUTE)
    await trial.claim(limit=1, lease=MINUTE)
    trial.clock.advance(DAY)
    await trial.store.reap()
    assert await trial.store.park(ParkRequest(ParkReason.LATE, trial.clock.now - HOUR, 100)) == []
    assert len(await trial.claim()) == 2


async def test_a_clock_step_parks_whatever_has_a_due_time(trial: Trial) -> None:
    due, later = await trial.accept(), await trial.accept(due_in=DAY)
    await trial.accept(due_in=None)
    claimed = await trial.accept(due_in=-HOUR)
    await trial.claim(limit=1)
    parked = await trial.store.park(ParkRequest(ParkReason.CLOCK_STEP, None, 100))
    assert {each.message for each in parked} == {due, later}
    assert await trial.state(claimed) is State.CLAIMED
    trial.clock.advance(2 * DAY)
    assert await trial.claim() == []


async def test_our_own_reports_are_never_parked(trial: Trial) -> None:
    await trial.accept(ANN, origin=Origin.SYSTEM, sender="")
    trial.clock.advance(DAY)
    assert await trial.store.park(ParkRequest(ParkReason.CLOCK_STEP, None, 100)) == []


async def test_no_more_than_asked_for_at_a_time(trial: Trial) -> None:
    for _ in range(5):
        await trial.accept()
    request = ParkRequest(ParkReason.CLOCK_STEP, None, 2)
    sizes = [len(await trial.store.park(request)) for _ in range(4)]
    assert sizes == [2, 2, 1, 0]


async def test_the_heartbeat_tells_when_the_last_one_was(trial: Trial) -> None:
    assert await trial.store.heartbeat() is None
    first = trial.clock.now
    trial.clock.advance(MINUTE)
    assert await trial.store.heartbeat() == first
    assert await trial.store.heartbeat() == first + MINUTE


async def test_the_first_heartbeats_of_two_stores_do_not_collide(trial: Trial) -> None:
    other = await trial.another()
    for name in map(str, range(20)):
        await asyncio.gather(trial.store.note_fact(name, "one"), other.note_fact(name, "other"))
        value = await trial.store.fact(name)
        assert value is not None
        assert value[0] in {"one", "other"}


async def test_facts_are_kept_with_their_time(trial: Trial) -> None:
    assert await trial.store.fact("clock_step") is None
    for value in ("3600", "-7200"):
        trial.clock.advance(1)
        await trial.store.note_fact("clock_step", value)
        assert await trial.store.fact("clock_step") == (value, trial.clock.now)


async def test_the_clock_of_a_store_is_the_databases(trial: Trial) -> None:
    trial.clock.advance(365 * DAY)
    assert await trial.store.read_clock() == trial.clock.now
    assert abs(trial.store.now() - trial.clock.now) < MINUTE


async def test_the_sender_is_told_in_the_same_transaction_or_nothing_is_parked(trial: Trial) -> None:
    kept = await trial.accept(due_in=DAY)

    def failing(_: Parked) -> NewMessage:
        raise RuntimeError("no words")

    with pytest.raises(RuntimeError):
        await trial.store.park(ParkRequest(ParkReason.CLOCK_STEP, None, 100, failing))
    assert await trial.kinds(kept) == ["accepted"]

    notice = trial.message(ANN, origin=Origin.SYSTEM, sender="")
    await trial.store.park(ParkRequest(ParkReason.CLOCK_STEP, None, 100, lambda _: notice))
    assert await trial.kinds(kept) == ["accepted", "parked_clock_step"]
    assert [claimed.id for claimed in await trial.claim()] == [notice.id]
