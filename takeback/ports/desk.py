"""Desk: what a person may ask about messages, whether the store is on this machine or at a gateway elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from takeback.clock import Instant
from takeback.ports.store import Answer, EventView, HoldRequest, MessageView, ReleaseRequest, Selection


class Desk(Protocol):
    """The part of a store (`takeback.ports.store.Store`) that takes no more than a person's word. At a gateway
    elsewhere the record names the key that was shown, whatever actor a request names."""

    def now(self) -> Instant: ...

    async def find(self, reference: str, account: str | None = None) -> Sequence[MessageView]: ...

    async def last(self, account: str | None = None) -> MessageView | None: ...

    async def outbox(self, account: str | None, limit: int | None) -> Sequence[MessageView]: ...

    async def recount(self, message: str) -> tuple[MessageView, Sequence[EventView]] | None:
        """A message and its events, as of one moment; None where there is no such message."""
        ...

    async def undo(self, selection: Selection) -> Sequence[Answer]: ...

    async def release(self, request: ReleaseRequest) -> Sequence[Answer]: ...

    async def hold(self, request: HoldRequest) -> Sequence[Answer]: ...
