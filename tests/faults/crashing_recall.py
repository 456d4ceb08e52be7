"""A recall that kills itself with SIGKILL at one step: `python -m tests.faults.crashing_recall CONFIG MESSAGE VERB
MOMENT`.

The verbs are those of the store of recalls, `find` and `remove` of the mailbox, and `expunge`, which dies when the mark
of removal is on the server and the removal has not been asked for. `before` dies as it is asked for, `after` when its
answer has come and nothing was made of it. Nothing of the product is replaced: what it would do is done up to there.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from takeback.clock import SECOND
from takeback.config import load
from takeback.flows.ask import Who
from takeback.flows.recall import Wish, start
from takeback.mailboxes.imap import mailbox as imap
from takeback.recalls import Recalls
from takeback.store.keys import open_seal
from takeback.store.opening import open_store

LEASE = SECOND // 2
WHO = Who("local:test")


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _wrapped(ask: Callable[..., Any], moment: str) -> Callable[..., Any]:
    async def asked(*arguments: Any, **named: Any) -> Any:
        if moment == "before":
            _die()
        await ask(*arguments, **named)
        _die()

    return asked


def crash_at(recalls: Recalls, verb: str, moment: str) -> None:
    """Afterwards the first time that it comes to that step is the last."""
    if verb in ("find", "remove"):
        setattr(imap.ImapMailbox, verb, _wrapped(getattr(imap.ImapMailbox, verb), moment))
    elif verb == "expunge":
        setattr(imap.ImapMailbox, "_carry_out", _wrapped(imap.ImapMailbox._carry_out, moment))  # noqa: B010
    else:
        setattr(recalls.store, verb, _wrapped(getattr(recalls.store, verb), moment))


async def run(file: Path, message: str, verb: str, moment: str) -> None:
    config = load(file)
    async with open_store(config.data) as store:
        recalls = Recalls(config, store, await open_seal(store.access, config.data), LEASE)
        crash_at(recalls, verb, moment)
        for id in await start(store, recalls.store, recalls.reach, Wish(message), WHO):
            await recalls.recaller.work_off(id, _nothing)


async def _nothing() -> None: ...


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), *sys.argv[2:5]))
