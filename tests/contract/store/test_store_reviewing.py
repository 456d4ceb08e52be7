"""Reviews: who takes a message, what a verdict changes, and that it never shortens nor overrules anybody."""

from __future__ import annotations

import pytest

from takeback.clock import HOUR, MINUTE, SECOND
from takeback.hold.states import State
from takeback.ids import new_token
from takeback.ports.review import GiveUp, TakeRequest
from takeback.ports.store import DotMark, HoldRequest, ReleaseRequest, Selection
from takeback.review.policy import UNREVIEWED_FOREVER
from takeback.review.postponing import Urgent
from takeback.store.review_store import SqlReviewStore
from tests.contract.store.reviews import LEASE, Reviews, judged
from tests.contract.store.trial import ANN, BOB, CAROL, Trial


async def test_what_waits_is_taken_once_with_all_that_a_review_needs(trial: Trial) -> None:
    reviews = Reviews(trial)
    message = await reviews.accept(BOB, CAROL)
    await trial.accept()  # nobody asked for a review of this
    taken = await reviews.take_one()
    assert (taken.id, taken.account, taken.envelope.sender) == (message, ANN, ANN)
    assert [recipient.address for recipient in taken.envelope.recipients] == [BOB, CAROL]
    assert await reviews.take() == []


async def test_what_can_be_reviewed_in_time_goes_before_what_is_late(trial: Trial) -> None:
    reviews = Reviews(trial)
    late = await reviews.accept()
    trial.clock.advance(6 * SECOND)
    in_time = [await reviews.accept() for _ in range(2)]
    assert {taken.id for taken in await reviews.take(2)} == set(in_time)
    assert [taken.id for taken in await reviews.take(2)] == [late]


async def test_two_nodes_never_take_the_same(trial: Trial) -> None:
    reviews = Reviews(trial)
    messages = {await reviews.accept() for _ in range(6)}
    other = SqlReviewStore((await trial.another()).access)
    mine, theirs = await reviews.take(3), await other.take(TakeRequest(new_token(), 3, LEASE))
    assert {taken.id for taken in (*mine, *theirs)} == messages
    assert len(mine) == len(theirs) == 3


async def test_what_a_node_took_and_lost_is_taken_again_when_its_lease_ends(trial: Trial) -> None:
    reviews = Reviews(trial)
    await reviews.accept(due_in=HOUR)
    lost = await reviews.take_one()
    trial.clock.advance(LEASE)
    again = await reviews.take_one()
    assert again.id == lost.id
    assert not (await reviews.give_in(lost, judged(), due_at=None)).stands, "its token is no longer the one"
    assert (await reviews.give_in(again)).stands


async def test_a_start_takes_back_what_was_taken_before(trial: Trial) -> None:
    reviews = Reviews(trial)
    message = await reviews.accept()
    await reviews.take_one()
    assert await reviews.store.take_back() == 1
    assert (await reviews.take_one()).id == message


async def test_a_message_that_cannot_be_held_any_more_is_not_reviewed(trial: Trial) -> None:
    reviews = Reviews(trial)
    message = await reviews.accept(due_in=HOUR)
    await trial.undo(message)
    assert await reviews.take() == []


async def test_nothing_found_lets_the_message_leave_when_it_is_due(trial: Trial) -> None:
    reviews = Reviews(trial)
    message = await reviews.accept()
    assert await trial.claim() == []
    standing = await reviews.give_in(await reviews.take_one())
    assert (standing.stands, list(standing.longer)) == (True, [])
    assert [claimed.id for claimed in await trial.claim()] == [message]
    assert await trial.kinds(message) == ["accepted", "reviewed"]


async def test_a_finding_is_kept_and_holds_every_copy_longer(trial: Trial) -> None:
    reviews = Reviews(trial)
    message = await reviews.accept(BOB, CAROL, due_in=(0, HOUR))
    later = trial.clock.now + 15 * MINUTE
    standing = await reviews.give_in(
        await reviews.take_one(), judged(window=15 * MINUTE, recipient=BOB), due_at=later, detail={"codes": ["secret"]}
    )
    assert standing.longer == [BOB]
    assert await reviews.due_at(message) == [later, trial.clock.now + HOUR], "never shortened"
    [view] = await trial.store.find(message)
    [found] = view.findings
    assert (found.finding.code, found.finding.where.recipient, found.effect) == ("secret", BOB, "held")
    assert found.finding.reason.ar == "فيها secret"
    assert [event.detail for event in await trial.store.events(message) if event.kind == "reviewed"] == [
        {"codes": ["secret"]}
    ]


