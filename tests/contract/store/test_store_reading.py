"""What people and programs are told: find, last, outbox, usage, accounts."""

from __future__ import annotations

import asyncio
import threading

import pytest
from sqlalchemy import Connection

from takeback.clock import HOUR, SECOND
from takeback.errors import Ambiguous, NotFound
from takeback.hold.states import State
from takeback.ports import Verdict
from takeback.ports.store import Origin, Selection, Usage, UsageQuestion
from takeback.store import reading
from takeback.store.accounts import Grant, NewAccount, Rehash
from tests.contract.store.trial import ANN, BOB, CAROL, Trial

ZOE = "zoe@example.com"


async def test_found_by_id_or_by_message_id(trial: Trial) -> None:
    message = await trial.accept(message_id="<m1@example.com>", subject="hi", header_from="Ann <a@x>")
    for reference in (message, message.upper(), f" {message} ", "<m1@example.com>", "m1@example.com"):
        [view] = await trial.store.find(reference)
        assert (view.id, view.message_id, view.subject, view.sender) == (message, "<m1@example.com>", "hi", ANN)
    for reference in ("", "m1", "<M1@example.com>", "m1@example.co", "%", "<%>"):
        assert await trial.store.find(reference) == []


@pytest.mark.parametrize("reference", ["a\0b", "<\0@example.com>", "\udcff", "x" * 100_000])
async def test_nothing_is_found_by_a_name_that_nothing_can_have(trial: Trial, reference: str) -> None:
    assert await trial.store.find(reference) == []
    assert await trial.store.find(reference, account=ANN) == []
    assert await trial.store.account(reference) is None
    message = await trial.accept()
    assert await trial.store.undo(Selection([message], ANN, frozenset({reference}))) == []


async def test_a_message_id_may_name_several_newest_first(trial: Trial) -> None:
    messages = []
    for _ in range(3):
        messages.append(await trial.accept(message_id="<m@example.com>"))
        trial.clock.advance(SECOND)
    await trial.accept(ANN, origin=Origin.SYSTEM, message_id="<m@example.com>")
    assert [view.id for view in await trial.store.find("<m@example.com>")] == messages[::-1]


async def test_nobody_finds_what_another_account_sent(trial: Trial) -> None:
    message = await trial.accept(message_id="<m@example.com>")
    for reference in (message, "<m@example.com>"):
        assert await trial.store.find(reference, account=ZOE) == []
        assert len(await trial.store.find(reference, account=ANN)) == 1


async def test_last_is_the_newest_whatever_its_state(trial: Trial) -> None:
    assert await trial.store.last() is None
    await trial.accept()
    trial.clock.advance(SECOND)
    newest = await trial.accept()
    await trial.undo(newest)
    trial.clock.advance(SECOND)
    await trial.accept(ANN, origin=Origin.SYSTEM)
    for account in (None, ANN):
        view = await trial.store.last(account)
        assert view is not None
        assert view.id == newest


async def test_last_of_several_accounts_must_name_one(trial: Trial) -> None:
    mine = await trial.accept()
    await trial.accept(account=ZOE)
    with pytest.raises(Ambiguous, match="--account"):
        await trial.store.last()
    view = await trial.store.last(ANN)
    assert view is not None
    assert view.id == mine


async def test_the_outbox_lists_what_is_open(trial: Trial) -> None:
    sent = await trial.leaving()
    await trial.record(sent, Verdict.SENT)
    unknown = await trial.leaving()
    await trial.record(unknown, Verdict.UNKNOWN)
    listed = [unknown.message]
    for wait in (HOUR, None):
        trial.clock.advance(SECOND)
        listed.append(await trial.accept(BOB, CAROL, due_in=[wait, wait]))
    await trial.undo(listed[1], frozenset({BOB}))
    trial.clock.advance(SECOND)
    await trial.undo(await trial.accept())
    views = await trial.store.outbox()
    assert [view.id for view in views] == listed[::-1]
    assert [recipient.state for recipient in views[1].recipients] == [State.UNDONE, State.HELD]
    assert [view.id for view in await trial.store.outbox(limit=1)] == [listed[-1]]
    assert await trial.store.outbox(ZOE) == []


async def test_the_due_time_is_told_while_it_means_something(trial: Trial) -> None:
    message = await trial.accept(due_in=HOUR)
    [view] = (await trial.store.find(message))[0].recipients
    assert (view.due_at, view.at) == (trial.clock.now + HOUR, trial.clock.now)
    trial.clock.advance(SECOND)
    await trial.undo(message)
    [view] = (await trial.store.find(message))[0].recipients
    assert (view.due_at, view.at) == (None, trial.clock.now)


async def test_counts_by_state(trial: Trial) -> None:
    await trial.accept(BOB, CAROL, due_in=HOUR)
    await trial.leaving()
    await trial.undo(await trial.accept())
    assert await trial.store.count_by_state() == {State.HELD: 2, State.LEAVING: 1}


