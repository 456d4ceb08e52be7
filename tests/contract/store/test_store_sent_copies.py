"""What waits to be moved from Sent to Drafts: queued by the undo itself, tried by one, ended once."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from takeback.clock import HOUR, MINUTE
from takeback.mail.address import key
from takeback.ports.people import Author
from takeback.ports.sent_copies import OwnMailbox, SentCopy, Settled
from takeback.store.keys import open_seal
from takeback.store.sent_copies import SqlOwnMailboxes
from takeback.store.sent_copy_tables import own_mailbox
from takeback.store.settings import DataSettings
from tests.contract.store.trial import ANN, BOB, CAROL, Trial

AUTHOR = Author("web:ann@example.com", "192.0.2.7")
MINE = OwnMailbox(ANN, "imaps://imap.example.com", "ann", "her password")


async def opened(trial: Trial, folder: Path) -> SqlOwnMailboxes:
    return SqlOwnMailboxes(trial.store.access, await open_seal(trial.store.access, DataSettings(folder=folder)))


async def waiting(own: SqlOwnMailboxes) -> list[str]:
    return [copy.message for copy in await own.claim_sent_copies(10, MINUTE)]


async def test_a_login_is_kept_sealed_and_comes_back(trial: Trial, tmp_path: Path) -> None:
    own = await opened(trial, tmp_path)
    assert await own.own_mailbox(ANN) is None
    await own.set_own_mailbox(OwnMailbox(ANN, "imaps://old.example.com", "x", "old"), AUTHOR)
    await own.set_own_mailbox(MINE, AUTHOR)
    assert await own.own_mailbox(ANN) == MINE
    stored = await trial.query(lambda connection: connection.execute(select(own_mailbox.c.password)).scalar_one())
    assert b"her password" not in bytes(stored)


async def test_an_undo_for_everybody_queues_the_copy(trial: Trial, tmp_path: Path) -> None:
    own = await opened(trial, tmp_path)
    await own.set_own_mailbox(MINE, AUTHOR)
    message = await trial.accept(BOB, CAROL, due_in=HOUR, message_id="<a@example.com>")
    await trial.undo(message, frozenset({key(BOB)}))
    assert await waiting(own) == [], "for Carol it still leaves"
    await trial.undo(message)
    assert await own.claim_sent_copies(10, MINUTE) == [SentCopy(message, ANN, "<a@example.com>", 0)]


async def test_who_has_told_no_login_has_nothing_waiting(trial: Trial, tmp_path: Path) -> None:
    own = await opened(trial, tmp_path)
    await own.set_own_mailbox(MINE, AUTHOR)
    await trial.undo(await trial.accept(due_in=HOUR, account="zoe@example.com"))
    assert await waiting(own) == []


async def test_one_claims_it_until_the_lease_ends(trial: Trial, tmp_path: Path) -> None:
    own = await opened(trial, tmp_path)
    await own.set_own_mailbox(MINE, AUTHOR)
    message = await trial.accept(due_in=HOUR)
    await trial.undo(message)
    assert await waiting(own) == [message]
    assert await waiting(own) == []
    trial.clock.advance(MINUTE)
    await trial.store.read_clock()
    [copy] = await own.claim_sent_copies(10, MINUTE)
    assert (copy.message, copy.tries) == (message, 1)


async def test_it_ends_once_and_the_event_says_how(trial: Trial, tmp_path: Path) -> None:
    own = await opened(trial, tmp_path)
    await own.set_own_mailbox(MINE, AUTHOR)
    message = await trial.accept(due_in=HOUR)
    await trial.undo(message)
    await waiting(own)
    await own.settle_sent_copy(Settled(message, "not_there", "", trial.clock.now + HOUR))
    assert await waiting(own) == []
    for _ in range(2):
        await own.settle_sent_copy(Settled(message, "failed", "no login", None))
    events = [event for event in await trial.store.events(message) if event.kind == "sent_copy"]
    assert [event.detail for event in events] == [{"outcome": "failed", "reason": "no login"}]
    await trial.undo(message)
    assert await waiting(own) == [], "an undo that is repeated changes nothing, and queues nothing"


async def test_taking_the_login_away_ends_the_waiting(trial: Trial, tmp_path: Path) -> None:
    own = await opened(trial, tmp_path)
    await own.set_own_mailbox(MINE, AUTHOR)
    await trial.undo(await trial.accept(due_in=HOUR))
    assert await own.remove_own_mailbox(ANN, AUTHOR)
    assert not await own.remove_own_mailbox(ANN, AUTHOR)
    assert await own.own_mailbox(ANN) is None
    assert await waiting(own) == []
