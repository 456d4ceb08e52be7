"""The application: the only place that knows which adapter goes where.

`Gateway` is what `takeback serve` runs. Commands need no more than the store (`takeback/store/opening.py`).
"""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from takeback import figures
from takeback.auth.app_passwords import WithAppPasswords
from takeback.auth.backends import AccountsBackend, Authenticator, ImapBackend, StoredPassword
from takeback.auth.gate import Gate
from takeback.auth.passwords import Passwords
from takeback.auth.throttle import Throttle
from takeback.clock import SECOND, Duration
from takeback.config import Config, load
from takeback.disk import Disk
from takeback.drills import hold_drills
from takeback.errors import StoreUnavailable, TakebackError
from takeback.flows import audit, recall
from takeback.flows.accept import Acceptor, AcceptSettings
from takeback.flows.ask import Who
from takeback.flows.commands import Commands
from takeback.flows.learn import Learner, show
from takeback.flows.notify import Notifier
from takeback.flows.park import Parking
from takeback.flows.quota import Quota, QuotaLimits
from takeback.flows.release import LEASE, Releaser
from takeback.flows.reports import Reporter
from takeback.flows.review import Judge, Reviewing
from takeback.flows.sent_copies import SentCopies
from takeback.flows.settle import Settler
from takeback.hold.states import OPEN
from takeback.listener.connection import Service
from takeback.listener.door import Door
from takeback.listener.listener import Endpoint, Listener, tls_context
from takeback.mail.address import domain_of
from takeback.mailboxes.own import ImapDrafts
from takeback.ports.store import Retention
from takeback.recalls import Recalls
from takeback.relay.relays import Relays
from takeback.smtp.settings import SmtpLimits
from takeback.store.accounts import Rehash
from takeback.store.audit_store import SqlAudit
from takeback.store.database import check_durability
from takeback.store.keys import open_seal
from takeback.store.opening import lock_folder, make_folder, open_database
from takeback.store.people_store import SqlPeopleStore
from takeback.store.review_store import SqlReviewStore
from takeback.store.sent_copies import SqlOwnMailboxes
from takeback.store.store import SqlStore
from takeback.workers.limits import Limits
from takeback.workers.pool import Pool

if TYPE_CHECKING:
    from takeback.face import Face

STOP_SECONDS = 10.0
"""How long what is under way may take to end when asked to stop."""
HEARTBEAT_SECONDS = 10.0
SWEEP_SECONDS = 60.0
SWEEP_AT_ONCE = 200
SEALING_SECONDS = 3.0

log = structlog.get_logger("serve")