async def test_verdicts_that_come_together_are_each_carried_out(trial: Trial) -> None:
    reviews = Reviews(trial)
    for _ in range(6):
        await reviews.accept(BOB)
    [lost] = await reviews.take(1, lease=SECOND)
    trial.clock.advance(SECOND)
    taken = {each.id: each for each in await reviews.take()}
    again = taken.pop(lost.id)
    risky, *plain = taken.values()
    standings = await trial.together(
        reviews.give_in(lost),
        reviews.give_in(risky, judged(), due_at=None),
        *(reviews.give_in(each) for each in plain),
        reviews.give_in(plain[0]),
        reviews.give_in(again),
    )
    assert [standing.stands for standing in standings] == [False, True, *[True] * len(plain), True, True]
    assert [list(standing.longer) for standing in standings] == [[], [BOB], *[[]] * (len(plain) + 2)]
    for message in (again.id, *taken):
        assert (await trial.kinds(message)).count("reviewed") == 1
    assert len(await trial.claim()) == 5


async def test_until_released_takes_the_due_time_away(trial: Trial) -> None:
    reviews = Reviews(trial)
    message = await reviews.accept()
    await reviews.give_in(await reviews.take_one(), judged(), due_at=None)
    trial.clock.advance(100 * HOUR)
    assert await trial.claim() == []
    await trial.store.release(ReleaseRequest(Selection([message], ANN)))
    assert [claimed.id for claimed in await trial.claim()] == [message]


async def test_a_verdict_given_in_again_stands_and_changes_nothing(trial: Trial) -> None:
    reviews = Reviews(trial)
    message = await reviews.accept()
    taken = await reviews.take_one()
    trial.lose_answer_to_commit()
    assert (await reviews.give_in(taken, judged(), due_at=None)).stands
    assert (await reviews.give_in(taken, judged(), due_at=None)).stands
    [view] = await trial.store.find(message)
    assert len(view.findings) == 1
    assert (await trial.kinds(message)).count("reviewed") == 1


async def test_send_now_before_the_review_wins_over_it(trial: Trial) -> None:
    reviews = Reviews(trial)
    message = await reviews.accept(BOB, CAROL, due_in=HOUR)
    taken = await reviews.take_one()
    await trial.store.release(ReleaseRequest(Selection([message], ANN, frozenset([BOB]))))
    standing = await reviews.give_in(taken, judged(), due_at=None)
    assert standing.longer == [CAROL]
    assert await reviews.due_at(message) == [trial.clock.now, None]


async def test_send_now_of_one_does_not_send_the_others_unreviewed(trial: Trial) -> None:
    reviews = Reviews(trial)
    message = await reviews.accept(BOB, CAROL)
    await trial.store.release(ReleaseRequest(Selection([message], ANN, frozenset([BOB]))))
    [claimed] = await trial.claim()
    assert [each.recipient.address for each in claimed.recipients] == [BOB]


async def test_send_now_after_the_review_wins_too(trial: Trial) -> None:
    reviews = Reviews(trial)
    message = await reviews.accept()
    await reviews.give_in(await reviews.take_one(), judged(), due_at=None)
    [answer] = await trial.store.release(ReleaseRequest(Selection([message], ANN)))
    assert [view.address for view in answer.done] == [BOB]
    assert len(await trial.claim()) == 1


async def test_who_holds_again_after_send_now_is_reviewed_as_before(trial: Trial) -> None:
    reviews = Reviews(trial)
    message = await reviews.accept(due_in=HOUR)
    taken = await reviews.take_one()
    await trial.store.release(ReleaseRequest(Selection([message], ANN)))
    await trial.store.hold(HoldRequest(Selection([message], ANN), trial.clock.now + MINUTE))
    assert (await reviews.give_in(taken, judged(), due_at=None)).longer == [BOB]


async def test_a_copy_in_hand_is_taken_out_of_it(trial: Trial) -> None:
    """`review_by` had passed and a worker has it, but the dot has not left."""
    reviews = Reviews(trial)
    message = await reviews.accept()
    taken = await reviews.take_one()
    trial.clock.advance(5 * SECOND)
    copy = await trial.claim_one()
    assert (await reviews.give_in(taken, judged(), due_at=None)).longer == [BOB]
    assert await trial.state(message) is State.HELD
    assert not await trial.store.mark_dot(DotMark(copy.token, [copy.recipient]))


async def test_what_has_left_is_not_called_back(trial: Trial) -> None:
    reviews = Reviews(trial)
    await reviews.accept(BOB)
    taken = await reviews.take_one()
    trial.clock.advance(5 * SECOND)
    copy = await trial.claim_one()
    assert await trial.store.mark_dot(DotMark(copy.token, [copy.recipient]))
    standing = await reviews.give_in(taken, judged(), due_at=None)
    assert (standing.stands, standing.longer) == (True, [])
    assert await trial.state(taken.id) is State.LEAVING


async def test_the_notice_is_stored_with_the_verdict_and_only_where_something_waits_longer(trial: Trial) -> None:
    reviews = Reviews(trial)
    told: list[list[str]] = []

    def notice(longer: object) -> object:
        assert isinstance(longer, list)
        told.append(longer)
        return trial.message("ann@example.com", subject="notice")

    await reviews.accept(BOB)
    await reviews.give_in(await reviews.take_one(), judged(), due_at=None, told=notice)
    await reviews.accept(BOB, due_in=HOUR)
    await reviews.give_in(await reviews.take_one(), judged(window=1), due_at=trial.clock.now, told=notice)
    assert told == [[BOB]]
    assert "notice" in [view.subject for view in await trial.store.outbox(None)]


