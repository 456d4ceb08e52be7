"""The HTTP face of a gateway: which stores, gate and settings its pages and resources work with.

Apart from `app.py` because its imports cost as much as all others together, and a gateway may do without.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from takeback.api import resources
from takeback.auth.gate import Gate
from takeback.config import Config
from takeback.flows.accept import Acceptor
from takeback.flows.resend import Resender
from takeback.flows.submitter import Submitter
from takeback.httpd import mail_program_routes, oidc
from takeback.httpd.app import make_app
from takeback.httpd.changes import Changes
from takeback.httpd.mail_programs import MailServer
from takeback.httpd.server import Endpoint, HttpServer, tls_context
from takeback.httpd.services import Services
from takeback.mail.address import Pattern, domain_of
from takeback.mailboxes.own import ImapDrafts
from takeback.recall_acts import RecallActs
from takeback.recalls import Recalls
from takeback.store.people_store import SqlPeopleStore
from takeback.store.review_store import SqlReviewStore
from takeback.store.sent_copies import SqlOwnMailboxes
from takeback.store.store import SqlStore
from takeback.web import install as pages

FACES = (resources.install, pages.install, oidc.install, mail_program_routes.install)
"""What hangs itself into the application."""


class Doors(NamedTuple):
    """Where mail is submitted, with the port that was found where 0 was asked for."""

    plain: Sequence[Endpoint]
    tls: Sequence[Endpoint]


class Face:
    def __init__(
        self,
        store: SqlStore,
        people: SqlPeopleStore,
        own_mailboxes: SqlOwnMailboxes,
        recalls: Recalls,
        reviews: SqlReviewStore,
        doors: Doors,
    ) -> None:
        self._store = store
        self._people = people
        self._own_mailboxes = own_mailboxes
        self._recalls = recalls
        self._reviews = reviews
        self._doors = doors
        self._changes = Changes(store.follow)
        self._server: HttpServer | None = None

    async def start(self, config: Config, gate: Gate, acceptor: Acceptor) -> list[Endpoint]:
        """Afterwards pages and API are served; nothing where there is nothing to listen on. Raises ConfigError."""
        self.app = make_app(self._services(config, gate, acceptor), FACES)
        self._server = HttpServer(self.app, config.http)
        return await self._server.start()

    def check(self, config: Config) -> None:
        """Raises ConfigError where `take` would."""
        tls_context(config.http)

    def take(self, config: Config, gate: Gate, acceptor: Acceptor) -> None:
        """Afterwards new requests go by this configuration. Raises ConfigError, having changed nothing."""
        if self._server is not None:
            self._server.take(self._services(config, gate, acceptor))

    async def stop(self) -> None:
        await self._changes.close()
        if self._server is not None:
            await self._server.stop()

    def _services(self, config: Config, gate: Gate, acceptor: Acceptor) -> Services:
        def is_internal(address: str) -> bool:
            return config.organisation.is_internal(domain_of(address))

        return Services(
            settings=config.http,
            hostname=config.smtp.hostname,
            mail=_mail_server(config, self._doors),
            store=self._store,
            people=self._people,
            gate=gate,
            may_vouch=is_internal if config.auth.backend == "imap" else lambda address: True,
            is_internal=is_internal,
            resender=self._resender(config, acceptor),
            stopped_kept=config.retention.stopped,
            own_mailboxes=self._own_mailboxes,
            drafts=ImapDrafts(config.sent_copies),
            own_mail_servers=config.sent_copies.servers,
            recalls=self._recalls.store,
            recall_acts=RecallActs(config, self._store, self._recalls),
            can_recall=bool(config.mailboxes),
            reviews=self._reviews,
            changes=self._changes,
        )

    def _resender(self, config: Config, acceptor: Acceptor) -> Resender:
        async def submitter_of(account: str) -> Submitter:
            known = await self._store.account(account)
            grants = [Pattern(each) for each in known.grants] if known else []
            for trusted in config.smtp.trusted:
                grants += trusted.may_send_as if trusted.account == account else ()
            own_address = known.address if known else account
            return Submitter(account, own_address if "@" in own_address else "", tuple(grants))

        return Resender(
            self._store, acceptor, submitter_of, config.data.folder, config.smtp.max_size, config.limits.recipients
        )


def _mail_server(config: Config, doors: Doors) -> MailServer:
    """The door that mail programs are told of: with TLS from the first byte where there is one."""
    smtp = config.smtp
    incoming = config.auth.imap_server.host if config.auth.backend == "imap" else ""
    if doors.tls:
        return MailServer(smtp.hostname, doors.tls[0][1], "tls", incoming)
    return MailServer(smtp.hostname, doors.plain[0][1], "starttls" if smtp.certificate else "none", incoming)