class Gateway:
    """Everything that `takeback serve` runs, on one event loop."""

    def __init__(self, config: Config, lease: Duration = LEASE) -> None:
        self.config = config
        self._lease = lease
        self.endpoints: list[Endpoint] = []
        """Where clients are served, once started."""
        self._background: list[asyncio.Task[None]] = []
        self._retiring: set[asyncio.Task[None]] = set()
        self._lock: int | None = None
        self.face: Face | None = None
        """Pages and API, once started; None where nothing listens."""

    async def start(self) -> None:
        """Afterwards clients are served and due messages leave. Raises ConfigError, StoreUnavailable."""
        config = self.config
        make_folder(config.data.folder)
        if config.data.database == "sqlite":
            self._lock = lock_folder(config.data.folder)
        database = open_database(config.data)
        check_durability(database)
        self.store = await SqlStore.open(database)
        seal = await open_seal(self.store.access, config.data)
        self._audit = SqlAudit(self.store.access, seal)
        self._own_mailboxes = SqlOwnMailboxes(self.store.access, seal)
        self._people = SqlPeopleStore(self.store.access)
        self._recalls = Recalls(config, self.store, seal)
        self._disk = Disk(config.data.folder, config.data.reserve)
        self._reporter = Reporter(self.store, config.smtp.hostname)
        self._authenticator = self._make_authenticator(config)
        self._throttle = Throttle(config.auth)
        self._relays = self._make_relays(config)
        self._releaser = self._make_releaser(config)
        self._make_reviewing(config)
        self._notifier = Notifier(self.store, self._people, self._reporter, config.http.url, self._releaser.wake)
        context = self._tls_context(config)
        self._listener = Listener(
            self._service(config, context, self._make_acceptor(config)),
            config.limits.connections,
            config.limits.connections_per_address,
        )
        await self._take_stock()
        plain = await self._listener.listen(config.smtp.listen, None)
        tls = await self._listener.listen(config.smtp.listen_tls, context)
        self.endpoints += [*plain, *tls]
        self.face = await self._open_face(config, plain, tls)
        work_to_do = (
            self._releaser.run,
            self._recalls.recaller.run,
            self._reviewing.run,
            self._learner.run,
            self._notifier.run,
            SentCopies(self.store, self._own_mailboxes, ImapDrafts(config.sent_copies)).run,
            self._beat,
            self._housekeep,
            self._seal_acts,
            self._hold_drills,
        )
        for work in work_to_do:
            task = asyncio.create_task(work())
            task.add_done_callback(_tell_if_failed)
            self._background.append(task)

    async def stop(self) -> None:
        """Afterwards nothing runs. What could not be finished in time is back in the queue, or shown as unknown."""
        await self._listener.stop(STOP_SECONDS)
        if self.face is not None:
            await self.face.stop()
        await self._releaser.stop(STOP_SECONDS)
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, *self._retiring, return_exceptions=True)
        await self._reviewer.close()
        await self._relays.close()
        await self._recalls.close()
        self._authenticator.close()
        with suppress(StoreUnavailable):
            await self.store.heartbeat()
            await audit.seal_all(self._audit)
        await self.store.close()
        if self._lock is not None:
            os.close(self._lock)

    async def reload(self, config: Config) -> None:
        """Afterwards new sessions and new consignments go by this configuration. Raises ConfigError, having changed
        nothing. Where to listen and where the data are stay as they were until a restart."""
        if _fixed(config) != _fixed(self.config):
            log.warning(f"restart to change {_FIXED}")
        if (config.review.workers, config.review.memory) != (self.config.review.workers, self.config.review.memory):
            log.warning("restart to change review.workers or review.memory")
        relays = self._make_relays(config)
        authenticator = self._make_authenticator(config)
        context = self._tls_context(config)
        if self.face is not None:
            self.face.check(config)
        retired_recalls = self._recalls.take_config(config)
        throttle = Throttle(config.auth)
        acceptor = self._make_acceptor(config)
        if self.face is not None:
            self.face.take(config, self._make_gate(config, authenticator, throttle), acceptor)
        self._throttle = throttle
        old_relays, self._relays = self._relays, relays
        old_authenticator, self._authenticator = self._authenticator, authenticator
        self._parking.late_tolerance = config.hold.late_tolerance
        self._reviewing.judge = self._make_judge(config)
        self._listener.service = self._service(config, context, acceptor)
        self._listener.connections = config.limits.connections
        self._listener.connections_per_address = config.limits.connections_per_address
        self.config = config
        old_authenticator.close()
        for ending in (_retire(old_relays, self._releaser.take_routing(relays)), retired_recalls):
            retiring = asyncio.create_task(ending)
            self._retiring.add(retiring)
            retiring.add_done_callback(self._retiring.discard)

    def _make_relays(self, config: Config) -> Relays:
        return Relays(config.relay, config.smtp.hostname, _held_when_accepted)

    def _make_releaser(self, config: Config) -> Releaser:
        wake: Callable[[], None] = lambda: self._releaser.wake()  # noqa: E731 - the releaser is made below
        self._parking = Parking(self.store, self._reporter, config.hold.late_tolerance, wake)
        settler = Settler(self.store, self._reporter, wake)
        return Releaser(self.store, self._relays, settler, self._parking, self._disk.may_claim, self._lease)

    def _make_reviewing(self, config: Config) -> None:
        self._reviews = SqlReviewStore(self.store.access)
        self._reviewer = Pool(config.review.workers, Limits(config.review.memory), self._reviews.history)
        self._reviewing = Reviewing(
            self.store, self._reviews, self._reviewer, self._make_judge(config), self._releaser.wake
        )
        self._learner = Learner(self.store, self._reviews, self._reviewer)

    def _make_judge(self, config: Config) -> Judge:
        return Judge(config.review, config.hold, config.organisation.domains, _internal(config), self._reporter)

    def _make_acceptor(self, config: Config) -> Acceptor:
        limits = config.limits
        return Acceptor(
            store=self.store,
            quota=Quota(self.store, QuotaLimits(limits.held_messages, limits.held_bytes, limits.submissions_per_hour)),
            settings=AcceptSettings(config.smtp.hostname, config.smtp.show_client, limits.received, config.review),
            hold=config.hold,
            is_internal=_internal(config),
            room=self._disk.has_room,
            on_due=self._releaser.wake,
            on_review=self._reviewing.wake,
            on_held=self._notifier.held,
        )

    def _service(self, config: Config, context: ssl.SSLContext | None, acceptor: Acceptor) -> Service:
        limits = config.limits
        return Service(
            hostname=config.smtp.hostname,
            limits=SmtpLimits(
                max_size=config.smtp.max_size,
                command_line=limits.command_line,
                text_line=limits.text_line,
                recipients=limits.recipients,
                errors=limits.errors,
                longest_hold=max(SECOND, config.hold.longest),
            ),
            idle=limits.idle,
            spool_folder=config.data.folder,
            acceptor=acceptor,
            commands=Commands(
                self.store,
                self._reviews,
                self._start_recall,
                self._reporter,
                config.smtp.hostname,
                config.smtp.commands,
            ),
            door=Door(
                self._make_gate(
                    config,
                    WithAppPasswords(self._authenticator, self._people.has_app_password, config.auth.domain),
                    self._throttle,
                ),
                self.store.account,
                _may_vouch(config),
                config.smtp.trusted,
            ),
            now=self.store.now,
            starttls=context,
        )

    async def _start_recall(self, reference: str, who: Who) -> Sequence[str]:
        return await recall.start(self.store, self._recalls.store, self._recalls.reach, recall.Wish(reference), who)

    def _tls_context(self, config: Config) -> ssl.SSLContext | None:
        if config.smtp.certificate is None or config.smtp.key is None:
            return None
        return tls_context(config.smtp.certificate, config.smtp.key)

    async def _open_face(self, config: Config, plain: list[Endpoint], tls: list[Endpoint]) -> Face | None:
        if not config.http.listen:
            return None
        from takeback.face import Doors, Face  # imports as much as all others together

        doors = Doors(plain, tls)
        face = Face(self.store, self._people, self._own_mailboxes, self._recalls, self._reviews, doors)
        gate = self._make_gate(config, self._authenticator, self._throttle)
        self.endpoints += await face.start(config, gate, self._listener.service.acceptor)
        return face

    def _make_gate(self, config: Config, authenticator: Authenticator, throttle: Throttle) -> Gate:
        return Gate(authenticator, throttle, config.auth.domain, self.store.now, _sleep)

    def _make_authenticator(self, config: Config) -> Authenticator:
        if config.auth.backend == "imap":
            return ImapBackend(config.auth)
        return AccountsBackend(self._stored_password, self._replace_hash, Passwords(), config.auth.domain)

    async def _stored_password(self, key: str) -> StoredPassword | None:
        account = await self.store.account(key)
        return StoredPassword(account.address, account.password_hash) if account and account.password_hash else None

    async def _replace_hash(self, key: str, old_hash: str, new_hash: str) -> None:
        await self.store.replace_hash(Rehash(key, old_hash, new_hash))

    async def _take_stock(self) -> None:
        """What a start owes to the time before it: claims that nobody holds any more, and what came due meanwhile."""
        taken_over = await self.store.reap(everything=self._lock is not None)
        if self._lock is not None:
            await self._reviews.take_back()
        if taken_over:
            log.warning("took over from an earlier run", recipients=taken_over)
        await self._parking.after_start()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            try:
                await self._parking.beat()
                await self.store.read_clock()
            except StoreUnavailable as error:
                log.warning("no heartbeat", reason=str(error))

    async def _housekeep(self) -> None:
        while True:
            try:
                await self._sweep()
                counts = await self.store.count_by_state()
                for state in OPEN:
                    figures.WAITING.labels(state.value).set(counts.get(state, 0))
                show(await self._reviews.figures())
            except StoreUnavailable as error:
                log.warning("no housekeeping", reason=str(error))
            await asyncio.sleep(SWEEP_SECONDS)

    async def _hold_drills(self) -> None:
        await hold_drills(lambda: self.config, self.store, self._recalls, lambda: self._listener.service.acceptor)

    async def _seal_acts(self) -> None:
        while True:
            await asyncio.sleep(SEALING_SECONDS)
            try:
                await audit.seal_all(self._audit)
            except StoreUnavailable as error:
                log.warning("acts are not sealed", reason=str(error))

    async def _sweep(self) -> None:
        retention = self.config.retention
        request = Retention(retention.sent, retention.stopped, retention.metadata, SWEEP_AT_ONCE)
        while touched := await self.store.sweep(request):
            log.info("swept", messages=touched)
        while purged := await self._recalls.store.purge(self.config.recall.keep, SWEEP_AT_ONCE):
            log.info("purged quarantine", copies=purged)
        while forgotten := await self._audit.forget(retention.acts):
            log.info("forgot acts", acts=forgotten)
        await self._people.sweep_people()


