"""The table of `takeback.hold.states` against the store: every act from every state, and nothing that the table
does not name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from takeback.clock import HOUR, MINUTE
from takeback.hold.states import TRANSITIONS, Act, State
from takeback.ports import Verdict
from takeback.ports.store import DotMark, Handback, HoldRequest, ReleaseRequest, Selection
from takeback.store import restoring
from takeback.store.writer import Transition, Urgency
from tests.contract.store.trial import ANN, Copy, Trial


async def bring_to(state: State, trial: Trial) -> Copy:
    """A new message whose one recipient has come to this state the usual way."""
    message = await trial.accept()
    if state is State.HELD:
        [row] = await trial.rows(message)
        return Copy(message, row.id, "0000000000000000")
    copy = await trial.claim_one(lease=10 * HOUR)
    assert copy.message == message
    if state not in {State.CLAIMED, State.UNDONE}:
        assert await trial.store.mark_dot(DotMark(copy.token, [copy.recipient]))
    verdict = VERDICT_BEFORE.get(state)
    if verdict is not None:
        assert await trial.record(copy, verdict, trial.clock.now + HOUR if verdict is Verdict.DEFERRED else None)
    if state in {State.UNDONE, State.LET_BE}:
        await trial.undo(message)
    assert await trial.state(message) is state
    return copy


VERDICT_BEFORE = {
    State.DEFERRED: Verdict.DEFERRED,
    State.SENT: Verdict.SENT,
    State.FAILED: Verdict.FAILED,
    State.UNKNOWN: Verdict.UNKNOWN,
    State.LET_BE: Verdict.UNKNOWN,
}


async def _claim(trial: Trial, copy: Copy) -> None:
    trial.clock.advance(HOUR)
    await trial.claim()


async def _mark_dot(trial: Trial, copy: Copy) -> None:
    await trial.store.mark_dot(DotMark(copy.token, [copy.recipient]))


async def _give_back(trial: Trial, copy: Copy) -> None:
    await trial.store.give_back(Handback(copy.token, [copy.recipient]))


def _record(verdict: Verdict) -> Callable[[Trial, Copy], Awaitable[None]]:
    async def record(trial: Trial, copy: Copy) -> None:
        await trial.record(copy, verdict)

    return record


async def _undo(trial: Trial, copy: Copy) -> None:
    await trial.undo(copy.message)


async def _release(trial: Trial, copy: Copy) -> None:
    await trial.store.release(ReleaseRequest(Selection([copy.message], ANN)))


async def _send_again(trial: Trial, copy: Copy) -> None:
    await trial.store.release(ReleaseRequest(Selection([copy.message], ANN), again=True))


async def _hold(trial: Trial, copy: Copy) -> None:
    await trial.store.hold(HoldRequest(Selection([copy.message], ANN), trial.clock.now + MINUTE))


async def _reap(trial: Trial, copy: Copy) -> None:
    trial.clock.advance(10 * HOUR)
    await trial.store.reap()


async def _restore(trial: Trial, copy: Copy) -> None:
    await trial.store.access.submit(Transition(restoring.keep_what_is_open, Urgency.PERSON), ANN)


Carry = Callable[[Trial, Copy], Awaitable[None]]
CARRIED_OUT_BY: dict[str, tuple[Carry, dict[State, State]]] = {
    "claim": (_claim, TRANSITIONS[Act.CLAIM]),
    "mark_dot": (_mark_dot, TRANSITIONS[Act.MARK_DOT]),
    # From `leaving` only within a refused dot mark, where nobody sees it.
    "give_back": (_give_back, {State.CLAIMED: TRANSITIONS[Act.GIVE_BACK][State.CLAIMED]}),
    "sent": (_record(Verdict.SENT), TRANSITIONS[Act.SENT]),
    "deferred": (_record(Verdict.DEFERRED), TRANSITIONS[Act.DEFER]),
    "failed": (_record(Verdict.FAILED), TRANSITIONS[Act.FAIL]),
    "unknown": (_record(Verdict.UNKNOWN), TRANSITIONS[Act.LOSE]),
    "undo": (_undo, TRANSITIONS[Act.UNDO]),
    "release": (_release, TRANSITIONS[Act.RELEASE]),
    "release --again": (_send_again, {**TRANSITIONS[Act.RELEASE], **TRANSITIONS[Act.SEND_AGAIN]}),
    "hold": (_hold, TRANSITIONS[Act.HOLD]),
    "restore a backup": (_restore, TRANSITIONS[Act.RESTORE]),
    "reap": (_reap, {State.CLAIMED: TRANSITIONS[Act.GIVE_BACK][State.CLAIMED], **TRANSITIONS[Act.LOSE]}),
}


@pytest.mark.parametrize("request_", CARRIED_OUT_BY)
async def test_every_request_from_every_state(trial: Trial, request_: str) -> None:
    carry_out, then = CARRIED_OUT_BY[request_]
    bystander = await trial.accept(due_in=None)
    found = {}
    for state in State:
        copy = await bring_to(state, trial)
        before = await trial.rows(copy.message)
        await carry_out(trial, copy)
        after = await trial.rows(copy.message)
        found[state] = State(after[0].state)
        assert state in then or after == before, f"{request_} changed something of a recipient that is {state}"
        await trial.undo(copy.message)  # out of the way of the next one's claim
    assert found == {state: then.get(state, state) for state in State}
    assert await trial.state(bystander) is State.HELD


async def test_the_acts_are_all_tried() -> None:
    tried = [then.items() for _, then in CARRIED_OUT_BY.values()]
    for act, then in TRANSITIONS.items():
        for step in then.items() - {(State.LEAVING, State.HELD)}:
            assert any(step in steps for steps in tried), (act, step)
