"""From the claim to the answer: the dot mark, its fence, results, reports, leases."""

from __future__ import annotations

import pytest

from takeback.clock import HOUR, MINUTE, SECOND
from takeback.hold.states import State
from takeback.ports import Outcome, Verdict
from takeback.ports.store import (
    ClaimedMessage,
    DotMark,
    Handback,
    HoldRequest,
    NewMessage,
    Origin,
    ReleaseRequest,
    Result,
    Selection,
    Settlement,
)
from tests.contract.store.trial import ANN, BOB, CAROL, OK, Copy, Trial

TOO_LATE: tuple[list[str], list[str]] = ([], [BOB])
STOPPED: tuple[list[str], list[str]] = ([BOB], [])


async def claimed_pair(trial: Trial) -> ClaimedMessage:
    await trial.accept(BOB, CAROL)
    [claimed] = await trial.claim()
    return claimed


def mark_of(claimed: ClaimedMessage) -> DotMark:
    return DotMark(claimed.token, [each.id for each in claimed.recipients])


def report(trial: Trial) -> NewMessage:
    return trial.message(ANN, origin=Origin.SYSTEM, sender="", subject="Delivery report")


async def test_the_mark_makes_every_recipient_leave(trial: Trial) -> None:
    claimed = await claimed_pair(trial)
    assert await trial.store.mark_dot(mark_of(claimed))
    assert await trial.states(claimed.id) == {BOB: State.LEAVING, CAROL: State.LEAVING}


async def test_the_mark_can_be_asked_for_again(trial: Trial) -> None:
    claimed = await claimed_pair(trial)
    assert await trial.store.mark_dot(mark_of(claimed))
    assert await trial.store.mark_dot(mark_of(claimed))
    trial.clock.advance(SECOND)
    assert (await trial.store.find(claimed.id))[0].recipients[0].at == trial.clock.now - SECOND


async def test_the_mark_stands_when_the_answer_to_its_commit_was_lost(trial: Trial) -> None:
    claimed = await claimed_pair(trial)
    trial.lose_answer_to_commit()
    assert await trial.store.mark_dot(mark_of(claimed))
    assert await trial.states(claimed.id) == {BOB: State.LEAVING, CAROL: State.LEAVING}


async def test_one_that_was_undone_stops_the_transaction_and_the_others_start_again(trial: Trial) -> None:
    claimed = await claimed_pair(trial)
    await trial.undo(claimed.id, frozenset({BOB}))
    assert not await trial.store.mark_dot(mark_of(claimed))
    assert await trial.states(claimed.id) == {BOB: State.UNDONE, CAROL: State.HELD}
    assert not await trial.store.mark_dot(mark_of(claimed))
    again = await trial.claim_one()
    assert await trial.store.mark_dot(DotMark(again.token, [again.recipient]))
    assert await trial.states(claimed.id) == {BOB: State.UNDONE, CAROL: State.LEAVING}


async def test_a_refused_mark_stays_refused_when_its_commit_was_lost(trial: Trial) -> None:
    claimed = await claimed_pair(trial)
    await trial.undo(claimed.id, frozenset({BOB}))
    trial.lose_answer_to_commit()
    assert not await trial.store.mark_dot(mark_of(claimed))
    assert await trial.states(claimed.id) == {BOB: State.UNDONE, CAROL: State.HELD}


async def test_a_mark_with_another_token_changes_nothing(trial: Trial) -> None:
    claimed = await claimed_pair(trial)
    assert not await trial.store.mark_dot(DotMark("0000000000000000", mark_of(claimed).recipients))
    assert await trial.states(claimed.id) == {BOB: State.CLAIMED, CAROL: State.CLAIMED}
    assert await trial.store.mark_dot(mark_of(claimed))


