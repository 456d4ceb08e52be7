"""What people ask: undo, release, hold again. Each answers per recipient, and the answer is true."""

from __future__ import annotations

import asyncio

from takeback.clock import HOUR, MINUTE
from takeback.hold.states import State
from takeback.ports import Verdict
from takeback.ports.store import DotMark, HoldRequest, ReleaseRequest, Selection
from tests.contract.store.trial import ANN, BOB, CAROL, Trial


async def test_undo_stops_everything_and_can_be_asked_again(trial: Trial) -> None:
    message = await trial.accept(BOB, CAROL)
    for _ in range(2):
        assert await trial.undo(message) == ([BOB, CAROL], [])
    assert await trial.kinds(message) == ["accepted", "undone", "undone"]
    assert await trial.claim() == []
    assert {event.actor for event in await trial.store.events(message)} == {ANN}


async def test_undo_of_some_leaves_the_others(trial: Trial) -> None:
    message = await trial.accept(BOB, CAROL)
    assert await trial.undo(message, frozenset({CAROL})) == ([CAROL], [])
    assert await trial.states(message) == {BOB: State.HELD, CAROL: State.UNDONE}


async def test_undo_names_recipients_by_their_key(trial: Trial) -> None:
    message = await trial.accept("Bob@ONE.Example")
    assert await trial.undo(message, frozenset({"Bob@one.example"})) == (["Bob@ONE.Example"], [])


async def test_undo_of_a_recipient_that_is_not_there_answers_nothing(trial: Trial) -> None:
    message = await trial.accept(BOB)
    assert await trial.store.undo(Selection([message], ANN, frozenset({CAROL}))) == []
    assert await trial.store.undo(Selection(["none"], ANN)) == []
    assert await trial.state(message) is State.HELD


async def test_undo_of_several_messages_answers_in_their_order(trial: Trial) -> None:
    messages = [await trial.accept() for _ in range(3)]
    wanted = [messages[2], messages[0], messages[1]]
    answers = await trial.store.undo(Selection(wanted, ANN))
    assert [answer.message for answer in answers] == wanted


async def test_undo_survives_a_lost_commit(trial: Trial) -> None:
    message = await trial.accept()
    trial.lose_answer_to_commit()
    assert await trial.undo(message) == ([BOB], [])
    assert await trial.kinds(message) == ["accepted", "undone"]


async def test_undo_of_what_is_unknown_lets_it_be_and_says_too_late(trial: Trial) -> None:
    copy = await trial.leaving()
    await trial.record(copy, Verdict.UNKNOWN, reply="no answer")
    for _ in range(2):
        assert await trial.undo(copy.message) == ([], [BOB])
    assert await trial.state(copy.message) is State.LET_BE
    assert await trial.kinds(copy.message) == ["accepted", "unknown", "let_be"]


async def test_undo_goes_ahead_of_accepts_that_wait(trial: Trial) -> None:
    held = await trial.accept()
    order: list[str] = []
    async with trial.busy():
        accepts = [asyncio.ensure_future(trial.store.accept(trial.message())) for _ in range(300)]
        await asyncio.sleep(0)
        undo = asyncio.ensure_future(trial.undo(held))
        undo.add_done_callback(lambda _: order.append("undo"))
        accepts[-1].add_done_callback(lambda _: order.append("last accept"))
        await asyncio.sleep(0)
    await asyncio.gather(*accepts, undo)
    assert order == ["undo", "last accept"]


async def test_release_makes_it_due_now(trial: Trial) -> None:
    message = await trial.accept(BOB, CAROL, due_in=[HOUR, None])
    [answer] = await trial.store.release(ReleaseRequest(Selection([message], ANN)))
    assert [(view.address, view.due_at) for view in answer.done] == [(BOB, trial.clock.now), (CAROL, trial.clock.now)]
    [claimed] = await trial.claim()
    assert len(claimed.recipients) == 2
    assert await trial.kinds(message) == ["accepted", "release", "release"]


async def test_release_brings_a_retry_forward(trial: Trial) -> None:
    copy = await trial.leaving()
    await trial.record(copy, Verdict.DEFERRED, trial.clock.now + HOUR)
    assert await trial.claim() == []
    await trial.store.release(ReleaseRequest(Selection([copy.message], ANN)))
    assert (await trial.claim_one()).recipient == copy.recipient


async def test_release_of_what_is_on_its_way_is_refused(trial: Trial) -> None:
    copy = await trial.leaving()
    [answer] = await trial.store.release(ReleaseRequest(Selection([copy.message], ANN), again=True))
    assert (list(answer.done), [view.state for view in answer.refused]) == ([], [State.LEAVING])


async def test_only_again_sends_what_is_unknown_once_more(trial: Trial) -> None:
    copy = await trial.leaving()
    await trial.record(copy, Verdict.UNKNOWN)
    [answer] = await trial.store.release(ReleaseRequest(Selection([copy.message], ANN)))
    assert [view.state for view in answer.refused] == [State.UNKNOWN]
    [answer] = await trial.store.release(ReleaseRequest(Selection([copy.message], ANN), again=True))
    assert [view.state for view in answer.done] == [State.HELD]
    assert (await trial.claim_one()).recipient == copy.recipient
    assert await trial.kinds(copy.message) == ["accepted", "unknown", "send_again"]


async def test_hold_changes_when_it_leaves(trial: Trial) -> None:
    message = await trial.accept(due_in=MINUTE)
    until = trial.clock.now + HOUR
    [answer] = await trial.store.hold(HoldRequest(Selection([message], ANN), until))
    assert [view.due_at for view in answer.done] == [until]
    trial.clock.advance(HOUR - 1)
    assert await trial.claim() == []
    trial.clock.advance(1)
    await trial.claim_one()


async def test_hold_until_released(trial: Trial) -> None:
    message = await trial.accept()
    await trial.store.hold(HoldRequest(Selection([message], ANN), None))
    trial.clock.advance(1000 * HOUR)
    assert await trial.claim() == []
    assert await trial.store.next_due() is None


async def test_hold_of_what_has_left_is_refused(trial: Trial) -> None:
    copy = await trial.leaving()
    await trial.record(copy, Verdict.SENT)
    [answer] = await trial.store.hold(HoldRequest(Selection([copy.message], ANN), None))
    assert [view.state for view in answer.refused] == [State.SENT]


async def test_undo_and_claim_at_once_have_one_winner(trial: Trial) -> None:
    other = await trial.another()
    for _ in range(20):
        message = await trial.accept()
        claimed, _ = await asyncio.gather(trial.claim(store=other), trial.undo(message))
        assert await trial.state(message) is State.UNDONE
        for each in claimed:
            assert not await other.mark_dot(DotMark(each.token, [each.recipients[0].id]))
