"""What is still known of the header of a message that was accepted."""

from __future__ import annotations

from takeback.mail import headers
from takeback.mail.headers import MAX_HEADER, Header, HeaderError
from takeback.ports.store import Store

_ADDED = 8 * 1024
"""At least what was put on top of a header that was within its limit when it came."""


async def header_of(store: Store, message: str) -> Header | None:
    """The header as it is stored; None where the bytes are not kept any more."""
    top = b""
    async for piece in store.read(message):
        top += piece
        if len(top) > MAX_HEADER + _ADDED:
            break
    try:
        return headers.split(top, MAX_HEADER + _ADDED) if top else None
    except HeaderError:
        return None