async def test_usage_counts_what_is_under_way(trial: Trial) -> None:
    question = UsageQuestion(ANN, trial.clock.now - HOUR, 100, 100)
    assert await trial.store.usage(question) == Usage(0, 0, 0)
    await trial.accept(BOB, CAROL, content=[b"x" * 100])
    await trial.accept(content=[b"x" * 10])
    await trial.undo(await trial.accept(content=[b"x" * 1000]))
    await trial.accept(ANN, origin=Origin.SYSTEM, account="", content=[b"x"])
    await trial.accept(account=ZOE)
    assert await trial.store.usage(question) == Usage(2, 110, 3)
    trial.clock.advance(HOUR)
    assert await trial.store.usage(UsageQuestion(ANN, trial.clock.now - HOUR, 100, 100)) == Usage(2, 110, 0)


async def test_our_own_mail_to_an_account_uses_up_none_of_its_room(trial: Trial) -> None:
    await trial.accept(due_in=HOUR, origin=Origin.SYSTEM)
    assert await trial.store.usage(UsageQuestion(ANN, 0, 100, 100)) == Usage(0, 0, 0)


async def test_usage_stops_counting_when_it_is_enough(trial: Trial) -> None:
    for _ in range(5):
        await trial.accept(content=[b"x" * 10])
    assert await trial.store.usage(UsageQuestion(ANN, 0, 3, 2)) == Usage(3, 30, 2)


async def test_events_come_in_order_and_in_full(trial: Trial) -> None:
    copy = await trial.leaving(client="ابن", content=[b"x" * 5])
    await trial.record(copy, Verdict.DEFERRED, trial.clock.now + HOUR, "451 \u202e later")
    events = await trial.store.events(copy.message)
    assert [(event.kind, event.recipient) for event in events] == [("accepted", None), ("deferred", BOB)]
    assert events[0].detail["client"] == "ابن"
    assert events[1].detail["reply"] == "451 \u202e later"
    assert events[1].detail["due_at"] == trial.clock.now + HOUR
    assert await trial.store.events("none") == []


async def test_a_message_is_recounted_with_its_events(trial: Trial) -> None:
    copy = await trial.leaving()
    await trial.record(copy, Verdict.SENT)
    recounted = await trial.store.recount(copy.message)
    assert recounted is not None
    view, events = recounted
    assert [each.state for each in view.recipients] == [State.SENT]
    assert list(events) == list(await trial.store.events(copy.message))
    assert await trial.store.recount("none") is None


async def test_a_question_is_answered_as_of_one_moment(trial: Trial) -> None:
    """Else a message could have an event and not yet show what the event tells."""
    message = await trial.accept(due_in=HOUR)
    looked, go_on = threading.Event(), threading.Event()

    def look_twice(connection: Connection) -> list[object]:
        first = reading.recount(connection, message)
        looked.set()
        assert go_on.wait(30)
        return [first, reading.recount(connection, message)]

    question = asyncio.ensure_future(trial.query(look_twice))
    await asyncio.to_thread(looked.wait, 30)
    await trial.undo(message)
    go_on.set()
    before, after = await question
    assert before == after
    assert await trial.state(message) is State.UNDONE


async def test_an_account_is_added_changed_and_removed(trial: Trial) -> None:
    account = NewAccount(ANN, "Ann@Example.com", "hash one")
    assert await trial.store.account(ANN) is None
    assert await trial.store.set_account(account)
    added = trial.clock.now
    trial.clock.advance(SECOND)
    assert not await trial.store.set_account(NewAccount(ANN, "ignored", "hash two"))
    kept = await trial.store.account(ANN)
    assert kept is not None
    assert (kept.address, kept.password_hash) == ("Ann@Example.com", "hash two")
    assert (kept.created_at, kept.changed_at) == (added, trial.clock.now)
    assert await trial.store.remove_account(ANN)
    assert not await trial.store.remove_account(ANN)
    assert await trial.store.accounts() == []


async def test_a_rehash_never_undoes_a_new_password(trial: Trial) -> None:
    await trial.store.set_account(NewAccount(ANN, ANN, "old"))
    await trial.store.replace_hash(Rehash(ANN, "stale", "wrong"))
    await trial.store.replace_hash(Rehash(ANN, "old", "better"))
    kept = await trial.store.account(ANN)
    assert kept is not None
    assert kept.password_hash == "better"


async def test_grants_are_given_once_and_taken(trial: Trial) -> None:
    await trial.store.set_account(NewAccount(ANN, ANN, "hash"))
    await trial.store.set_account(NewAccount(ZOE, ZOE, "hash"))
    assert await trial.store.set_grant(Grant(ANN, "*@example.org"))
    assert not await trial.store.set_grant(Grant(ANN, "*@example.org"))
    assert await trial.store.set_grant(Grant(ANN, "info@example.com"))
    grants = {account.key: list(account.grants) for account in await trial.store.accounts()}
    assert grants == {ANN: ["*@example.org", "info@example.com"], ZOE: []}
    assert await trial.store.set_grant(Grant(ANN, "info@example.com", given=False))
    assert not await trial.store.set_grant(Grant(ANN, "info@example.com", given=False))
    with pytest.raises(NotFound):
        await trial.store.set_grant(Grant("nobody@example.com", "*@example.org"))
    assert await trial.store.remove_account(ANN)
    assert [account.key for account in await trial.store.accounts()] == [ZOE]
