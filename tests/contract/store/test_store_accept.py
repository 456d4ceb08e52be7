"""Accept and stage: the one commit point, once each, and nobody pays for somebody else's bad message."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from takeback.clock import DAY, HOUR, MINUTE
from takeback.errors import TakebackError
from takeback.hold.states import State
from takeback.mail.envelope import Envelope, Recipient
from takeback.ports.store import Retention, Selection, StagedChunk
from takeback.store import tables
from tests.contract.store.trial import ANN, BOB, CAROL, Trial


async def test_what_was_accepted_is_there_whole(trial: Trial) -> None:
    envelope = Envelope(
        sender=ANN,
        recipients=(Recipient(BOB, "SUCCESS,FAILURE", "rfc822;bob@one.example"), Recipient("عمر@مثال.example")),
        body="8BITMIME",
        smtputf8=True,
        ret="HDRS",
        envid="QQ314159",
    )
    message = trial.message(
        envelope=envelope,
        due_at=[trial.clock.now, None],
        subject="مرحبا",
        content=[b"a" * 1000, b"\xd9\x85\0\r\n"],
        message_id="<m@example.com>",
        future_release="for;60",
        client="127.0.0.1",
    )
    await trial.store.accept(message)
    [claimed] = await trial.claim()
    assert claimed.envelope == Envelope(ANN, envelope.recipients[:1], "8BITMIME", True, "HDRS", "QQ314159")
    assert (claimed.message_id, claimed.future_release) == ("<m@example.com>", "for;60")
    assert await trial.body(message.id) == b"a" * 1000 + b"\xd9\x85\0\r\n"
    assert await trial.states(message.id) == {BOB: State.CLAIMED, "عمر@مثال.example": State.HELD}
    [event] = await trial.store.events(message.id)
    assert (event.kind, event.actor, event.at) == ("accepted", ANN, trial.clock.now)
    assert event.detail == {"size": 1005, "recipients": 2, "client": "127.0.0.1"}


async def test_the_secret_and_the_digest_are_kept(trial: Trial) -> None:
    await trial.accept(lock_secret=bytes(range(32)), body_digest=bytes(range(32, 64)))
    columns = tables.message.c
    [kept] = await trial.query(lambda connection: connection.execute(select(columns.lock_secret, columns.body_digest)))
    assert (bytes(kept[0]), bytes(kept[1])) == (bytes(range(32)), bytes(range(32, 64)))


async def test_the_same_request_again_changes_nothing(trial: Trial) -> None:
    message = trial.message(BOB, CAROL)
    await trial.store.accept(message)
    await trial.undo(message.id, frozenset({BOB}))
    await trial.store.accept(message)
    assert await trial.states(message.id) == {BOB: State.UNDONE, CAROL: State.HELD}
    assert await trial.kinds(message.id) == ["accepted", "undone"]


async def test_the_same_request_twice_in_one_batch_is_one_message(trial: Trial) -> None:
    message = trial.message()
    assert await trial.together(trial.store.accept(message), trial.store.accept(message)) == [None, None]
    assert await trial.kinds(message.id) == ["accepted"]


async def test_submissions_that_arrive_together_share_a_commit(trial: Trial) -> None:
    messages = [trial.message() for _ in range(50)]
    commits = trial.count_commits()
    answers = await trial.together(*map(trial.store.accept, messages))
    assert answers == [None] * 50
    assert len(commits) == 2  # that of what kept the writer busy, and one for all fifty
    assert {await trial.state(message.id) for message in messages} == {State.HELD}


POISON: dict[str, dict[str, Any]] = {
    "no account": {"account": None},
    "a due time that is no 64-bit number": {"due_at": [1 << 70]},
    "fewer due times than recipients": {"due_at": []},
}


@pytest.mark.parametrize("flaw", POISON)
async def test_a_poisonous_message_hurts_only_itself(trial: Trial, flaw: str) -> None:
    good = [trial.message() for _ in range(4)]
    held = await trial.accept()
    bad = trial.message(**POISON[flaw])
    *answers, undone = await trial.together(
        *map(trial.store.accept, [*good[:2], bad, *good[2:]]), trial.store.undo(Selection([held], ANN))
    )
    assert isinstance(answers.pop(2), Exception)
    assert answers == [None] * 4
    assert [view.state for view in undone[0].done] == [State.UNDONE]
    for message in good:
        assert await trial.state(message.id) is State.HELD
        assert await trial.kinds(message.id) == ["accepted"]
    assert await trial.store.find(bad.id) == []
    assert await trial.body(bad.id) == b""


async def test_a_poisonous_message_among_many_costs_few_commits(trial: Trial) -> None:
    messages = [trial.message() for _ in range(50)]
    messages.insert(17, trial.message(account=None))
    commits = trial.count_commits()
    answers = await trial.together(*map(trial.store.accept, messages))
    assert isinstance(answers.pop(17), Exception)
    assert answers == [None] * 50
    assert len(commits) <= 8  # that of what kept the writer busy, and one for each time that 51 can be halved


async def test_a_poisonous_message_alone_is_an_error_and_the_store_lives(trial: Trial) -> None:
    with pytest.raises(TakebackError):
        await trial.store.accept(trial.message(account=None))
    assert await trial.state(await trial.accept()) is State.HELD


async def test_a_lost_commit_is_made_good(trial: Trial) -> None:
    messages = [trial.message(BOB, CAROL) for _ in range(3)]
    stopped = await trial.accept()
    trial.clock.advance(1)
    trial.lose_answer_to_commit(after=1)  # the first is that of what keeps the writer busy
    answers = await trial.together(*map(trial.store.accept, messages), trial.store.undo(Selection([stopped], ANN)))
    assert answers[:3] == [None] * 3
    assert [view.address for view in answers[3][0].done] == [BOB]
    assert await trial.kinds(stopped) == ["accepted", "undone"]
    for message in messages:
        assert await trial.kinds(message.id) == ["accepted"]
        assert await trial.states(message.id) == {BOB: State.HELD, CAROL: State.HELD}
        assert await trial.body(message.id) == b"".join(message.content)


async def test_a_staged_body_becomes_real_with_its_message(trial: Trial) -> None:
    pieces = [b"a" * 1000, b"b" * 1000, b"c" * 10]
    message = trial.message(content=[], size=2010)
    for index in (0, 1, 1, 2):  # one is asked for twice, as after a lost COMMIT
        await trial.store.stage(StagedChunk(message.id, index, pieces[index]))
    twice = StagedChunk(message.id, 2, pieces[2])
    assert await trial.together(trial.store.stage(twice), trial.store.stage(twice)) == [None, None]
    await trial.store.accept(message)
    assert await trial.body(message.id) == b"".join(pieces)
    [claimed] = await trial.claim()
    assert b"".join([piece async for piece in claimed.content.open()]) == b"".join(pieces)


async def test_an_upload_that_was_broken_off_is_swept_after_a_day(trial: Trial) -> None:
    keep = Retention(HOUR, HOUR, HOUR, 100)
    kept = await trial.accept(content=[], size=4, due_in=None)
    await trial.store.stage(StagedChunk(kept, 0, b"kept"))
    await trial.store.stage(StagedChunk("brokenoff", 0, b"orphan"))
    trial.clock.advance(DAY - MINUTE)
    assert await trial.store.sweep(keep) == 0
    trial.clock.advance(2 * MINUTE)
    assert await trial.store.sweep(keep) == 1
    assert await trial.store.sweep(keep) == 0
    assert await trial.body("brokenoff") == b""
    assert await trial.body(kept) == b"kept"


async def test_a_large_body_is_read_in_pieces_and_again(trial: Trial) -> None:
    pieces = [bytes([number]) * 100_000 for number in range(5)]
    await trial.accept(content=pieces)
    [claimed] = await trial.claim()
    for _ in range(2):
        assert [piece async for piece in claimed.content.open()] == pieces
    assert claimed.content.size == 500_000


async def test_a_small_body_comes_with_the_claim(trial: Trial) -> None:
    message = await trial.accept(content=[b"small", b"er"], eight_bit=True)
    [claimed] = await trial.claim()
    content = tables.content
    with trial.database.writer.begin() as connection:
        connection.execute(content.delete().where(content.c.message == message))
    assert b"".join([piece async for piece in claimed.content.open()]) == b"smaller"
    assert claimed.content.eight_bit


async def test_nothing_is_left_of_what_failed_half_way(trial: Trial) -> None:
    with pytest.raises(Exception):  # noqa: B017 - which one is the driver's business; what is left is ours
        await trial.store.accept(trial.message(BOB, due_at=[1 << 70]))
    for table in (tables.message, tables.recipient, tables.content, tables.event):
        count = select(func.count()).select_from(table)
        assert await trial.query(partial(Connection.scalar, statement=count)) == 0
