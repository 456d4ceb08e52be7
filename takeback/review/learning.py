"""What a message that was sent teaches about the person who sent it."""

from __future__ import annotations

from takeback.clock import Instant
from takeback.review.message import Message
from takeback.review.seen import Person, Seen


def seen_in(message: Message, at: Instant, identities: frozenset[str]) -> Seen:
    """The message as the history counts it. The person's own addresses among the recipients teach nothing."""
    own = identities | {message.sender}
    return Seen(
        at=at,
        author=Person(message.sender, message.sender_name),
        others=tuple(
            Person(recipient.address, recipient.name)
            for recipient in message.recipients
            if recipient.address not in own
        ),
        subject=message.subject,
        blocks=message.blocks,
    )
