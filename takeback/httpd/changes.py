"""What happens to messages, told to whoever listens, whichever process did it.

One task asks the store for new events a few times a second while anybody listens, and hands them to all listeners.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog

from takeback.errors import StoreUnavailable
from takeback.ports.store import Change, Position

POLL_SECONDS = 0.25
_BACKLOG = 1000
"""A listener that is so many changes behind is told to look at everything anew."""

log = structlog.get_logger("changes")

Follow = Callable[[Position | None], Awaitable[tuple[Sequence[Change], Position]]]
"""The changes after a position, oldest first, and the position behind them; None: begin at the end."""


@dataclass(eq=False)
class _Listener:
    accounts: frozenset[str] | None
    name: str
    queue: asyncio.Queue[Change | None] = field(default_factory=lambda: asyncio.Queue(_BACKLOG))

    def tell(self, change: Change) -> None:
        """A listener that is too far behind hears of the end next, and has to look at everything anew."""
        if self.accounts is not None and change.account not in self.accounts:
            return
        if self.queue.full():
            self.end()
        else:
            self.queue.put_nowait(change)

    def end(self) -> None:
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)


class Changes:
    def __init__(self, follow: Follow) -> None:
        self._follow = follow
        self._listeners: set[_Listener] = set()
        self._following = asyncio.Event()
        """Set while it is known from where on changes are told."""
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def listeners_named(self, name: str) -> int:
        """How many listen under that name now."""
        return sum(listener.name == name for listener in self._listeners)

    async def listen(
        self, accounts: frozenset[str] | None, patience: float, name: str = ""
    ) -> AsyncGenerator[Change | None, None]:
        """Changes to messages of those accounts (None: all). The first thing it gives is None: from then on nothing
        is missed. It gives None again whenever nothing came for `patience` seconds. Ends when the gateway stops, or
        when the listener has fallen too far behind."""
        listener = _Listener(accounts, name)
        self._listeners.add(listener)
        try:
            self._begin()
            await self._following.wait()
            yield None
            while not self._closed:
                try:
                    async with asyncio.timeout(patience):
                        change = await listener.queue.get()
                except TimeoutError:
                    yield None
                    continue
                if change is None:
                    return
                yield change
        finally:
            self._listeners.discard(listener)

    async def close(self) -> None:
        """Afterwards nobody listens any more."""
        self._closed = True
        self._following.set()
        for listener in self._listeners:
            listener.end()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _begin(self) -> None:
        if not self._closed and (self._task is None or self._task.done()):
            self._following.clear()
            self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        position: Position | None = None
        while self._listeners:
            try:
                changes, position = await self._follow(position)
                self._following.set()
                for change in changes:
                    for listener in list(self._listeners):
                        listener.tell(change)
            except StoreUnavailable as error:
                log.warning("changes not seen", reason=str(error))
            await asyncio.sleep(POLL_SECONDS)