async def test_a_worker_paused_past_its_lease_can_change_nothing(trial: Trial) -> None:
    await trial.accept()
    paused = await trial.claim_one(lease=MINUTE)
    trial.clock.advance(MINUTE)
    assert await trial.store.reap() == 1
    owner = await trial.claim_one()
    before = await trial.rows(owner.message)
    assert not await trial.store.mark_dot(DotMark(paused.token, [paused.recipient]))
    for verdict in (Verdict.SENT, Verdict.DEFERRED, Verdict.FAILED, Verdict.UNKNOWN):
        assert not await trial.record(paused, verdict)
    await trial.store.give_back(Handback(paused.token, [paused.recipient]))
    await trial.store.renew([paused.token], HOUR)
    assert await trial.rows(owner.message) == before


async def test_marks_that_share_a_batch_are_judged_apart(trial: Trial) -> None:
    pairs = [await claimed_pair(trial) for _ in range(3)]
    await trial.undo(pairs[1].id, frozenset({CAROL}))
    assert await trial.together(*(trial.store.mark_dot(mark_of(pair)) for pair in pairs)) == [True, False, True]
    assert await trial.states(pairs[1].id) == {BOB: State.HELD, CAROL: State.UNDONE}
    assert await trial.states(pairs[2].id) == {BOB: State.LEAVING, CAROL: State.LEAVING}


async def test_marks_of_one_claim_that_share_a_batch_are_judged_apart(trial: Trial) -> None:
    messages = [await trial.accept() for _ in range(3)]
    claims = {claimed.id: claimed for claimed in await trial.claim()}
    await trial.undo(messages[1])
    marks = [trial.store.mark_dot(mark_of(claims[message])) for message in messages]
    assert await trial.together(*marks) == [True, False, True]
    assert [await trial.state(message) for message in messages] == [State.LEAVING, State.UNDONE, State.LEAVING]


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        (Verdict.SENT, State.SENT),
        (Verdict.DEFERRED, State.DEFERRED),
        (Verdict.FAILED, State.FAILED),
        (Verdict.UNKNOWN, State.UNKNOWN),
    ],
)
async def test_a_result_is_recorded_once_with_its_evidence(trial: Trial, verdict: Verdict, state: State) -> None:
    copy = await trial.leaving()
    trial.clock.advance(SECOND)
    due_at = trial.clock.now + HOUR if verdict is Verdict.DEFERRED else None
    for _ in range(2):
        assert await trial.record(copy, verdict, due_at, "999 1.2.3 said so")
    [row] = await trial.rows(copy.message)
    assert (row.state, row.reply, row.server) == (state.value, "999 1.2.3 said so", "mx.one.example")
    assert row.changed_at == trial.clock.now
    assert row.attempts == (verdict is Verdict.DEFERRED)
    assert row.lease_until is None
    assert await trial.kinds(copy.message) == ["accepted", state.value]
    if due_at:
        assert row.due_at == due_at


@pytest.mark.parametrize("reported", [False, True])
async def test_a_result_asked_for_twice_in_one_batch_counts_once(trial: Trial, reported: bool) -> None:
    copy = await trial.leaving()
    result = Result(copy.recipient, Outcome(Verdict.DEFERRED, "451 later"), trial.clock.now + HOUR)
    settlement = Settlement(copy.token, [result], [report(trial)] if reported else [])
    answers = await trial.together(trial.store.record(settlement), trial.store.record(settlement))
    assert [list(answer) for answer in answers] == [[copy.recipient]] * 2
    [row] = await trial.rows(copy.message)
    assert row.attempts == 1
    assert await trial.kinds(copy.message) == ["accepted", "deferred"]


async def test_a_lost_commit_records_once_and_reports_once(trial: Trial) -> None:
    copies = [await trial.leaving() for _ in range(2)]
    reports = [report(trial) for _ in copies]
    settlements = [
        Settlement(copy.token, [Result(copy.recipient, Outcome(Verdict.FAILED, "550 no"))], [notice])
        for copy, notice in zip(copies, reports, strict=True)
    ]
    trial.lose_answer_to_commit(after=1)
    answers = await trial.together(*map(trial.store.record, settlements))
    assert [list(answer) for answer in answers] == [[copy.recipient] for copy in copies]
    for copy, notice in zip(copies, reports, strict=True):
        assert await trial.kinds(copy.message) == ["accepted", "failed"]
        assert await trial.kinds(notice.id) == ["accepted"]


