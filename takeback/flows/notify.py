"""Notices of held messages: for those who want them, and where a rule says so, a mail with a link that stops it.

The link leads to a page that asks first: programs that open every link in a mail stop nothing. Its secret is good for
that one message while some copy of it is held, and for nothing else. A notice comes after the message was accepted and
can fail nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from takeback import figures
from takeback.clock import DAY, SECOND, Duration, Instant
from takeback.errors import NotFound, StoreUnavailable
from takeback.flows.ask import Told, Who
from takeback.flows.reports import Reporter
from takeback.flows.undo import undo
from takeback.hold.states import State
from takeback.ids import digest, new_id, new_secret
from takeback.mail import hold_notice, message_id
from takeback.ports.people import Link, NewLink, Notices, People
from takeback.ports.store import MessageView, NewMessage, Store

SHORTEST: Duration = 15 * SECOND
"""A message that leaves sooner is gone before its notice is read."""
_LINK_LASTS: Duration = 30 * DAY
_REFRESH_SECONDS = 5.0
_AT_ONCE = 10
PATH = "/stop/"

log = structlog.get_logger("notify")


class Notifier:
    """`url` is where people reach the pages; `on_due` is told when a notice may leave."""

    def __init__(self, store: Store, people: People, reporter: Reporter, url: str, on_due: Callable[[], None]) -> None:
        self._store = store
        self._people = people
        self._reporter = reporter
        self.url = url
        self._on_due = on_due
        self._wanted_by: frozenset[str] = frozenset()
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Keeps in mind who wants notices, so that accepting a message asks nobody."""
        while True:
            try:
                self._wanted_by = await self._people.accounts_with_notices(Notices.ALWAYS)
            except StoreUnavailable as error:
                log.warning("who wants notices is not known anew", reason=str(error))
            await asyncio.sleep(_REFRESH_SECONDS)

    def held(self, message: NewMessage, by_rule: bool) -> None:
        """Sends a notice of a message that was just accepted, if somebody wants one. Returns at once."""
        if not (by_rule or message.account in self._wanted_by) or not message.envelope.sender:
            return
        if all(due_at is not None and due_at < message.accepted_at + SHORTEST for due_at in message.due_at):
            return
        task = asyncio.create_task(self._notify(message))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _notify(self, message: NewMessage) -> None:
        async with self._turns:
            try:
                await self._send(message)
            except StoreUnavailable as error:
                log.warning("no notice", message=message.id, reason=str(error))

    async def _send(self, message: NewMessage) -> None:
        now, secret = self._store.now(), new_secret()
        await self._people.add_link(NewLink(digest(secret), message.id, message.account, now + _LINK_LASTS))
        hostname = self._reporter.hostname
        facts = hold_notice.Held(
            to=message.envelope.sender,
            hostname=hostname,
            message_id=message_id.new(new_id(now), hostname),
            original_message_id=message.message_id,
            now=now,
            recipients=[each.address for each in message.envelope.recipients],
            subject=message.subject,
            until=_earliest(message),
            link=f"{self.url}{PATH}{secret}",
        )
        notice = hold_notice.notice(facts)
        await self._store.accept(self._reporter.system_message(notice, facts.to, message.account, now))
        figures.REPORTS.labels("held").inc()
        self._on_due()


async def message_behind(store: Store, people: People, secret: str) -> tuple[Link, MessageView]:
    """The message that a link from a notice is about. Raises NotFound where the secret is none of ours, or nothing of
    its message is held any more."""
    link = await people.link(digest(secret))
    views = await store.find(link.message, link.account) if link else []
    if link is None or not views or not _is_held(views[0], store.now()):
        raise NotFound("this link is not good any more")
    return link, views[0]


async def stop_by_link(store: Store, people: People, secret: str, client: str) -> Told:
    """Afterwards the message is stopped, as by its sender's undo. Raises NotFound as above, and as `undo` does."""
    link, view = await message_behind(store, people, secret)
    return await undo(store, view.id, Who(f"link:{link.account}", link.account, client))


def _is_held(view: MessageView, now: Instant) -> bool:
    """Whether the window of some copy has not ended."""
    return any(
        each.state in (State.HELD, State.CLAIMED) and (each.due_at is None or each.due_at > now)
        for each in view.recipients
    )


def _earliest(message: NewMessage) -> Instant | None:
    known = [due_at for due_at in message.due_at if due_at is not None]
    return min(known, default=None)
