"""Sent copies: after an undo, the copy that the client filed in Sent moves to Drafts, where it tells the truth.

Clients file their copy when they have heard 250, some of them later. So a copy that is not there is looked for again,
a few times. Nothing here can fail an undo: it has long been answered.
"""

from __future__ import annotations

import asyncio

import structlog

from takeback.clock import MINUTE, SECOND, Duration
from takeback.errors import StoreUnavailable
from takeback.ports.sent_copies import Drafts, NoEntry, OwnMailboxes, SentCopy, Settled, Whereabouts
from takeback.ports.store import Store

AGAIN_AFTER: tuple[Duration, ...] = (5 * SECOND, 20 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE)
"""A client files its copy within seconds; one that was offline, when it is back."""
_LOOK_SECONDS = 1.0
_LEASE = 2 * MINUTE
_AT_ONCE = 5

log = structlog.get_logger("sent copies")


class SentCopies:
    """Moves what waits, in `serve`."""

    def __init__(self, store: Store, waiting: OwnMailboxes, drafts: Drafts) -> None:
        self._store = store
        self._waiting = waiting
        self._drafts = drafts

    async def run(self) -> None:
        while True:
            try:
                found = await self.round()
            except StoreUnavailable as error:
                log.warning("sent copies wait", reason=str(error))
                found = 0
            if not found:
                await asyncio.sleep(_LOOK_SECONDS)

    async def round(self) -> int:
        """One try for each that is due; returns how many there were."""
        copies = await self._waiting.claim_sent_copies(_AT_ONCE, _LEASE)
        await asyncio.gather(*(self._try(copy) for copy in copies))
        return len(copies)

    async def _try(self, copy: SentCopy) -> None:
        settled = await self._move(copy)
        await self._waiting.settle_sent_copy(settled)
        log.info("sent copy", message=copy.message, outcome=settled.outcome, reason=settled.reason)

    async def _move(self, copy: SentCopy) -> Settled:
        mailbox = await self._waiting.own_mailbox(copy.account)
        if mailbox is None or not copy.message_id:
            return Settled(copy.message, "left", "there is no way to it", None)
        try:
            whereabouts = await self._drafts.move_to_drafts(mailbox, copy.message_id)
        except NoEntry as error:
            return self._later(copy, "failed", str(error))
        if whereabouts is Whereabouts.MOVED:
            return Settled(copy.message, whereabouts.value, "", None)
        return self._later(copy, whereabouts.value, "")

    def _later(self, copy: SentCopy, outcome: str, reason: str) -> Settled:
        is_last = copy.tries >= len(AGAIN_AFTER)
        return Settled(copy.message, outcome, reason, None if is_last else self._store.now() + AGAIN_AFTER[copy.tries])
