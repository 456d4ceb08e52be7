"""Reads a message piece by piece from where it is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from takeback.ports.mailbox import OpenBytes


@asynccontextmanager
async def reading(opened: OpenBytes) -> AsyncIterator[AsyncIterator[bytes]]:
    """The pieces; afterwards the read is closed, also where it was not finished."""
    pieces = opened()
    try:
        yield pieces
    finally:
        close = getattr(pieces, "aclose", None)
        if close is not None:
            await close()