@pytest.mark.parametrize("keep", [True, False])
async def test_what_waits_for_ever_is_given_up_by_the_policy_of_now(trial: Trial, keep: bool) -> None:
    reviews = Reviews(trial)
    message = await reviews.accept(review_by=UNREVIEWED_FOREVER)
    trial.clock.advance(HOUR)
    assert await trial.claim() == [], "time alone lets nothing leave"
    assert await reviews.store.give_up(GiveUp(trial.clock.now, 10, keep)) == [message]
    assert await reviews.store.give_up(GiveUp(trial.clock.now, 10, keep)) == []
    [view] = await trial.store.find(message)
    assert view.recipients[0].due_at == (None if keep else trial.clock.now - HOUR)
    assert len(await trial.claim()) == (0 if keep else 1)
    kinds = await trial.kinds(message)
    assert ("review_failed" in kinds, "unreviewed" in kinds) == (keep, not keep)


async def test_a_review_that_comes_after_the_message_was_kept_counts(trial: Trial) -> None:
    reviews = Reviews(trial)
    clean, risky = [await reviews.accept(due_in=HOUR, review_by=UNREVIEWED_FOREVER) for _ in range(2)]
    by_id = {taken.id: taken for taken in await reviews.take()}
    trial.clock.advance(MINUTE)
    due_at = trial.clock.now + HOUR - MINUTE
    assert set(await reviews.store.give_up(GiveUp(trial.clock.now, 10, True))) == {clean, risky}
    assert [view.recipients[0].due_at for view in await trial.store.outbox(None)] == [None, None]

    assert (await reviews.give_in(by_id[risky], judged(), due_at=None)).longer == [BOB]
    assert (await reviews.give_in(by_id[clean])).stands
    times = {view.id: view.recipients[0].due_at for view in await trial.store.outbox(None)}
    assert times == {clean: due_at, risky: None}
    assert [len(view.findings) for view in await trial.store.find(risky)] == [1]
    trial.clock.advance(HOUR)
    assert [claimed.id for claimed in await trial.claim()] == [clean]


async def test_what_is_kept_unreviewed_can_be_released_and_undone(trial: Trial) -> None:
    reviews = Reviews(trial)
    released, undone = [await reviews.accept(review_by=UNREVIEWED_FOREVER) for _ in range(2)]
    trial.clock.advance(MINUTE)
    await reviews.store.give_up(GiveUp(trial.clock.now, 10, True))
    await trial.store.release(ReleaseRequest(Selection([released], ANN)))
    await trial.undo(undone)
    assert [claimed.id for claimed in await trial.claim()] == [released]


async def test_what_is_kept_unreviewed_leaves_when_the_policy_changes(trial: Trial) -> None:
    reviews = Reviews(trial)
    message = await reviews.accept(review_by=UNREVIEWED_FOREVER)
    trial.clock.advance(MINUTE)
    await reviews.store.give_up(GiveUp(trial.clock.now, 10, True))
    assert await reviews.store.give_up(GiveUp(trial.clock.now, 10, False)) == [message]
    assert [claimed.id for claimed in await trial.claim()] == [message]


async def test_only_what_is_urgent_is_taken_where_that_is_asked_for(trial: Trial) -> None:
    reviews = Reviews(trial)
    now = trial.clock.now
    old = await reviews.accept(due_in=HOUR)
    trial.clock.advance(MINUTE)
    due, later, never = [await reviews.accept(BOB, CAROL, due_in=wait) for wait in ([HOUR, SECOND], HOUR, None)]
    assert await reviews.store.waiting() == 4

    urgent = Urgent(due_before=trial.clock.now + SECOND, accepted_before=now)
    taken = await reviews.store.take(TakeRequest(new_token(), 10, LEASE, urgent))
    assert {each.id for each in taken} == {old, due}
    assert await reviews.store.waiting() == 2
    assert {each.id for each in await reviews.take()} == {later, never}


async def test_what_is_not_overdue_is_not_given_up(trial: Trial) -> None:
    reviews = Reviews(trial)
    await reviews.accept(review_by=UNREVIEWED_FOREVER)
    assert await reviews.store.give_up(GiveUp(trial.clock.now, 10, True)) == []
    assert len(await reviews.take()) == 1


async def test_text_that_no_database_keeps_is_kept_as_far_as_it_goes(trial: Trial) -> None:
    reviews = Reviews(trial)
    message = await reviews.accept()
    await reviews.give_in(await reviews.take_one(), judged(about="a\0b\ud800" + "x" * 5000), due_at=None)
    [view] = await trial.store.find(message)
    assert view.findings[0].finding.about.startswith("a\ufffdb\ufffdxx")
