"""Where recalls are asked for: at the store and the mailboxes of this machine, or at a gateway elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from takeback.cli.desk import Place, open_elsewhere
from takeback.cli.terms import load_config
from takeback.errors import NotElsewhere, NotFound
from takeback.flows.ask import Who, find, select
from takeback.flows.recall import Wish
from takeback.flows.restore import Restored
from takeback.recall.outcomes import Outcome
from takeback.recall.report import Report
from takeback.recalls import Recalls, open_recalls
from takeback.store.opening import open_store
from takeback.store.store import SqlStore

if TYPE_CHECKING:
    from takeback.recall_acts import RecallActs
    from takeback.remote.desk import RemoteDesk
    from takeback.remote.recalls import RemoteRecalls

T = TypeVar("T")

Progress = Callable[[Mapping[Outcome, int]], None]
_LOOK_SECONDS = 0.5
"""How often a gateway elsewhere is asked whether it is done."""


@dataclass(frozen=True, slots=True)
class ToldReport:
    """A report, and whether whoever asks is told all that stands in it."""

    report: Report
    full: bool


class RecallDesk(Protocol):
    """What the commands ask about recalls, on behalf of one asker. Whatever cannot be done where the desk is raises
    NotElsewhere, having done nothing."""

    async def start(self, wish: Wish) -> Sequence[str]:
        """The ids of the recalls that stand now, that of the newest message first."""
        ...

    async def replace(self, wish: Wish, file: bytes, despite_review: bool) -> str: ...

    async def dry_run(self, wish: Wish) -> Sequence[ToldReport]: ...

    async def confirm(self, id: str) -> None:
        """Afterwards a recall that waited for a second person goes on."""
        ...

    async def restore(self, id: str) -> Sequence[Restored]:
        """Afterwards what the recall took away is back where that was possible."""
        ...

    async def work_off(self, id: str, progress: Progress) -> None:
        """Returns when everybody was looked at once: then nothing but `pending` remains."""
        ...

    async def report(self, id: str) -> ToldReport:
        """Raises NotFound."""
        ...

    async def of(self, reference: str) -> Sequence[str]:
        """The recalls of a message, or of all with that Message-ID, the newest first."""
        ...


def with_recalls(place: Place, who: Who, work: Callable[[RecallDesk], Awaitable[T]]) -> T:
    """What `work` comes to at the desk of that place."""

    async def run() -> T:
        async with _open(place, who) as desk:
            return await work(desk)

    return asyncio.run(run())


@asynccontextmanager
async def _open(place: Place, who: Who) -> AsyncIterator[RecallDesk]:
    async with AsyncExitStack() as stack:
        server = place.elsewhere
        if server is None:
            from takeback.recall_acts import RecallActs  # makes corrected messages too, which few commands need

            config = load_config(place.config)
            store = await stack.enter_async_context(open_store(config.data))
            recalls = await stack.enter_async_context(open_recalls(config, store))
            yield _Here(store, recalls, RecallActs(config, store, recalls), who)
            return
        from takeback.remote.recalls import RemoteRecalls  # as for RemoteDesk, takes long to import

        desk = await stack.enter_async_context(open_elsewhere(server, place.key_file))
        yield _Elsewhere(desk, RemoteRecalls(desk), who)


class _Here:
    def __init__(self, store: SqlStore, recalls: Recalls, acts: RecallActs, who: Who) -> None:
        self._store = store
        self._recalls = recalls
        self._acts = acts
        self._who = who

    async def start(self, wish: Wish) -> Sequence[str]:
        return await self._acts.start(wish, self._who)

    async def replace(self, wish: Wish, file: bytes, despite_review: bool) -> str:
        from takeback.flows.replace import Corrected

        return await self._acts.replace(wish, Corrected(file, despite_review), self._who)

    async def dry_run(self, wish: Wish) -> Sequence[ToldReport]:
        return [self._told(report) for report in await self._acts.dry_run(wish, self._who)]

    async def confirm(self, id: str) -> None:
        await self._acts.confirm(id, self._who)

    async def restore(self, id: str) -> Sequence[Restored]:
        return await self._acts.restore(id, self._who)

    async def work_off(self, id: str, progress: Progress) -> None:
        async def show() -> None:
            progress(await self._recalls.store.counts(id))

        await self._recalls.recaller.work_off(id, show)

    async def report(self, id: str) -> ToldReport:
        report = await self._recalls.store.report(id)
        if report is None:
            raise NotFound("no such recall: {recall}", recall=id)
        return self._told(report)

    async def of(self, reference: str) -> Sequence[str]:
        views = await find(self._store, reference, self._who)
        return [id for view in views for id in await self._recalls.store.recalls(view.id)]

    def _told(self, report: Report) -> ToldReport:
        return ToldReport(report, full=self._who.account is None)


class _Elsewhere:
    def __init__(self, desk: RemoteDesk, recalls: RemoteRecalls, who: Who) -> None:
        self._desk = desk
        self._recalls = recalls
        self._who = who

    async def start(self, wish: Wish) -> Sequence[str]:
        if wish.correction is not None:
            raise NotElsewhere("a correction is asked for on the gateway's own machine only")
        if wish.recipients is not None and not wish.recipients:
            raise NotFound("no recipient was named; nothing was done")
        selection = await select(self._desk, wish.reference, wish.recipients or (), self._who)
        return [begun.id for begun in await self._recalls.start(selection, wish.also_read)]

    async def replace(self, wish: Wish, file: bytes, despite_review: bool) -> str:
        raise NotElsewhere("a message can be replaced on the gateway's own machine only")

    async def dry_run(self, wish: Wish) -> Sequence[ToldReport]:
        raise NotElsewhere("a dry run is possible on the gateway's own machine only")

    async def confirm(self, id: str) -> None:
        raise NotElsewhere("a recall is confirmed on the gateway's own machine only")

    async def restore(self, id: str) -> Sequence[Restored]:
        raise NotElsewhere("mail is put back on the gateway's own machine only")

    async def work_off(self, id: str, progress: Progress) -> None:
        while not (recall := await self._recalls.recall(id)).all_tried:
            progress(recall.counts)
            await asyncio.sleep(_LOOK_SECONDS)
        progress(recall.counts)

    async def report(self, id: str) -> ToldReport:
        recall = await self._recalls.recall(id)
        return ToldReport(recall.report(), recall.full)

    async def of(self, reference: str) -> Sequence[str]:
        views = await find(self._desk, reference, self._who)
        return [id for view in views for id in await self._recalls.ids(view.id)]
