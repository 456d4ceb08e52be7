"""One recall of everybody at a real Dovecot, by the worker that `takeback serve` runs, on a store that syncs."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from bench import mailboxes, places
from bench.mailboxes import Mailboxes
from takeback.ports.mailbox import Connector
from takeback.recall.outcomes import Outcome
from takeback.recall.settings import RecallSettings
from takeback.store import schema
from tests.contract.store.trial import Place, Trial
from tests.doubles.recalls import RecallTrial, stored_copy
from tests.services.dovecot import DOMAIN

_EVERYBODY = f"all@{DOMAIN}"


@dataclass(frozen=True, slots=True)
class Work:
    seconds: float
    first_outcome: float
    """Seconds until somebody who looked could have been shown one, as a command looks while it waits."""
    processor_seconds: float


class _Trial(RecallTrial):
    """Its mailboxes are real."""

    def __init__(self, trial: Trial, connector: Connector) -> None:
        super().__init__(trial)
        self.settings = RecallSettings(second_person_above=0)  # so many mailboxes, and nobody to confirm them
        self.connector = connector

    def covering(self, address: str) -> Connector | None:
        return self.connector


def recall(kind: str, full: Mailboxes) -> Work:
    """Afterwards the message that was put into every mailbox is out of each again, and on record as recalled."""
    full.deliver_this(stored_copy(b"line of a message like many others\r\n" * 40))
    with places.folder() as folder:
        trial = Trial(Place(folder))
        schema.prepare(trial.database)
        return asyncio.run(_recall(_Trial(trial, mailboxes.connector_of(kind, full.server)), full))


async def _recall(trying: _Trial, full: Mailboxes) -> Work:
    trying.lists = {_EVERYBODY: [f"{user}@{DOMAIN}" for user in full.users]}
    async with trying:
        id = await trying.ask(await trying.send(_EVERYBODY))
        begun, used = time.perf_counter(), time.process_time()
        first: list[float] = []

        async def look() -> None:
            if not first and (await trying.recalls.counts(id)).get(Outcome.RECALLED):
                first.append(time.perf_counter() - begun)

        await trying.recaller().work_off(id, look)
        work = Work(time.perf_counter() - begun, first[0], time.process_time() - used)
        assert await trying.recalls.counts(id) == {Outcome.RECALLED: len(full.users)}
        await trying.connector.close()
    return work
