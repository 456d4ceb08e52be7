"""Drop: what a stopped message said is deleted for good; that it was stopped stays on the record."""

from __future__ import annotations

import structlog

from takeback.errors import TakebackError
from takeback.flows.ask import Who
from takeback.ports.store import Drop, Store

log = structlog.get_logger("drop")


class StillNeeded(TakebackError):
    """Some copy may still leave, or none was stopped; nothing was deleted."""


async def drop(store: Store, message: str, who: Who) -> None:
    """Afterwards the message's content is gone. Raises StillNeeded."""
    if not await store.drop(Drop(message, who.actor, who.client)):
        raise StillNeeded("only what was stopped, and waits for nothing more, can be deleted")
    log.info("dropped", message=message, actor=who.actor)
