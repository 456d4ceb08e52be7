"""What can be known to be in the way before a transaction begins. Pure. Content is never converted."""

from __future__ import annotations

from takeback.ports import Consignment
from takeback.smtp.client_commands import Extensions
from takeback.smtp.replies import Reply

_NOT_UTF8 = Reply.of(553, "5.6.7", "the next server lacks SMTPUTF8, which this message needs")
_NOT_8BIT = Reply.of(554, "5.6.3", "the next server lacks 8BITMIME, which this message needs")


def find_obstacle(consignment: Consignment, offered: Extensions, size_limit: int | None) -> Reply | None:
    """Why a server with these extensions can never take the consignment; None where it may."""
    content = consignment.content
    if consignment.envelope.smtputf8 and "SMTPUTF8" not in offered:
        return _NOT_UTF8
    if content.eight_bit and "8BITMIME" not in offered:
        return _NOT_8BIT
    if size_limit is not None and content.size > size_limit:
        return Reply.of(
            552, "5.3.4", f"the message has {content.size} bytes; the next server takes {size_limit} at most"
        )
    return None
