"""A reader opens a message at the moment at which it is recalled: one of them was first, and the outcome says who.

The law (DESIGN §5): `\\Seen` acknowledged before the conditional step's OK means not removed; a later `\\Seen` does not
undo the recall. The reader is a second client. What its server answers to `\\Seen` shows who was first there: the flags
with our mark among them, without it, or nothing because the message had gone.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from time import perf_counter

import pytest

from takeback.ports.mailbox import Mailbox, Reference, Removal, Removed
from tests.contract.mailboxes.stages import Stage, message
from tests.doubles.plain_imap import PlainImap

AT_ONCE = 50
"""Messages that wait in the mailbox together."""
SPREAD, STEP = 0.001, 0.0001
"""Seconds around the moment at which both have the same chance, and by how much that is moved after each round."""
SLOW = 10
"""So many times as much, where the removal is many steps."""


class Reader(Enum):
    FIRST = auto()
    """It was read before it was taken: the server showed `\\Seen`, and no mark of ours."""
    SECOND = auto()
    """The server showed our mark beside `\\Seen`."""
    TOO_LATE = auto()
    """The message was not there any more."""
    UNCLEAR = auto()
    """The server showed `\\Seen`, while the recall was under way, and where it shows no mark of ours."""


@dataclass
class Round:
    reader: Reader
    removed: Removed


async def play(stage: Stage, rounds: int) -> list[Round]:
    reader = await PlainImap.log_in(stage.server.imap_port, stage.user, "secret")
    mailbox = await stage.mailbox()
    chance = random.Random(rounds)
    played: list[Round] = []
    lead, pace = 0.0, 1 if stage.kind.brisk else SLOW
    for start in range(0, rounds, AT_ONCE):
        ids = [f"<race-{start + number}@example.com>" for number in range(AT_ONCE)]
        uids = await deliver(reader, ids)
        await reader.say("SELECT INBOX")
        for each in ids:
            offset = lead + chance.uniform(-SPREAD, SPREAD) * pace
            one = (each, uids[each])
            played.append(await play_one(mailbox, reader, one, offset, marks=stage.kind.marks))
            lead += pace * (STEP if played[-1].removed.removal is Removal.READ else -STEP)
        await reader.say("UNSELECT")
        check_what_is_left(stage, dict(zip(ids, played[-AT_ONCE:], strict=True)))
    reader.close()
    return played


async def deliver(client: PlainImap, ids: Sequence[str]) -> dict[str, int]:
    """The UID of each message that was appended."""
    raws = [message(each) for each in ids]
    answers = await client.say(*(f"APPEND INBOX {{{len(raw)}+}}\r\n{raw.decode()}" for raw in raws))
    matches = [re.search(rb"APPENDUID \d+ (\d+)", lines[-1]) for lines in answers]
    return {each: int(match[1]) for each, match in zip(ids, matches, strict=True) if match}


async def play_one(mailbox: Mailbox, reader: PlainImap, which: tuple[str, int], offset: float, *, marks: bool) -> Round:
    """With an offset above 0 the reader comes that much later than the recall, else that much earlier."""
    message_id, uid = which
    (copy,) = await mailbox.find(Reference(message_id, to_remove=True))

    async def take_it() -> tuple[float, Removed]:
        await asyncio.sleep(-offset)
        return perf_counter(), await mailbox.remove(copy, only_if_unread=True)

    async def open_it() -> tuple[list[bytes], float]:
        await asyncio.sleep(offset)
        (lines,) = await reader.say(f"UID STORE {uid} +FLAGS (\\Seen)")
        return lines, perf_counter()

    (begun, removed), (lines, answered) = await asyncio.gather(take_it(), open_it())
    first = who_was_first(lines, uid)
    if first is Reader.FIRST and not marks and answered > begun:
        first = Reader.UNCLEAR
    return Round(first, removed)


def who_was_first(lines: list[bytes], uid: int) -> Reader:
    shown = [line for line in lines if b"FETCH" in line and b"UID %d" % uid in line and b"\\Seen" in line]
    if not shown:
        return Reader.TOO_LATE
    return Reader.SECOND if b"$Recalled" in shown[-1] or b"\\Deleted" in shown[-1] else Reader.FIRST


def check_what_is_left(stage: Stage, rounds: dict[str, Round]) -> None:
    """What was said to be gone is gone; what was said to be read is there, read, and bears no mark of ours."""
    left = {
        next(each for each in rounds if each.encode() in shown.raw): shown
        for shown in stage.shown()
        if any(each.encode() in shown.raw for each in rounds)
    }
    for message_id, each in rounds.items():
        if each.removed.removal is Removal.REMOVED:
            assert message_id not in left
        else:
            assert left[message_id].flags == frozenset({"\\Seen"})
    stage.owner.select_folder("INBOX")
    stage.owner.delete_messages(stage.owner.search("ALL"))
    stage.owner.expunge()
    stage.owner.unselect_folder()


def check(rounds: list[Round]) -> None:
    counts = Counter((each.reader, each.removed.removal) for each in rounds)
    for each in rounds:
        if each.reader is Reader.FIRST:
            assert each.removed.removal is Removal.READ, counts
        elif each.reader is not Reader.UNCLEAR:
            assert each.removed.removal is Removal.REMOVED, counts
    for outcome in (Removal.READ, Removal.REMOVED):
        share = sum(number for (_, removal), number in counts.items() if removal is outcome) / len(rounds)
        assert share >= 0.1, f"vacuous: {counts}"


@pytest.mark.timeout(300)
async def test_the_law(stage: Stage) -> None:
    check(await play(stage, 300 if stage.kind.brisk else 50))


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_the_law_thousands_of_times(stage: Stage) -> None:
    check(await play(stage, 5000))
