"""After a restore nothing that was open leaves by itself, and nobody who had it in hand still has."""

from __future__ import annotations

from collections import Counter

from takeback.clock import DAY, HOUR, MINUTE
from takeback.hold.states import State
from takeback.ports import Verdict
from takeback.ports.store import DotMark, ReleaseRequest, Selection
from takeback.store import restoring
from takeback.store.writer import Transition, Urgency
from tests.contract.store.trial import ANN, BOB, CAROL, Copy, Trial

ACTOR = "local:root"
_KEEP = Transition(restoring.keep_what_is_open, Urgency.PERSON)


async def restore(trial: Trial) -> Counter[State]:
    return await trial.store.access.submit(_KEEP, ACTOR)


async def of_every_kind(trial: Trial) -> dict[str, Copy | str]:
    """Messages by the state that they are in."""
    sent = await trial.leaving()
    assert await trial.record(sent, Verdict.SENT)
    unknown = await trial.leaving()
    assert await trial.record(unknown, Verdict.UNKNOWN)
    deferred = await trial.leaving()
    assert await trial.record(deferred, Verdict.DEFERRED, trial.clock.now + HOUR)
    leaving = await trial.leaving()
    await trial.accept()
    claimed = await trial.claim_one()
    undone = await trial.accept(due_in=HOUR)
    await trial.undo(undone)
    held = await trial.accept(BOB, CAROL, due_in=[HOUR, None])
    return {
        "sent": sent,
        "unknown": unknown,
        "deferred": deferred,
        "leaving": leaving,
        "claimed": claimed,
        "undone": undone,
        "held": held,
    }


def _id(copy: Copy | str) -> str:
    return copy if isinstance(copy, str) else copy.message


async def test_what_was_open_waits_and_what_was_over_stays(trial: Trial) -> None:
    messages = await of_every_kind(trial)
    assert await restore(trial) == {State.HELD: 4, State.UNKNOWN: 2}
    after = {name: set((await trial.states(_id(copy))).values()) for name, copy in messages.items()}
    assert after == {
        "sent": {State.SENT},
        "unknown": {State.UNKNOWN},
        "deferred": {State.HELD},
        "leaving": {State.UNKNOWN},
        "claimed": {State.HELD},
        "undone": {State.UNDONE},
        "held": {State.HELD},
    }
    trial.clock.advance(30 * DAY)
    assert await trial.claim() == []
    assert await trial.store.next_due() is None
    assert await trial.store.reap(everything=True) == 0


async def test_each_is_told_of_once(trial: Trial) -> None:
    messages = await of_every_kind(trial)
    await restore(trial)
    events = {name: await trial.store.events(_id(copy)) for name, copy in messages.items()}
    told = {name: [each.detail for each in listed if each.kind == "restored"] for name, listed in events.items()}
    assert told == {
        "sent": [],
        "unknown": [{"was": "unknown"}],
        "deferred": [{"was": "deferred"}],
        "leaving": [{"was": "leaving"}],
        "claimed": [{"was": "claimed"}],
        "undone": [],
        "held": [{"was": "held"}, {"was": "held"}],
    }
    assert {each.actor for listed in events.values() for each in listed if each.kind == "restored"} == {ACTOR}


async def test_old_tokens_open_nothing(trial: Trial) -> None:
    await trial.accept()
    copy = await trial.claim_one()
    await restore(trial)
    assert not await trial.store.mark_dot(DotMark(copy.token, [copy.recipient]))
    assert not await trial.record(copy, Verdict.SENT)
    assert await trial.state(copy.message) is State.HELD


async def test_a_release_lets_it_go(trial: Trial) -> None:
    message = await trial.accept(due_in=HOUR)
    await restore(trial)
    await trial.store.release(ReleaseRequest(Selection([message], ANN)))
    assert (await trial.claim_one(lease=MINUTE)).message == message


async def test_more_than_one_step_can_hold(sqlite: Trial) -> None:
    """Each open recipient once, whatever the number."""
    for _ in range(3):
        await sqlite.accept(*(f"r{number}@one.example" for number in range(900)), due_in=HOUR)
    assert await restore(sqlite) == {State.HELD: 2700}
    assert await restore(sqlite) == {State.HELD: 2700}
