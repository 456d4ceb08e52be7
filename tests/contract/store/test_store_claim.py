"""Claim: what is due, in order, to one worker only."""

from __future__ import annotations

import asyncio

import pytest

from takeback.clock import DAY, HOUR, MINUTE, SECOND
from takeback.errors import ClockStepped
from takeback.hold.states import State
from takeback.ids import new_token
from takeback.ports import Verdict
from takeback.ports.store import ClaimRequest, ReleaseRequest, Selection
from tests.contract.store.trial import ANN, BOB, CAROL, Trial


async def test_nothing_is_claimed_before_it_is_due(trial: Trial) -> None:
    message = await trial.accept(due_in=30 * SECOND)
    trial.clock.advance(30 * SECOND - 1)
    assert await trial.claim() == []
    trial.clock.advance(1)
    [claimed] = await trial.claim()
    assert claimed.id == message
    assert [claimed.recipient.address for claimed in claimed.recipients] == [BOB]
    assert claimed.recipients[0].first_claim_at == trial.clock.now
    assert claimed.recipients[0].attempts == 0


async def test_what_waits_for_a_release_is_never_claimed(trial: Trial) -> None:
    await trial.accept(due_in=None)
    trial.clock.advance(10 * 365 * DAY)
    assert await trial.claim() == []
    assert await trial.store.next_due() is None


async def test_only_the_recipients_that_are_due(trial: Trial) -> None:
    message = await trial.accept(BOB, CAROL, due_in=[0, MINUTE])
    [claimed] = await trial.claim()
    assert [each.recipient.address for each in claimed.recipients] == [BOB]
    assert await trial.states(message) == {BOB: State.CLAIMED, CAROL: State.HELD}


async def test_the_longest_due_go_first_and_no_more_than_asked_for(trial: Trial) -> None:
    waits = [5, 3, 1, 4, 2]
    ids = {wait: await trial.accept(due_in=wait * SECOND) for wait in waits}
    trial.clock.advance(MINUTE)
    claimed = [message.id for _ in waits for message in await trial.claim(limit=1)]
    assert claimed == [ids[wait] for wait in sorted(waits)]
    assert await trial.claim(limit=1) == []


async def test_recipients_of_one_message_come_together_in_their_order(trial: Trial) -> None:
    addresses = [f"r{number}@one.example" for number in range(10)]
    for _ in range(3):
        await trial.accept(*addresses)
    claimed = await trial.claim()
    assert len({message.id for message in claimed}) == len(claimed) == 3
    for message in claimed:
        assert [each.recipient.address for each in message.recipients] == addresses
        assert [each.address for each in message.envelope.recipients] == addresses


async def test_what_is_claimed_is_nobody_elses_until_its_lease_is_reaped(trial: Trial) -> None:
    await trial.accept()
    first = await trial.claim_one(lease=MINUTE)
    trial.clock.advance(MINUTE - 1)
    assert await trial.store.reap() == 0
    assert await trial.claim() == []
    trial.clock.advance(1)
    assert await trial.claim() == []
    assert await trial.store.reap() == 1
    second = await trial.claim_one()
    assert (second.recipient, second.token) == (first.recipient, second.token)
    assert second.token != first.token


async def test_a_message_waits_for_its_review_until_review_by(trial: Trial) -> None:
    message = await trial.accept(review_by=trial.clock.now + 5 * SECOND)
    assert await trial.claim() == []
    trial.clock.advance(5 * SECOND)
    await trial.claim_one()
    assert await trial.kinds(message) == ["accepted", "unreviewed"]


async def test_a_retry_does_not_say_unreviewed_again(trial: Trial) -> None:
    message = await trial.accept(review_by=trial.clock.now)
    copy = await trial.claim_one()
    trial.clock.advance(SECOND)
    assert await trial.record(copy, Verdict.DEFERRED, trial.clock.now)
    await trial.claim_one()
    assert await trial.kinds(message) == ["accepted", "unreviewed", "deferred"]


async def test_a_release_does_not_wait_for_the_review(trial: Trial) -> None:
    message = await trial.accept(due_in=None, review_by=trial.clock.now + HOUR)
    await trial.store.release(ReleaseRequest(Selection([message], ANN)))
    assert (await trial.claim_one()).message == message


@pytest.mark.parametrize("step", [2 * HOUR, -2 * HOUR, HOUR + 1, -HOUR - 1])
async def test_a_clock_that_jumped_is_not_believed(trial: Trial, step: int) -> None:
    message = await trial.accept()
    with pytest.raises(ClockStepped) as caught:
        await trial.store.claim(ClaimRequest(new_token(), 10, MINUTE, trial.clock.now - step))
    assert caught.value.step == step
    assert await trial.state(message) is State.HELD


@pytest.mark.parametrize("step", [HOUR, -HOUR])
async def test_a_clock_that_drifts_is(trial: Trial, step: int) -> None:
    await trial.accept()
    assert await trial.store.claim(ClaimRequest(new_token(), 10, MINUTE, trial.clock.now - step))


async def test_a_jump_stops_the_claim_and_nothing_beside_it(trial: Trial) -> None:
    message = trial.message()
    claim = trial.store.claim(ClaimRequest(new_token(), 10, MINUTE, trial.clock.now + DAY))
    refused, accepted = await trial.together(claim, trial.store.accept(message))
    assert isinstance(refused, ClockStepped)
    assert accepted is None
    assert await trial.state(message.id) is State.HELD


async def test_two_stores_never_claim_the_same(trial: Trial) -> None:
    other = await trial.another()
    for _ in range(60):
        await trial.accept(BOB, CAROL)
    got: list[list[int]] = [[], []]
    while sum(map(len, got)) < 120:
        both = await asyncio.gather(trial.claim(limit=7), trial.claim(limit=7, store=other))
        assert any(both)
        for mine, claimed in zip(got, both, strict=True):
            mine += [each.id for message in claimed for each in message.recipients]
    assert len(set(got[0] + got[1])) == 120
    assert min(map(len, got)) >= 12  # both had their share, or this has shown nothing


async def test_next_due_is_the_next_claim_or_the_end_of_a_lease(trial: Trial) -> None:
    await trial.accept(due_in=HOUR)
    assert await trial.store.next_due() == trial.clock.now + HOUR
    await trial.accept()
    assert await trial.store.next_due() == trial.clock.now
    await trial.claim_one(lease=MINUTE)
    assert await trial.store.next_due() == trial.clock.now + MINUTE


async def test_what_a_lost_commit_claimed_comes_back_with_its_lease(trial: Trial) -> None:
    message = await trial.accept()
    trial.lose_answer_to_commit()
    assert await trial.claim(lease=MINUTE) == []
    assert await trial.state(message) is State.CLAIMED
    trial.clock.advance(MINUTE)
    assert await trial.store.reap() == 1
    assert (await trial.claim_one()).message == message
