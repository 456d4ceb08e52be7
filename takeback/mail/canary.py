"""The canary: the message that a drill sends and takes back."""

from __future__ import annotations

from takeback.clock import Instant
from takeback.mail import wording
from takeback.mail.compose import Heading, heading, text_part


def canary(to: str, hostname: str, message_id: str, now: Instant) -> bytes:
    """It says what it is to whoever finds it, in English and Arabic. `to` is shown, the envelope counts."""
    about = Heading(
        to=to,
        hostname=hostname,
        message_id=message_id,
        now=now,
        subject=" / ".join(wording.CANARY_SUBJECT),
        auto_submitted="auto-generated",
    )
    return heading(about) + text_part([wording.CANARY.english], [wording.CANARY.arabic])
