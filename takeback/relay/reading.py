"""Reads a content chunk by chunk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from takeback.ports import Content


@asynccontextmanager
async def reading(content: Content) -> AsyncIterator[AsyncIterator[bytes]]:
    """The chunks of the content; afterwards the read is closed, also where it was not finished."""
    chunks = content.open()
    try:
        yield chunks
    finally:
        close = getattr(chunks, "aclose", None)
        if close is not None:
            await close()
