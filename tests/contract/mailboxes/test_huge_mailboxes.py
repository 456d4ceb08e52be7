"""A mailbox with 200,000 messages: the copy is found among them and taken, and nothing else is."""

from __future__ import annotations

import pytest

from takeback.ports.mailbox import Removal
from tests.contract.mailboxes.stages import REFERENCE, Stage, bytes_of, message
from tests.doubles.plain_imap import PlainImap

MESSAGES = 200_000
_AT_ONCE = 500


async def fill(stage: Stage) -> None:
    """The wanted one arrives in the middle."""
    client = await PlainImap.log_in(stage.server.imap_port, stage.user, "secret")
    for start in range(0, MESSAGES, _AT_ONCE):
        raws = [message(f"<neighbour-{number}@example.com>") for number in range(start, start + _AT_ONCE)]
        if start == MESSAGES // 2:
            raws[0] = message()
        await client.say(*(f"APPEND INBOX {{{len(raw)}+}}\r\n{raw.decode()}" for raw in raws))
    client.close()


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_the_one_among_many(stage: Stage) -> None:
    await fill(stage)
    mailbox = await stage.mailbox()
    (copy,) = await mailbox.find(REFERENCE)
    assert await bytes_of(mailbox, copy) == message()
    assert (await mailbox.remove(copy, only_if_unread=True)).removal is Removal.REMOVED
    assert await mailbox.find(REFERENCE) == []
    assert stage.owner.folder_status("INBOX", ["MESSAGES"]) == {b"MESSAGES": MESSAGES - 1}
