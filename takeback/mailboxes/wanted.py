"""Which of the messages that a server offers has the Message-ID that was asked for.

Servers search by substring, and some by words. So every offer is compared here, in full, by its header.
"""

from __future__ import annotations

import re

from takeback.ports.mailbox import Reference

MOST_HEADER = 512 * 1024
"""Bytes of header that are read of one copy. What Takeback accepted has at most half of that."""
MOST_OFFERS = 1000
"""Messages of one folder that a search may offer. Nobody has more copies of one message; a hostile server might."""

_MESSAGE_ID = re.compile(rb"^message-id[ \t]*:((?:[^\r\n]|\r?\n[ \t])*)", re.IGNORECASE | re.MULTILINE)
_FOLD = re.compile(rb"\r?\n(?=[ \t])")


def has_message_id(header: bytes, reference: Reference) -> bool:
    """Whether a Message-ID field of this header is exactly that one. The header may be anybody's, in any shape."""
    wanted = reference.message_id.encode("utf-8", "surrogateescape")
    return wanted in _values(header)


def message_ids_in(header: bytes) -> list[str]:
    """What `has_message_id` says yes to."""
    return [value.decode("utf-8", "surrogateescape") for value in _values(header)]


def _values(header: bytes) -> list[bytes]:
    return [_FOLD.sub(b"", match[1]).strip() for match in _MESSAGE_ID.finditer(header)]