async def test_a_report_is_stored_with_the_results_it_speaks_of(trial: Trial) -> None:
    copy, notice = await trial.leaving(), report(trial)
    result = Result(copy.recipient, Outcome(Verdict.FAILED, "550 no"))
    for _ in range(2):
        await trial.store.record(Settlement(copy.token, [result], [notice]))
    assert await trial.state(copy.message) is State.FAILED
    assert await trial.state(notice.id) is State.HELD
    [view] = await trial.store.find(notice.id)
    assert (view.origin, view.sender) == (Origin.SYSTEM, "")


async def test_no_report_where_one_result_does_not_stand(trial: Trial) -> None:
    claimed = await claimed_pair(trial)
    await trial.undo(claimed.id, frozenset({BOB}))
    notice = report(trial)
    bob, carol = (each.id for each in claimed.recipients)
    refused = Outcome(Verdict.FAILED, "550 no")
    settlement = Settlement(claimed.token, [Result(bob, refused), Result(carol, refused)], [notice])
    assert list(await trial.store.record(settlement)) == [carol]
    assert await trial.states(claimed.id) == {BOB: State.UNDONE, CAROL: State.FAILED}
    assert await trial.store.find(notice.id) == []


async def test_a_report_that_cannot_be_stored_keeps_its_results_from_being_recorded(trial: Trial) -> None:
    copy = await trial.leaving()
    bad = trial.message(ANN, origin=Origin.SYSTEM, account=None)
    result = Result(copy.recipient, Outcome(Verdict.FAILED, "550 no"))
    other = await trial.leaving()
    bad_answer, good_answer = await trial.together(
        trial.store.record(Settlement(copy.token, [result], [bad])), trial.record(other, Verdict.SENT)
    )
    assert isinstance(bad_answer, Exception)
    assert good_answer is True
    assert await trial.state(copy.message) is State.LEAVING
    assert await trial.state(other.message) is State.SENT


@pytest.mark.parametrize("verdict", [Verdict.SENT, Verdict.DEFERRED, Verdict.FAILED])
async def test_a_late_answer_settles_what_was_unknown(trial: Trial, verdict: Verdict) -> None:
    copy = await trial.leaving()
    trial.clock.advance(HOUR)
    assert await trial.store.reap() == 1
    assert await trial.state(copy.message) is State.UNKNOWN
    assert await trial.record(copy, verdict, trial.clock.now + HOUR)
    assert (await trial.state(copy.message)).value == verdict.value


async def test_a_late_answer_changes_nothing_once_the_sender_has_decided(trial: Trial) -> None:
    copies = [await trial.leaving() for _ in range(2)]
    await trial.store.reap(everything=True)
    await trial.undo(copies[0].message)
    await trial.store.release(ReleaseRequest(Selection([copies[1].message], ANN), again=True))
    for copy in copies:
        assert not await trial.record(copy, Verdict.SENT)
    assert await trial.state(copies[0].message) is State.LET_BE
    assert await trial.state(copies[1].message) is State.HELD


async def test_sent_is_never_recorded_of_what_was_not_marked(trial: Trial) -> None:
    await trial.accept()
    copy = await trial.claim_one()
    assert not await trial.record(copy, Verdict.SENT)
    assert await trial.state(copy.message) is State.CLAIMED


async def test_a_copy_refused_before_the_dot_is_recorded_from_claimed(trial: Trial) -> None:
    await trial.accept()
    copy = await trial.claim_one()
    assert await trial.record(copy, Verdict.FAILED, reply="550 no such user")
    assert await trial.state(copy.message) is State.FAILED


