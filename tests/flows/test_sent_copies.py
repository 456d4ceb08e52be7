"""When a copy in Sent is tried again, and when it is left: the ways to it are doubles whose failures are data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from takeback.clock import HOUR
from takeback.flows.sent_copies import AGAIN_AFTER, SentCopies
from takeback.ports.people import Author
from takeback.ports.sent_copies import NoEntry, OwnMailbox, Whereabouts
from takeback.store.keys import open_seal
from takeback.store.sent_copies import SqlOwnMailboxes
from takeback.store.settings import DataSettings
from tests.contract.store.trial import ANN, Trial

AUTHOR = Author("web:ann@example.com", "192.0.2.7")
MINE = OwnMailbox(ANN, "imaps://imap.example.com", "ann", "her password")


class Scripted:
    """Answers each try as it was told; the last answer again and again."""

    def __init__(self, *answers: Whereabouts | str) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[OwnMailbox, str]] = []

    async def check(self, mailbox: OwnMailbox) -> None: ...

    async def move_to_drafts(self, mailbox: OwnMailbox, message_id: str) -> Whereabouts:
        self.asked.append((mailbox, message_id))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Whereabouts):
            return answer
        raise NoEntry(answer)


async def play(trial: Trial, folder: Path, drafts: Scripted) -> tuple[int, Sequence[dict[str, object]]]:
    """How many rounds found something to do after one undo, and what the events say in the end."""
    own = SqlOwnMailboxes(trial.store.access, await open_seal(trial.store.access, DataSettings(folder=folder)))
    await own.set_own_mailbox(MINE, AUTHOR)
    message = await trial.accept(due_in=HOUR, message_id="<a@example.com>")
    await trial.undo(message)
    flow, rounds = SentCopies(trial.store, own, drafts), 0
    for _ in range(20):
        rounds += await flow.round()
        trial.clock.advance(HOUR)
        await trial.store.read_clock()
    return rounds, [event.detail for event in await trial.store.events(message) if event.kind == "sent_copy"]


async def test_a_copy_that_is_there_is_moved_at_once(trial: Trial, tmp_path: Path) -> None:
    drafts = Scripted(Whereabouts.MOVED)
    assert await play(trial, tmp_path, drafts) == (1, [{"outcome": "moved"}])
    assert drafts.asked == [(MINE, "<a@example.com>")]


async def test_a_client_that_files_late_is_waited_for(trial: Trial, tmp_path: Path) -> None:
    drafts = Scripted(Whereabouts.NOT_THERE, "the server is down", Whereabouts.MOVED)
    assert await play(trial, tmp_path, drafts) == (3, [{"outcome": "moved"}])


@pytest.mark.parametrize(
    ("answer", "said"),
    [(Whereabouts.NOT_THERE, {"outcome": "not_there"}), ("no login", {"outcome": "failed", "reason": "no login"})],
)
async def test_in_the_end_it_is_left(
    trial: Trial, tmp_path: Path, answer: Whereabouts | str, said: dict[str, object]
) -> None:
    assert await play(trial, tmp_path, Scripted(answer)) == (len(AGAIN_AFTER) + 1, [said])
