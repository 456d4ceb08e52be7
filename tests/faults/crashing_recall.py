"""Recalls that kill themselves with SIGKILL at one step: `python -m tests.faults.crashing_recall` reads one `Fatality`
a line, plays each in a process forked for it, and answers with how that process ended.

The verbs are those of the store of recalls, and of one mailbox: `find`; `look`, which looks for the corrected message
first; `remove`; `replace`; `mark`, the conditional step; `append`, which puts the corrected message there; `ready`,
between its two halves where there are such; `expunge`, which removes what is marked. `exchange` with a number is one
exchange with the mailbox's server, whatever is said in it. `before` dies as it is asked for, `after` when its answer
has come and nothing was made of it. Nothing of the product is replaced: what it would do is done up to there.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from takeback.clock import SECOND
from takeback.config import load
from takeback.flows.ask import Who
from takeback.flows.put_in_place import PuttingInPlace
from takeback.flows.recall import Wish, start
from takeback.flows.replace import Corrected
from takeback.flows.replace import start as start_replacing
from takeback.mailboxes.doveadm.api import Doveadm
from takeback.mailboxes.doveadm.mailbox import DoveadmMailbox
from takeback.mailboxes.imap.connection import Connection
from takeback.mailboxes.imap.mailbox import ImapMailbox
from takeback.mailboxes.jmap.calls import Jmap
from takeback.mailboxes.jmap.mailbox import JmapMailbox
from takeback.mailboxes.maildir.mailbox import MaildirMailbox
from takeback.recalls import Recalls
from takeback.replacements import open_making
from takeback.store.keys import open_seal
from takeback.store.opening import open_store
from takeback.store.store import SqlStore

LEASE = SECOND // 2
WHO = Who("local:test")
MAILBOXES = (ImapMailbox, DoveadmMailbox, JmapMailbox, MaildirMailbox)
IN_MAILBOX: Mapping[str, Sequence[tuple[Any, str]]] = {
    "find": [(kind, "find") for kind in MAILBOXES],
    "look": [(PuttingInPlace, "_is_there")],
    "remove": [(kind, "remove") for kind in MAILBOXES],
    "replace": [(kind, "put_in_place") for kind in MAILBOXES],
    "mark": [(ImapMailbox, "_mark"), (DoveadmMailbox, "_take_aside"), (JmapMailbox, "_on_condition")],
    "append": [
        (ImapMailbox, "_append"),
        (DoveadmMailbox, "_put"),
        (JmapMailbox, "_import"),
        (MaildirMailbox, "put_back"),
    ],
    "ready": [(DoveadmMailbox, "_next_uid")],
    "expunge": [(ImapMailbox, "_carry_out"), (DoveadmMailbox, "_delete"), (JmapMailbox, "_carry_out")],
    "exchange": [
        (Connection, "run"),
        (Connection, "append"),
        (Doveadm, "run"),
        (Jmap, "call"),
        (Jmap, "upload"),
        (MaildirMailbox, "_in_thread"),
    ],
}


@dataclass(frozen=True, slots=True)
class Fatality:
    """Which recall of which gateway dies where. `corrected` is the file that it would put in place, or empty."""

    file: str
    message: str
    verb: str
    moment: str
    number: int = 1
    corrected: str = ""

    @property
    def file_to_put_in_place(self) -> Corrected | None:
        return Corrected(Path(self.corrected).read_bytes()) if self.corrected else None

    def line(self) -> str:
        return json.dumps(asdict(self)) + "\n"


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _wrapped(ask: Callable[..., Any], fatality: Fatality, turn: Callable[[], int]) -> Callable[..., Any]:
    async def asked(*arguments: Any, **named: Any) -> Any:
        is_last = turn() == fatality.number
        if is_last and fatality.moment == "before":
            _die()
        answer = await ask(*arguments, **named)
        if is_last:
            _die()
        return answer

    return asked


def crash_at(recalls: Recalls, fatality: Fatality) -> None:
    """Afterwards the time of that number that it comes to that step is the last."""
    turn = partial(next, count(1))
    places = IN_MAILBOX.get(fatality.verb) or [(recalls.store, fatality.verb)]
    for owner, name in places:
        setattr(owner, name, _wrapped(getattr(owner, name), fatality, turn))


async def run(fatality: Fatality) -> None:
    config = load(Path(fatality.file))
    async with open_store(config.data) as store:
        recalls = Recalls(config, store, await open_seal(store.access, config.data), LEASE)
        crash_at(recalls, fatality)
        for id in await begin(recalls, store, fatality):
            await recalls.recaller.work_off(id, _nothing)
        await recalls.close()


async def begin(recalls: Recalls, store: SqlStore, asked: Fatality) -> list[str]:
    wish = Wish(asked.message)
    file = asked.file_to_put_in_place
    if file is None:
        return await start(store, recalls.store, recalls.reach, wish, WHO)
    async with open_making(load(Path(asked.file)), store) as making:
        return [await start_replacing(recalls.store, store, recalls.reach, making, wish, file, WHO)]


async def _nothing() -> None: ...


def main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
                asyncio.run(run(Fatality(**json.loads(line))))
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