async def test_reap_takes_over_stale_leases_only(trial: Trial) -> None:
    stale, fresh = await trial.leaving(), await trial.leaving()
    await trial.accept()
    claimed = await trial.claim_one(lease=MINUTE)
    await trial.store.renew([fresh.token], HOUR)
    trial.clock.advance(MINUTE)
    assert await trial.store.reap() == 2
    assert await trial.state(stale.message) is State.UNKNOWN
    assert await trial.state(fresh.message) is State.LEAVING
    assert await trial.state(claimed.message) is State.HELD
    assert await trial.kinds(stale.message) == ["accepted", "unknown"]
    assert await trial.kinds(claimed.message) == ["accepted"]


async def test_reap_of_everything_asks_for_no_lease(trial: Trial) -> None:
    copy = await trial.leaving()
    assert await trial.store.reap(everything=True) == 1
    assert await trial.state(copy.message) is State.UNKNOWN
    assert await trial.store.reap(everything=True) == 0


async def test_what_was_tried_before_goes_back_to_deferred(trial: Trial) -> None:
    copy = await trial.leaving()
    await trial.record(copy, Verdict.DEFERRED, trial.clock.now)
    again = await trial.claim_one(lease=MINUTE)
    await trial.store.give_back(Handback(again.token, [again.recipient], trial.clock.now + MINUTE))
    [row] = await trial.rows(copy.message)
    assert (row.state, row.due_at, row.claim) == ("deferred", trial.clock.now + MINUTE, None)
    trial.clock.advance(MINUTE)
    await trial.claim_one(lease=MINUTE)
    trial.clock.advance(MINUTE)
    await trial.store.reap()
    assert await trial.state(copy.message) is State.DEFERRED


async def test_given_back_it_is_due_as_it_was(trial: Trial) -> None:
    await trial.accept()
    copy = await trial.claim_one()
    due_at = trial.clock.now
    trial.clock.advance(MINUTE)
    for _ in range(2):
        await trial.store.give_back(Handback(copy.token, [copy.recipient]))
    [row] = await trial.rows(copy.message)
    assert (row.state, row.due_at, row.lease_until, row.attempts) == ("held", due_at, None, 0)


async def test_a_lease_that_is_renewed_does_not_run_out(trial: Trial) -> None:
    await trial.accept()
    copy = await trial.claim_one(lease=MINUTE)
    for _ in range(3):
        trial.clock.advance(MINUTE - 1)
        await trial.store.renew([copy.token], MINUTE)
    assert await trial.store.reap() == 0
    assert await trial.store.mark_dot(DotMark(copy.token, [copy.recipient]))


async def test_hold_takes_a_claimed_copy_out_of_the_workers_hand(trial: Trial) -> None:
    await trial.accept()
    copy = await trial.claim_one()
    await trial.store.hold(HoldRequest(Selection([copy.message], ANN), None))
    assert not await trial.store.mark_dot(DotMark(copy.token, [copy.recipient]))
    assert await trial.state(copy.message) is State.HELD


async def test_undo_in_the_same_batch_as_the_mark_wins(trial: Trial) -> None:
    await trial.accept()
    copy = await trial.claim_one()
    marked, undone = await trial.together(
        trial.store.mark_dot(DotMark(copy.token, [copy.recipient])), trial.undo(copy.message)
    )
    assert (marked, undone) == (False, STOPPED)


async def test_undo_after_the_mark_is_too_late(trial: Trial) -> None:
    copy = await trial.leaving()
    assert await trial.undo(copy.message) == TOO_LATE
    assert await trial.record(copy, Verdict.SENT)
    assert await trial.undo(copy.message) == TOO_LATE
    assert (await trial.store.find(copy.message))[0].recipients[0].reply == OK


async def test_a_recipient_that_is_not_there_stands_for_nothing(trial: Trial) -> None:
    ghost = Copy("none", 4711, "0000000000000000")
    assert not await trial.store.mark_dot(DotMark(ghost.token, [ghost.recipient]))
    assert not await trial.record(ghost, Verdict.SENT)
