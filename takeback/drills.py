"""Drills put together: what a command and `serve` hold them with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from takeback.config import Config
from takeback.errors import TakebackError
from takeback.flows.accept import Acceptor
from takeback.flows.drill import Range, drill, show
from takeback.recalls import Recalls
from takeback.store.drill_store import SqlDrillStore
from takeback.store.store import SqlStore

LOOK_SECONDS = 10.0

log = structlog.get_logger("drill")


def range_of(config: Config, store: SqlStore, recalls: Recalls, acceptor: Acceptor) -> Range:
    return Range(
        store=store,
        recalls=recalls.store,
        reach=recalls.reach,
        acceptor=acceptor,
        hostname=config.smtp.hostname,
        folder=config.data.folder,
        patience=config.recall.drill.patience,
    )


async def hold_drills(
    config: Callable[[], Config], store: SqlStore, recalls: Recalls, acceptor: Callable[[], Acceptor]
) -> None:
    """Until cancelled: as often as the configuration of the moment says. The figures follow the newest drill, whoever
    held it."""
    history = SqlDrillStore(store.access)
    while True:
        try:
            latest = await history.latest()
            show(latest)
            settings = config().recall.drill
            held_at = latest[0].at if latest else 0
            if settings.every and settings.mailboxes and held_at + settings.every <= store.now():
                await drill(range_of(config(), store, recalls, acceptor()), history, settings.mailboxes, "takeback")
        except TakebackError as error:
            log.warning("no drill", reason=str(error))
        await asyncio.sleep(LOOK_SECONDS)
