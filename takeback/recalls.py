"""Recalls put together: what `serve` and the commands both need to take mail back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager

from takeback.clock import Duration
from takeback.config import Config
from takeback.flows.correct import Corrections
from takeback.flows.quarantine import Quarantine
from takeback.flows.recall_mail import RecallMail
from takeback.flows.recaller import LEASE, Reach, Recaller
from takeback.flows.reports import Reporter
from takeback.mail.address import domain_of
from takeback.mailboxes.connectors import Connectors
from takeback.people.people import People
from takeback.sealing import Seal
from takeback.store.keys import open_seal
from takeback.store.recall_store import SqlRecallStore
from takeback.store.store import SqlStore
from takeback.submitting import Owners, make_acceptor


class Recalls:
    """The store of recalls, the mailboxes they reach, and the worker."""

    def __init__(self, config: Config, store: SqlStore, seal: Seal, lease: Duration = LEASE) -> None:
        """Raises ConfigError."""
        self.store = SqlRecallStore(store.access)
        self.quarantine = Quarantine(self.store, seal)
        self.connectors = Connectors(config.mailboxes)
        self._store = store
        self.reach = _reach(config, self.connectors, store)
        reporter = Reporter(store, config.smtp.hostname)
        mail = RecallMail(self.store, reporter, config.smtp.hostname)
        self.recaller = Recaller(store, self.store, self.quarantine, mail, self.reach, lease)

    def take_config(self, config: Config) -> Coroutine[None, None, None]:
        """Afterwards what is begun goes by this configuration. Returns what ends with the last work by the old one,
        to be waited for. Raises ConfigError, having changed nothing."""
        connectors = Connectors(config.mailboxes)
        self.reach = _reach(config, connectors, self._store)
        self.recaller.reach = self.reach
        old, self.connectors = self.connectors, connectors
        return _retire(old, self.recaller.under_way())

    async def close(self) -> None:
        """Afterwards no connection to a mailbox is open."""
        await self.connectors.close()


async def _retire(connectors: Connectors, under_way: set[asyncio.Task[None]]) -> None:
    if under_way:
        await asyncio.wait(under_way)
    await connectors.close()


@asynccontextmanager
async def open_recalls(config: Config, store: SqlStore) -> AsyncIterator[Recalls]:
    """For as long as a command takes. Raises ConfigError, StoreUnavailable."""
    recalls = Recalls(config, store, await open_seal(store.access, config.data))
    try:
        yield recalls
    finally:
        await recalls.close()


def _reach(config: Config, connectors: Connectors, store: SqlStore) -> Reach:
    organisation = config.organisation
    origin = organisation.domains[0] if organisation.domains else ""
    people = People(config.people, origin, lambda address: organisation.is_internal(domain_of(address)))
    submitters = Owners(config, store).submitter_of
    corrections = Corrections(store, make_acceptor(config, store), submitters, config.data.folder)
    return Reach(config.recall, connectors.covering, people.expand, corrections)
