"""A mailbox with 200,000 messages: the copy is found among them and taken, and nothing else is."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from takeback.ports.mailbox import Removal
from tests.contract.mailboxes.stages import REFERENCE, Stage, bytes_of, message
from tests.doubles.plain_imap import PlainImap
from tests.services.dovecot import Dovecot

MESSAGES = 200_000
_AT_ONCE = 500


def raws() -> Iterator[bytes]:
    """The wanted one arrives in the middle."""
    for number in range(MESSAGES):
        yield message() if number == MESSAGES // 2 else message(f"<neighbour-{number}@example.com>")


async def fill(stage: Stage) -> None:
    if isinstance(stage.server, Dovecot):
        await asyncio.to_thread(fill_maildir, stage.server.maildir(stage.user))
        return
    client = await PlainImap.log_in(stage.server.imap_port, stage.user, "secret")
    rest = raws()
    while some := list(islice(rest, _AT_ONCE)):
        await client.say(*(f"APPEND INBOX {{{len(raw)}+}}\r\n{raw.decode()}" for raw in some))
    client.close()


def fill_maildir(folder: Path) -> None:
    """As a delivery would, but for the time that it takes: each looks through the whole folder again."""
    owner = folder.parent.stat()
    for part in (folder, folder / "new", folder / "cur", folder / "tmp"):
        part.mkdir(exist_ok=True)
        os.chown(part, owner.st_uid, owner.st_gid)
    for number, raw in enumerate(raws()):
        file = folder / "cur" / f"1795650000.M{number}P1.host:2,"
        file.write_bytes(raw.replace(b"\r\n", b"\n"))
        os.chown(file, owner.st_uid, owner.st_gid)


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
