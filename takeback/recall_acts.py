"""What people ask of recalls, put together: for pages and programs in the process that serves, and for commands."""

from __future__ import annotations

from collections.abc import Sequence

from takeback.config import Config
from takeback.flows.ask import Who
from takeback.flows.dry_run import dry_run
from takeback.flows.permission import confirm
from takeback.flows.recall import Wish, start
from takeback.flows.replace import Corrected
from takeback.flows.replace import start as start_replacing
from takeback.flows.restore import Restored, restore
from takeback.recall.report import Report
from takeback.recalls import Recalls
from takeback.replacements import open_making
from takeback.store.store import SqlStore


class RecallActs:
    """`takeback.httpd.services.RecallActs`, by one configuration."""

    def __init__(self, config: Config, store: SqlStore, recalls: Recalls) -> None:
        self._config = config
        self._store = store
        self._recalls = recalls

    async def start(self, wish: Wish, who: Who) -> Sequence[str]:
        return await start(self._store, self._recalls.store, self._recalls.reach, wish, who)

    async def replace(self, wish: Wish, wanted: Corrected, who: Who) -> str:
        recalls = self._recalls
        async with open_making(self._config, self._store) as making:
            return await start_replacing(recalls.store, self._store, recalls.reach, making, wish, wanted, who)

    async def dry_run(self, wish: Wish, who: Who) -> Sequence[Report]:
        return await dry_run(self._store, self._recalls.store, self._recalls.reach, wish, who)

    async def confirm(self, recall: str, who: Who) -> None:
        await confirm(self._recalls.store, recall, who)

    async def restore(self, recall: str, who: Who) -> Sequence[Restored]:
        recalls = self._recalls
        return await restore(self._store, recalls.store, recalls.reach, recalls.quarantine, recall, who)