_FIXED = (
    "data, smtp.listen, smtp.listen_tls, http.listen, http.trusted_proxies, or whether there is an http.certificate"
)


def _fixed(config: Config) -> tuple[object, ...]:
    """What stays as it is until a restart."""
    smtp, http = config.smtp, config.http
    return config.data, smtp.listen, smtp.listen_tls, http.listen, http.trusted_proxies, http.certificate is None


def _may_vouch(config: Config) -> Callable[[str], bool]:
    """Our own accounts are whatever they were added as. An IMAP server may ignore the domain of a user name, and
    would then vouch for anybody's address: it is believed for the organisation's own domains only."""
    if config.auth.backend == "accounts":
        return lambda address: True
    return lambda address: config.organisation.is_internal(domain_of(address))


def _internal(config: Config) -> Callable[[str], bool]:
    return lambda address: config.organisation.is_internal(domain_of(address))


def _tell_if_failed(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("work in the background ended", exc_info=error)


def _held_when_accepted(account: str, address: str) -> bool:
    """Whether an account may use the login of a route for an address: nothing is stored under a sender that its
    account did not hold when it was submitted."""
    return True


async def _sleep(duration: Duration) -> None:
    await asyncio.sleep(duration / SECOND)


async def _retire(relays: Relays, under_way: set[asyncio.Task[None]]) -> None:
    """Afterwards what these relays had under way has ended, and they have no connection open."""
    if under_way:
        await asyncio.wait(under_way)
    await relays.close()


async def serve(path: Path) -> None:
    """Runs until SIGTERM or SIGINT. SIGHUP reads the configuration again, and keeps the old one if the new is bad."""
    gateway = Gateway(load(path))
    stopping, reloading = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    loop.add_signal_handler(signal.SIGHUP, reloading.set)
    await gateway.start()
    print("ready", *(f"{host}:{port}" for host, port in gateway.endpoints), file=sys.stderr, flush=True)
    reloader = asyncio.create_task(_reload_when(reloading, gateway, path))
    await stopping.wait()
    log.info("stopping")
    reloader.cancel()
    await gateway.stop()


async def _reload_when(reloading: asyncio.Event, gateway: Gateway, path: Path) -> None:
    while True:
        await reloading.wait()
        reloading.clear()
        try:
            await gateway.reload(load(path))
            log.info("configuration read again", file=str(path))
        except TakebackError as error:
            log.error("configuration kept as it was", reason=str(error))
