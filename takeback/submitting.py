"""Who submits for an account, and what decides on it: for whatever submits without a session."""

from __future__ import annotations

from takeback.config import Config
from takeback.disk import Disk
from takeback.flows.accept import Acceptor, AcceptSettings
from takeback.flows.quota import Quota, QuotaLimits
from takeback.flows.submitter import Submitter
from takeback.mail.address import Pattern, domain_of
from takeback.recall.replacement import CannotReplace
from takeback.store.store import SqlStore


class Owners:
    """Who submits for an account: with the rights that it has now, not those it had then."""

    def __init__(self, config: Config, store: SqlStore) -> None:
        self._config = config
        self._store = store

    async def submitter_of(self, account: str) -> Submitter:
        """Raises CannotReplace where nobody may submit for it any more."""
        stored = await self._store.account(account)
        if stored is not None:
            return Submitter(account, stored.address, tuple(map(Pattern, stored.grants)))
        for entry in self._config.smtp.trusted:
            if entry.account == account:
                return Submitter(account, "", entry.may_send_as, authenticated=False)
        if self._config.auth.backend == "imap" and self._config.organisation.is_internal(domain_of(account)):
            return Submitter(account, account)
        raise CannotReplace(f"{account} may not submit any more, so nothing can be sent in its name")


def make_acceptor(config: Config, store: SqlStore) -> Acceptor:
    """Decides as the one in `serve` does, and keeps what it accepts in the same store."""
    limits = config.limits
    return Acceptor(
        store=store,
        quota=Quota(store, QuotaLimits(limits.held_messages, limits.held_bytes, limits.submissions_per_hour)),
        settings=AcceptSettings(config.smtp.hostname, config.smtp.show_client, limits.received, config.review),
        hold=config.hold,
        is_internal=lambda address: config.organisation.is_internal(domain_of(address)),
        room=Disk(config.data.folder, config.data.reserve).has_room,
        on_due=_nobody,
    )


def _nobody() -> None:
    """A serve that runs notices by itself."""
